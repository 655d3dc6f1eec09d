#include "protocol/base/histogram.h"

#include "protocol/base/assert.h"

#include <algorithm>
#include <cmath>

namespace suanpan {

std::uint64_t HistogramSnapshot::lowest_in(std::size_t bucket) {
    SUANPAN_ASSERT(bucket < bucket_count);
    if (bucket < parts_per_octave) return bucket;
    const std::size_t octave = bucket / parts_per_octave - 1;  // 0: values from 16 on
    const std::uint64_t part = bucket % parts_per_octave;
    return (parts_per_octave + part) << octave;
}

std::uint64_t HistogramSnapshot::highest_in(std::size_t bucket) {
    if (bucket + 1 == bucket_count) return UINT64_MAX;
    return lowest_in(bucket + 1) - 1;
}

void HistogramSnapshot::merge(const HistogramSnapshot& other) {
    for (std::size_t i = 0; i < bucket_count; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
    min_ = std::min(min_, other.min_);
}

double HistogramSnapshot::mean() const {
    return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::uint64_t HistogramSnapshot::percentile(double fraction) const {
    if (count_ == 0) return 0;
    const double wanted = std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count_));
    // Rounding could ask for one more than there are; the largest value answers both.
    if (wanted >= static_cast<double>(count_)) return max_;
    const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < bucket_count; ++i) {
        seen += counts_[i];
        if (seen < rank) continue;
        const std::uint64_t low = lowest_in(i);
        return std::clamp(low + (highest_in(i) - low) / 2, min(), max_);
    }
    return max_;
}

std::uint64_t HistogramSnapshot::count_at_most(std::uint64_t value) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < bucket_count && highest_in(i) <= value; ++i) total += counts_[i];
    return total;
}

HistogramSnapshot Histogram::snapshot() const {
    HistogramSnapshot copy;
    for (std::size_t i = 0; i < HistogramSnapshot::bucket_count; ++i) {
        copy.counts_[i] = counts_[i].load(std::memory_order_relaxed);
        copy.count_ += copy.counts_[i];
    }
    copy.sum_ = sum_.load(std::memory_order_relaxed);
    copy.max_ = max_.load(std::memory_order_relaxed);
    copy.min_ = min_.load(std::memory_order_relaxed);
    // The writer may have been between its stores: the extremes must at least fit the buckets.
    for (std::size_t i = 0; i < HistogramSnapshot::bucket_count; ++i) {
        if (copy.counts_[i] == 0) continue;
        copy.min_ = std::min(copy.min_, HistogramSnapshot::highest_in(i));
        copy.max_ = std::max(copy.max_, HistogramSnapshot::lowest_in(i));
    }
    return copy;
}

}  // namespace suanpan
