// A histogram of latencies (or any non-negative numbers) with a bounded relative error.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace suanpan {

// What a Histogram held at one moment: a plain value that can be merged with others.
//
// Buckets are log-linear: values below 16 have a bucket each, and every power of two above is cut
// into 16 equal parts. A percentile is the middle of its bucket, at most 3.2 % away from the true
// value, and never outside [min, max].
class HistogramSnapshot {
public:
    static constexpr std::size_t parts_per_octave = 16;
    static constexpr std::size_t bucket_count = parts_per_octave * (64 - 4 + 1);

    // The bucket that `value` falls into.
    [[nodiscard]] static std::size_t bucket_of(std::uint64_t value);
    // Smallest and largest value of a bucket.
    [[nodiscard]] static std::uint64_t lowest_in(std::size_t bucket);
    [[nodiscard]] static std::uint64_t highest_in(std::size_t bucket);

    // Adds what `other` holds.
    void merge(const HistogramSnapshot& other);

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t sum() const { return sum_; }
    [[nodiscard]] std::uint64_t max() const { return max_; }
    [[nodiscard]] std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
    [[nodiscard]] double mean() const;

    // The value that `fraction` (0 to 1) of all values do not exceed; 0 where there are none.
    [[nodiscard]] std::uint64_t percentile(double fraction) const;
    // How many values lie in buckets that end at or below `value`.
    [[nodiscard]] std::uint64_t count_at_most(std::uint64_t value) const;
    [[nodiscard]] std::uint64_t count_in(std::size_t bucket) const { return counts_[bucket]; }

private:
    friend class Histogram;
    std::array<std::uint64_t, bucket_count> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t max_ = 0;
    std::uint64_t min_ = UINT64_MAX;
};

// The histogram itself: one thread records, any thread takes snapshots.
//
// Memory is fixed (about 8 KiB). Recording is a handful of plain loads and stores: all atomics are
// relaxed and there is one writer, so no locked instruction is needed. A snapshot taken while
// values are recorded may miss the newest of them; its count always equals the sum of its buckets.
class Histogram {
public:
    Histogram() = default;
    Histogram(const Histogram&) = delete;
    Histogram& operator=(const Histogram&) = delete;

    // Records `value`, `times` times. Called by the one writer.
    void record(std::uint64_t value, std::uint64_t times = 1) {
        std::atomic<std::uint64_t>& slot = counts_[HistogramSnapshot::bucket_of(value)];
        slot.store(slot.load(std::memory_order_relaxed) + times, std::memory_order_relaxed);
        sum_.store(sum_.load(std::memory_order_relaxed) + value * times, std::memory_order_relaxed);
        if (value > max_.load(std::memory_order_relaxed)) {
            max_.store(value, std::memory_order_relaxed);
        }
        if (value < min_.load(std::memory_order_relaxed)) {
            min_.store(value, std::memory_order_relaxed);
        }
    }

    // Callable on any thread.
    [[nodiscard]] HistogramSnapshot snapshot() const;

private:
    std::array<std::atomic<std::uint64_t>, HistogramSnapshot::bucket_count> counts_{};
    std::atomic<std::uint64_t> sum_{0};
    std::atomic<std::uint64_t> max_{0};
    std::atomic<std::uint64_t> min_{UINT64_MAX};
};

inline std::size_t HistogramSnapshot::bucket_of(std::uint64_t value) {
    if (value < parts_per_octave) return static_cast<std::size_t>(value);
    const auto top_bit = static_cast<unsigned>(63 - __builtin_clzll(value));
    // The four bits below the top bit choose the part; each octave starts parts_per_octave later.
    const auto part = static_cast<std::size_t>((value >> (top_bit - 4U)) & (parts_per_octave - 1));
    return (static_cast<std::size_t>(top_bit) - 3) * parts_per_octave + part;
}

}  // namespace suanpan
