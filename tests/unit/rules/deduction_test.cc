#include "server/rules/deduction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace suanpan::rules {
namespace {

using ::testing::ElementsAre;

constexpr Restriction books{1};
constexpr Restriction fuel{2};

// A problem that owns what it spans.
struct Case {
    Ratio ratio{1, 1};
    std::int64_t step = 1;
    DeductionMode mode = DeductionMode::exact;
    std::vector<DeductionLine> lines;
    std::vector<PointRun> runs;
    std::vector<LimitReport> limits;

    [[nodiscard]] Result<Deduction> ask() const {
        return solve({.ratio = ratio,
                      .step = Points{step},
                      .mode = mode,
                      .lines = lines,
                      .runs = runs,
                      .limits = limits});
    }
    [[nodiscard]] Deduction solved() const {
        const Result<Deduction> result = ask();
        EXPECT_TRUE(result.has_value());
        return result.value_or(Deduction{});
    }
};

DeductionLine line(std::int64_t limit, Restriction set = unrestricted) {
    return {Money{limit}, set};
}
PointRun run(std::int64_t points, Restriction restriction = unrestricted) {
    return {restriction, Points{points}};
}
LimitReport limit(LimitKind kind, std::int64_t value) {
    return {.kind = kind, .value = value};
}

TEST(Deduction, NeverTakesAStepThatBringsNothing) {
    // 3 points are 1: of 8 points 2 would be lost.
    const Deduction deduction =
        Case{.ratio = {1, 3}, .lines = {line(100)}, .runs = {run(8)}}.solved();
    EXPECT_EQ(deduction.value, Money{2});
    EXPECT_EQ(deduction.points, Points{6});
}

TEST(Deduction, TakesTheFewestPointsOfAValue) {
    // Steps of 2 at 3 for 10: the value is 3 from 12 points on, and 5 from 18 on.
    const Deduction deduction =
        Case{.ratio = {3, 10}, .step = 2, .lines = {line(3)}, .runs = {run(100)}}.solved();
    EXPECT_EQ(deduction.value, Money{3});
    EXPECT_EQ(deduction.points, Points{10});
}

TEST(Deduction, ExactStaysBelowWhatAStepWouldExceed) {
    const Case exact{.step = 30, .lines = {line(100)}, .runs = {run(1000)}};
    EXPECT_EQ(exact.solved().value, Money{90});
    EXPECT_EQ(exact.solved().points, Points{90});
}

TEST(Deduction, FillTakesOneStepMoreAndCutsItsValue) {
    Case fill{.step = 30, .mode = DeductionMode::fill, .lines = {line(100)}, .runs = {run(1000)}};
    EXPECT_EQ(fill.solved().value, Money{100});
    EXPECT_EQ(fill.solved().points, Points{120});
    fill.runs = {run(119)};  // the step is not there
    EXPECT_EQ(fill.solved().value, Money{90});
    EXPECT_EQ(fill.solved().points, Points{90});
    fill.lines = {line(90)};  // nor needed
    fill.runs = {run(1000)};
    EXPECT_EQ(fill.solved().points, Points{90});
}

TEST(Deduction, SaysForEachLimitWhetherItBound) {
    const Deduction deduction = Case{
        .lines = {line(1000)},
        .runs = {run(500)},
        .limits = {limit(LimitKind::payable, 1000), limit(LimitKind::tier_percent, 50),
                   limit(LimitKind::order_money, 50),
                   limit(LimitKind::spendable,
                         500)}}.solved();
    EXPECT_EQ(deduction.most, Money{50});
    std::vector<bool> bound;
    for (const LimitReport& report : deduction.limits) bound.push_back(report.bound);
    EXPECT_THAT(bound, ElementsAre(false, true, true, false, false));
}

TEST(Deduction, GoesToLinesByLargestRemainderTiesToTheEarlier) {
    const Deduction deduction =
        Case{.lines = {line(50), line(50), line(50)}, .runs = {run(100)}}.solved();
    EXPECT_THAT(deduction.shares,
                ElementsAre(LineShare{Money{34}, Points{34}}, LineShare{Money{33}, Points{33}},
                            LineShare{Money{33}, Points{33}}));
}

TEST(Deduction, PlacesRestrictedPointsOnTheirLinesOnly) {
    const Deduction deduction =
        Case{.lines = {line(40, books), line(100)}, .runs = {run(70, books), run(30)}}.solved();
    EXPECT_EQ(deduction.points, Points{70});
    EXPECT_THAT(deduction.taken, ElementsAre(Points{40}, Points{30}));
    EXPECT_THAT(deduction.shares,
                ElementsAre(LineShare{Money{40}, Points{40}}, LineShare{Money{30}, Points{30}}));
}

TEST(Deduction, LeavesPointsThatNoLineTakes) {
    const Deduction deduction =
        Case{.lines = {line(100, books)}, .runs = {run(70, fuel), run(30)}}.solved();
    EXPECT_EQ(deduction.points, Points{30});
    EXPECT_THAT(deduction.taken, ElementsAre(Points{0}, Points{30}));
}

TEST(Deduction, TakesInDrainingOrderAlsoWhereThatLeavesRestrictedPointsOver) {
    const Deduction deduction =
        Case{.lines = {line(50, books)}, .runs = {run(50), run(50, books)}}.solved();
    EXPECT_THAT(deduction.taken, ElementsAre(Points{50}, Points{0}));
}

TEST(Deduction, CountsFractionsOfTwoSetsTogetherOnTheirLines) {
    // 2 points are 1; one point of each set makes 1 together.
    const Deduction deduction = Case{
        .ratio = {1, 2},
        .lines = {line(1, books), line(1, fuel), line(5)},
        .runs = {run(1, books),
                 run(1, fuel)}}.solved();
    EXPECT_EQ(deduction.value, Money{1});
    EXPECT_EQ(deduction.shares[2].value, Money{0});
}

TEST(Deduction, FillsTheLinesOfRestrictedPointsAsItFillsAnyOther) {
    const Deduction deduction = Case{
        .step = 30,
        .mode = DeductionMode::fill,
        .lines = {line(100, books), line(50)},
        .runs = {run(1000, books)}}.solved();
    EXPECT_EQ(deduction.value, Money{100});
    EXPECT_EQ(deduction.points, Points{120});
    EXPECT_EQ(deduction.shares[1], LineShare{});
}

TEST(Deduction, TellsTheGapThatCashCloses) {
    const Deduction deduction = Case{
        .ratio = {1, 3},
        .lines = {line(10)},
        .runs = {run(16)},
        .limits = {limit(LimitKind::spendable,
                         16)}}.solved();
    EXPECT_EQ(deduction.points, Points{15});
    EXPECT_EQ(deduction.missing, Points{15});
    EXPECT_EQ(deduction.gap, Money{5});
}

TEST(Deduction, LacksNothingWhereAnotherLimitStoppedIt) {
    const Deduction deduction =
        Case{.lines = {line(1000)},
             .runs = {run(5000)},
             .limits = {limit(LimitKind::order_points, 70), limit(LimitKind::spendable, 5000)}}
            .solved();
    EXPECT_EQ(deduction.points, Points{70});
    EXPECT_EQ(deduction.missing, Points{0});
}

TEST(Deduction, RefusesWhatLeavesTheRangeAndNeverWraps) {
    const auto code = [](const Case& wrong) {
        const Result<Deduction> result = wrong.ask();
        return result.has_value() ? Code::ok : result.error();
    };
    constexpr std::int64_t most = amount_money_max;
    EXPECT_EQ(code({.lines = {line(-1)}, .runs = {run(1)}}), Code::amount_out_of_range);
    EXPECT_EQ(code({.lines = {line(most + 1)}, .runs = {run(1)}}), Code::amount_out_of_range);
    EXPECT_EQ(code({.lines = {line(1)}, .runs = {run(-1)}}), Code::amount_out_of_range);
    EXPECT_EQ(code({.step = 0, .lines = {line(1)}, .runs = {run(1)}}), Code::amount_out_of_range);
    EXPECT_EQ(code({.ratio = {0, 1}, .lines = {line(1)}}), Code::amount_out_of_range);
    EXPECT_EQ(code({.ratio = {1, -1}, .lines = {line(1)}}), Code::amount_out_of_range);
    EXPECT_EQ(code({.lines = {line(1)}, .limits = {limit(LimitKind::wanted, INT64_MIN)}}),
              Code::amount_out_of_range);
    EXPECT_EQ(code({.lines = std::vector<DeductionLine>(10, line(most))}),
              Code::amount_out_of_range);
    EXPECT_EQ(code({.lines = {line(1)}, .runs = std::vector<PointRun>(10, run(most))}),
              Code::amount_out_of_range);
}

TEST(Deduction, ComputesAtTheEndsOfTheRange) {
    constexpr std::int64_t most = amount_money_max;
    const Deduction dear =
        Case{.ratio = {INT64_MAX, 1}, .lines = {line(most)}, .runs = {run(most)}}.solved();
    EXPECT_EQ(dear.value, Money{0});
    const Deduction cheap = Case{
        .ratio = {1, INT64_MAX},
        .lines = {line(most)},
        .runs = {run(most)},
        .limits = {limit(LimitKind::wanted,
                         most)}}.solved();
    EXPECT_EQ(cheap.value, Money{0});
    EXPECT_EQ(cheap.points, Points{0});
    const Deduction even = Case{
        .ratio = {INT64_MAX, INT64_MAX},
        .step = 7,
        .lines = {line(most)},
        .runs = {run(most)}}.solved();
    EXPECT_EQ(even.value, Money{most / 7 * 7});
    EXPECT_EQ(even.points, Points{most / 7 * 7});
    // What is missing for all of it is no number: as many as a balance may have.
    const Deduction none = Case{.ratio = {1, INT64_MAX}, .lines = {line(most)}}.solved();
    EXPECT_EQ(none.missing, Points{amount_points_max});
    EXPECT_EQ(none.gap, Money{1});
}

TEST(Deduction, ShortfallRoundsTheCashUp) {
    EXPECT_EQ(shortfall(Points{10}, Points{3}, {1, 2}), (Shortfall{Points{7}, Money{4}}));
    EXPECT_EQ(shortfall(Points{10}, Points{30}, {1, 2}), (Shortfall{}));
    EXPECT_EQ(shortfall(Points{amount_points_max}, Points{0}, {INT64_MAX, 1}).error(),
              Code::amount_out_of_range);
}

}  // namespace
}  // namespace suanpan::rules
