#include "server/rules/quote.h"

#include "tests/unit/rules/shop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>

namespace suanpan::rules {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Shop;

constexpr std::string_view one_to_one = "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n";

std::string with(std::string_view rules) {
    return std::string(one_to_one) + std::string(rules);
}

std::vector<std::int64_t> values(const Quote& quote) {
    std::vector<std::int64_t> all;
    for (const QuotedLine& line : quote.lines) all.push_back(line.value.value);
    return all;
}

const LimitReport* find(const Quote& quote, LimitKind kind, std::uint32_t id = 0) {
    for (const LimitReport& limit : quote.limits) {
        if (limit.kind == kind && limit.id == id) return &limit;
    }
    return nullptr;
}

QuoteRefusal::Why why(const Quoted<Quote>& answer) {
    return answer.has_value() ? QuoteRefusal::Why{255} : answer.error().why;
}

TEST(Quote, PaysNothingWithPointsWhereNoRuleLetsThem) {
    const Quote quote = Shop("").add(100).with_balance(50).quote();
    EXPECT_EQ(quote.points, Points{0});
    EXPECT_EQ(quote.cash, Money{100});
    EXPECT_EQ(quote.deduction, DeductionId{0});
    ASSERT_NE(find(quote, LimitKind::no_deduction), nullptr);
    EXPECT_TRUE(find(quote, LimitKind::no_deduction)->bound);
}

TEST(Quote, TakesTheFirstDeductionThatIsForTheOrder) {
    Shop shop(
        "[[deduction]]\nid = 1\nlevels = [2]\npoints = 1\nmoney = 2\n"
        "[[deduction]]\nid = 2\npoints = 1\nmoney = 1\n");
    shop.add(100).with_balance(10);
    EXPECT_EQ(shop.quote().deduction, DeductionId{2});
    shop.purse.level = LevelId{2};
    EXPECT_EQ(shop.quote().deduction, DeductionId{1});
    EXPECT_EQ(shop.quote().value, Money{20});
}

TEST(Quote, AMerchantLimitsAProduct) {
    Shop shop(
        with("[[limit]]\nid = 7\nper = \"line\"\nproducts = [5]\nmerchants = [3]\n"
             "money_max = 30\n"));
    shop.add(100, 5).add(100, 6).with_balance(1000);
    EXPECT_THAT(values(shop.quote()), ElementsAre(100, 100));
    shop.order.merchant = MerchantId{3};
    const Quote quote = shop.quote();
    EXPECT_THAT(values(quote), ElementsAre(30, 100));
    EXPECT_EQ(quote.lines[0].limited_by, 7U);
    EXPECT_EQ(quote.lines[1].limited_by, 0U);
    EXPECT_EQ(find(quote, LimitKind::lines)->value, 130);
    EXPECT_TRUE(find(quote, LimitKind::lines)->bound);
}

TEST(Quote, CountsALinesLimitInPointsByTheirWorth) {
    Shop shop(
        "[[deduction]]\nid = 1\npoints = 3\nmoney = 2\n"
        "[[limit]]\nid = 1\nper = \"line\"\nproducts = [5]\npoints_max = 10\n");
    shop.add(100, 5).with_balance(1000);
    EXPECT_THAT(values(shop.quote()), ElementsAre(6));
}

TEST(Quote, LeavesALineThatTakesNoPointsOutOfTheEligibleAmount) {
    Shop shop(
        with("order_percent_max = 50\n"
             "[[limit]]\nid = 1\nper = \"line\"\ncategories = [2]\ntakes_points = false\n"));
    shop.add(100, 1, 1).add(60, 2, 2).with_balance(1000);
    const Quote quote = shop.quote();
    EXPECT_EQ(quote.eligible, Money{100});
    EXPECT_THAT(values(quote), ElementsAre(50, 0));
    EXPECT_EQ(quote.payable, Money{160});
}

TEST(Quote, CountsSomeLinesOfAnOrderTogetherFromTheFirstOn) {
    Shop shop(with("[[limit]]\nid = 1\nper = \"order\"\ncategories = [2]\nmoney_max = 70\n"));
    shop.add(50, 1, 2).add(50, 2, 2).add(10, 3, 1).with_balance(1000);
    EXPECT_THAT(values(shop.quote()), ElementsAre(50, 20, 10));
}

TEST(Quote, CountsAMembersDayAndMonth) {
    Shop shop(
        with("[[limit]]\nid = 1\nper = \"day\"\nmoney_max = 70\npoints_max = 90\n"
             "[[limit]]\nid = 2\nper = \"month\"\ncategories = [2]\nmoney_max = 40\n"));
    shop.add(50, 1, 2).add(50, 2, 1).with_balance(1000);
    EXPECT_THAT(shop.quote().consumptions, ElementsAre(Consumption{.counted = Counted::member_day,
                                                                   .id = 1,
                                                                   .money = Money{70},
                                                                   .points = Points{70},
                                                                   .money_max = Money{70},
                                                                   .points_max = Points{90}},
                                                       Consumption{.counted = Counted::member_month,
                                                                   .id = 2,
                                                                   .money = Money{31},
                                                                   .money_max = Money{40}}));
    shop.usage.limits[LimitId{1}] = {Money{65}, Points{0}};
    EXPECT_EQ(shop.quote().value, Money{5});
    EXPECT_TRUE(find(shop.quote(), LimitKind::member_day_money, 1)->bound);
    shop.usage.limits[LimitId{1}] = {Money{0}, Points{88}};
    EXPECT_EQ(shop.quote().points, Points{2});
    shop.usage.limits[LimitId{1}] = {Money{700}, Points{0}};  // lowered since
    EXPECT_EQ(shop.quote().value, Money{0});
    EXPECT_THAT(shop.quote().consumptions, IsEmpty());
}

TEST(Quote, PaysNothingBelowTheMinimumOrder) {
    Shop shop(with("minimum_order = 100\n"));
    shop.add(99).with_balance(1000);
    EXPECT_EQ(shop.quote().value, Money{0});
    EXPECT_TRUE(find(shop.quote(), LimitKind::minimum_order)->bound);
    shop.lines[0].unit_price = Money{100};
    EXPECT_EQ(shop.quote().value, Money{100});
}

TEST(Quote, TakesTheCampaignThatPaysMostAndNoneWhereNonePaysMore) {
    const std::string window = "start = 2027-01-01T00:00:00Z\nend = 2027-01-02T00:00:00Z\n";
    Shop shop(with("[[campaign]]\nid = 1\n" + window + "multiplier = 2\norder_money_max = 15\n" +
                   "[[campaign]]\nid = 2\n" + window + "multiplier = \"3/2\"\n"));
    shop.add(1000).with_balance(10);
    EXPECT_EQ(shop.quote().campaign, CampaignId{2});  // the first pays 14, in steps of 2
    EXPECT_EQ(shop.quote().value, Money{15});
    shop.with_balance(8);
    EXPECT_EQ(shop.quote().campaign, CampaignId{1});
    shop.with_balance(100);
    EXPECT_EQ(shop.quote().value, Money{150});
    shop.lines[0].unit_price = Money{0};
    EXPECT_EQ(shop.quote().campaign, CampaignId{0});
}

TEST(Quote, ACampaignEndsAtItsEndAndNotAfter) {
    Shop shop(
        with("[[campaign]]\nid = 1\nstart = 2027-01-01T00:00:10Z\n"
             "end = 2027-01-01T00:00:20Z\nmultiplier = 2\n"));
    shop.add(1000).with_balance(10);
    for (const auto& [second, value] : {std::pair{9, 10}, {10, 20}, {19, 20}, {20, 10}}) {
        shop.now = at(second);
        EXPECT_EQ(shop.quote().value, Money{value}) << second;
    }
}

TEST(Quote, ACampaignIsForItsAudience) {
    Shop shop(
        with("[[campaign]]\nid = 1\nstart = 2027-01-01T00:00:00Z\n"
             "end = 2027-01-02T00:00:00Z\nlevels = [1, 2]\nsegments = [3, 5]\n"
             "multiplier = 2\n"));
    shop.add(1000).with_balance(10);
    const auto value = [&](std::uint16_t level, std::uint64_t segments) {
        shop.purse.level = LevelId{level};
        shop.purse.segments = segments;
        return shop.quote().value.value;
    };
    EXPECT_EQ(value(1, 1U << 5U), 20);
    EXPECT_EQ(value(2, 0xffU), 20);
    EXPECT_EQ(value(3, 1U << 5U), 10);
    EXPECT_EQ(value(1, 1U << 4U), 10);
}

TEST(Quote, ACampaignGoesAsFarAsItsBudgetAndItsMembersShare) {
    Shop shop(
        with("[[campaign]]\nid = 1\nstart = 2027-01-01T00:00:00Z\n"
             "end = 2027-01-02T00:00:00Z\nmultiplier = 2\nbudget = 100\n"
             "member_money_max = 60\nmember_orders_max = 2\n"));
    shop.add(1000).with_balance(20);
    EXPECT_EQ(shop.quote().value, Money{40});
    EXPECT_THAT(shop.quote().consumptions,
                ElementsAre(Consumption{.counted = Counted::campaign_budget,
                                        .id = 1,
                                        .money = Money{40},
                                        .money_max = Money{100}},
                            Consumption{.counted = Counted::campaign_member,
                                        .id = 1,
                                        .money = Money{40},
                                        .count = 1,
                                        .money_max = Money{60},
                                        .count_max = 2}));
    shop.usage.budgets[CampaignId{1}] = Money{70};
    EXPECT_EQ(shop.quote().value, Money{30});
    EXPECT_TRUE(find(shop.quote(), LimitKind::campaign_budget, 1)->bound);
    shop.usage.campaigns[CampaignId{1}] = {Money{36}, {}, 1};
    EXPECT_EQ(shop.quote().value, Money{24});
    shop.usage.campaigns[CampaignId{1}] = {Money{0}, {}, 2};
    EXPECT_EQ(shop.quote().campaign, CampaignId{0});
    shop.usage.campaigns.clear();
    shop.usage.budgets[CampaignId{1}] = Money{100};
    EXPECT_EQ(shop.quote().value, Money{20});  // none left: it drops out
}

TEST(Quote, ChoosesTheTierByTheBalanceAndNotByWhatMayBeSpent) {
    Shop shop(with("tiers = [{from = 0, percent = 1}, {from = 1000, percent = 10}]\n"));
    shop.add(1000).with_balance(1000);
    shop.purse.spendable = Points{50};
    EXPECT_EQ(shop.quote().value, Money{50});
    EXPECT_EQ(shop.quote().tier, Percent{1000});
    shop.purse.balance = Points{999};
    EXPECT_EQ(shop.quote().value, Money{10});
}

TEST(Quote, TakesNoMoreThanWasWanted) {
    Shop shop{one_to_one};
    shop.add(1000).with_balance(100);
    shop.order.wanted = Points{30};
    EXPECT_EQ(shop.quote().points, Points{30});
    EXPECT_TRUE(find(shop.quote(), LimitKind::wanted)->bound);
    shop.order.wanted = Points{0};
    EXPECT_EQ(shop.quote().points, Points{0});
    shop.order.wanted = Points{-1};
    EXPECT_EQ(why(shop.ask()), QuoteRefusal::Why::amount_out_of_range);
}

TEST(Quote, PlacesRestrictedPointsByProductBeforeCategory) {
    Shop shop(
        with("[[restriction]]\nid = 1\ncategories = [2]\n"
             "[[restriction]]\nid = 2\nproducts = [9]\n"));
    shop.add(40, 8, 2).add(40, 9, 2).add(40, 7, 1);
    shop.runs = {{Restriction{1}, Points{100}}, {Restriction{2}, Points{5}}, {{}, Points{10}}};
    shop.purse.balance = shop.purse.spendable = Points{115};
    const Quote quote = shop.quote();
    EXPECT_THAT(quote.taken, ElementsAre(Points{40}, Points{5}, Points{10}));
    EXPECT_EQ(values(quote)[0], 40);
    EXPECT_EQ(values(quote)[1] + values(quote)[2], 15);
    EXPECT_GE(values(quote)[1], 5);
}

TEST(Quote, IsValidForItsTime) {
    Shop shop(with("[[coupon]]\nid = 1\nminus = 1\n"));
    shop.add(100);
    EXPECT_EQ(shop.quote().valid_until, at(600));
    EXPECT_EQ(shop.quote().rule_version, 1U);
}

TEST(Quote, RefusesOrdersThatAreNone) {
    Shop shop{one_to_one};
    EXPECT_EQ(why(shop.ask()), QuoteRefusal::Why::order_empty);
    shop.add(100, 1, 1, 0);
    EXPECT_EQ(why(shop.ask()), QuoteRefusal::Why::quantity_not_positive);
    shop.lines[0].quantity = -1;
    EXPECT_EQ(why(shop.ask()), QuoteRefusal::Why::quantity_not_positive);
    shop.lines[0] = {.quantity = 1, .unit_price = Money{-1}};
    EXPECT_EQ(why(shop.ask()), QuoteRefusal::Why::amount_out_of_range);
    shop.lines[0] = {.quantity = INT64_MAX, .unit_price = Money{INT64_MAX}};
    EXPECT_EQ(why(shop.ask()), QuoteRefusal::Why::amount_out_of_range);
    shop.lines[0] = {.quantity = 1, .unit_price = Money{amount_money_max}};
    EXPECT_EQ(shop.quote().payable, Money{amount_money_max});
    shop.add(1);
    EXPECT_EQ(why(shop.ask()), QuoteRefusal::Why::amount_out_of_range);
    EXPECT_EQ(shop.ask().error().place, 1U);
}

TEST(Quote, TakesAThousandLinesAndNoMore) {
    Shop shop{one_to_one};
    for (std::size_t i = 0; i < order_lines_max; ++i) shop.add(7, i);
    shop.with_balance(6999);
    EXPECT_EQ(shop.quote().points, Points{6999});
    EXPECT_EQ(shop.quote().lines.back().value, Money{6});
    shop.add(1);
    EXPECT_EQ(why(shop.ask()), QuoteRefusal::Why::too_many_lines);
}

// Each line looked for its groups among all groups: a thousand million steps for such an order.
TEST(Quote, GroupsLinesUnderThousandsOfLimitsWithoutSearching) {
    std::string rules;
    for (int i = 1; i <= 3500; ++i)
        rules += "[[limit]]\nid = " + std::to_string(i) +
                 "\nper = \"order\"\ncategories = [1]\nmoney_max = " + std::to_string(i + 99) +
                 "\n";
    Shop shop(with(rules));
    for (std::uint64_t i = 0; i < 200; ++i) shop.add(7, i + 1);
    shop.with_balance(1000);
    const std::clock_t begin = std::clock();  // of the processor, which others may be using
    const Quote quote = shop.quote();
    EXPECT_LT(std::clock() - begin, 2 * CLOCKS_PER_SEC);
    EXPECT_EQ(quote.value, Money{100});  // the narrowest of them
    EXPECT_EQ(quote.lines[14].limited_by, 1U);
}

}  // namespace
}  // namespace suanpan::rules
