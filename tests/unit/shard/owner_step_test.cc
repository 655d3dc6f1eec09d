// The owner step: counters that all members share, over real shards, committer and journal.
#include "tests/unit/shard/mall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace suanpan::shard {
namespace {

using ledger::CounterKind;
using ledger::CounterUnits;
using ::testing::HasSubstr;

// 10 points are worth ¥1.
const std::string deduction = "[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n";

std::string campaign_with(const std::string& more) {
    return deduction +
           "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\nend = 2028-02-01T00:00:00Z\n"
           "multiplier = 2\n" +
           more;
}
std::string coupon_with(const std::string& more) {
    return deduction +
           "[[coupon]]\nid = 5\nstart = 2027-01-01T00:00:00Z\nend = 2028-02-01T00:00:00Z\n"
           "minus = 100\n" +
           more;
}

std::string name_of(std::uint64_t number) {
    return "order-" + std::to_string(number);
}

class OwnerStep : public ::testing::TestWithParam<std::uint16_t> {};

INSTANTIATE_TEST_SUITE_P(Shards, OwnerStep, ::testing::Values(1, 2, 4));

TEST_P(OwnerStep, GivesACouponOfLimitOneToOneOfSixtyFour) {
    Mall mall(GetParam(), coupon_with("total_max = 1\n"));
    std::vector<std::uint32_t> quotes;
    for (std::uint64_t i = 0; i < 64; ++i) mall.earn(i, 1000);
    mall.world.settle();
    for (std::uint64_t i = 0; i < 64; ++i) quotes.push_back(mall.send_quote(i, 600, {5}));
    mall.world.settle();
    std::vector<std::uint32_t> settles;
    for (std::uint64_t i = 0; i < 64; ++i)
        settles.push_back(mall.send_settle(i, mall.quoted(quotes[i]), name_of(i)));
    mall.world.settle();
    int settled = 0;
    for (const std::uint32_t request : settles) {
        const Outcome* outcome = mall.world.answer(request);
        ASSERT_NE(outcome, nullptr);
        if (outcome->code == Code::ok) {
            ++settled;
            continue;
        }
        EXPECT_EQ(outcome->code, Code::quote_no_longer_covered);
        EXPECT_EQ(outcome->detail, static_cast<std::int64_t>(UncoveredLimit::coupon_total));
    }
    EXPECT_EQ(settled, 1);  // INV-10
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), (CounterUnits{.issued = 1}));
    EXPECT_EQ(mall.quote(1, 600, {5}).outcome.code, Code::order_not_priceable);
    mall.check();
}

// All at once, of different sizes: the budget is never exceeded, and what is left in the end is
// less than what anybody was refused.
TEST_P(OwnerStep, SpendsABudgetExactly) {
    constexpr std::int64_t budget = 30'000;
    Mall mall(GetParam(), campaign_with("budget = 30000\n"));
    std::mt19937 random(GetParam());
    std::vector<std::int64_t> prices;
    std::vector<std::uint32_t> quotes;
    for (std::uint64_t i = 0; i < 300; ++i) mall.earn(i, 1000);
    mall.world.settle();
    for (std::uint64_t i = 0; i < 300; ++i) {
        prices.push_back(std::uniform_int_distribution<std::int64_t>(1, 20)(random) * 20);
        quotes.push_back(mall.send_quote(i, prices.back()));
    }
    mall.world.settle();
    std::vector<std::uint32_t> settles;
    for (std::uint64_t i = 0; i < 300; ++i) {
        ASSERT_EQ(mall.quoted(quotes[i]).campaign, 7U);
        settles.push_back(mall.send_settle(i, mall.quoted(quotes[i]), name_of(i)));
    }
    mall.world.settle();
    std::int64_t granted = 0;
    std::int64_t refused_min = INT64_MAX;
    for (std::uint64_t i = 0; i < 300; ++i) {
        const Outcome* outcome = mall.world.answer(settles[i]);
        ASSERT_NE(outcome, nullptr);
        if (outcome->code == Code::ok) {
            granted += prices[i];
        } else {
            EXPECT_EQ(outcome->code, Code::quote_no_longer_covered);
            EXPECT_EQ(outcome->detail, static_cast<std::int64_t>(UncoveredLimit::campaign_budget));
            refused_min = std::min(refused_min, prices[i]);
        }
    }
    EXPECT_LE(granted, budget);                // INV-11
    EXPECT_LT(budget - granted, refused_min);  // P3: nobody was refused what was there
    EXPECT_EQ(mall.units(CounterKind::campaign_budget, 7), (CounterUnits{.issued = granted}));
    mall.check();
}

TEST(OwnerStepOfTenThousand, SpendsExactlyTheBudgetOnFourShards) {
    constexpr std::uint64_t members = 10'000;
    Mall mall(4, campaign_with("budget = 123456\n"));
    for (std::uint64_t i = 0; i < members; ++i) mall.earn(i, 2);
    mall.world.settle();
    std::vector<std::uint32_t> quotes;
    for (std::uint64_t i = 0; i < members; ++i) quotes.push_back(mall.send_quote(i, 40));
    mall.world.settle();
    std::vector<std::uint32_t> settles;
    for (std::uint64_t i = 0; i < members; ++i)
        settles.push_back(mall.send_settle(i, mall.quoted(quotes[i]), name_of(i)));
    mall.world.settle();
    std::int64_t settled = 0;
    std::int64_t refused = 0;
    for (const std::uint32_t request : settles) {
        const Outcome* outcome = mall.world.answer(request);
        ASSERT_NE(outcome, nullptr);
        settled += outcome->code == Code::ok ? 1 : 0;
        refused += outcome->code == Code::quote_no_longer_covered ? 1 : 0;
    }
    EXPECT_EQ(settled, 123456 / 40);  // as many as fit, and not one more
    EXPECT_EQ(settled + refused, static_cast<std::int64_t>(members));
    EXPECT_EQ(mall.units(CounterKind::campaign_budget, 7), (CounterUnits{.issued = settled * 40}));
    mall.check();
}

TEST_P(OwnerStep, QuotesNoCampaignWhoseBudgetIsUsedUp) {
    Mall mall(GetParam(), campaign_with("budget = 1000\n"));
    mall.earn(1, 1000);
    mall.earn(2, 1000);
    mall.world.settle();
    const QuoteAnswer first = mall.quote(1, 700);
    EXPECT_EQ(first.campaign, 7U);
    EXPECT_EQ(first.points, Points{35});
    EXPECT_EQ(mall.settle(1, first, "A").code, Code::ok);
    const QuoteAnswer rest = mall.quote(2, 700);  // 300 are left: less than points pay without it
    EXPECT_EQ(rest.campaign, 0U);
    EXPECT_EQ(rest.value, Money{700});
    const QuoteAnswer small = mall.quote(2, 300);
    EXPECT_EQ(small.campaign, 7U);
    EXPECT_EQ(mall.settle(2, small, "B").code, Code::ok);
    EXPECT_EQ(mall.quote(1, 100).campaign, 0U);
    mall.check();
}

TEST_P(OwnerStep, GivesBackWhatACancelledOrderHadSetAside) {
    Mall mall(GetParam(), coupon_with("total_max = 1\n"));
    mall.earn(1, 10);
    mall.earn(2, 10);
    mall.world.settle();
    const QuoteAnswer mine = mall.quote(1, 600, {5});
    const QuoteAnswer yours = mall.quote(2, 600, {5});
    EXPECT_EQ(mall.settle(1, mine, "A").code, Code::ok);
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), (CounterUnits{.reserved = 1}));
    const Outcome not_now = mall.settle(2, yours, "B");
    EXPECT_EQ(not_now.code, Code::all_set_aside);
    EXPECT_EQ(not_now.detail, mall.order(1, "A").times_out.ns);
    EXPECT_EQ(mall.cancel(1, "A").code, Code::ok);
    EXPECT_EQ(mall.settle(2, yours, "B").code, Code::ok);
    EXPECT_EQ(mall.confirm(2, "B", yours.cash.value).code, Code::ok);
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), (CounterUnits{.issued = 1}));
    mall.check();
}

TEST_P(OwnerStep, GivesBackWhatATimeOutReturns) {
    Mall mall(GetParam(),
              "[refund]\nlate_payment = \"reacquire\"\n" + coupon_with("total_max = 1\n"));
    mall.earn(1, 10);
    mall.earn(2, 10);
    mall.world.settle();
    const QuoteAnswer mine = mall.quote(1, 600, {5});
    const QuoteAnswer yours = mall.quote(2, 600, {5});
    EXPECT_EQ(mall.settle(1, mine, "A").code, Code::ok);
    mall.world.clock.pass(seconds(601));
    mall.world.settle();  // the sweeper posts it
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), CounterUnits{});
    EXPECT_EQ(mall.settle(2, yours, "B").code, Code::ok);
    // A late payment finds that all of it is set aside: the order ends, and the cash goes back.
    EXPECT_EQ(mall.confirm(1, "A", mine.cash.value).detail,
              static_cast<std::int64_t>(OrderState::cancelled));
    EXPECT_EQ(mall.order(1, "A").step, OrderStep::payment_to_return);
    mall.check();
}

TEST_P(OwnerStep, TakesTheUnitsOfALatePaymentAgain) {
    Mall mall(GetParam(),
              "[refund]\nlate_payment = \"reacquire\"\n" + coupon_with("total_max = 1\n"));
    mall.earn(1, 10);
    mall.world.settle();
    const QuoteAnswer mine = mall.quote(1, 600, {5});
    EXPECT_EQ(mall.settle(1, mine, "A").code, Code::ok);
    mall.world.clock.pass(seconds(601));
    const Outcome late = mall.confirm(1, "A", mine.cash.value);
    EXPECT_EQ(late.code, Code::ok);
    EXPECT_EQ(late.detail, static_cast<std::int64_t>(OrderState::confirmed));
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), (CounterUnits{.issued = 1}));
    mall.check();
}

// The member's own order has timed out and nobody has posted it: it must not stand in the way.
TEST_P(OwnerStep, PostsATimeOutBeforeTheSameMemberTakesAgain) {
    Mall mall(GetParam(), coupon_with("total_max = 1\n"));
    mall.earn(1, 10);
    mall.world.settle();
    const QuoteAnswer first = mall.quote(1, 600, {5});
    const QuoteAnswer second = mall.quote(1, 600, {5});
    EXPECT_EQ(mall.settle(1, first, "A").code, Code::ok);
    mall.world.clock.pass(seconds(601));
    EXPECT_EQ(mall.settle(1, second, "B").code, Code::ok);
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), (CounterUnits{.reserved = 1}));
    mall.check();
}

// A crash between taking and committing forgets both.
TEST_P(OwnerStep, LosesNoUnitsInACrashBeforeTheCommit) {
    Mall mall(GetParam(), coupon_with("total_max = 1\n"));
    mall.earn(1, 1000);
    mall.earn(2, 1000);
    mall.world.settle();
    const QuoteAnswer mine = mall.quote(1, 600, {5});
    const QuoteAnswer yours = mall.quote(2, 600, {5});
    const std::uint32_t lost = mall.send_settle(1, mine, "A");
    for (int i = 0; i < 5; ++i) mall.world.step_shards();  // taken and staged, not durable
    const std::uint32_t waits = mall.send_settle(2, yours, "B");
    for (int i = 0; i < 5; ++i) mall.world.step_shards();
    EXPECT_EQ(mall.world.answer(lost), nullptr);
    EXPECT_EQ(mall.world.answer(waits), nullptr);  // P4: no refusal rests on it
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), (CounterUnits{.issued = 1}));
    mall.world.restart();
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), CounterUnits{});
    EXPECT_EQ(mall.settle(2, yours, "B").code, Code::ok);
    EXPECT_EQ(mall.settle(1, mine, "A").code, Code::quote_no_longer_covered);
    mall.check();
}

TEST_P(OwnerStep, CountsTheSameAfterAStartWithAnyNumberOfShards) {
    Mall mall(GetParam(), campaign_with("budget = 50000\n") +
                              "[[coupon]]\nid = 5\nstart = 2027-01-01T00:00:00Z\n"
                              "end = 2028-02-01T00:00:00Z\nminus = 100\ntotal_max = 30\n");
    for (std::uint64_t i = 0; i < 20; ++i) mall.earn(i, i % 2 == 0 ? 1000 : 20);
    mall.world.settle();
    for (std::uint64_t i = 0; i < 20; ++i)
        EXPECT_EQ(mall.settle(i, mall.quote(i, 600, {5}), "A").code, Code::ok);
    mall.world.write_checkpoint();
    for (std::uint64_t i = 1; i < 10; i += 4) EXPECT_EQ(mall.cancel(i, "A").code, Code::ok);
    const CounterUnits budget = mall.units(CounterKind::campaign_budget, 7);
    const CounterUnits coupons = mall.units(CounterKind::coupon_total, 5);
    EXPECT_GT(budget.issued, 0);
    EXPECT_EQ(coupons, (CounterUnits{.issued = 10, .reserved = 7}));
    const std::string state = mall.state();
    std::uint64_t order = 100;
    for (const std::uint16_t shards : std::initializer_list<std::uint16_t>{1, 3, 4, 2}) {
        mall.world.restart(shards);
        EXPECT_EQ(mall.state(), state) << shards << " shards";  // INV-12
        EXPECT_EQ(mall.units(CounterKind::campaign_budget, 7), budget);
        EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), coupons);
    }
    // Thirteen are left, whoever takes them; the others wait for cash.
    mall.world.restart(3);
    int settled = 0;
    for (std::uint64_t i = 0; i < 20; ++i) {
        const QuoteAnswer quote = mall.quote(i, 600, {5});
        if (quote.outcome.code != Code::ok) continue;
        const Outcome outcome = mall.settle(i, quote, name_of(order++));
        settled += outcome.code == Code::ok ? 1 : 0;
    }
    EXPECT_EQ(settled, 13);
    mall.world.clock.pass(seconds(601));
    mall.world.settle();
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5).reserved, 0);
    mall.check();
}

TEST_P(OwnerStep, RefusesRulesThatLowerABudgetBelowWhatIsGranted) {
    Mall mall(GetParam(), campaign_with("budget = 1000\n"));
    mall.earn(1, 1000);
    mall.world.settle();
    EXPECT_EQ(mall.settle(1, mall.quote(1, 700), "A").code, Code::ok);
    const RulesAnswer refused = mall.put_rules(campaign_with("budget = 699\n"), 2);
    EXPECT_EQ(refused.outcome.code, Code::budget_below_granted);
    EXPECT_EQ(refused.outcome.detail, 700);
    EXPECT_THAT(refused.message, HasSubstr("campaign 7: budget 699 is less than the 700"));
    const QuoteAnswer held = mall.quote(1, 300);
    EXPECT_EQ(mall.put_rules(campaign_with("budget = 800\n"), 2).outcome.code, Code::ok);
    EXPECT_EQ(mall.settle(1, held, "B").code, Code::quote_no_longer_covered);
    EXPECT_EQ(mall.quote(1, 100).campaign, 7U);
    EXPECT_EQ(mall.put_rules(campaign_with("budget = 2000\n"), 3).outcome.code, Code::ok);
    EXPECT_EQ(mall.settle(1, held, "B").code, Code::ok);
    EXPECT_EQ(mall.units(CounterKind::campaign_budget, 7), (CounterUnits{.issued = 1000}));
    mall.check();
}

// What counts for several counters has all of them or none.
TEST_P(OwnerStep, GivesBackWhatOtherOwnersGaveWhereOneRefuses) {
    Mall mall(GetParam(), campaign_with("budget = 2000\n") +
                              "[[coupon]]\nid = 5\nstart = 2027-01-01T00:00:00Z\n"
                              "end = 2028-02-01T00:00:00Z\nminus = 100\ntotal_max = 1\n"
                              "[[coupon]]\nid = 6\nstart = 2027-01-01T00:00:00Z\n"
                              "end = 2028-02-01T00:00:00Z\nminus = 100\ntotal_max = 3\n");
    std::vector<QuoteAnswer> quotes;
    for (std::uint64_t i = 0; i < 4; ++i) mall.earn(i, 1000);
    mall.world.settle();
    for (std::uint64_t i = 0; i < 4; ++i) quotes.push_back(mall.quote(i, 600, {5, 6}));
    std::vector<std::uint32_t> settles;
    for (std::uint64_t i = 0; i < 4; ++i) settles.push_back(mall.send_settle(i, quotes[i], "A"));
    mall.world.settle();
    int settled = 0;
    for (const std::uint32_t request : settles)
        settled += mall.world.answer(request)->code == Code::ok ? 1 : 0;
    EXPECT_EQ(settled, 1);
    EXPECT_EQ(mall.units(CounterKind::campaign_budget, 7), (CounterUnits{.issued = 400}));
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), (CounterUnits{.issued = 1}));
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 6), (CounterUnits{.issued = 1}));
    for (std::uint64_t i = 0; i < 2; ++i)
        EXPECT_EQ(mall.settle(i + 1, mall.quote(i + 1, 600, {6}), "B").code, Code::ok);
    EXPECT_EQ(mall.quote(3, 600, {6}).outcome.code, Code::order_not_priceable);
    mall.check();
}

TEST_P(OwnerStep, MakesOneOrderOfOneQuoteSettledUnderTwoIds) {
    Mall mall(GetParam(), coupon_with("total_max = 10\n"));
    mall.earn(1, 1000);
    mall.world.settle();
    const QuoteAnswer quote = mall.quote(1, 600, {5});
    const std::uint32_t first = mall.send_settle(1, quote, "A");
    const std::uint32_t second = mall.send_settle(1, quote, "A");
    const std::uint32_t third = mall.send_settle(1, quote, "B");
    mall.world.settle();
    std::multiset<Code> codes;
    for (const std::uint32_t request : {first, second, third})
        codes.insert(mall.world.answer(request)->code);
    EXPECT_EQ(codes, (std::multiset<Code>{Code::ok, Code::order_exists, Code::order_exists}));
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), (CounterUnits{.issued = 1}));
    mall.check();
}

// Twice the same id while the first is on its way to the owner and back: the repeat gets the first
// result.
TEST_P(OwnerStep, AnswersARepeatDuringTheStepWithTheFirstResult) {
    Mall mall(GetParam(), coupon_with("total_max = 1\n"));
    mall.earn(1, 1000);
    mall.world.settle();
    const QuoteAnswer quote = mall.quote(1, 600, {5});
    CommandPayload payload;
    payload.token = quote.token;
    Command settle = mall.world.command(CommandKind::settle, Settle{.payload = &payload});
    settle.head.member = Mall::member(1);
    std::get<Settle>(settle.body).order.bytes[0] = 'A';
    std::vector<std::uint32_t> requests;
    for (std::uint16_t i = 0; i < 4; ++i) requests.push_back(mall.world.send(settle));
    mall.world.settle();
    for (const std::uint32_t request : requests) {
        ASSERT_NE(mall.world.answer(request), nullptr);
        EXPECT_EQ(*mall.world.answer(request), *mall.world.answer(requests[0]));
        EXPECT_EQ(mall.world.answer(request)->code, Code::ok);
    }
    mall.check();
}

TEST_P(OwnerStep, ConfirmsAnOrderOnceForSixtyFourConfirmationsAtOnce) {
    Mall mall(GetParam(), coupon_with("total_max = 1\n"));
    mall.earn(1, 10);
    mall.world.settle();
    const QuoteAnswer quote = mall.quote(1, 600, {5});
    EXPECT_EQ(mall.settle(1, quote, "A").code, Code::ok);
    std::vector<std::uint32_t> confirms;
    for (int i = 0; i < 64; ++i) confirms.push_back(mall.send_confirm(1, "A", quote.cash.value));
    mall.world.settle();
    int moved = 0;
    for (const std::uint32_t request : confirms) {
        EXPECT_EQ(mall.world.answer(request)->code, Code::ok);
        moved += mall.world.answer(request)->amount > Points{} ? 1 : 0;
    }
    EXPECT_EQ(moved, 1);
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), (CounterUnits{.issued = 1}));
    mall.check();
}

TEST_P(OwnerStep, LetsOneBalancePayExactlyWhatItAllows) {
    Mall mall(GetParam(), coupon_with("total_max = 100\n"));
    mall.earn(1, 7 * 60);
    mall.world.settle();
    std::vector<std::uint32_t> settles;
    std::vector<QuoteAnswer> quotes;
    for (int i = 0; i < 16; ++i) quotes.push_back(mall.quote(1, 700, {5}));  // ¥6: 60 points
    for (std::uint64_t i = 0; i < 16; ++i)
        settles.push_back(mall.send_settle(1, quotes[i], name_of(i)));
    mall.world.settle();
    int settled = 0;
    for (const std::uint32_t request : settles)
        settled += mall.world.answer(request)->code == Code::ok ? 1 : 0;
    EXPECT_EQ(settled, 7);  // INV-10
    EXPECT_EQ(mall.units(CounterKind::coupon_total, 5), (CounterUnits{.issued = 7}));
    mall.check();
}

// A token used to be refused as not authentic where its quote had a campaign or a coupon.
TEST_P(OwnerStep, SettlesAQuoteUnderACampaignWithoutABudget) {
    Mall mall(GetParam(), campaign_with("") +
                              "[[coupon]]\nid = 5\nstart = 2027-01-01T00:00:00Z\n"
                              "end = 2028-02-01T00:00:00Z\nminus = 100\n");
    mall.earn(1, 1000);
    mall.world.settle();
    const QuoteAnswer quote = mall.quote(1, 600, {5});
    EXPECT_EQ(quote.campaign, 7U);
    EXPECT_EQ(mall.settle(1, quote, "A").code, Code::ok);
    EXPECT_EQ(mall.units(CounterKind::campaign_budget, 7), CounterUnits{});
    mall.check();
}

}  // namespace
}  // namespace suanpan::shard
