#include "bench/load/compare.h"

#include <gtest/gtest.h>

namespace suanpan::load {
namespace {

TEST(Compare, TakesTheRatioRoundByRoundSoThatDriftCancels) {
    // The machine gets slower by half, and both sides with it.
    const std::vector<double> ours{100, 90, 80, 60, 50};
    const std::vector<double> theirs{50, 45, 40, 30, 25};
    const Ratio ratio = compare(ours, theirs);
    EXPECT_DOUBLE_EQ(ratio.median_ours, 80);
    EXPECT_DOUBLE_EQ(ratio.median_theirs, 40);
    EXPECT_DOUBLE_EQ(ratio.median, 2);
    EXPECT_DOUBLE_EQ(ratio.low, 2);
    EXPECT_DOUBLE_EQ(ratio.high, 2);
}

TEST(Compare, IntervalHoldsTheMedianAndGrowsWithTheSpread) {
    const std::vector<double> ones(7, 1);
    const Ratio narrow = compare({1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0}, ones);
    const Ratio wide = compare({1.0, 1.5, 0.5, 1.1, 1.4, 0.6, 0.9}, ones);
    for (const Ratio& ratio : {narrow, wide}) {
        EXPECT_LE(ratio.low, ratio.median);
        EXPECT_GE(ratio.high, ratio.median);
    }
    EXPECT_GT(wide.high - wide.low, 5 * (narrow.high - narrow.low));
    EXPECT_GE(wide.low, 0.5);
    EXPECT_LE(wide.high, 1.5);
}

TEST(Compare, MedianOfAnEvenNumberIsTheMiddleOfTwo) {
    EXPECT_DOUBLE_EQ(median_of({4, 1, 3, 2}), 2.5);
    EXPECT_DOUBLE_EQ(median_of({9}), 9);
}

}  // namespace
}  // namespace suanpan::load
