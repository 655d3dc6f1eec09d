#include "protocol/base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace suanpan {
namespace {

TEST(Histogram, CutsAllNumbersIntoBucketsWithoutGaps) {
    EXPECT_EQ(HistogramSnapshot::lowest_in(0), 0U);
    for (std::size_t i = 0; i + 1 < HistogramSnapshot::bucket_count; ++i) {
        EXPECT_EQ(HistogramSnapshot::highest_in(i) + 1, HistogramSnapshot::lowest_in(i + 1)) << i;
        EXPECT_EQ(HistogramSnapshot::bucket_of(HistogramSnapshot::lowest_in(i)), i);
        EXPECT_EQ(HistogramSnapshot::bucket_of(HistogramSnapshot::highest_in(i)), i);
    }
    EXPECT_EQ(HistogramSnapshot::bucket_of(UINT64_MAX), HistogramSnapshot::bucket_count - 1);
}

TEST(Histogram, KeepsEveryPercentileWithinFivePercent) {
    std::mt19937_64 random(7);
    std::lognormal_distribution<double> latency(12.0, 2.0);
    Histogram histogram;
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 50'000; ++i) {
        values.push_back(static_cast<std::uint64_t>(latency(random)));
        histogram.record(values.back());
    }
    std::ranges::sort(values);
    const HistogramSnapshot snapshot = histogram.snapshot();
    for (const double fraction : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
        const auto rank =
            static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(values.size())));
        const auto exact = static_cast<double>(values[rank - 1]);
        EXPECT_NEAR(static_cast<double>(snapshot.percentile(fraction)), exact, exact * 0.05)
            << fraction;
    }
    EXPECT_EQ(snapshot.percentile(1.0), values.back());
    EXPECT_EQ(snapshot.max(), values.back());
    EXPECT_EQ(snapshot.min(), values.front());
    EXPECT_EQ(snapshot.count(), values.size());
}

TEST(Histogram, AnswersZeroWhereNothingWasRecorded) {
    const HistogramSnapshot empty = Histogram().snapshot();
    EXPECT_EQ(empty.count(), 0U);
    EXPECT_EQ(empty.percentile(0.99), 0U);
    EXPECT_EQ(empty.min(), 0U);
    EXPECT_EQ(empty.max(), 0U);
    EXPECT_EQ(empty.mean(), 0.0);
}

TEST(Histogram, GivesASingleValueBackAsItIs) {
    Histogram histogram;
    histogram.record(123'457);
    const HistogramSnapshot snapshot = histogram.snapshot();
    EXPECT_EQ(snapshot.percentile(0.0), 123'457U);
    EXPECT_EQ(snapshot.percentile(0.5), 123'457U);
    EXPECT_EQ(snapshot.mean(), 123'457.0);
}

TEST(Histogram, MergesIntoWhatOneHistogramWouldHaveHeld) {
    Histogram a;
    Histogram b;
    Histogram both;
    for (std::uint64_t i = 1; i < 5'000; ++i) {
        (i % 3 == 0 ? a : b).record(i * i);
        both.record(i * i);
    }
    HistogramSnapshot merged = a.snapshot();
    merged.merge(b.snapshot());
    EXPECT_EQ(merged.count(), both.snapshot().count());
    EXPECT_EQ(merged.sum(), both.snapshot().sum());
    EXPECT_EQ(merged.min(), 1U);
    EXPECT_EQ(merged.max(), 4'999U * 4'999U);
    for (const double fraction : {0.1, 0.5, 0.99}) {
        EXPECT_EQ(merged.percentile(fraction), both.snapshot().percentile(fraction));
    }
}

TEST(Histogram, RecordsOneValueManyTimes) {
    Histogram histogram;
    histogram.record(8, 90);
    histogram.record(1'000'000, 10);
    const HistogramSnapshot snapshot = histogram.snapshot();
    EXPECT_EQ(snapshot.count(), 100U);
    EXPECT_EQ(snapshot.sum(), 90U * 8 + 10U * 1'000'000);
    EXPECT_EQ(snapshot.percentile(0.9), 8U);
    EXPECT_EQ(snapshot.count_at_most(8), 90U);
    EXPECT_EQ(snapshot.count_at_most(7), 0U);
    EXPECT_EQ(snapshot.count_at_most(UINT64_MAX), 100U);
}

}  // namespace
}  // namespace suanpan
