// Redemptions of counted offers, over real shards, committer and journal.
#include "tests/unit/shard/sale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace suanpan::shard {
namespace {

using ledger::CounterUnits;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::set<std::uint64_t> first(std::uint64_t count) {
    std::set<std::uint64_t> numbers;
    for (std::uint64_t i = 1; i <= count; ++i) numbers.insert(i);
    return numbers;
}

class Redemption : public ::testing::TestWithParam<std::uint16_t> {};

INSTANTIATE_TEST_SUITE_P(Shards, Redemption, ::testing::Values(1, 2, 4));

TEST_P(Redemption, TakesPointsAndIssuesOneVoucherForEachUnit) {
    Sale sale(GetParam(), Sale::counted(5, 10, 30, "[offer.limits]\nper_order = 3\n"));
    sale.earn(1, 100);
    sale.world.settle();
    const std::uint32_t request = sale.send_redeem(1, 5, 2);
    sale.world.settle();
    const RedeemAnswer* answer = sale.redeemed(request);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(answer->outcome.code, Code::ok);
    EXPECT_EQ(answer->outcome.amount, Points{60});
    EXPECT_EQ(answer->outcome.balances.available, Points{40});
    EXPECT_EQ(answer->ticket, 1U);
    EXPECT_EQ(answer->outcome.detail, 1);
    EXPECT_NE(answer->outcome.entry_id, Lsn{});
    ASSERT_THAT(answer->vouchers, SizeIs(2));
    EXPECT_EQ(answer->vouchers[1].number.unit, 1U);
    const VouchersAnswer owned = sale.vouchers(1);
    ASSERT_THAT(owned.rows, SizeIs(2));
    EXPECT_EQ(owned.rows[0].number, answer->vouchers[0].number);
    EXPECT_EQ(owned.rows[0].state, VoucherStateNumber::issued);
    EXPECT_THAT(sale.vouchers(2).rows, SizeIs(0));
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = 2}));
    EXPECT_EQ(sale.balance(1).balances.available, Points{40});
    sale.check();
    sale.audit();
}

// n units, k >= n members at once: exactly n tickets from 1 to n, and the rest is told `sold_out`.
TEST_P(Redemption, SellsExactlyTheStockToManyAtOnce) {
    constexpr std::uint64_t members = 500;
    constexpr std::uint64_t stock = 120;
    Sale sale(GetParam(), Sale::counted(5, stock, 10));
    for (std::uint64_t i = 0; i < members; ++i) sale.earn(i, 25);
    sale.world.settle();
    std::vector<std::uint32_t> requests;
    for (std::uint64_t i = 0; i < members; ++i) requests.push_back(sale.send_redeem(i, 5));
    sale.world.settle();
    std::set<std::uint64_t> tickets;
    std::set<VoucherNumber> vouchers;
    for (const std::uint32_t request : requests) {
        const Outcome* outcome = sale.world.answer(request);
        ASSERT_NE(outcome, nullptr);
        if (outcome->code != Code::ok) {
            EXPECT_EQ(outcome->code, Code::sold_out);
            continue;
        }
        tickets.insert(sale.redeemed(request)->ticket);
        for (const RedeemedVoucher& voucher : sale.redeemed(request)->vouchers)
            vouchers.insert(voucher.number);
    }
    EXPECT_EQ(tickets, first(stock));  // INV-10: exactly n
    EXPECT_EQ(vouchers.size(), stock);
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = stock}));
    EXPECT_EQ(sale.redeem(1, 5).code, Code::sold_out);
    EXPECT_THAT(sale.offers(1).rows, SizeIs(0));
    sale.check();
    sale.audit();
}

TEST_P(Redemption, HoldsEachMemberToTheLimitHoweverOftenHeAsksAtOnce) {
    Sale sale(GetParam(),
              Sale::counted(5, 1000, 1, "[offer.limits]\nper_order = 2\nper_day = 3\never = 4\n"));
    for (std::uint64_t i = 0; i < 8; ++i) sale.earn(i, 100);
    sale.world.settle();
    std::map<std::uint64_t, std::vector<std::uint32_t>> requests;
    for (int round = 0; round < 5; ++round)
        for (std::uint64_t i = 0; i < 8; ++i)
            requests[i].push_back(sale.send_redeem(i, 5, round == 0 ? 2 : 1));
    sale.world.settle();
    for (const auto& [member, asked] : requests) {
        int units = 0;
        for (const std::uint32_t request : asked) {
            const Outcome* outcome = sale.world.answer(request);
            ASSERT_NE(outcome, nullptr);
            if (outcome->code == Code::ok)
                units += static_cast<int>(sale.redeemed(request)->vouchers.size());
            else
                EXPECT_EQ(outcome->code, Code::offer_limit_exceeded);
        }
        EXPECT_EQ(units, 3);  // INV-10
    }
    EXPECT_EQ(sale.redeem(1, 5, 3).code, Code::offer_limit_exceeded);
    sale.world.clock.pass(hours(24));
    EXPECT_EQ(sale.redeem(1, 5, 2).code, Code::offer_limit_exceeded);
    EXPECT_EQ(sale.redeem(1, 5, 2).detail, 1);
    EXPECT_EQ(sale.redeem(1, 5, 1).code, Code::ok);
    EXPECT_EQ(sale.redeem(1, 5, 1).code, Code::offer_limit_exceeded);
    sale.check();
    sale.audit();
}

TEST_P(Redemption, OfLimitOneClaimedSixtyFourTimesIsGivenOnce) {
    Sale sale(GetParam(), Sale::counted(5, 100, 1, "[offer.limits]\never = 1\n"));
    sale.earn(1, 100);
    sale.world.settle();
    std::vector<std::uint32_t> requests;
    for (int i = 0; i < 64; ++i) {
        requests.push_back(sale.send_redeem(1, 5));
        if (i % 8 == 7) sale.world.settle();  // at most 16 wait behind an open step
    }
    sale.world.settle();
    EXPECT_EQ(
        std::ranges::count_if(
            requests, [&](std::uint32_t r) { return sale.world.answer(r)->code == Code::ok; }),
        1);
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(1));
    sale.check();
}

TEST_P(Redemption, RefusesWithoutATraceOfStockPointsOrTickets) {
    Sale sale(GetParam(), Sale::counted(5, 3, 40, "[offer.limits]\nper_order = 5\n") +
                              Sale::counted(6, 3, 1, "end = 2027-01-10T00:00:00Z\n") +
                              Sale::counted(7, 3, 1, "[offer.audience]\nlevels = [9]\n") +
                              Sale::counted(8, 3, 1, "stopped = true\n"));
    sale.earn(1, 100);
    sale.world.settle();
    const std::string before = sale.state();
    EXPECT_EQ(sale.redeem(1, 4).code, Code::offer_not_found);
    EXPECT_EQ(sale.redeem(1, 5, 0).code, Code::quantity_out_of_range);
    EXPECT_EQ(sale.redeem(1, 5, std::int64_t{1} << 31).code, Code::quantity_out_of_range);
    EXPECT_EQ(sale.redeem(1, 5, 6).code, Code::offer_limit_exceeded);
    EXPECT_EQ(sale.redeem(1, 5, 3).code, Code::insufficient_points);
    EXPECT_EQ(sale.redeem(1, 5, 3).detail, 20);
    EXPECT_EQ(sale.redeem(1, 6).code, Code::offer_over);
    EXPECT_EQ(sale.redeem(1, 7).code, Code::offer_not_for_member);
    EXPECT_EQ(sale.redeem(1, 8).code, Code::offer_stopped);
    sale.earn(2, 1000);
    sale.world.settle();
    EXPECT_EQ(sale.redeem(2, 5, 4).code, Code::sold_out);  // all or nothing
    EXPECT_EQ(sale.units(5), CounterUnits{});
    EXPECT_EQ(sale.redeem(2, 5, 3).detail, 1);  // the first ticket
    EXPECT_EQ(sale.balance(1).balances.available, Points{100});
    EXPECT_NE(before, sale.state());
    sale.check();
    sale.audit();
}

TEST_P(Redemption, AnswersARepeatByteForByteInFlightLaterAndAfterAStart) {
    Sale sale(GetParam(), Sale::counted(5, 3, 40, "[offer.limits]\nper_order = 2\n"));
    sale.earn(1, 100);
    sale.world.settle();
    const Command command = sale.redeem_command(1, 5, 2);
    const std::uint32_t request = sale.send(command);
    const std::uint32_t in_flight = sale.send(command);
    sale.world.settle();
    const RedeemAnswer* answer = sale.redeemed(request);
    ASSERT_NE(answer, nullptr);
    ASSERT_NE(sale.redeemed(in_flight), nullptr);
    EXPECT_EQ(*sale.redeemed(in_flight), *answer);
    const std::uint32_t later = sale.send(command);
    sale.world.settle();
    ASSERT_NE(sale.redeemed(later), nullptr);
    EXPECT_EQ(*sale.redeemed(later), *answer);
    sale.world.restart(static_cast<std::uint16_t>(GetParam() % 4 + 1));
    const std::uint32_t again = sale.send(command);
    sale.world.settle();
    ASSERT_NE(sale.redeemed(again), nullptr);
    EXPECT_EQ(*sale.redeemed(again), *answer);  // P2
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = 2}));
    EXPECT_THAT(sale.vouchers(1).rows, SizeIs(2));
}

TEST_P(Redemption, KeepsItsStateThroughCheckpointReplayAndOtherShardCounts) {
    Sale sale(GetParam(), Sale::counted(5, 100, 3, "[offer.limits]\nper_order = 4\n"));
    for (std::uint64_t i = 0; i < 20; ++i) sale.earn(i, 30);
    sale.world.settle();
    for (std::uint64_t i = 0; i < 10; ++i) sale.send_redeem(i, 5, 1 + static_cast<int>(i % 4));
    sale.world.settle();
    sale.world.write_checkpoint();
    for (std::uint64_t i = 10; i < 20; ++i) sale.send_redeem(i, 5, 1 + static_cast<int>(i % 4));
    sale.world.settle();
    const std::string state = sale.state();
    const CounterUnits units = sale.units(5);
    for (const std::uint16_t shards : std::initializer_list<std::uint16_t>{3, 1, 4, 2}) {
        sale.world.restart(shards);
        EXPECT_EQ(sale.state(), state) << shards;  // INV-12
        EXPECT_EQ(sale.units(5), units);
        EXPECT_EQ(sale.tickets(5).last(), 20U);
        EXPECT_THAT(sale.tickets(5).missing(), SizeIs(0));
    }
    EXPECT_EQ(sale.redeem(1, 5).detail, 21);
    EXPECT_THAT(sale.vouchers(19).rows, SizeIs(4));
    sale.audit();
}

// The last unit is on its way to the journal when the process dies: nobody was told of it, so it is
// there again, with its ticket.
TEST_P(Redemption, GivesWhatACrashUndidToTheNext) {
    Sale sale(GetParam(), Sale::counted(5, 1, 10));
    sale.earn(1, 10);
    sale.earn(2, 10);
    sale.world.settle();
    sale.send_redeem(1, 5);
    for (int i = 0; i < 4; ++i) sale.world.step_shards();
    const std::uint32_t waits = sale.send_redeem(2, 5);
    for (int i = 0; i < 4; ++i) sale.world.step_shards();
    EXPECT_EQ(sale.world.answer(waits), nullptr);  // not refused: a crash may bring the unit back
    sale.world.restart();
    EXPECT_EQ(sale.units(5), CounterUnits{});
    EXPECT_EQ(sale.balance(1).balances.available, Points{10});
    const Outcome outcome = sale.redeem(2, 5);
    EXPECT_EQ(outcome.code, Code::ok);
    EXPECT_EQ(outcome.detail, 1);
    EXPECT_EQ(sale.redeem(1, 5).code, Code::sold_out);
    sale.check();
    sale.audit();
}

// Some redemptions of a burst become durable before a kill: their tickets have gaps, which go to
// the next who ask, and in the end there are exactly n, from 1 to n.
TEST_P(Redemption, FillsTheTicketsThatAKillLeftOpen) {
    constexpr std::uint64_t stock = 60;
    Sale sale(GetParam(), Sale::counted(5, stock, 1));
    for (std::uint64_t i = 0; i < 200; ++i) sale.earn(i, 5);
    sale.world.settle();
    std::uint64_t next = 0;
    for (std::uint16_t life = 0; life < 6; ++life) {
        for (int burst = 0; burst < 20; ++burst, ++next) sale.send_redeem(next % 200, 5);
        for (std::uint16_t i = 0; i < life; ++i) sale.world.step_shards();
        if (life % 2 == 1) sale.world.commit();
        for (int burst = 0; burst < 10; ++burst, ++next) sale.send_redeem(next % 200, 5);
        sale.world.step_shards();
        sale.world.restart(static_cast<std::uint16_t>((GetParam() + life) % 4 + 1));
        EXPECT_LE(sale.units(5).issued, static_cast<std::int64_t>(stock));
    }
    for (; next < 600; ++next) sale.send_redeem(next % 200, 5);
    sale.world.settle();
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = stock}));  // INV-10
    EXPECT_EQ(sale.tickets(5).last(), stock);
    EXPECT_THAT(sale.tickets(5).missing(), SizeIs(0));
    sale.check();
    sale.audit();
}

TEST_P(Redemption, IsHeldToVelocityByMember) {
    Sale sale(GetParam(), Sale::counted(5, 100, 1) +
                              "[[velocity]]\nid = 3\nper = \"member\"\nkind = \"redeem\"\n"
                              "count = 2\nwindow_seconds = 10\n");
    sale.earn(1, 10);
    sale.earn(2, 10);
    sale.world.settle();
    EXPECT_EQ(sale.redeem(1, 5).code, Code::ok);
    sale.world.clock.pass(seconds(6));
    EXPECT_EQ(sale.redeem(1, 5, 999).code, Code::offer_limit_exceeded);  // an attempt counts too
    const Outcome refused = sale.redeem(1, 5);
    EXPECT_EQ(refused.code, Code::risk_refused);
    EXPECT_EQ(refused.detail, 3);
    EXPECT_EQ(sale.redeem(2, 5).code, Code::ok);
    sale.world.clock.pass(seconds(4));
    EXPECT_EQ(sale.redeem(1, 5).code, Code::ok);  // the first has left the window
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = 3}));
    sale.check();
}

TEST_P(Redemption, IsHeldToVelocityByOriginAcrossMembers) {
    Sale sale(GetParam(), Sale::counted(5, 100, 1) +
                              "[[velocity]]\nid = 4\nper = \"origin\"\nkind = \"redeem\"\n"
                              "count = 3\nwindow_seconds = 60\n");
    std::vector<std::uint32_t> requests;
    for (std::uint64_t i = 0; i < 8; ++i) sale.earn(i, 10);
    sale.world.settle();
    for (std::uint64_t i = 0; i < 8; ++i) requests.push_back(sale.send_redeem(i, 5, 1, 0xb07));
    sale.world.settle();
    std::map<Code, int> codes;
    for (const std::uint32_t request : requests) ++codes[sale.world.answer(request)->code];
    EXPECT_EQ(codes[Code::ok], 3);
    EXPECT_EQ(codes[Code::risk_refused], 5);
    EXPECT_EQ(sale.redeem(1, 5, 1, 0xb08).code, Code::ok);  // another origin
    EXPECT_EQ(sale.redeem(2, 5).code, Code::ok);            // one that is not known
    sale.world.clock.pass(seconds(60));
    EXPECT_EQ(sale.redeem(3, 5, 1, 0xb07).code, Code::ok);
    EXPECT_EQ(sale.units(5), (CounterUnits{.issued = 6}));
    sale.check();
}

TEST_P(Redemption, ListsWhatAMemberCouldTakeNow) {
    Sale sale(GetParam(),
              Sale::counted(5, 100, 20, "[offer.limits]\nper_order = 4\nper_day = 4\n") +
                  Sale::counted(6, 2, 30,
                                "end = 2027-03-01T00:00:00Z\n"
                                "[offer.limits]\nper_order = 9\n") +
                  Sale::counted(7, 5, 5000) + Sale::counted(8, 5, 1, "stopped = true\n") +
                  Sale::counted(9, 5, 7));
    sale.earn(1, 100);
    sale.world.settle();
    EXPECT_EQ(sale.redeem(1, 6).code, Code::ok);
    const OffersAnswer all = sale.offers(1);
    EXPECT_EQ(all.outcome.balances.available, Points{70});
    ASSERT_THAT(all.rows, SizeIs(3));
    EXPECT_EQ(all.rows[0].offer, 5U);
    EXPECT_EQ(all.rows[0].units_max, 3);  // 70 points
    EXPECT_EQ(all.rows[0].stock_left, 100);
    EXPECT_EQ(all.rows[1].offer, 6U);
    EXPECT_EQ(all.rows[1].stock_left, 1);
    EXPECT_EQ(all.rows[1].units_max, 1);
    EXPECT_EQ(all.rows[2].offer, 9U);
    EXPECT_EQ(all.next, 0U);
    const OffersAnswer page = sale.offers(1, {.after = 0, .rows_max = 2});
    ASSERT_THAT(page.rows, SizeIs(2));
    EXPECT_EQ(page.next, 6U);
    EXPECT_THAT(sale.offers(1, {.after = page.next, .rows_max = 2}).rows, SizeIs(1));
    EXPECT_THAT(sale.offers(2).rows, SizeIs(0));  // no points
}

TEST_P(Redemption, ListsVouchersInPagesAndByState) {
    Sale sale(GetParam(), Sale::counted(5, 100, 1,
                                        "[offer.limits]\nper_order = 9\n"
                                        "[offer.voucher]\nvalid_days = 1\n") +
                              Sale::counted(6, 100, 1));
    sale.earn(1, 100);
    sale.world.settle();
    EXPECT_EQ(sale.redeem(1, 5, 5).code, Code::ok);
    sale.world.clock.pass(hours(12));
    EXPECT_EQ(sale.redeem(1, 6).code, Code::ok);
    const VouchersAnswer page = sale.vouchers(1, {.after = {}, .state = 0, .rows_max = 4});
    ASSERT_THAT(page.rows, SizeIs(4));
    const VouchersAnswer rest = sale.vouchers(1, {.after = page.next, .state = 0, .rows_max = 4});
    ASSERT_THAT(rest.rows, SizeIs(2));
    EXPECT_EQ(rest.next, VoucherNumber{});
    sale.world.clock.pass(hours(12));
    EXPECT_THAT(sale.vouchers(1, {.state = 4}).rows,
                SizeIs(5));  // expired, though nobody posted it
    EXPECT_THAT(sale.vouchers(1, {.state = 1}).rows, SizeIs(1));
}

class OfferFiles : public ::testing::TestWithParam<std::uint16_t> {};

INSTANTIATE_TEST_SUITE_P(Shards, OfferFiles, ::testing::Values(1, 2, 4));

TEST_P(OfferFiles, AreComparedAndSetByVersion) {
    Sale sale(GetParam(), Sale::counted(5, 10, 1));
    const std::string next = Sale::counted(5, 20, 2, {}, 2);
    EXPECT_EQ(sale.put(next, 1).outcome.code, Code::version_not_next);
    EXPECT_EQ(sale.put(next, 3).outcome.code, Code::version_not_next);
    EXPECT_EQ(sale.put(next, 3).outcome.detail, 1);
    EXPECT_EQ(sale.put(next, 2).outcome.code, Code::ok);
    EXPECT_EQ(sale.put(next, 3).outcome.code, Code::ok);  // nothing differs
    const RulesAnswer skipped = sale.put(Sale::counted(5, 30, 2, {}, 4), 4);
    EXPECT_EQ(skipped.outcome.code, Code::version_not_next);
    EXPECT_EQ(skipped.outcome.detail, 2);
    EXPECT_THAT(skipped.message, HasSubstr("offer 5: version"));
    sale.earn(1, 100);
    sale.world.settle();
    EXPECT_EQ(sale.redeem(1, 5).amount, Points{2});
    sale.world.restart(static_cast<std::uint16_t>(GetParam() % 4 + 1));
    EXPECT_EQ(sale.redeem(1, 5).amount, Points{2});
    EXPECT_EQ(sale.put(next, 4).outcome.code, Code::ok);
    sale.audit();
}

TEST_P(OfferFiles, AreRefusedWithEverythingThatIsWrong) {
    Sale sale(GetParam(), Sale::counted(5, 10, 1));
    const auto message = [&](const std::string& text) {
        const RulesAnswer answer = sale.put(text, 2);
        EXPECT_EQ(answer.outcome.code, Code::offer_invalid);
        return answer.message;
    };
    EXPECT_THAT(message("[[offer]]\nid = "), HasSubstr("line 2"));
    EXPECT_THAT(message(Sale::counted(6, 10, 1)), HasSubstr("is missing that the program has"));
    EXPECT_THAT(message(Sale::counted(5, 10, 1, "top_up = true\ncurrency = \"USD\"\n", 2)),
                HasSubstr("the program's currency only"));
    EXPECT_THAT(message(Sale::counted(5, 10, 1, "end = 2026-01-01T00:00:00Z\n", 2)),
                HasSubstr("offer[1]"));
    EXPECT_EQ(sale.put(Sale::counted(5, 10, 1), 2).outcome.code, Code::ok);
}

// Stock is lowered while redemptions are on their way: never below what was given out.
TEST_P(OfferFiles, NeverLowerStockBelowWhatWasTaken) {
    Sale sale(GetParam(), Sale::counted(5, 100, 1));
    for (std::uint64_t i = 0; i < 60; ++i) sale.earn(i, 5);
    sale.world.settle();
    std::vector<std::uint32_t> requests;
    for (std::uint64_t i = 0; i < 30; ++i) requests.push_back(sale.send_redeem(i, 5));
    for (int i = 0; i < 3; ++i) sale.world.step_shards();
    const std::uint32_t too_low =
        sale.world.send(sale.put_command(Sale::counted(5, 29, 1, {}, 2), 2));
    for (int i = 0; i < 3; ++i) sale.world.step_shards();
    for (std::uint64_t i = 30; i < 60; ++i) requests.push_back(sale.send_redeem(i, 5));
    sale.world.settle();
    const RulesAnswer refused = sale.put_answer(too_low);
    EXPECT_EQ(refused.outcome.code, Code::stock_taken);
    EXPECT_THAT(refused.message, HasSubstr("offer 5: stock 29 is less than"));
    for (const std::uint32_t request : requests)
        EXPECT_EQ(sale.world.answer(request)->code, Code::ok);  // all of them in the end
    EXPECT_EQ(sale.put(Sale::counted(5, 60, 1, {}, 2), 2).outcome.code, Code::ok);
    EXPECT_EQ(sale.redeem(1, 5).code, Code::sold_out);
    EXPECT_EQ(sale.put(Sale::counted(5, 61, 1, {}, 3), 3).outcome.code, Code::ok);
    EXPECT_EQ(sale.redeem(1, 5).detail, 61);
    EXPECT_EQ(sale.redeem(2, 5).code, Code::sold_out);
    sale.check();
    sale.audit();
}

// A price changes while redemptions wait for its stock: none is made under the old one afterwards.
TEST_P(OfferFiles, DecideAnewWhoeverWaitedForAnOfferThatChanged) {
    Sale sale(GetParam(), Sale::counted(5, 1000, 1));
    for (std::uint64_t i = 0; i < 90; ++i) sale.earn(i, 100);
    sale.world.settle();
    std::vector<std::uint32_t> requests;
    std::uint64_t next = 0;
    const auto burst = [&](int count) {
        for (int i = 0; i < count; ++i) requests.push_back(sale.send_redeem(next++, 5));
    };
    burst(30);
    const std::uint32_t put =
        sale.world.send(sale.put_command(Sale::counted(5, 1000, 7, {}, 2), 2));
    sale.world.step_shards();
    burst(30);
    sale.world.step_shards();
    sale.world.commit();
    burst(30);
    sale.world.settle();
    ASSERT_EQ(sale.put_answer(put).outcome.code, Code::ok);
    const Lsn changed = sale.put_answer(put).outcome.entry_id;
    int new_price = 0;
    for (const std::uint32_t request : requests) {
        const Outcome* outcome = sale.world.answer(request);
        ASSERT_EQ(outcome->code, Code::ok);
        EXPECT_EQ(outcome->amount, outcome->entry_id < changed ? Points{1} : Points{7});
        new_price += outcome->amount == Points{7} ? 1 : 0;
    }
    EXPECT_GT(new_price, 0);
    EXPECT_EQ(sale.tickets(5).last(), 90U);
    sale.check();
    sale.audit();
}

TEST(OfferFilesTest, StopAnOfferForAllShards) {
    Sale sale(4, Sale::counted(5, 1000, 1));
    for (std::uint64_t i = 0; i < 20; ++i) sale.earn(i, 100);
    sale.world.settle();
    EXPECT_EQ(sale.redeem(1, 5).code, Code::ok);
    EXPECT_EQ(sale.put(Sale::counted(5, 1000, 1, "stopped = true\n", 2), 2).outcome.code, Code::ok);
    for (std::uint64_t i = 0; i < 20; ++i) EXPECT_EQ(sale.redeem(i, 5).code, Code::offer_stopped);
    EXPECT_EQ(sale.put(Sale::counted(5, 1000, 1, {}, 3), 3).outcome.code, Code::ok);
    EXPECT_EQ(sale.redeem(1, 5).detail, 2);
}

}  // namespace
}  // namespace suanpan::shard
