#include "server/rules/rule_file.h"

#include "protocol/limits.h"
#include "server/rules/rule_book.h"
#include "server/rules/rule_text.h"
#include "tests/unit/rules/shop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace suanpan::rules {
namespace {

using ::testing::HasSubstr;
using testing::rule_head;

std::string mistakes_of(std::string_view text) {
    const auto spec = parse_rules(text);
    if (spec.has_value()) return "sound";
    std::string all;
    for (const RuleMistake& mistake : spec.error()) all += to_text(mistake) + "\n";
    return all;
}

struct Wrong {
    std::string_view rules;    // under rule_head, whose four lines count
    std::string_view message;  // one line of the answer
};

// A window, a deduction, a campaign that are sound, to build on.
#define WINDOW "start = 2027-01-01T00:00:00Z\nend = 2027-02-01T00:00:00Z\n"
#define DEDUCTION "[[deduction]]\nid = 1\npoints = 100\nmoney = 100\n"

TEST(RuleFile, SaysPathLineAndReasonOfEveryMistake) {
    const Wrong table[] = {
        {"x = = 1\n", "line 5: not valid TOML"},
        {"colour = 1\n", "line 5: colour: is no key here; there are program, version, author"},
        {"notice_days = -1\n", "line 5: notice_days: must be a number from 0 to 3650"},
        {"notice_days = 1.5\n", "line 5: notice_days: must be a number from 0 to 3650"},
        {"quote_valid_seconds = 0\n", "quote_valid_seconds: must be a number from 1 to 86400"},
        {"pay_within_seconds = 604801\n", "pay_within_seconds: must be a number from 1 to 604800"},
        {"expiry = 1\n", "line 5: expiry: must be a table"},
        {"[expiry]\n", "expiry.policy: is missing; give one of \"never\", \"after_days\""},
        {"[expiry]\npolicy = \"soon\"\n", "line 6: expiry.policy: must be one of \"never\""},
        {"[expiry]\npolicy = \"after_days\"\n", "expiry.count: is missing; how many days"},
        {"[expiry]\npolicy = \"never\"\ncount = 1\n",
         "expiry.count: means nothing under this policy"},
        {"[expiry]\npolicy = \"after_months\"\ncount = 1201\n",
         "expiry.count: must be a number from 1 to 1200"},
        {"[expiry]\npolicy = \"after_years\"\ncount = 101\n",
         "expiry.count: must be a number from 1 to 100"},
        {"[expiry]\npolicy = \"on_date\"\n", "expiry.date: is missing; the last good day"},
        {"[expiry]\npolicy = \"on_date\"\ndate = 2027-02-29\n", "not valid TOML"},
        {"[expiry]\npolicy = \"on_date\"\ndate = 2200-01-01\n",
         "expiry.date: must be a date of the years 1970 to 2199"},
        {"[expiry]\npolicy = \"never\"\ndate = 2027-01-01\n",
         "expiry.date: means nothing under this policy"},
        {"[expiry]\npolicy = \"never\"\nround_up_to = \"year_end\"\n",
         "expiry.round_up_to: means nothing under this policy"},
        {"[refund]\ngrace_days = 3651\n", "refund.grace_days: must be a number from 0 to 3650"},
        {"[refund]\nwithin_days = 0\n", "refund.within_days: must be a number from 1 to 3650"},
        {"[refund]\nwithin_days = 3651\n", "refund.within_days: must be a number from 1 to 3650"},
        {"[refund]\nlate_payment = \"keep\"\n",
         "refund.late_payment: must be one of \"auto_refund\", \"reacquire\""},
        {"[[restriction]]\nid = 1\n", "restriction[1]: names no products and no categories"},
        {"[[restriction]]\nid = 0\nproducts = [1]\n",
         "restriction[1].id: must be a number from 1 to 65535"},
        {"[[restriction]]\nid = 1\nproducts = [1]\n[[restriction]]\nid = 2\nproducts = [2, 1]\n",
         "restriction[2].products: 1 is in an earlier restriction too"},
        {"[[restriction]]\nid = 1\ncategories = [7]\n[[restriction]]\nid = 2\ncategories = [7]\n",
         "restriction[2].categories: 7 is in an earlier restriction too"},
        {"[deduction]\nid = 1\n", "line 5: deduction: must be a list of tables"},
        {"[[deduction]]\nid = 1\npoints = 100\n", "deduction[1].money: is missing; give a number"},
        {"[[deduction]]\nid = 1\npoints = 0\nmoney = 1\n",
         "line 7: deduction[1].points: must be a number from 1 to"},
        {DEDUCTION "products = [1]\n", "deduction[1].products: is no key here; there are id"},
        {DEDUCTION "step = 0\n", "deduction[1].step: must be a number from 1 to"},
        {DEDUCTION "mode = \"most\"\n", "deduction[1].mode: must be one of \"exact\", \"fill\""},
        {DEDUCTION "channels = []\n", "deduction[1].channels: must be a list of 1 to 10000"},
        {DEDUCTION "channels = [3, 1, 3]\n", "deduction[1].channels: 3 stands there twice"},
        {DEDUCTION "levels = [65536]\n", "deduction[1].levels: must be a number from 0 to 65535"},
        {DEDUCTION "order_percent_max = 101\n",
         "deduction[1].order_percent_max: must be a percent from 0 to 100"},
        {DEDUCTION "order_percent_max = 2.5\n", "a text with up to two decimals, \"2.5\" say"},
        {DEDUCTION "order_percent_max = \"2.555\"\n", "order_percent_max: must be a percent"},
        {DEDUCTION "order_percent_max = \"100.01\"\n", "order_percent_max: must be a percent"},
        {DEDUCTION "order_percent_max = \"-1\"\n", "order_percent_max: must be a percent"},
        {DEDUCTION "order_money_max = 0\n", "deduction[1]: lets points pay nothing"},
        {DEDUCTION "minimum_order = -1\n", "deduction[1].minimum_order: must be a number from 0"},
        {DEDUCTION "minimum_order = 9223372036854775807\n",
         "deduction[1].minimum_order: must be a number from 0 to"},
        {DEDUCTION "order_points_max = -1\n",
         "deduction[1].order_points_max: must be a number from 0 to"},
        {DEDUCTION "order_points_max = 0\n", "deduction[1]: lets points pay nothing"},
        {DEDUCTION "tiers = 3\n", "deduction[1].tiers: must be a list of tables"},
        {DEDUCTION "tiers = [{from = 100}]\n", "deduction[1].tiers[1].percent: is missing"},
        {DEDUCTION "tiers = [{from = 1, percent = 1}, {from = 1, percent = 2}]\n",
         "deduction[1].tiers[2].from: must be more than in the tier before"},
        {DEDUCTION "tiers = [{from = 1, percent = 2}, {from = 5, percent = 1}]\n",
         "deduction[1].tiers[2].percent: is less than in the tier before"},
        {DEDUCTION "tiers = [{from = 1, to = 4, percent = 1}, {from = 5, percent = 2}]\n",
         "deduction[1].tiers[2].from: must be 4, where the tier before ends"},
        {DEDUCTION "tiers = [{from = 1, to = 9, percent = 1}, {from = 5, percent = 2}]\n",
         "deduction[1].tiers[2].from: must be 9, where the tier before ends"},
        {DEDUCTION "tiers = [{from = 5, to = 5, percent = 1}, {from = 6, percent = 2}]\n",
         "deduction[1].tiers[1].to: must be more than 'from'; it is exclusive"},
        {DEDUCTION "tiers = [{from = 1, to = 4, percent = 1}]\n",
         "deduction[1].tiers: the last tier has no 'to'"},
        {DEDUCTION "tiers = [{from = 1, percent = 0}]\n",
         "deduction[1].tiers: the last tier pays 0 %"},
        {DEDUCTION DEDUCTION, "deduction[2].id: 1 is the id of an earlier deduction"},
        {"[[limit]]\nid = 1\nmoney_max = 5\n",
         "limit[1].per: is missing; give one of \"line\", \"order\", \"day\", \"month\""},
        {"[[limit]]\nid = 1\nper = \"line\"\n", "limit[1]: limits nothing"},
        {"[[limit]]\nid = 1\nper = \"line\"\nmoney_max = -5\n",
         "limit[1].money_max: must be a number from 0 to"},
        {"[[limit]]\nid = 1\nper = \"line\"\nmoney_max = 9223372036854775807\n",
         "limit[1].money_max: must be a number from 0 to"},
        {"[[limit]]\nid = 1\nper = \"line\"\nmoney_max = 9223372036854775808\n", "not valid TOML"},
        {"[[limit]]\nid = 1\nper = \"line\"\npercent_max = 101\n",
         "limit[1].percent_max: must be a percent from 0 to 100"},
        {"[[limit]]\nid = 1\nper = \"order\"\npercent_max = -1\n",
         "limit[1].percent_max: must be a percent from 0 to 100"},
        {"[[limit]]\nid = 1\nper = \"day\"\npercent_max = 5\n",
         "limit[1].percent_max: a percent is of an order or a line"},
        {"[[limit]]\nid = 1\nper = \"month\"\npoints_max = 5\nproducts = [1]\n",
         "limit[1].points_max: a member's day or month of some products is counted in money"},
        {"[[limit]]\nid = 1\nper = \"order\"\ntakes_points = false\n",
         "limit[1].takes_points: false stands alone, in a limit per line"},
        {"[[limit]]\nid = 1\nper = \"line\"\ntakes_points = \"no\"\n",
         "limit[1].takes_points: must be true or false"},
        {"[[campaign]]\nid = 1\n", "campaign[1].start: is missing; give a date-time"},
        {"[[campaign]]\nid = 1\nstart = 2027-01-01\nend = 2027-02-01T00:00:00Z\n",
         "campaign[1].start: must be a date-time with its offset"},
        {"[[campaign]]\nid = 1\nstart = 2027-01-01T00:00:00\nend = 2027-02-01T00:00:00Z\n",
         "campaign[1].start: must be a date-time with its offset"},
        {"[[campaign]]\nid = 1\nstart = 1969-01-01T00:00:00Z\nend = 2027-02-01T00:00:00Z\n",
         "campaign[1].start: must be in the years 1970 to 2199"},
        {"[[campaign]]\nid = 1\nstart = 2027-01-01T00:00:00Z\nend = 2027-01-01T00:00:00Z\n",
         "campaign[1].end: must be after 'start'; it is exclusive"},
        {"[[campaign]]\nid = 1\n" WINDOW "segments = [64]\n",
         "campaign[1].segments: must be a number from 0 to 63"},
        {"[[campaign]]\nid = 1\n" WINDOW "multiplier = \"2:1\"\n",
         "campaign[1].multiplier: must be a number from 1 to 1000000, or a fraction"},
        {"[[campaign]]\nid = 1\n" WINDOW "multiplier = \"1/0\"\n", "campaign[1].multiplier: must"},
        {"[[campaign]]\nid = 1\n" WINDOW "multiplier = \"1/2\"\n",
         "campaign[1].multiplier: must be 1 or more"},
        {"[[campaign]]\nid = 1\n" WINDOW "raise = \"1/2\"\n", "campaign[1].raise: must be 1 or"},
        {"[[campaign]]\nid = 1\n" WINDOW "budget = 0\n",
         "campaign[1].budget: must be a number from 1 to"},
        {"[[campaign]]\nid = 1\n" WINDOW "member_money_max = 0\n",
         "campaign[1].member_money_max: must be a number from 1 to"},
        {"[[campaign]]\nid = 1\n" WINDOW "member_orders_max = 0\n",
         "campaign[1].member_orders_max: must be a number from 1 to 1000000000"},
        {"[[campaign]]\nid = 1\n" WINDOW "member_orders_max = 1000000001\n",
         "campaign[1].member_orders_max: must be a number from 1 to 1000000000"},
        {"[[deduction]]\nid = 9\npoints = 1\nmoney = 1000000000000000000\n"
         "[[campaign]]\nid = 1\n" WINDOW "multiplier = 10\n",
         "campaign[1].multiplier: times the worth of points of deduction 9 it leaves the range"},
        {"[[price]]\nid = 1\nstage = \"list\"\noff = 5\n",
         "price[1].stage: must be one of \"wholesale\", \"level\", \"activity\""},
        {"[[price]]\nid = 1\nstage = \"level\"\noff = 5\n", "price[1].levels: a level price names"},
        {"[[price]]\nid = 1\nstage = \"level\"\nlevels = [1]\n",
         "price[1]: give one of unit_price and off"},
        {"[[price]]\nid = 1\nstage = \"level\"\nlevels = [1]\noff = 5\nunit_price = 5\n",
         "price[1]: give one of unit_price and off"},
        {"[[price]]\nid = 1\nstage = \"level\"\nlevels = [1]\noff = 0\n",
         "price[1].off: must be a percent from 0.01 to 100"},
        {"[[price]]\nid = 1\nstage = \"level\"\nlevels = [1]\nunit_price = 5\n",
         "price[1].unit_price: a unit price names the products or categories"},
        {"[[price]]\nid = 1\nstage = \"level\"\nlevels = [1]\noff = 5\nquantity_from = 2\n",
         "price[1].quantity_from: only a wholesale price asks for a quantity"},
        {"[[price]]\nid = 1\nstage = \"wholesale\"\noff = 5\n",
         "price[1].quantity_from: a wholesale price begins at a quantity of 2"},
        {"[[price]]\nid = 1\nstage = \"activity\"\noff = 5\n",
         "price[1].start: is missing; give a date-time"},
        {"[[full_reduction]]\nid = 1\n", "full_reduction[1].steps: is missing"},
        {"[[full_reduction]]\nid = 1\nsteps = [{from = 5, minus = 6}]\n",
         "full_reduction[1].steps[1].minus: is more than 'from'"},
        {"[[full_reduction]]\nid = 1\nsteps = [{from = 5, minus = 1}, {from = 5, minus = 2}]\n",
         "full_reduction[1].steps[2].from: must be more than in the step before"},
        {"[[full_reduction]]\nid = 1\nsteps = [{from = 5, minus = 1}, {from = 6, minus = 1}]\n",
         "full_reduction[1].steps[2].minus: must be more than in the step before"},
        {"[[full_reduction]]\nid = 1\nrepeats = true\n"
         "steps = [{from = 5, minus = 1}, {from = 6, minus = 2}]\n",
         "full_reduction[1].repeats: what repeats has one step"},
        {"[[full_reduction]]\nid = 1\nsteps = [{from = 5, minus = 1, per = 2}]\n",
         "full_reduction[1].steps[1].per: is no key here; there are from, minus"},
        {"[[coupon]]\nid = 1\n", "coupon[1]: give one of minus and off"},
        {"[[coupon]]\nid = 1\nminus = 5\noff_max = 3\n", "coupon[1].off_max: bounds 'off'"},
        {"[[coupon]]\nid = 1\nminus = 5\nmember_max = -1\n",
         "coupon[1].member_max: must be a number from 0 to"},
        {"[[coupon]]\nid = 1\nminus = 5\ntotal_max = -1\n",
         "coupon[1].total_max: must be a number from 0 to"},
        {"[[coupon]]\nid = 1\nminus = 5\nfrom = -1\n",
         "coupon[1].from: must be a number from 0 to"},
        {"[[coupon]]\nid = 1\nminus = 5\nfrom = 9223372036854775807\n",
         "coupon[1].from: must be a number from 0 to"},
        {"[[coupon]]\nid = 4294967296\nminus = 5\n", "coupon[1].id: must be a number from 1 to"},
        {"[[coupon]]\nid = 1\nminus = 5\nstart = 2027-02-01T00:00:00Z\n"
         "end = 2027-01-01T00:00:00Z\n",
         "coupon[1].end: must be after 'start'"},
    };
    for (const Wrong& wrong : table) {
        const std::string text = std::string(rule_head) + std::string(wrong.rules);
        EXPECT_THAT(mistakes_of(text), HasSubstr(wrong.message)) << wrong.rules;
    }
}

TEST(RuleFile, NeedsAHead) {
    const std::string all = mistakes_of("");
    EXPECT_THAT(all, HasSubstr("program: is missing"));
    EXPECT_THAT(all, HasSubstr("version: is missing"));
    EXPECT_THAT(all, HasSubstr("author: is missing"));
    EXPECT_THAT(all, HasSubstr("effective_from: is missing"));
    EXPECT_THAT(mistakes_of("author = \"a\\nb\"\n"),
                HasSubstr("author: must be a text of 1 to 64"));
}

TEST(RuleFile, TellsAllMistakesAtOnceUpToABound) {
    std::string text(rule_head);
    for (int i = 0; i < 300; ++i) text += "[[limit]]\nid = 0\nper = \"day\"\nmoney_max = 1\n";
    const auto spec = parse_rules(text);
    ASSERT_FALSE(spec.has_value());
    EXPECT_EQ(spec.error().size(), rule_mistakes_max);
    EXPECT_EQ(spec.error()[99].path, "limit[100].id");
}

TEST(RuleFile, IsBounded) {
    const std::string huge(limits::rule_book_bytes_max + 1, '#');
    EXPECT_THAT(mistakes_of(huge), HasSubstr("the file has 262145 bytes; at most 262144"));
    std::string many(rule_head);
    for (int i = 0; i <= 256; ++i) many += "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n";
    EXPECT_THAT(mistakes_of(many), HasSubstr("deduction: at most 256 of them"));
    std::string nested(rule_head);
    nested += "x = ";
    for (int i = 0; i < 10'000; ++i) nested += '[';
    EXPECT_THAT(mistakes_of(nested), HasSubstr("not valid TOML"));
}

// The last number that is allowed is, the next one is not.
TEST(RuleFile, TakesSoManyCampaignsTiersAndStepsAndNoMore) {
    const auto with = [](int count, const std::string& before, auto each, const std::string& end) {
        std::string text = std::string(rule_head) + before;
        for (int i = 1; i <= count; ++i) text += each(std::to_string(i));
        return mistakes_of(text + end);
    };
    const auto campaign = [](const std::string& n) {
        return "[[campaign]]\nid = " + n + "\n" WINDOW "multiplier = 2\n";
    };
    EXPECT_EQ(with(256, "", campaign, ""), "sound");
    EXPECT_THAT(with(257, "", campaign, ""), HasSubstr("campaign: at most 256 of them"));
    const auto tier = [](const std::string& n) { return "{from = " + n + ", percent = 5}, "; };
    EXPECT_EQ(with(64, DEDUCTION "tiers = [", tier, "]\n"), "sound");
    EXPECT_THAT(with(65, DEDUCTION "tiers = [", tier, "]\n"),
                HasSubstr("deduction[1].tiers: at most 64 of them"));
    const auto step = [](const std::string& n) {
        return "{from = " + n + "0, minus = " + n + "}, ";
    };
    const std::string reduction = "[[full_reduction]]\nid = 1\nsteps = [";
    EXPECT_EQ(with(64, reduction, step, "]\n"), "sound");
    EXPECT_THAT(with(65, reduction, step, "]\n"),
                HasSubstr("full_reduction[1].steps: at most 64 of them"));
}

TEST(RuleFile, NeverPrintsAKeysControlCharacters) {
    const std::string all = mistakes_of(std::string(rule_head) + "\"a\\nb\" = 1\n");
    EXPECT_THAT(all, HasSubstr("a\\x0ab: is no key here"));
    EXPECT_EQ(std::ranges::count(all, '\n'), 1);
}

TEST(RuleFile, ReadsEveryKey) {
    const auto spec = parse_rules(R"(
program = 7
version = 3
author = "ops"
effective_from = 2027-01-01T08:00:00+08:00
notice_days = 14
quote_valid_seconds = 60
pay_within_seconds = 900
[expiry]
policy = "after_months"
count = 12
round_up_to = "quarter_end"
[refund]
grace_days = 7
within_days = 90
late_payment = "reacquire"
[[restriction]]
id = 2
products = [5, 3]
categories = [9]
[[deduction]]
id = 1
merchants = [1]
channels = [2]
levels = [3]
points = 100
money = 150
step = 10
mode = "fill"
minimum_order = 1000
order_money_max = 5000
order_percent_max = "12.5"
order_points_max = 4000
tiers = [{from = 0, to = 10, percent = 1}, {from = 10, percent = "1.5"}]
[[limit]]
id = 1
per = "line"
products = [5]
takes_points = false
[[campaign]]
id = 4
start = 2027-03-01T00:00:00.000000001Z
end = 2027-04-01T00:00:00Z
segments = [0, 63]
multiplier = "6/4"
raise = 2
budget = 1000
member_money_max = 500
member_orders_max = 2
)");
    ASSERT_TRUE(spec.has_value());
    EXPECT_EQ(spec->program, ProgramId{7});
    EXPECT_EQ(spec->effective_from, testing::at(0));
    EXPECT_EQ(spec->quote_valid, seconds(60));
    EXPECT_EQ(spec->expiry.rounding, ExpiryRounding::quarter_end);
    EXPECT_EQ(spec->refund.late_payment, LatePayment::reacquire);
    EXPECT_EQ(spec->restrictions[0].products, (std::vector{ProductId{3}, ProductId{5}}));
    const DeductionRule& deduction = spec->deductions[0];
    EXPECT_EQ(deduction.ratio, (Ratio{150, 100}));
    EXPECT_EQ(deduction.order_percent_max, Percent{1250});
    EXPECT_EQ(deduction.tiers.rows()[1].percent, Percent{150});
    EXPECT_EQ(spec->limits[0].money_max, Money{0});
    EXPECT_EQ(spec->campaigns[0].segments, 0x8000000000000001U);
    EXPECT_EQ(spec->campaigns[0].multiplier, (Ratio{3, 2}));
    EXPECT_EQ(spec->campaigns[0].window.start.ns % 1000, 1);
    EXPECT_EQ(parse_rules(text_of(*spec)), spec);
}

TEST(RuleFile, HasOneCanonicalTextHoweverItIsWritten) {
    const auto text = [](std::string_view rules) {
        return text_of(testing::book_of(rules)->spec());
    };
    const std::string one =
        text("[[limit]]\nid = 1\nper = \"line\"\nmoney_max = 5\nproducts = [1, 2]\n");
    EXPECT_EQ(one, text("# a comment\nnotice_days = 30\n[[limit]]\nproducts = [2, 1]\nmoney_max = 5"
                        "\nid = 1\nper = 'line'\n"));
    EXPECT_NE(one, text("[[limit]]\nid = 1\nper = \"line\"\nmoney_max = 6\nproducts = [1, 2]\n"));
}

}  // namespace
}  // namespace suanpan::rules
