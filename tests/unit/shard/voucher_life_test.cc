// The life of vouchers over real shards, committer and journal: shown, verified, undone, expired.
#include "tests/unit/shard/sale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::shard {
namespace {

using ::testing::SizeIs;

// What a till does: sale.world.reply(request) has the answers.
class Till {
public:
    explicit Till(Sale& sale) : sale_(sale) {}

    Command show_command(std::uint64_t member, const VoucherNumber& voucher,
                         Duration life = seconds(60)) {
        return sale_.command_of(
            member, CommandKind::show,
            Show{.task = {.voucher = voucher, .asker = Sale::member(member)}, .life = life});
    }
    Command verify_command(const TokenBytes& token, std::string_view reference,
                           std::int64_t units = 0, std::uint32_t merchant = 0,
                           std::uint32_t store = 0) {
        Verify verify = verification(reference, units, merchant, store);
        verify.has_token = true;
        std::memcpy(verify.proof.data(), token.data(), token.size());
        return shop_command(CommandKind::verify, verify);
    }
    Command code_command(std::string_view code, std::string_view reference, std::int64_t units = 0,
                         std::uint64_t origin = 0) {
        Verify verify = verification(reference, units, 0, 0);
        verify.task.origin = origin;
        CommandPayload& payload = payloads_.emplace_back();
        const auto bytes = std::as_bytes(std::span(code));
        payload.text.assign(bytes.begin(), bytes.end());
        verify.payload = &payload;
        return shop_command(CommandKind::verify, verify);
    }
    Command undo_command(const VoucherNumber& voucher, std::string_view reference) {
        UndoVerification undo{.task = {.voucher = voucher}};
        std::ranges::copy(reference, undo.reference.bytes.begin());
        return shop_command(CommandKind::undo_verify, undo);
    }

    std::uint32_t ask(const Command& command) {
        const std::uint32_t request = sale_.send(command);
        sale_.world.settle();
        return request;
    }
    [[nodiscard]] Outcome outcome(std::uint32_t request) const {
        return *sale_.world.answer(request);
    }
    // Null where it was refused.
    template <typename Answer>
    [[nodiscard]] const Answer* answer(std::uint32_t request) const {
        const Reply* reply = sale_.world.reply(request);
        if (reply == nullptr || reply->body == nullptr) return nullptr;
        return std::get_if<Answer>(reply->body.get());
    }
    TokenBytes token(std::uint64_t member, const VoucherNumber& voucher,
                     Duration life = seconds(60)) {
        const std::uint32_t request = ask(show_command(member, voucher, life));
        const auto* shown = answer<ShowAnswer>(request);
        EXPECT_NE(shown, nullptr) << static_cast<int>(outcome(request).code);
        return shown == nullptr ? TokenBytes{} : shown->token;
    }
    Code verify(const TokenBytes& token, std::string_view reference, std::int64_t units = 0) {
        return outcome(ask(verify_command(token, reference, units))).code;
    }

private:
    static Verify verification(std::string_view reference, std::int64_t units,
                               std::uint32_t merchant, std::uint32_t store) {
        Verify verify;
        std::ranges::copy(reference, verify.reference.bytes.begin());
        verify.units = units;
        verify.merchant = merchant;
        verify.store = store;
        return verify;
    }
    Command shop_command(CommandKind kind, const CommandBody& body) {
        Command command = sale_.command_of(1, kind, body);
        command.head.member = {};
        // Made one after the other without being sent, they would have one id.
        command.head.request_id.low += ++made_ << 32U;
        return command;
    }

    Sale& sale_;
    std::uint64_t made_ = 0;
    std::deque<CommandPayload> payloads_;
};

VoucherRow row_of(Sale& sale, std::uint64_t member, std::size_t place = 0) {
    return sale.vouchers(member).rows.at(place);
}

class VoucherLife : public ::testing::TestWithParam<std::uint16_t> {
protected:
    // Another number of shards than that of the test.
    [[nodiscard]] static std::uint16_t other() {
        return static_cast<std::uint16_t>(GetParam() % 4 + 1);
    }
    static void buy(Sale& sale, std::uint64_t members) {
        for (std::uint64_t i = 0; i < members; ++i) sale.earn(i, 1'000);
        sale.world.settle();
        for (std::uint64_t i = 0; i < members; ++i) EXPECT_EQ(sale.redeem(i, 5).code, Code::ok);
    }
};

INSTANTIATE_TEST_SUITE_P(Shards, VoucherLife, ::testing::Values(1, 2, 4));

TEST_P(VoucherLife, IsShownOnceAndVerifiedOnce) {
    Sale sale(GetParam(), Sale::counted(5, 10, 30));
    Till till(sale);
    buy(sale, 4);
    for (std::uint64_t member = 0; member < 4; ++member) {
        const VoucherNumber voucher = row_of(sale, member).number;
        const std::uint32_t request = till.ask(till.show_command(member, voucher));
        const auto* shown = till.answer<ShowAnswer>(request);
        ASSERT_NE(shown, nullptr);
        EXPECT_EQ(shown->number, voucher);
        EXPECT_EQ(shown->until, sale.world.clock.now() + seconds(60));
        EXPECT_EQ(shown->outcome.detail, shown->until.ns);
        const TokenBytes token = shown->token;
        const std::uint32_t used = till.ask(till.verify_command(token, "bill 1"));
        const auto* verified = till.answer<VerifyAnswer>(used);
        ASSERT_NE(verified, nullptr) << static_cast<int>(till.outcome(used).code);
        EXPECT_EQ(verified->number, voucher);
        EXPECT_EQ(verified->units, 1);
        EXPECT_EQ(verified->left, 0);
        EXPECT_EQ(verified->state, VoucherStateNumber::verified);
        EXPECT_EQ(verified->outcome.balances, Balances{});  // none of a shop's business
        EXPECT_EQ(till.verify(token, "bill 2"), Code::voucher_resolved);
        EXPECT_EQ(row_of(sale, member).state, VoucherStateNumber::verified);
    }
    sale.check();
    sale.audit();
    const std::string before = sale.state();
    sale.world.restart(other());
    EXPECT_EQ(sale.state(), before);
}

TEST_P(VoucherLife, OfAnotherMemberIsNotFoundNorOneThatNeverWas) {
    Sale sale(GetParam(), Sale::counted(5, 10, 30));
    Till till(sale);
    buy(sale, 2);
    VoucherNumber voucher = row_of(sale, 0).number;
    EXPECT_EQ(till.outcome(till.ask(till.show_command(1, voucher))).code, Code::voucher_not_found);
    voucher.ticket += 100;
    const std::uint32_t request = till.ask(till.show_command(0, voucher));
    EXPECT_EQ(till.outcome(request).code, Code::voucher_not_found);
    EXPECT_NE(till.outcome(request).entry_id, Lsn{});  // a refusal is journaled
    EXPECT_EQ(till.outcome(till.ask(till.undo_command(voucher, "bill"))).code,
              Code::voucher_not_found);
    sale.audit();
}

TEST_P(VoucherLife, TokenThatIsAlteredReplacedOrTooOldIsRefused) {
    Sale sale(GetParam(), Sale::counted(5, 10, 30));
    Till till(sale);
    buy(sale, 1);
    const VoucherNumber voucher = row_of(sale, 0).number;
    const TokenBytes first = till.token(0, voucher, seconds(10));
    for (std::size_t at = 0; at < first.size(); ++at) {
        TokenBytes altered = first;
        altered[at] ^= std::byte{1};
        EXPECT_EQ(till.verify(altered, "bill"), Code::token_not_valid) << at;
    }
    const TokenBytes second = till.token(0, voucher, seconds(10));
    EXPECT_EQ(till.verify(first, "bill"), Code::token_not_valid);
    sale.world.clock.pass(seconds(10));  // exclusively
    EXPECT_EQ(till.verify(second, "bill"), Code::token_expired);
    EXPECT_EQ(till.verify(till.token(0, voucher, seconds(10)), "bill"), Code::ok);
    sale.audit();
}

// A token is nothing but what its voucher and the secret say: any later process knows it.
TEST_P(VoucherLife, TokenIsGoodAfterAKillUnderAnyNumberOfShards) {
    Sale sale(GetParam(), Sale::counted(5, 10, 30));
    Till till(sale);
    buy(sale, 3);
    for (std::uint64_t member = 0; member < 3; ++member) {
        const TokenBytes token = till.token(member, row_of(sale, member).number);
        if (member == 1) sale.world.write_checkpoint();
        sale.world.restart(static_cast<std::uint16_t>((GetParam() + member) % 4 + 1));
        EXPECT_EQ(till.verify(token, "bill"), Code::ok);
    }
    sale.audit();
}

TEST_P(VoucherLife, DoubleVerifyWithTheSameReferenceIsOneUse) {
    Sale sale(GetParam(), Sale::counted(5, 10, 30, "[offer.voucher]\nuses = 3\n"));
    Till till(sale);
    buy(sale, 1);
    const VoucherNumber voucher = row_of(sale, 0).number;
    const TokenBytes token = till.token(0, voucher);
    const Command command = till.verify_command(token, "bill 1");
    const std::uint32_t first = sale.send(command);
    const std::uint32_t in_flight = sale.send(command);                           // the same id
    const std::uint32_t again = sale.send(till.verify_command(token, "bill 1"));  // another
    sale.world.settle();
    ASSERT_NE(till.answer<VerifyAnswer>(first), nullptr);
    EXPECT_EQ(*till.answer<VerifyAnswer>(in_flight), *till.answer<VerifyAnswer>(first));
    EXPECT_EQ(till.outcome(again).code, Code::ok);
    EXPECT_EQ(till.answer<VerifyAnswer>(again)->units, 1);
    EXPECT_EQ(till.answer<VerifyAnswer>(again)->left, 2);
    EXPECT_EQ(row_of(sale, 0).left, 2);
    EXPECT_EQ(till.verify(token, "bill 1", 2), Code::verification_differs);
    EXPECT_EQ(till.verify(token, "bill 2"), Code::token_not_valid);  // good once
    sale.world.restart(other());
    const std::uint32_t later = till.ask(command);
    ASSERT_NE(till.answer<VerifyAnswer>(later), nullptr);
    EXPECT_EQ(*till.answer<VerifyAnswer>(later), *till.answer<VerifyAnswer>(first));  // P2
    EXPECT_EQ(row_of(sale, 0).left, 2);
    sale.audit();
}

TEST_P(VoucherLife, RequestIdWithAnotherBodyIsRefused) {
    Sale sale(GetParam(), Sale::counted(5, 10, 30, "[offer.voucher]\nuses = 3\n"));
    Till till(sale);
    buy(sale, 1);
    const TokenBytes token = till.token(0, row_of(sale, 0).number);
    Command command = till.verify_command(token, "bill 1");
    EXPECT_EQ(till.outcome(till.ask(command)).code, Code::ok);
    command.head.body_hash ^= 1;
    EXPECT_EQ(till.outcome(till.ask(command)).code, Code::request_id_reused);
}

TEST_P(VoucherLife, IsUsedInPartsUpToItsAmountAndInItsShopsOnly) {
    Sale sale(GetParam(),
              Sale::counted(5, 10, 30,
                            "[offer.voucher]\namount = 1000\nmerchant = 4\nstores = [11, 12]\n"));
    Till till(sale);
    buy(sale, 1);
    const VoucherNumber voucher = row_of(sale, 0).number;
    const auto pay = [&](std::string_view bill, std::int64_t amount, std::uint32_t merchant,
                         std::uint32_t store) {
        const TokenBytes token = till.token(0, voucher);
        return till.outcome(till.ask(till.verify_command(token, bill, amount, merchant, store)));
    };
    EXPECT_EQ(pay("1", 300, 4, 11).code, Code::ok);
    EXPECT_EQ(pay("2", 300, 5, 11).code, Code::voucher_not_here);
    EXPECT_EQ(pay("2", 300, 4, 13).code, Code::voucher_not_here);
    const Outcome too_much = pay("2", 701, 4, 12);
    EXPECT_EQ(too_much.code, Code::voucher_exceeded);
    EXPECT_EQ(too_much.detail, 700);
    EXPECT_EQ(pay("2", 0, 4, 12).detail, 700);  // all that is left
    EXPECT_EQ(row_of(sale, 0).left, 0);
    EXPECT_EQ(till.outcome(till.ask(till.show_command(0, voucher))).code, Code::voucher_resolved);
    sale.audit();
}

TEST_P(VoucherLife, VerificationIsUndoneWithinItsTimeAndNumber) {
    Sale sale(GetParam(),
              Sale::counted(5, 10, 30,
                            "[offer.voucher]\nuses = 2\nundo_within_seconds = 60\nundo_max = 1\n"));
    Till till(sale);
    buy(sale, 1);
    const VoucherNumber voucher = row_of(sale, 0).number;
    const auto undo = [&](std::string_view bill) {
        return till.ask(till.undo_command(voucher, bill));
    };
    EXPECT_EQ(till.outcome(undo("1")).code, Code::verification_not_found);
    EXPECT_EQ(till.verify(till.token(0, voucher), "1"), Code::ok);
    EXPECT_EQ(till.verify(till.token(0, voucher), "2"), Code::ok);
    const std::uint32_t undone = undo("1");
    ASSERT_NE(till.answer<VerifyAnswer>(undone), nullptr);
    EXPECT_EQ(till.answer<VerifyAnswer>(undone)->units, 1);
    EXPECT_EQ(till.answer<VerifyAnswer>(undone)->left, 1);
    EXPECT_EQ(till.outcome(undo("1")).code, Code::ok);  // once more is the same
    EXPECT_EQ(row_of(sale, 0).left, 1);
    EXPECT_EQ(till.outcome(undo("2")).code, Code::undo_limit_reached);
    // Another partner has no such verification.
    Command foreign = till.undo_command(voucher, "2");
    foreign.head.partner = PartnerId{77};
    EXPECT_EQ(till.outcome(till.ask(foreign)).code, Code::verification_not_found);
    sale.world.clock.pass(seconds(60));
    EXPECT_EQ(till.outcome(undo("2")).code, Code::undo_too_late);
    sale.audit();
    const std::string before = sale.state();
    sale.world.restart(other());
    EXPECT_EQ(sale.state(), before);
}

TEST_P(VoucherLife, IsVerifiedByItsCodeWhicheverShardIsAsked) {
    Sale sale(GetParam(), Sale::coded(5, 10));
    Till till(sale);
    sale.import(Sale::codes(1, 8), 5);
    EXPECT_EQ(till.outcome(till.ask(till.code_command("CODE-0000-1", "early"))).code,
              Code::voucher_not_found);
    for (std::uint64_t i = 0; i < 8; ++i) sale.earn(i, 100);
    sale.world.settle();
    std::vector<std::string> codes;
    for (std::uint64_t i = 0; i < 8; ++i) {
        const std::uint32_t request = sale.send_redeem(i, 5);
        sale.world.settle();
        ASSERT_NE(sale.redeemed(request), nullptr);
        codes.emplace_back(sale.redeemed(request)->vouchers[0].code.view());
    }
    for (std::uint64_t i = 0; i < 8; ++i) {
        if (i == 3) sale.world.restart(other());
        if (i == 5) {
            sale.world.write_checkpoint();
            sale.world.restart(GetParam());
        }
        const std::uint32_t request = till.ask(till.code_command("  " + codes[i] + " ", "bill"));
        ASSERT_NE(till.answer<VerifyAnswer>(request), nullptr)
            << i << " " << static_cast<int>(till.outcome(request).code);
        EXPECT_EQ(till.answer<VerifyAnswer>(request)->number, row_of(sale, i).number);
        EXPECT_EQ(row_of(sale, i).state, VoucherStateNumber::verified);
        EXPECT_EQ(till.outcome(till.ask(till.code_command(codes[i], "bill"))).code, Code::ok);
        EXPECT_EQ(till.outcome(till.ask(till.code_command(codes[i], "other"))).code,
                  Code::voucher_resolved);
    }
    EXPECT_EQ(till.outcome(till.ask(till.code_command("code-0000-1", "case"))).code,
              Code::voucher_not_found);  // this offer's codes are exact
    sale.check();
    sale.audit();
}

TEST_P(VoucherLife, FoldedCodesAreVerifiedAsPeopleTypeThem) {
    Sale sale(GetParam(), Sale::coded(5, 10, "code_form = \"folded\"\n"));
    Till till(sale);
    sale.import("AbCd-EfGh-1\n", 5);
    buy(sale, 1);
    EXPECT_EQ(till.outcome(till.ask(till.code_command("abcdefgh1", "bill"))).code, Code::ok);
}

// What was refused since nobody had the code stays refused under its id, and a fresh id is served.
TEST_P(VoucherLife, CodeThatNobodyHadIsRefusedForThatRequestForEver) {
    Sale sale(GetParam(), Sale::coded(5, 10));
    Till till(sale);
    sale.import(Sale::codes(1, 1), 5);
    const Command early = till.code_command("CODE-0000-1", "bill");
    const std::uint32_t first = till.ask(early);
    EXPECT_EQ(till.outcome(first).code, Code::voucher_not_found);
    buy(sale, 1);
    EXPECT_EQ(till.outcome(till.ask(early)), till.outcome(first));  // P2
    sale.world.restart(other());
    EXPECT_EQ(till.outcome(till.ask(early)), till.outcome(first));
    EXPECT_EQ(till.outcome(till.ask(till.code_command("CODE-0000-1", "bill"))).code, Code::ok);
    sale.audit();
}

TEST_P(VoucherLife, IsOverAtItsEndWhetherOrNotThatWasPosted) {
    Sale sale(GetParam(), Sale::counted(5, 10, 30,
                                        "[offer.voucher]\nvalid_days = 1\nuses = 2\n"
                                        "undo_within_seconds = 864000\nundo_max = 5\n"));
    Till till(sale);
    buy(sale, 1);
    const VoucherRow row = row_of(sale, 0);
    EXPECT_EQ(till.verify(till.token(0, row.number), "before"), Code::ok);
    sale.world.clock.pass(Duration{(row.expires_at - sale.world.clock.now()).ns - 1});
    const TokenBytes token = till.token(0, row.number);
    sale.world.clock.pass(Duration{1});
    EXPECT_EQ(till.verify(token, "late"), Code::voucher_expired);
    EXPECT_EQ(row_of(sale, 0).state, VoucherStateNumber::expired);
    EXPECT_THAT(sale.vouchers(0, {.after = {}, .state = 4}).rows, SizeIs(1));
    EXPECT_EQ(till.verify(token, "before"), Code::ok);  // its first answer
    // What comes back is over at once.
    const std::uint32_t undone = till.ask(till.undo_command(row.number, "before"));
    ASSERT_NE(till.answer<VerifyAnswer>(undone), nullptr);
    EXPECT_EQ(till.answer<VerifyAnswer>(undone)->state, VoucherStateNumber::expired);
    EXPECT_EQ(till.verify(token, "later"), Code::voucher_expired);
    sale.audit();
}

TEST_P(VoucherLife, IsHeldToVelocity) {
    Sale sale(GetParam(),
              Sale::coded(5, 10, "[offer.voucher]\nuses = 9\n") +
                  "[[velocity]]\nid = 1\nper = \"member\"\nkind = \"verify\"\ncount = 2\n"
                  "window_seconds = 10\n"
                  "[[velocity]]\nid = 2\nper = \"member\"\nkind = \"query\"\ncount = 3\n"
                  "window_seconds = 10\n"
                  "[[velocity]]\nid = 3\nper = \"origin\"\nkind = \"verify\"\ncount = 4\n"
                  "window_seconds = 10\n");
    Till till(sale);
    sale.import(Sale::codes(1, 2), 5);
    buy(sale, 2);
    const VoucherNumber voucher = row_of(sale, 0).number;
    for (int i = 0; i < 3; ++i) (void)till.token(0, voucher);
    const Outcome shown = till.outcome(till.ask(till.show_command(0, voucher)));
    EXPECT_EQ(shown.code, Code::risk_refused);
    EXPECT_EQ(shown.detail, 2);
    const auto verify = [&](std::string_view code, std::string_view bill, std::uint64_t origin) {
        return till.outcome(till.ask(till.code_command(code, bill, 0, origin)));
    };
    EXPECT_EQ(verify("CODE-0000-1", "1", 0).code, Code::ok);
    EXPECT_EQ(verify("CODE-0000-1", "2", 0).code, Code::ok);
    EXPECT_EQ(verify("CODE-0000-1", "3", 0).code, Code::risk_refused);
    EXPECT_EQ(row_of(sale, 0).left, 7);  // INV-13
    // Somebody who guesses is stopped, whatever he guesses.
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(verify("GUESS-" + std::to_string(i), "g", 42).code, Code::voucher_not_found);
    const Outcome stopped = verify("GUESS-5", "g", 42);
    EXPECT_EQ(stopped.code, Code::risk_refused);
    EXPECT_EQ(stopped.detail, 3);
    EXPECT_EQ(verify("CODE-0000-2", "1", 42).code, Code::risk_refused);
    sale.world.clock.pass(seconds(10));
    EXPECT_EQ(verify("CODE-0000-2", "1", 42).code, Code::ok);
    sale.audit();
}

// verify | verify | expiry on one voucher: in each order exactly one use wins, and a kill at any
// point leaves all of it or nothing.
TEST_P(VoucherLife, OfTwoTillsExactlyOneWinsWhateverIsKilled) {
    for (int commits = 0; commits < 2; ++commits) {
        Sale sale(GetParam(), Sale::coded(5, 10));
        Till till(sale);
        sale.import(Sale::codes(1, 1), 5);
        buy(sale, 1);
        const TokenBytes token = till.token(0, row_of(sale, 0).number);
        const Command by_token = till.verify_command(token, "token");
        const Command by_code = till.code_command("CODE-0000-1", "code");
        const std::uint32_t a = sale.send(by_token);
        const std::uint32_t b = sale.send(by_code);
        for (int step = 0; step < 6; ++step) sale.world.step_shards();
        for (int i = 0; i < commits; ++i) sale.world.commit();
        const bool told = sale.world.answer(a) != nullptr || sale.world.answer(b) != nullptr;
        sale.world.restart(other());
        EXPECT_EQ(row_of(sale, 0).state == VoucherStateNumber::verified, commits > 0);
        EXPECT_TRUE(commits > 0 || !told);  // P4
        const Code first = till.outcome(till.ask(by_token)).code;
        const Code second = till.outcome(till.ask(by_code)).code;
        EXPECT_EQ((first == Code::ok) + (second == Code::ok), 1);
        EXPECT_EQ(row_of(sale, 0).left, 0);
        sale.audit();
    }
}

TEST(VoucherLifeTest, CodesThatWereVerifiedAreInNoFileInTheClear) {
    Sale sale(2, Sale::coded(5, 1));
    Till till(sale);
    sale.import(Sale::codes(1, 4), 5);
    for (std::uint64_t i = 0; i < 4; ++i) sale.earn(i, 10);
    sale.world.settle();
    for (std::uint64_t i = 0; i < 4; ++i) sale.redeem(i, 5);
    for (int i = 1; i <= 9; ++i)  // some of them nobody's
        (void)till.ask(till.code_command("CODE-0000-" + std::to_string(i), "bill"));
    sale.world.write_checkpoint();
    const auto look_at = [&](std::span<const std::byte> stored) {
        const std::string_view text(reinterpret_cast<const char*>(stored.data()), stored.size());
        EXPECT_EQ(text.find("CODE-0000"), std::string_view::npos);
        EXPECT_EQ(text.find("CODE0000"), std::string_view::npos);
    };
    for (const auto& [name, content] : sale.world.volume.files) look_at(content);
    for (const auto& [name, store] : sale.world.volume.stores)
        for (const auto& [key, value] : store->values) look_at(value);
}

}  // namespace
}  // namespace suanpan::shard
