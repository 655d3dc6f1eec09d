// The deduction against the oracle, which tries every k and every point, and at the ends of int64.
#include "server/rules/allocation.h"
#include "server/rules/deduction.h"
#include "tests/property/deduction_oracle.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace suanpan::testing {
namespace {

using rules::Deduction;
using rules::DeductionLine;
using rules::DeductionMode;
using rules::DeductionProblem;
using rules::LimitKind;
using rules::LimitReport;
using rules::PointRun;
using rules::Ratio;
using rules::Wide;

std::int64_t between(std::int64_t low, std::int64_t high) {
    return *rc::gen::inRange<std::int64_t>(low, high + 1);
}

// A multiplier is part of the ratio, tiers and percents are limits in money: so these are all of
// the definition's numbers.
DeductionOracle::Problem small_problem(bool restricted) {
    DeductionOracle::Problem problem;
    problem.ratio = Ratio{between(1, 12), between(1, 12)};
    if (*rc::gen::arbitrary<bool>()) problem.ratio = Ratio{1, between(1, 30)};
    problem.step = between(1, 7);
    problem.mode = *rc::gen::arbitrary<bool>() ? DeductionMode::fill : DeductionMode::exact;
    const std::int64_t sets = restricted ? 3 : 0;
    for (std::int64_t n = between(1, 4); n > 0; --n) {
        problem.lines.push_back(
            {Money{between(0, 15)}, static_cast<Restriction>(between(0, sets))});
    }
    for (std::int64_t n = between(0, 5); n > 0; --n) {
        problem.runs.push_back(
            {static_cast<Restriction>(between(0, sets)), Points{between(0, restricted ? 12 : 60)}});
    }
    for (const LimitKind kind :
         {LimitKind::payable, LimitKind::tier_percent, LimitKind::campaign_maximum}) {
        if (between(0, 2) == 0) problem.limits.push_back({.kind = kind, .value = between(0, 40)});
    }
    for (const LimitKind kind :
         {LimitKind::wanted, LimitKind::spendable, LimitKind::order_points}) {
        if (between(0, 2) == 0) problem.limits.push_back({.kind = kind, .value = between(0, 60)});
    }
    return problem;
}

Deduction solved(const DeductionOracle::Problem& problem) {
    const Result<Deduction> result = rules::solve({.ratio = problem.ratio,
                                                   .step = Points{problem.step},
                                                   .mode = problem.mode,
                                                   .lines = problem.lines,
                                                   .runs = problem.runs,
                                                   .limits = problem.limits});
    RC_ASSERT(result.has_value());
    return *result;
}

// INV-8 and what every deduction owes its lines.
void check_shares(const DeductionOracle::Problem& problem, const Deduction& deduction) {
    std::int64_t value = 0;
    std::int64_t points = 0;
    for (std::size_t i = 0; i < problem.lines.size(); ++i) {
        RC_ASSERT(deduction.shares[i].value >= Money{0});
        RC_ASSERT(deduction.shares[i].value <= problem.lines[i].limit);
        RC_ASSERT(deduction.shares[i].points >= Points{0});
        value += deduction.shares[i].value.value;
        points += deduction.shares[i].points.value;
    }
    RC_ASSERT(value == deduction.value.value);
    RC_ASSERT(points == deduction.points.value);
    // Lines outside of a set are paid by the other points alone.
    std::int64_t unset = 0;
    bool any_unrestricted = false;
    for (std::size_t i = 0; i < problem.runs.size(); ++i) {
        if (problem.runs[i].restriction == unrestricted && deduction.taken[i] > Points{0}) {
            any_unrestricted = true;
        }
    }
    for (std::size_t i = 0; i < problem.lines.size(); ++i) {
        if (problem.lines[i].set == unrestricted) unset += deduction.shares[i].value.value;
    }
    RC_ASSERT(any_unrestricted || unset == 0);
}

void expect_the_oracle(bool restricted, int cases) {
    for (int i = 0; i < cases; ++i) {
        const DeductionOracle::Problem problem = small_problem(restricted);
        const DeductionOracle::Answer expected = DeductionOracle(problem).answer();
        const Deduction deduction = solved(problem);
        RC_ASSERT(deduction.value.value == expected.value);
        RC_ASSERT(deduction.points.value == expected.points);
        RC_ASSERT(deduction.taken.size() == expected.taken.size());
        for (std::size_t run = 0; run < expected.taken.size(); ++run) {
            RC_ASSERT(deduction.taken[run].value == expected.taken[run]);
        }
        check_shares(problem, deduction);
    }
}

TEST(DeductionProperty, IsTheOptimumThatTryingEveryStepFinds) {
    EXPECT_TRUE(rc::check([] { expect_the_oracle(false, 3); }));
}

TEST(DeductionProperty, IsTheOptimumWithRestrictionSetsToo) {
    EXPECT_TRUE(rc::check([] { expect_the_oracle(true, 3); }));
}

// Restrictions that name every line are none.
TEST(DeductionProperty, OneSetOfAllLinesIsTheSameAsNone) {
    EXPECT_TRUE(rc::check([] {
        DeductionOracle::Problem problem = small_problem(false);
        const Deduction free = solved(problem);
        for (DeductionLine& line : problem.lines) line.set = Restriction{1};
        for (PointRun& run : problem.runs) run.restriction = Restriction{1};
        const Deduction bound = solved(problem);
        RC_ASSERT(free.points == bound.points);
        RC_ASSERT(free.value == bound.value);
        RC_ASSERT(free.shares == bound.shares);
    }));
}

std::int64_t huge() {
    const std::int64_t base =
        *rc::gen::element<std::int64_t>(0, 1, 1000, INT32_MAX, amount_money_max / 2,
                                        amount_money_max, INT64_MAX / 2, INT64_MAX - 9);
    return base + between(0, 9);
}

// Whatever the numbers: refused, or the largest k within the limits, by products in 128 bits.
TEST(DeductionProperty, IsRightOrRefusedAtTheEndsOfTheRange) {
    EXPECT_TRUE(rc::check([] {
        const std::vector<DeductionLine> lines{{Money{huge()}, unrestricted}};
        const std::vector<PointRun> runs{{unrestricted, Points{huge()}}};
        const std::vector<LimitReport> limits{{.kind = LimitKind::order_money, .value = huge()},
                                              {.kind = LimitKind::wanted, .value = huge()}};
        const Ratio ratio{huge(), huge()};
        const Points step{huge()};
        const Result<Deduction> result = rules::solve(
            {.ratio = ratio, .step = step, .lines = lines, .runs = runs, .limits = limits});
        if (!result.has_value()) {
            RC_ASSERT(result.error() == Code::amount_out_of_range);
            return;
        }
        const std::int64_t most = std::min(lines[0].limit.value, limits[0].value);
        const std::int64_t points_max = std::min(runs[0].points.value, limits[1].value);
        const Wide points = result->points.value;
        const auto floor_worth = [&](Wide amount) { return amount * ratio.num / ratio.den; };
        RC_ASSERT(result->most == Money{most});
        RC_ASSERT(points % step.value == 0);
        RC_ASSERT(points >= 0 && points <= points_max);
        RC_ASSERT(floor_worth(points) == result->value.value);
        RC_ASSERT(result->value <= result->most);
        if (points > 0) RC_ASSERT(floor_worth(points - step.value) < result->value.value);
        // The next value up is past the money or past the points.
        const Wide last = static_cast<Wide>(points_max) / step.value * step.value;
        if (floor_worth(last) > result->value.value) {
            Wide low = points;
            Wide high = last;  // worth more than the value; find the first that is
            while (high - low > step.value) {
                const Wide middle = low + (high - low) / step.value / 2 * step.value;
                (floor_worth(middle) > result->value.value ? high : low) = middle;
            }
            RC_ASSERT(floor_worth(high) > most);
        }
    }));
}

TEST(DeductionProperty, AllocatesByLargestRemainder) {
    EXPECT_TRUE(rc::check([] {
        std::vector<std::int64_t> weights;
        for (std::int64_t n = between(1, 8); n > 0; --n) {
            weights.push_back(*rc::gen::arbitrary<bool>() ? between(0, 9)
                                                          : between(0, amount_money_max / 8));
        }
        const std::int64_t sum = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
        const std::int64_t total = sum == 0 ? 0 : between(0, sum);
        std::vector<std::int64_t> shares(weights.size());
        rules::allocate(total, weights, shares);
        RC_ASSERT(std::accumulate(shares.begin(), shares.end(), std::int64_t{0}) == total);
        if (total == 0) return;
        const auto rest = [&](std::size_t i) {
            return static_cast<Wide>(total) * weights[i] % sum;
        };
        const auto extra = [&](std::size_t i) {
            return shares[i] -
                   static_cast<std::int64_t>(static_cast<Wide>(total) * weights[i] / sum);
        };
        for (std::size_t i = 0; i < weights.size(); ++i) {
            RC_ASSERT(extra(i) == 0 || extra(i) == 1);
            RC_ASSERT(shares[i] <= weights[i]);
            for (std::size_t j = 0; j < weights.size(); ++j) {
                if (extra(i) == 1 && extra(j) == 0) {
                    RC_ASSERT(rest(i) > rest(j) || (rest(i) == rest(j) && i < j));
                }
            }
        }
    }));
}

}  // namespace
}  // namespace suanpan::testing
