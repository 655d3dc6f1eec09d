// A batch of codes is recalled, over real shards, committer and journal: what is free leaves the
// stock, what is set aside buys nothing, what is with members can no longer be used.
#include "tests/unit/shard/sale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::shard {
namespace {

using ::testing::SizeIs;

constexpr std::int64_t price = 990;
constexpr std::uint32_t offer = 5;

std::string with_cash(std::string_view late_payment) {
    return Sale::coded(offer, 10,
                       "cash = 990\n[offer.limits]\nper_order = 3\n[offer.reservations]\n"
                       "pay_within_seconds = 600\nlate_payment = \"" +
                           std::string(late_payment) + "\"\n");
}

// What an operator does, and a till.
class Operator {
public:
    explicit Operator(Sale& sale) : sale_(sale) {}

    Command recall_command(std::uint32_t batch, std::uint32_t of_offer = offer) {
        Command command = sale_.world.command(
            CommandKind::recall, RecallBatch{.offer = of_offer, .batch = batch, .reason = 7});
        command.head.member = {};
        return command;
    }
    // All zero but for the outcome where it was refused.
    [[nodiscard]] RecallAnswer answer(std::uint32_t request) const {
        const Reply* reply = sale_.world.reply(request);
        if (reply == nullptr) throw std::runtime_error("no answer came");
        if (reply->body != nullptr) return std::get<RecallAnswer>(*reply->body);
        return {.outcome = reply->outcome};
    }
    RecallAnswer recall(const Command& command) {
        const std::uint32_t request = sale_.send(command);
        sale_.world.settle();
        return answer(request);
    }
    RecallAnswer recall(std::uint32_t batch, std::uint32_t of_offer = offer) {
        return recall(recall_command(batch, of_offer));
    }
    Outcome reveal(std::uint64_t member, const VoucherNumber& voucher) {
        const std::uint32_t request = sale_.send_reveal(member, voucher);
        sale_.world.settle();
        return *sale_.world.answer(request);
    }
    Outcome verify(std::string_view code, std::string_view reference) {
        Verify verify;
        std::ranges::copy(reference, verify.reference.bytes.begin());
        CommandPayload& payload = payloads_.emplace_back();
        const auto bytes = std::as_bytes(std::span(code));
        payload.text.assign(bytes.begin(), bytes.end());
        verify.payload = &payload;
        return shop(CommandKind::verify, verify);
    }
    Outcome verify(const TokenBytes& token, std::string_view reference) {
        Verify verify;
        std::ranges::copy(reference, verify.reference.bytes.begin());
        verify.has_token = true;
        std::memcpy(verify.proof.data(), token.data(), token.size());
        return shop(CommandKind::verify, verify);
    }
    Outcome undo(const VoucherNumber& voucher, std::string_view reference) {
        UndoVerification undo{.task = {.voucher = voucher}};
        std::ranges::copy(reference, undo.reference.bytes.begin());
        return shop(CommandKind::undo_verify, undo);
    }
    std::uint32_t show(std::uint64_t member, const VoucherNumber& voucher) {
        const std::uint32_t request = sale_.send(
            sale_.command_of(member, CommandKind::show,
                             Show{.task = {.voucher = voucher, .asker = Sale::member(member)}}));
        sale_.world.settle();
        return request;
    }

private:
    Outcome shop(CommandKind kind, const CommandBody& body) {
        Command command = sale_.command_of(1, kind, body);
        command.head.member = {};
        return sale_.ask(command);
    }

    Sale& sale_;
    std::deque<CommandPayload> payloads_;
};

std::string code_of(const Sale& sale, std::uint32_t request, std::size_t unit = 0) {
    return std::string(sale.redeemed(request)->vouchers.at(unit).code.view());
}

class Recall : public ::testing::TestWithParam<std::uint16_t> {};

INSTANTIATE_TEST_SUITE_P(Shards, Recall, ::testing::Values(1, 2, 4));

TEST_P(Recall, TakesExactlyWhatIsFreeOutOfTheStock) {
    Sale sale(GetParam(), Sale::coded(offer, 10));
    Operator by(sale);
    sale.import(Sale::codes(1, 10), offer, 1);
    sale.import(Sale::codes(101, 5), offer, 2);
    for (std::uint64_t i = 0; i < 12; ++i) sale.earn(i, 10);
    sale.world.settle();
    for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(sale.redeem(i, offer).code, Code::ok);
    const RecallAnswer recalled = by.recall(1);
    EXPECT_EQ(recalled.outcome.code, Code::ok);
    EXPECT_EQ(recalled.outcome.amount, Points{7});
    EXPECT_EQ(recalled.voided, 7U);
    EXPECT_EQ(recalled.set_aside, 0U);
    EXPECT_EQ(recalled.issued, 3U);
    EXPECT_EQ(sale.offers(11).rows.front().stock_left, 5);
    for (std::uint64_t i = 3; i < 8; ++i) {
        const std::uint32_t request = sale.send_redeem(i, offer);
        sale.world.settle();
        ASSERT_NE(sale.redeemed(request), nullptr);
        EXPECT_TRUE(code_of(sale, request).starts_with("CODE-0000-10"));
        EXPECT_EQ(sale.redeemed(request)->ticket, i + 1);  // no ticket is lost
    }
    EXPECT_EQ(sale.redeem(8, offer).code, Code::sold_out);
    EXPECT_EQ(sale.tickets(offer).last(), 8U);
    sale.check();
    sale.audit();
}

TEST_P(Recall, IsAnsweredAgainUnderItsIdAndRefusedUnderAnother) {
    Sale sale(GetParam(), Sale::coded(offer, 10));
    Operator by(sale);
    sale.import(Sale::codes(1, 10), offer, 1);
    const Command command = by.recall_command(1);
    const RecallAnswer first = by.recall(command);
    EXPECT_EQ(first.voided, 10U);
    EXPECT_EQ(by.recall(command), first);
    EXPECT_EQ(by.recall(1).outcome.code, Code::batch_recalled);
    EXPECT_EQ(sale.import(Sale::codes(20, 1), offer, 1).outcome.code, Code::batch_recalled);
    sale.world.restart();
    EXPECT_EQ(by.recall(command), first);
    EXPECT_EQ(by.recall(1).outcome.code, Code::batch_recalled);
    EXPECT_EQ(sale.import(Sale::codes(20, 1), offer, 1).outcome.code, Code::batch_recalled);
    EXPECT_EQ(sale.import(Sale::codes(20, 1), offer, 2).taken, 1U);
    sale.check();
    sale.audit();
}

TEST_P(Recall, IsRefusedWithoutATraceWhereThereIsNothingToRecall) {
    Sale sale(GetParam(), Sale::coded(offer, 10) + Sale::counted(6, 10, 10));
    Operator by(sale);
    // A stock that has no codes yet; an offer that has none ever, one that is not there.
    EXPECT_EQ(by.recall(1).outcome.code, Code::batch_not_found);
    EXPECT_EQ(by.recall(1, 6).outcome.code, Code::offer_not_found);
    EXPECT_EQ(by.recall(1, 99).outcome.code, Code::offer_not_found);
    sale.import(Sale::codes(1, 3), offer, 1);
    EXPECT_EQ(by.recall(2).outcome.code, Code::batch_not_found);
    Command elsewhere = by.recall_command(1, 99);
    elsewhere.head.program = ProgramId{77};
    EXPECT_EQ(by.recall(elsewhere).outcome.code, Code::program_not_found);
    sale.earn(1, 10);
    sale.world.settle();
    EXPECT_EQ(sale.redeem(1, offer).code, Code::ok);  // open as before
    sale.check();
    sale.audit();
}

TEST_P(Recall, KnowsNoBatchThatNoCodeWentIntoBeforeARestartOrAfterIt) {
    Sale sale(GetParam(), Sale::coded(offer, 10));
    Operator by(sale);
    sale.import(Sale::codes(1, 3), offer, 1);
    EXPECT_EQ(sale.import(Sale::codes(1, 3), offer, 2).taken, 0U);
    EXPECT_EQ(by.recall(2).outcome.code, Code::batch_not_found);
    sale.world.restart();
    EXPECT_EQ(by.recall(2).outcome.code, Code::batch_not_found);
    sale.check();
    sale.audit();
}

TEST_P(Recall, EndsTheUseOfItsVouchersAndOfNoOthers) {
    Sale sale(
        GetParam(),
        Sale::coded(offer, 10, "[offer.voucher]\nundo_within_seconds = 3600\nundo_max = 2\n"));
    Operator by(sale);
    sale.import(Sale::codes(1, 3), offer, 1);
    sale.import(Sale::codes(101, 2), offer, 2);
    std::vector<std::uint32_t> bought;
    for (std::uint64_t i = 0; i < 4; ++i) {
        sale.earn(i, 10);
        sale.world.settle();
        bought.push_back(sale.send_redeem(i, offer));
        sale.world.settle();
        ASSERT_NE(sale.redeemed(bought.back()), nullptr);
    }
    const auto number = [&](std::uint64_t of) { return sale.vouchers(of).rows.at(0).number; };
    const auto state = [&](std::uint64_t of) { return sale.vouchers(of).rows.at(0).state; };
    // The third has used his; the second has a token in his hand.
    EXPECT_EQ(by.verify(code_of(sale, bought[2]), "used").code, Code::ok);
    const std::uint32_t shown = by.show(1, number(1));
    const TokenBytes token = std::get<ShowAnswer>(*sale.world.reply(shown)->body).token;
    EXPECT_EQ(by.recall(1).issued, 3U);

    const auto voided = static_cast<std::int64_t>(VoucherStateNumber::voided);
    for (int i = 0; i < 2; ++i) {
        const Outcome revealed = by.reveal(0, number(0));
        EXPECT_EQ(revealed.code, Code::voucher_resolved);
        EXPECT_EQ(revealed.detail, voided);
        EXPECT_EQ(by.verify(code_of(sale, bought[0]), "late").code, Code::voucher_resolved);
        EXPECT_EQ(by.verify(token, "token").code, Code::voucher_resolved);
        EXPECT_EQ(sale.world.answer(by.show(0, number(0)))->code, Code::voucher_resolved);
        EXPECT_EQ(state(0), VoucherStateNumber::voided);
        EXPECT_EQ(sale.vouchers(0, {.state = 1}).rows.size(), 0U);
        EXPECT_EQ(state(2), VoucherStateNumber::verified);
        EXPECT_EQ(state(3), VoucherStateNumber::issued);
        EXPECT_EQ(by.reveal(3, number(3)).code, Code::ok);
        sale.world.restart();
    }
    // What a shop gives back of a recalled one comes back to nobody.
    EXPECT_EQ(by.undo(number(2), "used").code, Code::ok);
    EXPECT_EQ(state(2), VoucherStateNumber::voided);
    EXPECT_EQ(by.verify(code_of(sale, bought[3]), "other batch").code, Code::ok);
    sale.check();
    sale.audit();
}

TEST_P(Recall, NeverOvertakesATake) {
    constexpr std::uint64_t members = 90;
    Sale sale(GetParam(), Sale::coded(offer, 1));
    Operator by(sale);
    sale.import(Sale::codes(1000, 60), offer, 1);
    sale.import(Sale::codes(5000, 20), offer, 2);
    for (std::uint64_t i = 0; i < members; ++i) sale.earn(i, 1);
    sale.world.settle();
    std::vector<std::uint32_t> requests;
    const auto burst = [&](int count) {
        for (int i = 0; i < count; ++i)
            requests.push_back(sale.send_redeem(requests.size(), offer));
    };
    burst(30);
    for (int i = 0; i < 3; ++i) sale.world.step_shards();  // granted, and not durable
    const std::uint32_t recall = sale.world.send(by.recall_command(1));
    for (int i = 0; i < 3; ++i) sale.world.step_shards();
    burst(30);
    sale.world.step_shards();
    sale.world.commit();
    burst(30);
    sale.world.settle();
    const RecallAnswer recalled = by.answer(recall);
    ASSERT_EQ(recalled.outcome.code, Code::ok);
    EXPECT_EQ(recalled.voided + recalled.issued, 60U);
    EXPECT_EQ(recalled.set_aside, 0U);
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    for (const std::uint32_t request : requests) {
        const Outcome* outcome = sale.world.answer(request);
        ASSERT_NE(outcome, nullptr);
        if (outcome->code != Code::ok) {
            EXPECT_EQ(outcome->code, Code::sold_out);
            continue;
        }
        const bool is_first = code_of(sale, request).starts_with("CODE-0000-1");
        EXPECT_EQ(outcome->entry_id < recalled.outcome.entry_id, is_first);
        ++(is_first ? before : after);
    }
    EXPECT_EQ(before, recalled.issued);
    EXPECT_GT(before, 0U);
    EXPECT_EQ(after, 20U);
    EXPECT_EQ(sale.tickets(offer).last(), before + after);
    sale.check();
    sale.audit();
}

TEST_P(Recall, OfWhatIsSetAsideDeliversAnotherCodeToWhoeverPays) {
    Sale sale(GetParam(), with_cash("reacquire"));
    Operator by(sale);
    sale.import(Sale::codes(1, 2), offer, 1);
    sale.earn(1, 100);
    sale.earn(2, 100);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, offer, price, "order-1").code, Code::ok);
    EXPECT_EQ(sale.reserve(2, offer, price, "order-2").code, Code::ok);
    sale.import(Sale::codes(101, 1), offer, 2);
    const RecallAnswer recalled = by.recall(1);
    EXPECT_EQ(recalled.voided, 0U);
    EXPECT_EQ(recalled.set_aside, 2U);
    // A payment that is not the price changes nothing.
    EXPECT_EQ(sale.confirm(1, "order-1", price - 1).code, Code::payment_differs);
    EXPECT_EQ(sale.order(1, "order-1").state, OrderState::waiting);
    EXPECT_EQ(sale.confirm(1, "order-1", price).code, Code::ok);
    EXPECT_EQ(sale.order(1, "order-1").state, OrderState::confirmed);
    const VouchersAnswer vouchers = sale.vouchers(1);
    ASSERT_THAT(vouchers.rows, SizeIs(1));
    EXPECT_EQ(vouchers.rows[0].state, VoucherStateNumber::issued);
    EXPECT_EQ(by.reveal(1, vouchers.rows[0].number).code, Code::ok);
    EXPECT_EQ(sale.balance(1).balances.available, Points{90});
    // The other one finds nothing: his cash goes back, and his points were never taken.
    EXPECT_EQ(sale.confirm(2, "order-2", price).detail,
              static_cast<std::int64_t>(OrderState::cancelled));
    EXPECT_THAT(sale.vouchers(2).rows, SizeIs(0));
    EXPECT_EQ(sale.balance(2).balances.available, Points{100});
    EXPECT_EQ(sale.units(offer).reserved, 0);
    EXPECT_EQ(sale.units(offer).issued, 1);
    sale.check();
    sale.audit();
}

TEST_P(Recall, OfWhatIsSetAsideRefundsWhereTheOfferSaysSo) {
    Sale sale(GetParam(), with_cash("auto_refund"));
    Operator by(sale);
    sale.import(Sale::codes(1, 3), offer, 1);
    sale.import(Sale::codes(101, 3), offer, 2);
    for (std::uint64_t i = 1; i < 4; ++i) sale.earn(i, 100);
    sale.world.settle();
    for (std::uint64_t i = 1; i < 4; ++i)
        EXPECT_EQ(sale.reserve(i, offer, price, "order-" + std::to_string(i)).code, Code::ok);
    EXPECT_EQ(by.recall(1).set_aside, 3U);
    EXPECT_EQ(sale.offers(1).rows.front().stock_left, 3);
    sale.world.restart();
    EXPECT_EQ(sale.confirm(1, "order-1", price).detail,
              static_cast<std::int64_t>(OrderState::cancelled));
    EXPECT_EQ(sale.confirm(1, "order-1", price).detail,
              static_cast<std::int64_t>(OrderState::cancelled));
    EXPECT_EQ(sale.cancel(2, "order-2").code, Code::ok);
    sale.world.clock.pass(seconds(601));
    sale.world.settle();
    // None of the three ways brings a recalled code back.
    EXPECT_EQ(sale.order(3, "order-3").state, OrderState::cancelled);
    EXPECT_EQ(sale.units(offer), ledger::CounterUnits{});
    EXPECT_EQ(sale.offers(1).rows.front().stock_left, 3);
    for (std::uint64_t i = 1; i < 4; ++i)
        EXPECT_EQ(sale.balance(i).balances.available, Points{100});
    EXPECT_EQ(sale.reserve(1, offer, 3 * price, "order-4", 3).code, Code::ok);
    EXPECT_EQ(sale.reserve(2, offer, price, "order-5").code, Code::all_set_aside);
    sale.check();
    sale.audit();
}

TEST_P(Recall, GoesOnFromCheckpointAndJournalUnderAnyNumberOfShards) {
    Sale sale(GetParam(), with_cash("reacquire") + Sale::coded(6, 1));
    Operator by(sale);
    sale.import(Sale::codes(1, 700), offer, 1);
    sale.import(Sale::codes(1001, 6), offer, 2);
    sale.import(Sale::codes(2001, 4), 6, 1);
    for (std::uint64_t i = 1; i < 9; ++i) sale.earn(i, 100);
    sale.world.settle();
    EXPECT_EQ(sale.reserve(1, offer, 2 * price, "order-1", 2).code, Code::ok);
    EXPECT_EQ(sale.reserve(2, offer, price, "order-2").code, Code::ok);
    EXPECT_EQ(sale.confirm(2, "order-2", price).code, Code::ok);
    EXPECT_EQ(by.recall(1).voided, 697U);
    sale.world.write_checkpoint();
    EXPECT_EQ(by.recall(1, 6).voided, 4U);
    const std::string state = sale.state();
    std::uint64_t member = 3;
    for (const std::uint16_t shards : std::initializer_list<std::uint16_t>{3, 1, 4, 2}) {
        sale.world.restart(shards);
        if (member == 3) {
            EXPECT_EQ(sale.state(), state);  // INV-12
        }
        EXPECT_EQ(by.recall(1).outcome.code, Code::batch_recalled);
        EXPECT_EQ(sale.vouchers(2).rows.at(0).state, VoucherStateNumber::voided);
        EXPECT_EQ(sale.redeem(member, 6).code, Code::sold_out);
        const std::string order = "order-" + std::to_string(member);
        EXPECT_EQ(sale.reserve(member, offer, price, order).code, Code::ok);
        EXPECT_EQ(sale.confirm(member, order, price).code, Code::ok);
        EXPECT_EQ(sale.vouchers(member).rows.at(0).state, VoucherStateNumber::issued);
        if (++member == 5) sale.world.write_checkpoint();
    }
    // Two of the second batch are left, and two recalled ones still stand set aside.
    EXPECT_EQ(sale.units(offer).reserved, 2);
    EXPECT_EQ(sale.reserve(7, offer, 3 * price, "order-7", 3).code, Code::all_set_aside);
    EXPECT_EQ(sale.confirm(1, "order-1", 2 * price).code, Code::ok);
    EXPECT_EQ(sale.reserve(8, offer, price, "order-8").code, Code::sold_out);
    sale.check();
    sale.audit();
}

TEST_P(Recall, ThatACrashCutsOffHappenedAsAWholeOrNotAtAll) {
    for (int steps = 0; steps < 12; ++steps) {
        Sale sale(GetParam(), Sale::coded(offer, 1));
        Operator by(sale);
        sale.import(Sale::codes(1, 5), offer, 1);
        sale.import(Sale::codes(11, 2), offer, 2);
        for (std::uint64_t i = 0; i < 9; ++i) sale.earn(i, 1);
        sale.world.settle();
        const std::uint32_t bought = sale.send_redeem(0, offer);
        sale.world.settle();
        const Command command = by.recall_command(1);
        const std::uint32_t request = sale.send(command);
        for (int i = 0; i < steps; ++i) {
            if (i % 3 == 2)
                sale.world.commit();
            else
                sale.world.step_shards();
        }
        const bool was_told = sale.world.answer(request) != nullptr;
        sale.world.restart();
        const bool is_recalled = !sale.world.shard(0).ledger().recalled().empty();
        EXPECT_TRUE(is_recalled || !was_told);
        // All of it, or none: the voucher, the stock, the batch's own door.
        EXPECT_EQ(sale.vouchers(0).rows.at(0).state == VoucherStateNumber::voided, is_recalled);
        EXPECT_EQ(sale.offers(1).rows.front().stock_left, is_recalled ? 2 : 6);
        EXPECT_EQ(by.verify(code_of(sale, bought), "r").code,
                  is_recalled ? Code::voucher_resolved : Code::ok);
        EXPECT_EQ(sale.import(Sale::codes(50, 1), offer, 1).outcome.code,
                  is_recalled ? Code::batch_recalled : Code::ok);
        const RecallAnswer again = by.recall(command);
        EXPECT_EQ(again.outcome.code, Code::ok);
        EXPECT_EQ(again.voided, is_recalled ? 4U : 5U);
        sale.check();
        sale.audit();
    }
}

TEST_P(Recall, LetsNothingMoreIntoItsBatch) {
    Sale sale(GetParam(), Sale::coded(offer, 1));
    Operator by(sale);
    sale.import(Sale::codes(1, 5), offer, 1);
    std::vector<std::uint32_t> imports;
    imports.push_back(sale.send(sale.import_command(Sale::codes(100, 10), offer, 1)));
    const std::uint32_t recall = sale.send(by.recall_command(1));
    imports.push_back(sale.send(sale.import_command(Sale::codes(200, 10), offer, 1)));
    sale.world.step_shards();
    imports.push_back(sale.send(sale.import_command(Sale::codes(300, 10), offer, 1)));
    sale.world.settle();
    const RecallAnswer recalled = by.answer(recall);
    ASSERT_EQ(recalled.outcome.code, Code::ok);
    std::uint64_t taken = 5;
    for (const std::uint32_t request : imports) {
        const Outcome* outcome = sale.world.answer(request);
        ASSERT_NE(outcome, nullptr);
        if (outcome->code == Code::ok) {
            EXPECT_LT(outcome->entry_id, recalled.outcome.entry_id);
            taken += 10;
        } else {
            EXPECT_TRUE(outcome->code == Code::busy || outcome->code == Code::batch_recalled);
        }
    }
    EXPECT_EQ(recalled.voided, taken);  // INV-9
    sale.check();
    sale.audit();
}

}  // namespace
}  // namespace suanpan::shard
