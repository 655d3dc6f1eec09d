// Card codes over real shards: imported, handed out with a redemption, revealed, and readable
// nowhere else.
#include "tests/unit/shard/sale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::shard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CardCodes : public ::testing::TestWithParam<std::uint16_t> {};

INSTANTIATE_TEST_SUITE_P(Shards, CardCodes, ::testing::Values(1, 2, 4));

TEST_P(CardCodes, AreHandedOutOnceEachInTheReply) {
    constexpr std::uint64_t count = 150;
    Sale sale(GetParam(), Sale::coded(5, 10));
    EXPECT_EQ(sale.redeem(1, 5).code, Code::insufficient_points);
    const CodesAnswer imported = sale.import(Sale::codes(100, count), 5);
    EXPECT_EQ(imported.outcome.code, Code::ok);
    EXPECT_EQ(imported.taken, count);
    EXPECT_EQ(imported.lines, count);
    for (std::uint64_t i = 0; i < 400; ++i) sale.earn(i, 25);
    sale.world.settle();
    EXPECT_EQ(sale.offers(1).rows.front().stock_left, static_cast<std::int64_t>(count));
    std::vector<std::uint32_t> requests;
    for (std::uint64_t i = 0; i < 400; ++i) requests.push_back(sale.send_redeem(i, 5));
    sale.world.settle();
    std::set<std::string> codes;
    std::uint64_t tickets = 0;
    for (const std::uint32_t request : requests) {
        const Outcome* outcome = sale.world.answer(request);
        ASSERT_NE(outcome, nullptr);
        if (outcome->code != Code::ok) {
            EXPECT_EQ(outcome->code, Code::sold_out);
            continue;
        }
        ++tickets;
        ASSERT_THAT(sale.redeemed(request)->vouchers, SizeIs(1));
        codes.insert(std::string(sale.redeemed(request)->vouchers[0].code.view()));
    }
    EXPECT_EQ(tickets, count);
    EXPECT_EQ(codes.size(), count);  // INV-9: a code is issued at most once
    for (std::uint64_t i = 100; i < 100 + count; ++i)
        EXPECT_TRUE(codes.contains("CODE-0000-" + std::to_string(i)));
    EXPECT_THAT(sale.offers(1).rows, SizeIs(0));
    sale.check();
    sale.audit();
}

TEST_P(CardCodes, AreRefusedTwiceWithTheirLine) {
    Sale sale(GetParam(), Sale::coded(5, 10) + Sale::coded(6, 10));
    EXPECT_EQ(sale.import(Sale::codes(1, 3), 5).taken, 3U);
    const CodesAnswer again = sale.import("CODE-0000-2\nNEW-CODE-1\nabc\nNEW-CODE-1\n", 5, 2, 11);
    EXPECT_EQ(again.outcome.code, Code::ok);
    EXPECT_EQ(again.taken, 1U);
    EXPECT_EQ(again.refused, 3U);
    EXPECT_THAT(again.refused_lines, ElementsAre(RefusedCodeLine{.line = 11, .fault = 10},
                                                 RefusedCodeLine{.line = 13, .fault = 4},
                                                 RefusedCodeLine{.line = 14, .fault = 10}));
    const CodesAnswer elsewhere = sale.import("CODE-0000-3\n", 6);  // the program's other pool
    EXPECT_EQ(elsewhere.refused, 1U);
    EXPECT_EQ(sale.import("CODE-0000-9\n", 4).outcome.code, Code::offer_not_found);
    sale.world.restart(static_cast<std::uint16_t>(GetParam() % 4 + 1));
    EXPECT_EQ(sale.import(Sale::codes(1, 4), 6).taken, 1U);
    sale.audit();
}

TEST_P(CardCodes, OfAnImportAreAnsweredAgainByteForByte) {
    Sale sale(GetParam(), Sale::coded(5, 10));
    const Command command = sale.import_command("CODE-0000-1\nabc\n", 5);
    const std::uint32_t first = sale.send(command);
    const std::uint32_t in_flight = sale.send(command);
    sale.world.settle();
    const auto answer = [&](std::uint32_t request) {
        return std::get<CodesAnswer>(*sale.world.reply(request)->body);
    };
    EXPECT_EQ(answer(first).taken, 1U);
    EXPECT_EQ(answer(in_flight), answer(first));
    sale.world.restart(static_cast<std::uint16_t>(GetParam() % 4 + 1));
    const std::uint32_t later = sale.send(command);
    sale.world.settle();
    EXPECT_EQ(answer(later), answer(first));  // P2
    sale.earn(1, 100);
    sale.earn(2, 100);
    sale.world.settle();
    EXPECT_EQ(sale.redeem(1, 5).code, Code::ok);
    EXPECT_EQ(sale.redeem(2, 5).code, Code::sold_out);
    sale.audit();
}

// A partner's time-out, and the same request id again: the same code, and not another one.
// An import is executed by its program's shard, another command without a member by the first: what
// one id of both comes to must not depend on whether these are the same (P6).
TEST_P(CardCodes, OfAnImportUseUpRequestIdsOfTheirProgramsOffersAlone) {
    Sale sale(GetParam(), Sale::coded(5, 10));
    const std::string next = Sale::coded(5, 11, {}, 2);
    const Command put = sale.put_command(next, 2);
    Command import = sale.import_command("CODE-0000-1\n", 5);
    import.head.request_id = put.head.request_id;
    const std::uint32_t as_put = sale.send(put);
    sale.world.settle();
    EXPECT_EQ(sale.put_answer(as_put).outcome.code, Code::ok);
    const std::uint32_t as_import = sale.send(import);
    sale.world.settle();
    const auto answer = [&](std::uint32_t request) {
        return std::get<CodesAnswer>(*sale.world.reply(request)->body);
    };
    EXPECT_EQ(answer(as_import).taken, 1U);
    sale.audit();
    sale.world.restart(static_cast<std::uint16_t>(GetParam() % 4 + 1));
    const std::uint32_t again = sale.send(import);
    sale.world.settle();
    EXPECT_EQ(answer(again), answer(as_import));  // P2
}

TEST_P(CardCodes, AfterATimeOutTheSameRequestGetsTheSameCode) {
    Sale sale(GetParam(), Sale::coded(5, 10, "[offer.limits]\nper_order = 3\n"));
    sale.import(Sale::codes(1, 20), 5);
    sale.earn(1, 100);
    sale.world.settle();
    const Command command = sale.redeem_command(1, 5, 3);
    const std::uint32_t first = sale.send(command);
    const std::uint32_t in_flight = sale.send(command);
    sale.world.settle();
    ASSERT_NE(sale.redeemed(first), nullptr);
    ASSERT_NE(sale.redeemed(in_flight), nullptr);
    EXPECT_EQ(sale.redeemed(first)->vouchers[0].code.view(), "CODE-0000-1");
    EXPECT_EQ(sale.redeemed(first)->vouchers[2].code.view(), "CODE-0000-3");
    EXPECT_EQ(*sale.redeemed(in_flight), *sale.redeemed(first));
    for (const std::uint16_t shards : std::initializer_list<std::uint16_t>{3, 1, 2}) {
        sale.world.restart(shards);
        const std::uint32_t again = sale.send(command);
        sale.world.settle();
        ASSERT_NE(sale.redeemed(again), nullptr);
        EXPECT_EQ(*sale.redeemed(again), *sale.redeemed(first));  // P2
    }
    EXPECT_EQ(sale.units(5).issued, 3);
}

TEST_P(CardCodes, AreRevealedToTheirOwnerOnly) {
    Sale sale(GetParam(), Sale::coded(5, 10) + Sale::counted(6, 10, 1));
    sale.import(Sale::codes(1, 2), 5);
    sale.earn(1, 100);
    sale.earn(2, 100);
    sale.world.settle();
    EXPECT_EQ(sale.redeem(1, 5).code, Code::ok);
    EXPECT_EQ(sale.redeem(1, 6).code, Code::ok);
    const VouchersAnswer owned = sale.vouchers(1);
    ASSERT_THAT(owned.rows, SizeIs(2));
    EXPECT_TRUE(owned.rows[0].has_code);
    EXPECT_TRUE(owned.rows[0].revealed);
    const std::uint32_t shown = sale.send_reveal(1, owned.rows[0].number);
    const std::uint32_t others = sale.send_reveal(2, owned.rows[0].number);
    const std::uint32_t codeless = sale.send_reveal(1, owned.rows[1].number);
    sale.world.settle();
    ASSERT_NE(sale.revealed(shown), nullptr);
    EXPECT_EQ(sale.revealed(shown)->code.view(), "CODE-0000-1");
    EXPECT_NE(sale.revealed(shown)->outcome.entry_id, Lsn{});  // journaled
    EXPECT_EQ(sale.world.answer(others)->code, Code::voucher_not_found);
    EXPECT_EQ(sale.world.answer(codeless)->code, Code::voucher_not_found);
    sale.world.restart(static_cast<std::uint16_t>(GetParam() % 4 + 1));
    const std::uint32_t again = sale.send_reveal(1, owned.rows[0].number);
    sale.world.settle();
    ASSERT_NE(sale.revealed(again), nullptr);
    EXPECT_EQ(sale.revealed(again)->code.view(), "CODE-0000-1");
    sale.check();
    sale.audit();
}

TEST_P(CardCodes, GoOnFromCheckpointAndJournalUnderAnyNumberOfShards) {
    Sale sale(GetParam(), Sale::coded(5, 1, "[offer.limits]\nper_order = 9\n"));
    for (std::uint64_t i = 0; i < 40; ++i) sale.earn(i, 30);
    sale.import(Sale::codes(1, 1200), 5, 1);
    for (std::uint64_t i = 0; i < 10; ++i) sale.send_redeem(i, 5, 4);
    sale.world.settle();
    sale.world.write_checkpoint();
    sale.import(Sale::codes(5001, 30), 5, 2);
    for (std::uint64_t i = 10; i < 20; ++i) sale.send_redeem(i, 5, 4);
    sale.world.settle();
    const std::string state = sale.state();
    std::set<std::string> codes;
    std::uint64_t next = 0;
    for (const std::uint16_t shards : std::initializer_list<std::uint16_t>{3, 1, 4, 2}) {
        sale.world.restart(shards);
        if (next == 0) {
            EXPECT_EQ(sale.state(), state);  // INV-12
        }
        const std::uint32_t request = sale.send_redeem(20 + next, 5, 5);
        sale.world.settle();
        const RedeemAnswer* answer = sale.redeemed(request);
        ASSERT_NE(answer, nullptr) << shards;
        EXPECT_EQ(answer->ticket, 21 + next);
        for (const RedeemedVoucher& voucher : answer->vouchers)
            codes.insert(std::string(voucher.code.view()));
        ++next;
        if (next == 2) sale.world.write_checkpoint();
    }
    EXPECT_EQ(codes.size(), 20U);
    EXPECT_TRUE(codes.contains("CODE-0000-81"));   // the oldest go first
    EXPECT_TRUE(codes.contains("CODE-0000-100"));  // and none is left out
    sale.check();
    sale.audit();
}

TEST_P(CardCodes, WhoseTimeIsOverAreNotSold) {
    Sale sale(GetParam(), Sale::coded(5, 1, "order = \"soonest_expiry_first\"\n"));
    for (std::uint64_t i = 0; i < 10; ++i) sale.earn(i, 30);
    sale.import("LATE-CODE-1\nSOON-CODE-1,2027-01-15\nSOON-CODE-2,2027-01-16\n", 5);
    const auto code_for = [&](std::uint64_t member) {
        const std::uint32_t request = sale.send_redeem(member, 5);
        sale.world.settle();
        const RedeemAnswer* answer = sale.redeemed(request);
        return answer == nullptr ? std::string() : std::string(answer->vouchers[0].code.view());
    };
    EXPECT_EQ(code_for(1), "SOON-CODE-1");
    sale.world.clock.pass(hours(40));
    EXPECT_EQ(code_for(2), "LATE-CODE-1");  // the other's last good day is over
    EXPECT_EQ(sale.redeem(3, 5).code, Code::sold_out);
    sale.check();
    sale.audit();
}

// Chunks are kept for a while only; what is sold later is read from the journal.
TEST_P(CardCodes, AreReadFromTheJournalAfterAStart) {
    Sale sale(GetParam(), Sale::coded(5, 1, "[offer.limits]\nper_order = 9\n"));
    for (std::uint64_t i = 0; i < 30; ++i) sale.earn(i, 30);
    for (std::uint64_t batch = 0; batch < 6; ++batch)
        sale.import(Sale::codes(1 + batch * 5, 5), 5, static_cast<std::uint32_t>(batch + 1));
    sale.world.restart();
    std::vector<std::uint32_t> requests;
    for (std::uint64_t i = 0; i < 10; ++i) requests.push_back(sale.send_redeem(i, 5, 3));
    sale.world.settle();
    std::set<std::string> codes;
    for (const std::uint32_t request : requests) {
        ASSERT_NE(sale.redeemed(request), nullptr);
        for (const RedeemedVoucher& voucher : sale.redeemed(request)->vouchers)
            codes.insert(std::string(voucher.code.view()));
    }
    EXPECT_EQ(codes.size(), 30U);
    sale.check();
    sale.audit();
}

// A kill in the middle of an import leaves whole pieces, and the import can be repeated.
TEST_P(CardCodes, OfAnImportThatWasKilledAreThereInWholePieces) {
    Sale sale(GetParam(), Sale::coded(5, 1, "[offer.limits]\nper_order = 50\n"));
    sale.earn(1, 100);
    sale.import(Sale::codes(1, 10), 5);
    sale.send(sale.import_command(Sale::codes(11, 10), 5, 1, 11));
    for (int i = 0; i < 3; ++i) sale.world.step_shards();
    sale.world.restart(static_cast<std::uint16_t>(GetParam() % 4 + 1));
    EXPECT_EQ(sale.redeem(1, 5, 11).code, Code::sold_out);
    const CodesAnswer first = sale.import(Sale::codes(1, 10), 5);
    EXPECT_EQ(first.refused, 10U);  // all of them are there
    EXPECT_EQ(sale.import(Sale::codes(11, 10), 5, 1, 11).taken, 10U);
    EXPECT_EQ(sale.redeem(1, 5, 20).code, Code::ok);
    EXPECT_EQ(sale.redeem(1, 5, 1).code, Code::sold_out);
    sale.audit();
}

// A redemption that a crash undid leaves its code to the next.
TEST_P(CardCodes, GoBackToThePoolWhenACrashUndoesTheirRedemption) {
    Sale sale(GetParam(), Sale::coded(5, 1));
    sale.import("ONLY-CODE-1\n", 5);
    sale.earn(1, 10);
    sale.earn(2, 10);
    sale.world.settle();
    sale.send_redeem(1, 5);
    for (int i = 0; i < 4; ++i) sale.world.step_shards();
    sale.world.restart();
    const std::uint32_t request = sale.send_redeem(2, 5);
    sale.world.settle();
    ASSERT_NE(sale.redeemed(request), nullptr);
    EXPECT_EQ(sale.redeemed(request)->vouchers[0].code.view(), "ONLY-CODE-1");
    EXPECT_EQ(sale.redeem(1, 5).code, Code::sold_out);
    sale.audit();
}

TEST(CardCodesTest, AreInNoFileInTheClear) {
    Sale sale(2, Sale::coded(5, 1));
    sale.import(Sale::codes(1, 50), 5);
    for (std::uint64_t i = 0; i < 20; ++i) sale.earn(i, 10);
    sale.world.settle();
    for (std::uint64_t i = 0; i < 20; ++i) sale.send_redeem(i, 5);
    sale.world.settle();
    sale.world.write_checkpoint();
    const VouchersAnswer owned = sale.vouchers(1);
    sale.send_reveal(1, owned.rows[0].number);
    sale.world.settle();
    std::size_t bytes = 0;
    const auto look_at = [&](std::span<const std::byte> stored) {
        const std::string_view text(reinterpret_cast<const char*>(stored.data()), stored.size());
        bytes += text.size();
        EXPECT_EQ(text.find("CODE-0000"), std::string_view::npos);
        EXPECT_EQ(text.find("CODE0000"), std::string_view::npos);
    };
    for (const auto& [name, content] : sale.world.volume.files) look_at(content);
    for (const auto& [name, store] : sale.world.volume.stores)
        for (const auto& [key, value] : store->values) look_at(value);
    EXPECT_GT(bytes, 10'000U);
}

TEST(CardCodesTest, NeedMasterKeys) {
    Sale sale(1, Sale::counted(5, 1, 1));
    sale.world.master_keys = nullptr;
    sale.world.restart();
    const RulesAnswer answer = sale.put(Sale::counted(5, 1, 1) + Sale::coded(6, 1), 2);
    EXPECT_EQ(answer.outcome.code, Code::offer_invalid);
    EXPECT_THAT(answer.message, HasSubstr("master keys"));
}

TEST(CardCodesTest, ThatAreTooManyForOneRequestAreRefused) {
    Sale sale(1, Sale::coded(5, 1));
    EXPECT_EQ(sale.import(Sale::codes(1, 2049), 5).outcome.code, Code::batch_too_large);
    EXPECT_EQ(sale.import(std::string(10, 'x') + "\n" + std::string(300, 'y'), 5).refused, 1U);
}

}  // namespace
}  // namespace suanpan::shard
