// Offers and vouchers through the library, from C++ and from C: what is asked comes to the server,
// and what it answers comes back, codes included.
#include "client/suanpan.h"
#include "client/suanpan_client.h"
#include "tests/unit/client/fake_server.h"
#include "tests/unit/protocol/offer_fixture.h"

#include <gmock/gmock.h>

#include <cstring>
#include <string>

namespace suanpan::client {
namespace {

using codec_fixture::some_voucher;

// Answers every kind about offers with the fixture's answer, but for its code.
struct Shop {
    Code code = Code::ok;
    std::vector<CommandBody> bodies;
    std::vector<std::string> texts;
    std::vector<RequestId> ids;
    int busy_answers = 0;  // before the others

    void answer(FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
        const DecodedEvent& event = frame.events.at(0);
        bodies.push_back(event.command.body);
        ids.push_back(event.command.head.request_id);
        std::string text;
        if (event.payload != nullptr)
            for (const std::byte byte : event.payload->text) text += static_cast<char>(byte);
        texts.push_back(text);
        std::vector<std::byte> bytes;
        if (busy_answers > 0) {
            --busy_answers;
            encode_refusal(bytes, header, {.code = Code::busy, .retry_after_ms = 1});
            return peer.send(std::move(bytes));
        }
        const auto with_code = [this](auto sent) {
            sent.outcome = {.code = code, .amount = {77}, .detail = 7};
            return sent;
        };
        switch (frame.kind) {
            case CommandKind::redeem:
                encode_redeem(bytes, header, with_code(codec_fixture::some_redemption()));
                break;
            case CommandKind::reveal:
                encode_reveal(bytes, header, with_code(codec_fixture::some_revelation()));
                break;
            case CommandKind::offers:
                encode_offers(bytes, header, with_code(codec_fixture::some_offers()));
                break;
            case CommandKind::vouchers:
                encode_vouchers(bytes, header, with_code(codec_fixture::some_vouchers()));
                break;
            case CommandKind::codes_import:
                encode_codes(bytes, header, with_code(codec_fixture::some_codes()));
                break;
            case CommandKind::recall:
                encode_recall(bytes, header, with_code(codec_fixture::some_recall()));
                break;
            case CommandKind::show:
                encode_show(bytes, header, with_code(codec_fixture::some_show()));
                break;
            case CommandKind::verify:
            case CommandKind::undo_verify:
                encode_verify(bytes, header, with_code(codec_fixture::some_verification()));
                break;
            default:
                encode_rules(bytes, header,
                             with_code(RulesAnswer{.outcome = {}, .message = "line 1: no\n"}));
        }
        peer.send(std::move(bytes));
    }
    FakeServer::Script script() {
        return [this](FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
            answer(peer, header, frame);
        };
    }
};

const Target alice{.member = {.high = 0xa11ce, .low = 1}, .program = ProgramId{3}};

TEST(Offers, AreRedeemedWithTicketAndCodes) {
    Shop shop;
    FakeServer server({}, shop.script());
    Client client(server.options());
    const Answer answer = client.redeem(alice, 5, 2, 99);
    ASSERT_TRUE(answer.is_done());
    EXPECT_EQ(answer.outcome.detail, 7);
    ASSERT_NE(answer.redeemed, nullptr);
    EXPECT_EQ(answer.redeemed->ticket, 7U);
    ASSERT_EQ(answer.redeemed->vouchers.size(), 2U);
    EXPECT_EQ(answer.redeemed->vouchers[1].code.view(), "ABCD-EFGH-1");
    EXPECT_FALSE(answer.request_id.is_zero());
    const auto& asked = std::get<Redeem>(shop.bodies.at(0));
    EXPECT_EQ(asked.offer, 5U);
    EXPECT_EQ(asked.quantity, 2);
    EXPECT_EQ(asked.origin, 99U);
}

TEST(Offers, ARefusedRedemptionHasNothingButItsOutcome) {
    Shop shop{.code = Code::sold_out};
    FakeServer server({}, shop.script());
    Client client(server.options());
    const Answer answer = client.redeem(alice, 5);
    EXPECT_EQ(answer.fate, Fate::refused);
    EXPECT_EQ(answer.outcome.code, Code::sold_out);
    EXPECT_EQ(answer.redeemed, nullptr);
}

TEST(Offers, ABusyRedemptionIsSentAgainUnderItsId) {
    Shop shop{.busy_answers = 2};
    FakeServer server({}, shop.script());
    Client client(server.options());
    const Answer answer = client.redeem(alice, 5);
    EXPECT_TRUE(answer.is_done());
    EXPECT_EQ(answer.attempts, 3U);
    ASSERT_EQ(shop.ids.size(), 3U);
    EXPECT_EQ(shop.ids[0], shop.ids[1]);
    EXPECT_EQ(shop.ids[0], shop.ids[2]);
}

// Not now is the server's exact word on the stock, and the caller decides whether to wait.
TEST(Offers, AllSetAsideComesBackAtOnce) {
    Shop shop{.code = Code::all_set_aside};
    FakeServer server({}, shop.script());
    Client client(server.options());
    const Answer answer = client.redeem(alice, 5);
    EXPECT_EQ(answer.outcome.code, Code::all_set_aside);
    EXPECT_EQ(answer.attempts, 1U);
}

TEST(Offers, VouchersAreShownVerifiedAndUndone) {
    Shop shop;
    FakeServer server({}, shop.script());
    Client client(server.options());
    const Answer shown = client.show(alice, some_voucher, seconds(30), 98);
    ASSERT_NE(shown.shown, nullptr);
    EXPECT_EQ(shown.shown->token, codec_fixture::some_show().token);
    EXPECT_EQ(std::get<Show>(shop.bodies.at(0)).life, seconds(30));
    EXPECT_EQ(std::get<Show>(shop.bodies.at(0)).task.origin, 98U);
    const Verification use{.reference = "bill", .merchant = 4, .store = 11, .amount = 3};
    const Answer by_token = client.verify(alice, shown.shown->token, use);
    ASSERT_NE(by_token.verified, nullptr);
    EXPECT_EQ(by_token.verified->left, 4);
    EXPECT_TRUE(std::get<Verify>(shop.bodies.at(1)).has_token);
    EXPECT_EQ(std::get<Verify>(shop.bodies.at(1)).units, 3);
    EXPECT_EQ(shop.texts.at(1), "");
    const Answer by_code = client.verify(alice, "ABCD-EFGH", use);
    ASSERT_NE(by_code.verified, nullptr);
    EXPECT_EQ(shop.texts.at(2), "ABCD-EFGH");
    const Answer undone = client.undo_verify(alice, some_voucher, "bill");
    ASSERT_NE(undone.verified, nullptr);
    EXPECT_EQ(std::get<UndoVerification>(shop.bodies.at(3)).reference,
              codec_fixture::short_text<64>("bill"));
}

// A lookup names a member, and would say not_executed of what was.
TEST(Offers, AnUnknownVerificationStaysUnknownUntilItIsSentAgain) {
    Shop shop;
    FakeServer server({}, shop.script());
    Client client(server.options());
    Answer unknown;
    unknown.kind = CommandKind::verify;
    unknown.request_id = Client::make_request_id();
    EXPECT_EQ(client.resolve(unknown).fate, Fate::unknown);
    EXPECT_TRUE(shop.bodies.empty());
}

TEST(Offers, AreListedAndSoAreVouchers) {
    Shop shop;
    FakeServer server({}, shop.script());
    Client client(server.options());
    const Answer offers = client.offers(alice, {.after = 4, .rows_max = 10});
    ASSERT_NE(offers.offers, nullptr);
    EXPECT_EQ(offers.offers->rows, codec_fixture::some_offers().rows);
    EXPECT_EQ(offers.offers->next, 77U);
    const Answer vouchers = client.vouchers(alice);
    ASSERT_NE(vouchers.vouchers, nullptr);
    EXPECT_EQ(vouchers.vouchers->rows, codec_fixture::some_vouchers().rows);
    const Answer revealed = client.reveal(alice, some_voucher, 98);
    ASSERT_NE(revealed.revealed, nullptr);
    EXPECT_EQ(revealed.revealed->code.view(), "ABCD-EFGH");
    EXPECT_TRUE(offers.request_id.is_zero());
    EXPECT_FALSE(revealed.request_id.is_zero());
    EXPECT_EQ(std::get<ReadOffers>(shop.bodies.at(0)).after, 4U);
    EXPECT_EQ(std::get<Reveal>(shop.bodies.at(2)).voucher, some_voucher);
}

TEST(Offers, ArePutAndTheirCodesImported) {
    Shop shop;
    FakeServer server({}, shop.script());
    Client client(server.options());
    const Answer put = client.put_offers(ProgramId{3}, 2, "[[offer]]");
    EXPECT_TRUE(put.is_done());
    EXPECT_EQ(put.message, "line 1: no\n");
    const RequestId id = Client::make_request_id();
    const Answer imported = client.import_codes(ProgramId{3}, 5, 8, 2049, "AAAA\nBBBB\n", id);
    ASSERT_NE(imported.codes, nullptr);
    EXPECT_EQ(imported.codes->taken, 2000U);
    EXPECT_EQ(imported.codes->refused_lines, codec_fixture::some_codes().refused_lines);
    EXPECT_EQ(shop.texts, (std::vector<std::string>{"[[offer]]", "AAAA\nBBBB\n"}));
    EXPECT_EQ(shop.ids[1], id);
    EXPECT_EQ(std::get<PutOffers>(shop.bodies[0]).version, 2U);
    const auto& asked = std::get<ImportCodes>(shop.bodies[1]);
    EXPECT_EQ(asked.offer, 5U);
    EXPECT_EQ(asked.batch, 8U);
    EXPECT_EQ(asked.first_line, 2049U);
}

// ---- from C

class COffers : public ::testing::Test {
protected:
    COffers() {
        const Options options = server_.options();
        suanpan_options plain;
        std::memset(&plain, 0, sizeof plain);
        plain.port = options.endpoints[0].port;
        plain.partner = 7;
        plain.key = options.key.data();
        plain.key_bytes = options.key.size();
        client_ = suanpan_open(&plain, nullptr, 0);
        std::memset(&target_, 0, sizeof target_);
        target_.member = {.high = 0xa11ce, .low = 1};
        target_.program = 3;
    }
    ~COffers() override { suanpan_close(client_); }

    Shop shop_;
    FakeServer server_{{}, shop_.script()};
    suanpan_client* client_ = nullptr;
    suanpan_target target_;
};

TEST_F(COffers, AreRedeemed) {
    suanpan_redeemed redeemed;
    const suanpan_answer answer = suanpan_redeem(client_, &target_, 5, 2, 99, &redeemed);
    EXPECT_EQ(answer.fate, SUANPAN_DONE);
    EXPECT_EQ(redeemed.offer, 5U);
    EXPECT_EQ(redeemed.ticket, 7U);
    ASSERT_EQ(redeemed.voucher_count, 2U);
    EXPECT_STREQ(redeemed.vouchers[1].code, "ABCD-EFGH-1");
    EXPECT_EQ(redeemed.vouchers[1].number.unit, 1U);
    EXPECT_EQ(redeemed.vouchers[1].expires_at_ns, 1001);
    char name[60];
    suanpan_voucher_name(redeemed.vouchers[1].number, name, sizeof name);
    EXPECT_STREQ(name, "5-7-1-9f3c00d1a2b4e687");
    suanpan_voucher_number number;
    EXPECT_EQ(suanpan_voucher_named(name, &number), 0);
    EXPECT_EQ(number.home, some_voucher.home);
    EXPECT_EQ(suanpan_voucher_named("5-7-1", &number), -1);
    EXPECT_EQ(suanpan_voucher_named(nullptr, nullptr), -1);
    suanpan_free_redeemed(&redeemed);
    EXPECT_EQ(redeemed.vouchers, nullptr);
    suanpan_free_redeemed(&redeemed);
    suanpan_free_redeemed(nullptr);
}

TEST_F(COffers, ARefusedRedemptionFillsNothing) {
    shop_.code = Code::sold_out;
    suanpan_redeemed redeemed;
    const suanpan_answer answer = suanpan_redeem(client_, &target_, 5, 1, 0, &redeemed);
    EXPECT_EQ(answer.fate, SUANPAN_REFUSED);
    EXPECT_EQ(answer.code, static_cast<std::uint16_t>(Code::sold_out));
    EXPECT_EQ(redeemed.voucher_count, 0U);
    EXPECT_EQ(redeemed.memory, nullptr);
}

TEST_F(COffers, CodesAreRevealed) {
    char code[SUANPAN_CODE_BYTES_MAX + 1] = "before";
    const suanpan_voucher_number number{.home = 1, .ticket = 2, .offer = 3, .unit = 4};
    EXPECT_EQ(suanpan_reveal(client_, &target_, number, 98, code).fate, SUANPAN_DONE);
    EXPECT_STREQ(code, "ABCD-EFGH");
    EXPECT_EQ(std::get<Reveal>(shop_.bodies.at(0)).voucher,
              (VoucherNumber{.offer = 3, .unit = 4, .ticket = 2, .home = 1}));
    shop_.code = Code::voucher_not_found;
    EXPECT_EQ(suanpan_reveal(client_, &target_, number, 98, code).fate, SUANPAN_REFUSED);
    EXPECT_STREQ(code, "");
}

TEST_F(COffers, VouchersAreShownVerifiedAndUndone) {
    const suanpan_voucher_number number{.home = 1, .ticket = 2, .offer = 3, .unit = 4};
    suanpan_shown shown;
    EXPECT_EQ(suanpan_show(client_, &target_, number, 30'000, 98, &shown).fate, SUANPAN_DONE);
    EXPECT_EQ(shown.token[47], 0x5a);
    EXPECT_EQ(shown.until_ns, 17);
    const suanpan_verification use{
        .reference = "bill", .merchant = 4, .store = 11, .amount = 3, .origin = 97};
    suanpan_verified verified;
    EXPECT_EQ(suanpan_verify_token(client_, &target_, shown.token, &use, &verified).fate,
              SUANPAN_DONE);
    EXPECT_EQ(verified.units, 3);
    EXPECT_EQ(verified.left, 4);
    EXPECT_EQ(verified.state, 3);
    EXPECT_EQ(verified.is_amount, 1);
    EXPECT_EQ(verified.voucher.ticket, some_voucher.ticket);
    EXPECT_EQ(suanpan_verify_code(client_, &target_, "ABCD-EFGH", &use, &verified).fate,
              SUANPAN_DONE);
    EXPECT_EQ(shop_.texts.at(2), "ABCD-EFGH");
    EXPECT_EQ(std::get<Verify>(shop_.bodies.at(2)).store, 11U);
    shop_.code = Code::voucher_resolved;
    EXPECT_EQ(suanpan_undo_verify(client_, &target_, number, "bill", &verified).fate,
              SUANPAN_REFUSED);
    EXPECT_EQ(verified.units, 0);
}

TEST_F(COffers, AndVouchersAreListed) {
    suanpan_offer_list offers;
    EXPECT_EQ(suanpan_offers(client_, &target_, 4, &offers).fate, SUANPAN_DONE);
    ASSERT_EQ(offers.offer_count, 2U);
    EXPECT_STREQ(offers.offers[1].name, "coffee card 1");
    EXPECT_EQ(offers.offers[1].points, 5000);
    EXPECT_EQ(offers.next, 77U);
    suanpan_free_offers(&offers);
    EXPECT_EQ(offers.offers, nullptr);

    suanpan_voucher vouchers[1];
    std::size_t count = 9;
    suanpan_voucher_number next;
    EXPECT_EQ(suanpan_vouchers(client_, &target_, nullptr, 1, vouchers, 1, &count, &next).fate,
              SUANPAN_DONE);
    EXPECT_EQ(count, 1U);  // there is room for no more
    EXPECT_EQ(vouchers[0].state, 3);
    EXPECT_EQ(vouchers[0].has_code, 1);
    EXPECT_EQ(vouchers[0].is_amount, 0);
    EXPECT_EQ(vouchers[0].left, 60);
    EXPECT_EQ(next.ticket, some_voucher.ticket);
    const auto& asked = std::get<ReadVouchers>(shop_.bodies.at(1));
    EXPECT_EQ(asked.state, 1);
    EXPECT_EQ(asked.rows_max, 1);
}

TEST(Offers, ABatchIsRecalled) {
    Shop shop;
    FakeServer server({}, shop.script());
    Client client(server.options());
    const Answer answer = client.recall(ProgramId{3}, 5, 8, 9);
    ASSERT_TRUE(answer.is_done());
    ASSERT_NE(answer.recalled, nullptr);
    EXPECT_EQ(answer.recalled->voided, 1'000'000U);
    EXPECT_EQ(answer.recalled->set_aside, 12U);
    EXPECT_EQ(answer.recalled->issued, 345U);
    const auto& asked = std::get<RecallBatch>(shop.bodies.at(0));
    EXPECT_EQ(asked.offer, 5U);
    EXPECT_EQ(asked.batch, 8U);
    EXPECT_EQ(asked.reason, 9U);
    shop.code = Code::batch_recalled;
    const Answer again = client.recall(ProgramId{3}, 5, 8, 9);
    EXPECT_EQ(again.fate, Fate::refused);
    EXPECT_EQ(again.recalled, nullptr);
}

TEST_F(COffers, ABatchIsRecalled) {
    suanpan_recalled recalled{.voided = 99, .set_aside = 99, .issued = 99};
    const suanpan_answer answer = suanpan_recall(client_, &target_, 5, 8, 9, &recalled);
    EXPECT_EQ(answer.fate, SUANPAN_DONE);
    EXPECT_EQ(recalled.voided, 1'000'000U);
    EXPECT_EQ(recalled.set_aside, 12U);
    EXPECT_EQ(recalled.issued, 345U);
    EXPECT_EQ(std::get<RecallBatch>(shop_.bodies.at(0)).batch, 8U);
    shop_.code = Code::batch_not_found;
    const suanpan_answer none = suanpan_recall(client_, &target_, 5, 9, 0, &recalled);
    EXPECT_EQ(none.fate, SUANPAN_REFUSED);
    EXPECT_EQ(recalled.voided, 0U);
}

TEST_F(COffers, FilesArePutAndCodesImported) {
    char message[32];
    const suanpan_answer put =
        suanpan_offers_put(client_, &target_, 2, "[[offer]]", 9, message, sizeof message);
    EXPECT_EQ(put.fate, SUANPAN_DONE);
    EXPECT_STREQ(message, "line 1: no\n");
    suanpan_refused_line lines[1];
    std::size_t count = 0;
    const suanpan_answer imported =
        suanpan_codes_import(client_, &target_, 5, 8, 2049, "AAAA\n", 5, lines, 1, &count);
    EXPECT_EQ(imported.amount, 77);
    EXPECT_EQ(count, 1U);
    EXPECT_EQ(lines[0].line, 2050U);
    EXPECT_EQ(lines[0].fault, 10);
    EXPECT_EQ(shop_.texts, (std::vector<std::string>{"[[offer]]", "AAAA\n"}));
    const std::vector<Received> received = server_.received();
    EXPECT_TRUE(received.at(1).events.at(0).command.head.member.is_zero());
}

}  // namespace
}  // namespace suanpan::client
