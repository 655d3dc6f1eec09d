// Every row of the table in semantics.md, "Paying an order with points", that is about a price.
#include "server/rules/expiry.h"
#include "tests/unit/ledger/settled_order.h"
#include "tests/unit/rules/shop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suanpan::rules {
namespace {

using testing::Shop;

constexpr std::string_view tiers = R"(
[[deduction]]
id = 1
points = 100
money = 100
tiers = [{from = 100, to = 500, percent = 1}, {from = 500, to = 1000, percent = 2},
         {from = 1000, percent = 5}]
)";

struct Row {
    std::int64_t eligible;
    std::int64_t balance;
    std::int64_t value;
    std::int64_t points;
};

void expect_rows(std::string_view rules, std::initializer_list<Row> rows) {
    for (const Row& row : rows) {
        const Quote quote = Shop(rules).add(row.eligible).with_balance(row.balance).quote();
        EXPECT_EQ(quote.value, Money{row.value}) << "balance " << row.balance;
        EXPECT_EQ(quote.points, Points{row.points}) << "balance " << row.balance;
        EXPECT_EQ(quote.cash, Money{row.eligible - row.value}) << "balance " << row.balance;
    }
}

bool bound(const Quote& quote, LimitKind kind) {
    for (const LimitReport& limit : quote.limits) {
        if (limit.kind == kind) return limit.bound;
    }
    ADD_FAILURE() << "no such limit";
    return false;
}

TEST(SemanticsTable, TiersByBalance) {
    expect_rows(tiers, {{20'000, 99, 0, 0},
                        {20'000, 100, 100, 100},
                        {20'000, 499, 200, 200},
                        {20'000, 500, 400, 400},
                        {20'000, 999, 400, 400},
                        {20'000, 1000, 1000, 1000},
                        {20'000, 5000, 1000, 1000}});
}

TEST(SemanticsTable, PointsBindAndNotTheTier) {
    const Quote quote = Shop(tiers).add(200'000).with_balance(5000).quote();
    EXPECT_EQ(quote.value, Money{5000});
    EXPECT_EQ(quote.points, Points{5000});
    EXPECT_TRUE(bound(quote, LimitKind::spendable));
    EXPECT_FALSE(bound(quote, LimitKind::tier_percent));
}

TEST(SemanticsTable, CampaignsMultiplyTheValueTheLimitOrBoth) {
    const std::string window =
        "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\nend = 2027-02-01T00:00:00Z\n";
    const std::string base = std::string(tiers) + window;
    expect_rows(base + "multiplier = 2\n", {{20'000, 1000, 1000, 500}});
    expect_rows(base + "raise = 2\n", {{20'000, 1000, 1000, 1000}});
    expect_rows(base + "multiplier = 2\nraise = 2\n", {{20'000, 1000, 2000, 1000}});
}

TEST(SemanticsTable, TenPointsAreOneYuan) {
    expect_rows("[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n", {{2000, 50, 500, 50}});
}

TEST(SemanticsTable, DoubleDayForACardWithAndWithoutAMaximum) {
    const std::string rules =
        "[[deduction]]\nid = 1\npoints = 100\nmoney = 100\n"
        "[[campaign]]\nid = 1\nstart = 2027-01-01T00:00:00Z\nend = 2027-01-02T00:00:00Z\n"
        "multiplier = 2\n";
    expect_rows(rules, {{3000, 2000, 3000, 1500}});
    expect_rows(rules + "order_money_max = 2000\n", {{3000, 2000, 2000, 1000}});
}

TEST(SemanticsTable, AnOfferThatPointsDoNotReachSaysHowMuchCashDoes) {
    const Result<Shortfall> missing = shortfall(Points{5000}, Points{3000}, Ratio{100, 100});
    ASSERT_TRUE(missing.has_value());
    EXPECT_EQ(*missing, (Shortfall{Points{2000}, Money{2000}}));

    const Quote quote = Shop("[[deduction]]\nid = 1\npoints = 100\nmoney = 100\nmode = \"fill\"\n")
                            .add(5000)
                            .with_balance(3000)
                            .quote();
    EXPECT_EQ(quote.missing, Points{2000});
    EXPECT_EQ(quote.gap, Money{2000});
}

TEST(SemanticsTable, RefundsByAmountCloseExactly) {
    struct Refund {
        Money amount;
        Points points;
        Money cash;
    };
    ledger::Order order = ledger::settled_order({ledger::paid_line(2000, 50, 500)});
    for (const Refund& expected :
         {Refund{Money{333}, Points{8}, Money{250}}, Refund{Money{467}, Points{12}, Money{350}},
          Refund{Money{1200}, Points{30}, Money{900}}}) {
        const auto share = ledger::refund_amount(order, expected.amount);
        ASSERT_TRUE(share.has_value());
        EXPECT_EQ(share->points, expected.points);
        EXPECT_EQ(share->cash, expected.cash);
    }
    EXPECT_EQ(order.refundable(), Money{});
}

TEST(SemanticsTable, ThirtyFirstOfJanuaryAndAMonth) {
    const ExpiryTerms terms{.policy = ExpiryPolicy::after_months, .count = 1};
    // Gone at the midnight after its last good day, 2027-03-01 00:00 local.
    EXPECT_EQ(last_good_day(terms, local_date(2027, 1, 31)), local_date(2027, 2, 28));
}

}  // namespace
}  // namespace suanpan::rules
