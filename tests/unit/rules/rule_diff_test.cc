#include "server/rules/rule_diff.h"

#include "tests/unit/rules/shop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace suanpan::rules {
namespace {

using testing::at;
using testing::book_of;

#define DEDUCTION "[[deduction]]\nid = 1\npoints = 10\nmoney = 1\n"
#define JANUARY "start = 2027-01-01T00:00:00Z\nend = 2027-02-01T00:00:00Z\n"

RuleSpec next_of(std::string_view rules, Instant effective_from = at(0)) {
    RuleSpec spec = book_of(rules)->spec();
    spec.version = 2;
    spec.effective_from = effective_from;
    return spec;
}

bool is_adverse(std::string_view before, std::string_view after, Instant effective_from = at(0)) {
    return compare(book_of(before)->spec(), next_of(after, effective_from)).is_adverse();
}

TEST(RuleDiff, FindsNothingInEqualRules) {
    EXPECT_TRUE(compare(book_of(DEDUCTION)->spec(), next_of(DEDUCTION)).changes.empty());
}

TEST(RuleDiff, AHigherLimitIsAnImprovementAndALowerOneIsNot) {
    const std::string low = DEDUCTION "order_money_max = 10\n";
    const std::string high = DEDUCTION "order_money_max = 20\n";
    EXPECT_FALSE(is_adverse(low, high));
    EXPECT_TRUE(is_adverse(high, low));
    EXPECT_FALSE(is_adverse(low, DEDUCTION));
    EXPECT_TRUE(is_adverse(DEDUCTION, low));
}

TEST(RuleDiff, ComparesTiersAtEveryBalance) {
    const std::string one =
        DEDUCTION "tiers = [{from = 0, percent = 1}, {from = 100, percent = 5}]\n";
    const std::string two =
        DEDUCTION "tiers = [{from = 0, percent = 2}, {from = 50, percent = 5}]\n";
    const std::string later =
        DEDUCTION "tiers = [{from = 0, percent = 9}, {from = 200, percent = 10}]\n";
    EXPECT_FALSE(is_adverse(one, two));
    EXPECT_TRUE(is_adverse(two, one));
    EXPECT_FALSE(is_adverse(two, later));
    EXPECT_FALSE(is_adverse(two, DEDUCTION));  // no tiers: all of it
}

TEST(RuleDiff, PointsWorthMoreAreBetterOnlyInFineSteps) {
    EXPECT_FALSE(is_adverse(DEDUCTION, "[[deduction]]\nid = 1\npoints = 9\nmoney = 1\n"));
    EXPECT_TRUE(is_adverse(DEDUCTION, "[[deduction]]\nid = 1\npoints = 11\nmoney = 1\n"));
    EXPECT_TRUE(is_adverse(DEDUCTION, "[[deduction]]\nid = 1\npoints = 1\nmoney = 2\n"));
    EXPECT_FALSE(is_adverse("[[deduction]]\nid = 1\npoints = 1\nmoney = 1\nmode = \"fill\"\n",
                            "[[deduction]]\nid = 1\npoints = 1\nmoney = 2\nmode = \"fill\"\n"));
}

TEST(RuleDiff, SaysForWhom) {
    const RuleDiff diff =
        compare(book_of("[[limit]]\nid = 7\nper = \"day\"\nlevels = [2]\nmerchants = [3, 4]\n"
                        "money_max = 10\n")
                    ->spec(),
                next_of("[[limit]]\nid = 7\nper = \"day\"\nlevels = [2]\nmerchants = [3, 4]\n"
                        "money_max = 5\n"));
    ASSERT_EQ(diff.changes.size(), 1U);
    EXPECT_EQ(diff.changes[0], (RuleChange{.path = "limit 7.money_max",
                                           .change = "10 becomes 5",
                                           .who = "members of level 2, merchant 3 4",
                                           .adverse = true}));
}

TEST(RuleDiff, ACampaignMayGoOnceItHasEnded) {
    const std::string campaign = "[[campaign]]\nid = 1\n" JANUARY "multiplier = 2\n";
    const std::string before = DEDUCTION + campaign;
    EXPECT_FALSE(is_adverse(DEDUCTION, before));
    EXPECT_TRUE(is_adverse(before, DEDUCTION, at(86'400 * 31 - 1)));
    EXPECT_FALSE(is_adverse(before, DEDUCTION, at(86'400 * 31)));
    EXPECT_TRUE(is_adverse(before + "budget = 20\n", before + "budget = 10\n"));
    EXPECT_FALSE(is_adverse(before + "budget = 10\n", before + "budget = 20\n"));
}

// The file's instant counted where it lay before the publication, at which the rules take effect.
TEST(RuleDiff, ACampaignThatEndedBeforeThePublicationMayGo) {
    const std::string before = DEDUCTION "[[campaign]]\nid = 1\n" JANUARY "multiplier = 2\n";
    const RuleSpec with_it = book_of(before)->spec();
    const RuleSpec without = next_of(DEDUCTION, at(0));
    const Instant end = at(86'400 * 31);
    EXPECT_EQ(notice_ends(with_it, without, end), std::nullopt);
    EXPECT_EQ(notice_ends(with_it, without, end + seconds(-1)), end + seconds(-1) + days(30));
    // One that takes its place from its end on is as good.
    RuleSpec again = with_it;
    again.campaigns[0].window.start = end;
    again.campaigns[0].window.end = end + days(1);
    again.effective_from = at(0);
    EXPECT_EQ(notice_ends(with_it, again, end), std::nullopt);
}

TEST(RuleDiff, ALowerPriceBehindAThresholdCannotBeCompared) {
    const std::string price = "[[price]]\nid = 1\nstage = \"level\"\nlevels = [1]\noff = 5\n";
    EXPECT_FALSE(is_adverse(DEDUCTION, DEDUCTION + price));
    EXPECT_TRUE(
        is_adverse(DEDUCTION "minimum_order = 100\n", DEDUCTION "minimum_order = 100\n" + price));
    const std::string reduction = "[[full_reduction]]\nid = 1\nsteps = [{from = 100, minus = 1}]\n";
    EXPECT_TRUE(is_adverse(DEDUCTION + reduction, DEDUCTION + reduction + price));
    EXPECT_FALSE(is_adverse(DEDUCTION, DEDUCTION + reduction));
}

TEST(RuleDiff, ComparesExpiry) {
    const auto expiry = [](std::string_view terms) { return "[expiry]\n" + std::string(terms); };
    const std::string months = expiry("policy = \"after_months\"\ncount = 24\n");
    EXPECT_FALSE(is_adverse(months, expiry("policy = \"after_years\"\ncount = 2\n")));
    EXPECT_FALSE(is_adverse(months, expiry("policy = \"never\"\n")));
    EXPECT_TRUE(is_adverse(expiry("policy = \"never\"\n"), months));
    EXPECT_TRUE(is_adverse(months, expiry("policy = \"after_months\"\ncount = 23\n"
                                          "round_up_to = \"year_end\"\n")));
    EXPECT_FALSE(is_adverse(months, months + "round_up_to = \"month_end\"\n"));
    EXPECT_TRUE(is_adverse(months, expiry("policy = \"after_days\"\ncount = 3000\n")));
}

TEST(RuleDiff, AnAdverseVersionIsAnnouncedForTheNoticePeriodOfTheOneBefore) {
    const RuleSpec before = book_of("notice_days = 30\n" DEDUCTION)->spec();
    const std::string adverse = "notice_days = 30\n" DEDUCTION "order_money_max = 10\n";
    const Instant now = at(0);
    EXPECT_EQ(notice_ends(before, next_of(adverse, now + days(29)), now), now + days(30));
    const std::string better = "notice_days = 30\n" DEDUCTION "[[coupon]]\nid = 1\nminus = 5\n";
    EXPECT_EQ(notice_ends(before, next_of(better, now), now), std::nullopt);
    // A version cannot shorten the notice for itself.
    const std::string hasty = "notice_days = 0\n" DEDUCTION "order_money_max = 10\n";
    EXPECT_EQ(notice_ends(before, next_of(hasty, now), now), now + days(30));
}

}  // namespace
}  // namespace suanpan::rules
