// Redemptions with cash, over real shards, committer and journal: set aside, confirmed, cancelled,
// timed out, paid too late.
#include "tests/unit/shard/sale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace suanpan::shard {
namespace {

using ledger::CounterUnits;
using ::testing::SizeIs;

constexpr std::int64_t price = 990;

// Points and cash; ten minutes to pay.
std::string with_cash(std::int64_t stock, std::int64_t points, const std::string& limits = {},
                      const std::string& reservations = {}, std::uint32_t version = 1,
                      const std::string& more = {}) {
    return Sale::counted(5, stock, points,
                         "cash = 990\n" + more + limits +
                             "[offer.reservations]\npay_within_seconds = 600\n" + reservations,
                         version);
}
const std::string reacquires = "late_payment = \"reacquire\"\n";
const std::string many = "[offer.limits]\nper_order = 10\n";

class CashRedemption : public ::testing::TestWithParam<std::uint16_t> {};

INSTANTIATE_TEST_SUITE_P(Shards, CashRedemption, ::testing::Values(1, 2, 4));

TEST_P(CashRedemption, SetsPointsAndUnitsAsideAndIssuesNothingBeforeItIsPaid) {
    Sale sale(GetParam(), with_cash(10, 30, many));
    sale.earn(1, 100);
    sale.world.settle();
    const Instant asked_at = sale.world.clock.now();
    const std::uint32_t request = sale.send(sale.reserve_command(1, 5, 2 * price, "order-1", 2));
    sale.world.settle();
    const RedeemAnswer* answer = sale.redeemed(request);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(answer->outcome.code, Code::ok);
    EXPECT_EQ(answer->outcome.amount, Points{60});
    EXPECT_EQ(answer->cash, Money{2 * price});
    EXPECT_EQ(std::string(answer->currency.bytes.data()), "CNY");
    EXPECT_EQ(answer->held_until, asked_at + seconds(600));
    EXPECT_EQ(answer->ticket, 1U);
    EXPECT_THAT(answer->vouchers, SizeIs(0));
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(0));
    EXPECT_EQ(sale.units(5), (CounterUnits{.reserved = 2}));
    EXPECT_EQ(sale.balance(1).balances.available, Points{40});
    EXPECT_EQ(sale.balance(1).balances.held, Points{60});

    EXPECT_EQ(sale.confirm(1, "order-1", 2 * price).code, Code::ok);
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = 2}));
    const VouchersAnswer owned = sale.vouchers(1);
    ASSERT_THAT(owned.rows, SizeIs(2));
    EXPECT_EQ(owned.rows[0].number.ticket, 1U);
    EXPECT_EQ(owned.rows[1].number.unit, 1U);
    EXPECT_EQ(sale.balance(1).balances.held, Points{});
    const OrderAnswer order = sale.order(1, "order-1");
    EXPECT_EQ(order.state, OrderState::confirmed);
    EXPECT_EQ(order.offer, 5U);
    EXPECT_EQ(order.ticket, 1U);
    EXPECT_EQ(order.quantity, 2);
    sale.check();
    sale.audit();
}

// The simulator's seed 1: who asked again in time was told that nothing is due.
TEST_P(CashRedemption, AnswersARepeatInFlightWithTheCashThatIsDue) {
    Sale sale(GetParam(), with_cash(10, 30, many));
    sale.earn(1, 100);
    sale.world.settle();
    const Command command = sale.reserve_command(1, 5, 2 * price, "order-1", 2);
    const std::uint32_t request = sale.send(command);
    const std::uint32_t in_flight = sale.send(command);
    sale.world.settle();
    const RedeemAnswer* answer = sale.redeemed(request);
    ASSERT_NE(answer, nullptr);
    ASSERT_NE(sale.redeemed(in_flight), nullptr);
    EXPECT_EQ(answer->cash, Money{2 * price});
    EXPECT_EQ(*sale.redeemed(in_flight), *answer);
    const std::uint32_t later = sale.send(command);
    sale.world.settle();
    ASSERT_NE(sale.redeemed(later), nullptr);
    EXPECT_EQ(*sale.redeemed(later), *answer);  // P2
}

TEST_P(CashRedemption, RefusesCashThatIsNotThePriceAndNamesThatAreTaken) {
    Sale sale(GetParam(), with_cash(10, 30));
    sale.earn(1, 100);
    sale.earn(2, 10);
    sale.world.settle();
    EXPECT_EQ(sale.redeem(1, 5).code, Code::payment_differs);
    EXPECT_EQ(sale.redeem(1, 5).detail, price);
    EXPECT_EQ(sale.reserve(1, 5, price + 1, "order-1").code, Code::payment_differs);
    EXPECT_EQ(sale.reserve(2, 5, price, "order-1").code, Code::insufficient_points);
    EXPECT_EQ(sale.units(5), CounterUnits{});
    EXPECT_EQ(sale.reserve(1, 5, price, "order-1").code, Code::ok);
    EXPECT_EQ(sale.reserve(1, 5, price, "order-1").code, Code::order_exists);
    EXPECT_EQ(sale.units(5), (CounterUnits{.reserved = 1}));
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, GivesPointsAndUnitsBackWhenItIsCancelledOrTimesOut) {
    Sale sale(GetParam(), with_cash(2, 30, "[offer.limits]\never = 1\n"));
    for (std::uint64_t i = 1; i <= 3; ++i) sale.earn(i, 30);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 5, price, "order-1").code, Code::ok);
    EXPECT_EQ(sale.reserve(2, 5, price, "order-2").code, Code::ok);
    const Outcome full = sale.reserve(3, 5, price, "order-3");
    EXPECT_EQ(full.code, Code::all_set_aside);
    EXPECT_EQ(full.detail, (sale.world.clock.now() + seconds(600)).ns);
    EXPECT_EQ(sale.cancel(1, "order-1").code, Code::ok);
    EXPECT_EQ(sale.balance(1).balances.available, Points{30});
    EXPECT_EQ(sale.units(5), (CounterUnits{.reserved = 1}));
    // Its limit is free again as well.
    EXPECT_EQ(sale.reserve(1, 5, price, "order-4").code, Code::ok);
    sale.world.clock.pass(seconds(600));
    sale.world.settle();
    EXPECT_EQ(sale.units(5), CounterUnits{});
    EXPECT_EQ(sale.balance(2).balances.available, Points{30});
    EXPECT_EQ(sale.order(2, "order-2").step, OrderStep::timed_out);
    // INV-10: what was set aside is back.
    EXPECT_EQ(sale.reserve(3, 5, price, "order-5").code, Code::ok);
    EXPECT_EQ(sale.confirm(3, "order-5", price).code, Code::ok);
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, DuplicateNotifyIssuesNoSecondCode) {
    Sale sale(GetParam(), with_cash(10, 30));
    sale.earn(1, 100);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 5, price, "order-1").code, Code::ok);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(sale.confirm(1, "order-1", price).code, Code::ok);
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(1));
    EXPECT_EQ(sale.confirm(1, "order-1", price, "pay-2").code, Code::order_resolved);
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(1));
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, SecondCallbackDoesNotTakeStockAgain) {
    Sale sale(GetParam(), with_cash(10, 30, {}, reacquires));
    sale.earn(1, 100);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 5, price, "order-1").code, Code::ok);
    sale.world.clock.pass(seconds(601));
    sale.world.settle();
    EXPECT_EQ(sale.confirm(1, "order-1", price).code, Code::ok);
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = 1}));
    EXPECT_EQ(sale.confirm(1, "order-1", price).code, Code::ok);
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = 1}));
    EXPECT_EQ(sale.balance(1).balances.available, Points{70});
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(1));
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, AfterATimeOutTheSameRequestGetsTheSameOutcome) {
    Sale sale(GetParam(), with_cash(10, 30));
    sale.earn(1, 100);
    sale.world.settle();
    const Command command = sale.reserve_command(1, 5, price, "order-1");
    const std::uint32_t first = sale.send(command);
    sale.world.settle();
    sale.world.restart();
    sale.world.clock.pass(seconds(601));
    sale.world.settle();
    const std::uint32_t again = sale.send(command);
    sale.world.settle();
    ASSERT_NE(sale.redeemed(again), nullptr);
    ASSERT_NE(sale.redeemed(first), nullptr);
    EXPECT_EQ(*sale.redeemed(again), *sale.redeemed(first));
    EXPECT_EQ(sale.units(5), CounterUnits{});
    sale.audit();
}

TEST_P(CashRedemption, LatePaymentIsDeliveredOrRefunded) {
    Sale sale(GetParam(), with_cash(1, 30, {}, reacquires));
    for (std::uint64_t i = 1; i <= 3; ++i) sale.earn(i, 30);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 5, price, "order-1").code, Code::ok);
    sale.world.clock.pass(seconds(601));
    sale.world.settle();
    EXPECT_EQ(sale.reserve(2, 5, price, "order-2").code, Code::ok);
    // Its unit is set aside for somebody else: the cash goes back, and that is written down.
    const Outcome refunded = sale.confirm(1, "order-1", price);
    EXPECT_EQ(refunded.code, Code::ok);
    EXPECT_EQ(refunded.detail, static_cast<std::int64_t>(OrderState::cancelled));
    EXPECT_EQ(sale.order(1, "order-1").step, OrderStep::payment_to_return);
    EXPECT_EQ(sale.balance(1).balances.available, Points{30});
    EXPECT_EQ(sale.cancel(2, "order-2").code, Code::ok);
    const Outcome delivered = sale.confirm(2, "order-2", price);
    EXPECT_EQ(delivered.detail, static_cast<std::int64_t>(OrderState::confirmed));
    EXPECT_EQ(sale.order(2, "order-2").step, OrderStep::paid_late);
    EXPECT_EQ(sale.order(2, "order-2").ticket, 3U);
    ASSERT_THAT(sale.vouchers(2).rows, SizeIs(1));
    EXPECT_EQ(sale.vouchers(2).rows[0].number.ticket, 3U);
    EXPECT_EQ(sale.balance(2).balances.available, Points{});
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(0));
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = 1}));
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, LatePaymentIsRefundedWhereTheOfferSaysSo) {
    Sale sale(GetParam(), with_cash(5, 30));
    sale.earn(1, 30);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 5, price, "order-1").code, Code::ok);
    sale.world.clock.pass(seconds(601));
    EXPECT_EQ(sale.confirm(1, "order-1", price).detail,
              static_cast<std::int64_t>(OrderState::cancelled));
    EXPECT_EQ(sale.order(1, "order-1").step, OrderStep::payment_to_return);
    EXPECT_EQ(sale.units(5), CounterUnits{});
    EXPECT_EQ(sale.balance(1).balances.available, Points{30});
    sale.check();
    sale.audit();
}

// Never paid and nothing: what has ended meanwhile is not delivered.
TEST_P(CashRedemption, LatePaymentForWhatHasEndedIsRefunded) {
    Sale sale(GetParam(), with_cash(5, 30, {}, reacquires) +
                              "[offer.voucher]\nvalid_until = 2027-01-15T08:01:00Z\n");
    sale.earn(1, 100);
    sale.world.settle();
    const std::uint32_t request = sale.send(sale.reserve_command(1, 5, price, "order-1"));
    sale.world.settle();
    ASSERT_NE(sale.redeemed(request), nullptr);
    EXPECT_EQ(sale.redeemed(request)->held_until, sale.world.clock.now() + seconds(60));
    sale.world.clock.pass(seconds(60));
    sale.world.settle();
    EXPECT_EQ(sale.confirm(1, "order-1", price).detail,
              static_cast<std::int64_t>(OrderState::cancelled));
    EXPECT_EQ(sale.order(1, "order-1").step, OrderStep::payment_to_return);
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(0));
    EXPECT_EQ(sale.balance(1).balances.available, Points{100});
    sale.check();
    sale.audit();
}

// The price that the order has pinned, whatever the offer costs by now.
TEST_P(CashRedemption, LatePaymentGoesByThePinnedPrice) {
    Sale sale(GetParam(), with_cash(5, 30, {}, reacquires));
    sale.earn(1, 100);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 5, price, "order-1").code, Code::ok);
    sale.world.clock.pass(seconds(601));
    sale.world.settle();
    EXPECT_EQ(sale.put(with_cash(5, 70, {}, reacquires, 2), 2).outcome.code, Code::ok);
    EXPECT_EQ(sale.confirm(1, "order-1", price).detail,
              static_cast<std::int64_t>(OrderState::confirmed));
    EXPECT_EQ(sale.balance(1).balances.available, Points{70});
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, ForeignPartnersCallbackIsRefused) {
    Sale sale(GetParam(), with_cash(5, 30));
    sale.earn(1, 30);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 5, price, "order-1").code, Code::ok);
    Command foreign = sale.confirm_command(1, "order-1", price);
    foreign.head.partner = PartnerId{static_cast<std::uint32_t>(foreign.head.partner) + 1};
    EXPECT_EQ(sale.ask(foreign).code, Code::order_not_found);
    Command other_amount = sale.confirm_command(1, "order-1", price - 1);
    EXPECT_EQ(sale.ask(other_amount).code, Code::payment_differs);
    EXPECT_EQ(sale.units(5), (CounterUnits{.reserved = 1}));
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(0));
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, ReservationsCannotLockTheShop) {
    Sale sale(GetParam(),
              with_cash(10, 1, many,
                        "share_percent = 50\nper_member = 2\nper_origin = 4\n" + reacquires));
    for (std::uint64_t i = 1; i <= 9; ++i) sale.earn(i, 100);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 5, 2 * price, "a", 2, 77).code, Code::ok);
    const Outcome of_member = sale.reserve(1, 5, price, "b", 1, 78);
    EXPECT_EQ(of_member.code, Code::too_many_reservations);
    EXPECT_EQ(of_member.detail, 2);
    EXPECT_EQ(sale.reserve(2, 5, 2 * price, "c", 2, 77).code, Code::ok);
    const Outcome of_origin = sale.reserve(3, 5, price, "d", 1, 77);
    EXPECT_EQ(of_origin.code, Code::too_many_reservations);
    EXPECT_EQ(of_origin.detail, 4);
    EXPECT_EQ(sale.reserve(3, 5, price, "e", 1, 79).code, Code::ok);
    EXPECT_EQ(sale.reserve(4, 5, price, "f", 1, 80).code, Code::all_set_aside);
    // Caps outlive the process, and what is paid for counts no more.
    sale.world.restart();
    EXPECT_EQ(sale.reserve(3, 5, price, "g", 1, 77).code, Code::too_many_reservations);
    EXPECT_EQ(sale.confirm(1, "a", 2 * price).code, Code::ok);
    EXPECT_EQ(sale.reserve(3, 5, price, "h", 1, 77).code, Code::ok);
    sale.check();
    sale.audit();
}

// A million end so too; here it is enough that no turn posts more than its share.
TEST_P(CashRedemption, ReservationsThatEndTogetherComeBackInSlices) {
    const std::uint64_t members = 520U * GetParam();  // a slice looks at 512 accounts of a shard
    const auto units = static_cast<std::int64_t>(members);
    Sale sale(GetParam(), with_cash(units, 1));
    for (std::uint64_t i = 0; i < members; ++i) sale.earn(i, 1);
    sale.world.settle();
    for (std::uint64_t i = 0; i < members; ++i)
        sale.send(sale.reserve_command(i, 5, price, "order"));
    sale.world.settle();
    EXPECT_EQ(sale.units(5), (CounterUnits{.reserved = units}));
    sale.world.clock.pass(seconds(601));
    for (std::int64_t left = units; left > 0;) {
        sale.world.clock.pass(milliseconds(10));
        sale.world.step_shards();
        const std::int64_t now_left = sale.units(5).reserved;
        ASSERT_LT(now_left, left);
        EXPECT_LE(left - now_left, 512 * GetParam());
        left = now_left;
        sale.world.settle();
    }
    EXPECT_EQ(sale.units(5), CounterUnits{});
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, RefusesNobodyBecauseOfATakeThatACrashUndid) {
    Sale sale(GetParam(), with_cash(1, 1, {}, "per_member = 1\n"));
    sale.earn(1, 10);
    sale.earn(2, 10);
    sale.world.settle();
    sale.send(sale.reserve_command(1, 5, price, "order-1"));
    const std::uint32_t second = sale.send(sale.reserve_command(2, 5, price, "order-2"));
    for (int i = 0; i < 5; ++i) sale.world.step_shards();
    EXPECT_EQ(sale.world.answer(second), nullptr);  // waits for the commit
    sale.world.restart();
    EXPECT_EQ(sale.reserve(2, 5, price, "order-2").code, Code::ok);
    EXPECT_EQ(sale.units(5), (CounterUnits{.reserved = 1}));
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, ConfirmsAnOrderWhoseEntryIsNotDurableYet) {
    Sale sale(GetParam(), with_cash(2, 1));
    sale.earn(1, 10);
    sale.world.settle();
    const std::uint32_t taken = sale.send(sale.reserve_command(1, 5, price, "order-1"));
    const std::uint32_t paid = sale.send(sale.confirm_command(1, "order-1", price));
    sale.world.settle();
    EXPECT_EQ(sale.world.answer(taken)->code, Code::ok);
    // Over another shard it may come first; then the partner sends it again.
    if (sale.world.answer(paid)->code != Code::ok) {
        EXPECT_EQ(sale.world.answer(paid)->code, Code::order_not_found);
        EXPECT_EQ(sale.confirm(1, "order-1", price, "pay-2").code, Code::ok);
    }
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = 1}));
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, TellsOffersWithTheirCash) {
    Sale sale(GetParam(), with_cash(2, 30));
    sale.earn(1, 30);
    sale.earn(2, 29);
    sale.world.settle();
    const OffersAnswer offers = sale.offers(1);
    ASSERT_THAT(offers.rows, SizeIs(1));
    EXPECT_EQ(offers.rows[0].cash, Money{price});
    EXPECT_EQ(offers.rows[0].cash_now, Money{price});
    EXPECT_THAT(sale.offers(2).rows, SizeIs(0));
}

TEST_P(CashRedemption, TakesCashForMissingPointsAtTheRulesWorth) {
    Sale sale(GetParam(), with_cash(5, 500, {}, {}, 1, "top_up = true\n"));
    sale.earn(1, 300);
    sale.world.settle();
    EXPECT_THAT(sale.offers(1).rows, SizeIs(0));  // without rules points are worth nothing
    const RulesAnswer rules = sale.put_rules("[[deduction]]\nid = 1\npoints = 100\nmoney = 3\n");
    ASSERT_EQ(rules.outcome.code, Code::ok) << rules.message;
    const Outcome missing = sale.reserve(1, 5, price, "order-1");
    EXPECT_EQ(missing.code, Code::insufficient_points);
    EXPECT_EQ(missing.detail, 200);
    // ceil(200 x 3 / 100) = 6
    ASSERT_THAT(sale.offers(1).rows, SizeIs(1));
    EXPECT_EQ(sale.offers(1).rows[0].cash_now, Money{price + 6});
    const Outcome over = sale.reserve(1, 5, price + 16, "order-1");
    EXPECT_EQ(over.code, Code::payment_differs);
    EXPECT_EQ(over.detail, price + 15);  // all 500 points
    const Outcome reserved = sale.reserve(1, 5, price + 6, "order-1");
    EXPECT_EQ(reserved.code, Code::ok);
    EXPECT_EQ(reserved.amount, Points{300});
    EXPECT_EQ(sale.confirm(1, "order-1", price + 6).code, Code::ok);
    EXPECT_EQ(sale.balance(1).balances.available, Points{});
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(1));
    sale.check();
    sale.audit();
}

// What stands in the journal, a checkpoint and another number of shards is the same.
TEST_P(CashRedemption, SurvivesRestartsWithItsReservations) {
    Sale sale(GetParam(), with_cash(4, 30, many));
    for (std::uint64_t i = 1; i <= 3; ++i) sale.earn(i, 100);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 5, 2 * price, "order-1", 2).code, Code::ok);
    EXPECT_EQ(sale.reserve(2, 5, price, "order-2").code, Code::ok);
    sale.world.write_checkpoint();
    EXPECT_EQ(sale.reserve(3, 5, price, "order-3").code, Code::ok);
    const std::string state = sale.state();
    for (const std::uint16_t shards : std::initializer_list<std::uint16_t>{3, 1, 4}) {
        sale.world.restart(shards);
        EXPECT_EQ(sale.state(), state);  // INV-12
        EXPECT_EQ(sale.units(5), (CounterUnits{.reserved = 4}));
    }
    EXPECT_EQ(sale.reserve(3, 5, price, "order-4").code, Code::all_set_aside);
    EXPECT_EQ(sale.confirm(1, "order-1", 2 * price).code, Code::ok);
    EXPECT_EQ(sale.cancel(2, "order-2").code, Code::ok);
    EXPECT_EQ(sale.confirm(3, "order-3", price).code, Code::ok);
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = 3}));
    sale.check();
    sale.audit();
}

// ---- with codes

std::string coded_with_cash(const std::string& reservations = {}) {
    return Sale::coded(6, 10,
                       "cash = 990\n[offer.limits]\nper_order = 3\n[offer.reservations]\n"
                       "pay_within_seconds = 600\n" +
                           reservations);
}

TEST_P(CashRedemption, KeepsItsCodesThroughACrashAndShowsThemWhenTheyAreRevealed) {
    Sale sale(GetParam(), coded_with_cash());
    sale.import(Sale::codes(1, 3), 6);
    sale.earn(1, 100);
    sale.earn(2, 100);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 6, 2 * price, "order-1", 2).code, Code::ok);
    EXPECT_EQ(sale.reserve(2, 6, price, "order-2").code, Code::ok);
    EXPECT_EQ(sale.reserve(2, 6, price, "order-3").code, Code::all_set_aside);
    sale.world.restart();
    EXPECT_EQ(sale.reserve(2, 6, price, "order-3").code, Code::all_set_aside);
    EXPECT_EQ(sale.cancel(2, "order-2").code, Code::ok);
    EXPECT_EQ(sale.confirm(1, "order-1", 2 * price).code, Code::ok);
    EXPECT_EQ(sale.reserve(2, 6, price, "order-4").code, Code::ok);
    EXPECT_EQ(sale.confirm(2, "order-4", price).code, Code::ok);
    std::set<std::string> codes;
    for (const std::uint64_t member : {1U, 2U})
        for (const VoucherRow& row : sale.vouchers(member).rows) {
            EXPECT_TRUE(row.has_code);
            EXPECT_FALSE(row.revealed);
            const std::uint32_t request = sale.send_reveal(member, row.number);
            sale.world.settle();
            ASSERT_NE(sale.revealed(request), nullptr);
            codes.insert(std::string(sale.revealed(request)->code.view()));
        }
    EXPECT_THAT(codes, SizeIs(3));  // INV-9: a code is issued at most once
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, ShortStockIsNeverMarkedDelivered) {
    Sale sale(GetParam(), coded_with_cash(reacquires));
    sale.import(Sale::codes(1, 1), 6);
    sale.earn(1, 100);
    sale.earn(2, 100);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, 6, 2 * price, "order-1", 2).code, Code::sold_out);
    EXPECT_EQ(sale.reserve(1, 6, price, "order-2").code, Code::ok);
    sale.world.clock.pass(seconds(601));
    sale.world.settle();
    EXPECT_EQ(sale.reserve(2, 6, price, "order-3").code, Code::ok);
    EXPECT_EQ(sale.confirm(2, "order-3", price).code, Code::ok);
    // Late, and the only code is somebody else's: recorded as cash to return.
    EXPECT_EQ(sale.confirm(1, "order-2", price).detail,
              static_cast<std::int64_t>(OrderState::cancelled));
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(0));
    EXPECT_THAT(sale.vouchers(2).rows, SizeIs(1));
    sale.check();
    sale.audit();
}

TEST_P(CashRedemption, EndsBeforeTheCodeThatWasSetAsideDoes) {
    Sale sale(GetParam(), coded_with_cash());
    const Instant end = sale.world.clock.now() + seconds(60);
    EXPECT_EQ(sale.import("CODE-0000-1,2027-01-15T08:01:00Z\n", 6).taken, 1U);
    sale.earn(1, 100);
    sale.world.settle();
    const std::uint32_t request = sale.send(sale.reserve_command(1, 6, price, "order-1"));
    sale.world.settle();
    const RedeemAnswer* answer = sale.redeemed(request);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(answer->held_until, end);
    EXPECT_EQ(sale.order(1, "order-1").times_out, answer->held_until);
    sale.check();
    sale.audit();
}

}  // namespace
}  // namespace suanpan::shard
