// Replies: what the server encodes is what a client decodes.
#include "tests/unit/protocol/codec_fixture.h"

#include <gmock/gmock.h>

namespace suanpan {
namespace {

using namespace codec_fixture;

const FrameHeader header{.kind = 11, .correlation_id = 0x99};

TEST(CodecReply, BringsResultsAcrossInOrder) {
    std::vector<Outcome> sent;
    for (int i = 0; i < 500; ++i) sent.push_back(some_outcome(i));
    std::vector<std::byte> bytes;
    encode_results(bytes, header, sent);
    const OneFrame frame(bytes);
    EXPECT_EQ(frame.header().kind, 11);
    EXPECT_EQ(frame.header().flags, frame_flag_reply);
    EXPECT_EQ(frame.header().correlation_id, 0x99U);
    std::vector<Outcome> got(3);
    ASSERT_TRUE(decode_results(frame.body(), got));
    EXPECT_EQ(got, sent);
}

TEST(CodecReply, AppendsToWhatWaitsToBeSent) {
    std::vector<std::byte> bytes;
    const Outcome first = some_outcome(1);
    const Outcome second = some_outcome(2);
    encode_results(bytes, header, std::span(&first, 1));
    const std::size_t one_reply = bytes.size();
    encode_results(bytes, header, std::span(&second, 1));
    EXPECT_EQ(bytes.size(), 2 * one_reply);
    FrameDecoder decoder;
    EXPECT_EQ(decoder.next(bytes).consumed, one_reply);
}

TEST(CodecReply, BringsAStatementAcross) {
    const Statement sent = some_statement(3);
    std::vector<std::byte> bytes;
    encode_statement(bytes, {.kind = 31}, sent);
    const OneFrame frame(bytes);
    const auto got = decode_statement(frame.body());
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->outcome, sent.outcome);
    EXPECT_EQ(got->next, sent.next);
    ASSERT_EQ(got->lines.size(), 3U);
    const StatementLine& line = got->lines[2];
    EXPECT_EQ(line.entry_id, Lsn{102});
    EXPECT_EQ(line.time, Instant{12});
    EXPECT_EQ(line.request_id, some_request_id);
    EXPECT_EQ(line.amount, Points{-13});
    EXPECT_EQ(line.balances, sent.lines[2].balances);
    EXPECT_EQ(line.reference, 14U);
    EXPECT_EQ(line.local_date, LocalDate{15});
    EXPECT_EQ(line.partner, some_partner);
    EXPECT_EQ(line.principal, PrincipalId{16});
    EXPECT_EQ(line.kind, 17);
    EXPECT_EQ(line.reason, 18);
}

TEST(CodecReply, BringsTheLongestStatementAcross) {
    std::vector<std::byte> bytes;
    encode_statement(bytes, {.kind = 31}, some_statement(limits::statement_lines_max));
    const OneFrame frame(bytes);
    const auto got = decode_statement(frame.body());
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->lines.size(), limits::statement_lines_max);
}

TEST(CodecReply, BringsWhatExpiresAcross) {
    std::vector<std::byte> bytes;
    encode_expiring(bytes, {.kind = 33},
                    {.outcome = some_outcome(), .rows = {{{10}, {20}}, {{30}, {40}}}});
    const OneFrame frame(bytes);
    const auto got = decode_expiring(frame.body());
    ASSERT_TRUE(got.has_value());
    ASSERT_EQ(got->rows.size(), 2U);
    EXPECT_EQ(got->rows[1].expires_at, Instant{30});
    EXPECT_EQ(got->rows[1].points, Points{40});
}

TEST(CodecReply, BringsChallengeAndGreetingAcross) {
    std::vector<std::byte> bytes;
    const Challenge challenge = make_challenge();
    encode_challenge(bytes, challenge);
    const OneFrame first(bytes);
    EXPECT_EQ(first.header().kind, 1);
    EXPECT_EQ(decode_challenge(first.body()), challenge);

    bytes.clear();
    const Greeting sent = some_greeting();
    encode_greeting(bytes, {.kind = 2}, sent);
    const OneFrame second(bytes);
    const auto got = decode_greeting(second.body());
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->outcome, sent.outcome);
    EXPECT_EQ(got->version, sent.version);
    EXPECT_EQ(got->shard_ports, sent.shard_ports);
    EXPECT_EQ(got->hash_seed, sent.hash_seed);
    EXPECT_EQ(got->request_floor_ms, sent.request_floor_ms);
    EXPECT_EQ(got->frame_body_bytes_max, sent.frame_body_bytes_max);
    EXPECT_EQ(got->batch_events_max, sent.batch_events_max);
    EXPECT_EQ(got->frames_in_flight_max, sent.frames_in_flight_max);
    EXPECT_EQ(got->server_uuid, sent.server_uuid);
    EXPECT_EQ(got->sandbox, sent.sandbox);
    EXPECT_EQ(got->server_version, sent.server_version);
}

TEST(CodecReply, RefusesAFrameInTheShapeOfItsReply) {
    const Outcome outcome{.code = Code::message_malformed};
    for (const int kind : {2, 11, 31, 33, 99}) {
        std::vector<std::byte> bytes;
        encode_refusal(bytes, {.kind = static_cast<std::uint16_t>(kind)}, outcome);
        const OneFrame frame(bytes);
        EXPECT_EQ(frame.header().kind, kind);
        if (kind == 2) {
            EXPECT_EQ(decode_greeting(frame.body())->outcome, outcome);
        } else if (kind == 31) {
            EXPECT_EQ(decode_statement(frame.body())->outcome, outcome);
        } else if (kind == 33) {
            EXPECT_EQ(decode_expiring(frame.body())->outcome, outcome);
        } else {
            std::vector<Outcome> results;
            ASSERT_TRUE(decode_results(frame.body(), results));
            EXPECT_EQ(results, std::vector{outcome});
        }
    }
}

TEST(Codec, BringsAnswersAboutOrdersAcross) {
    std::vector<std::byte> bytes;
    encode_quote(bytes, {}, some_quote());
    const auto quote = decode_quote(OneFrame(bytes).body());
    ASSERT_TRUE(quote.has_value());
    EXPECT_EQ(*quote, some_quote());
    bytes.clear();
    encode_order(bytes, {}, some_order());
    const auto order = decode_order(OneFrame(bytes).body());
    ASSERT_TRUE(order.has_value());
    EXPECT_EQ(*order, some_order());
    bytes.clear();
    encode_terms(bytes, {}, some_terms());
    const auto terms = decode_terms(OneFrame(bytes).body());
    ASSERT_TRUE(terms.has_value());
    EXPECT_EQ(*terms, some_terms());
    bytes.clear();
    const RulesAnswer sent{.outcome = some_outcome(), .message = "line 1: no"};
    encode_rules(bytes, {}, sent);
    const auto rules = decode_rules(OneFrame(bytes).body());
    ASSERT_TRUE(rules.has_value());
    EXPECT_EQ(*rules, sent);
}

TEST(Codec, BringsAnExplanationAcross) {
    Explanation sent{.outcome = some_outcome(),
                     .previous_entry = {77},
                     .reference = 78,
                     .local_date = {20'000},
                     .partner = PartnerId{3},
                     .principal = PrincipalId{4},
                     .kind = 11,
                     .reason = 5,
                     .policy_version = 6,
                     .rule_version = 7,
                     .lots = {{.expires_at = instant_never,
                               .active_from = {1'000},
                               .delta = {-30},
                               .rule_version = 8,
                               .hold = 9,
                               .restriction = Restriction{10},
                               .origin = LotOrigin::purchased,
                               .cause = MovementCause::debt},
                              {.expires_at = {2'000}, .active_from = {}, .delta = {40}}},
                     .limits = {{.kind = CountedLimit::account_day,
                                 .id = 11,
                                 .period = {12},
                                 .money = {13},
                                 .points = {14},
                                 .count = 15}}};
    sent.terms_hash.fill(std::byte{16});
    sent.entry_hash.fill(std::byte{17});
    std::vector<std::byte> bytes;
    encode_explanation(bytes, {}, sent);
    const auto told = decode_explanation(OneFrame(bytes).body());
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(*told, sent);

    bytes.clear();
    encode_refusal(bytes, {.kind = static_cast<std::uint16_t>(CommandKind::explain)},
                   some_outcome());
    const auto refused = decode_explanation(OneFrame(bytes).body());
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->outcome, some_outcome());
    EXPECT_TRUE(refused->lots.empty());
}

TEST(Codec, BringsRefusalsAboutOrdersAcrossInTheirOwnShape) {
    const auto body_of_refusal = [](CommandKind kind) {
        std::vector<std::byte> bytes;
        encode_refusal(bytes, {.kind = static_cast<std::uint16_t>(kind)}, some_outcome());
        return bytes;
    };
    const auto outcome_of = [](const auto& decoded) {
        return decoded.has_value() ? decoded->outcome : Outcome{};
    };
    EXPECT_EQ(outcome_of(decode_quote(OneFrame(body_of_refusal(CommandKind::quote)).body())),
              some_outcome());
    EXPECT_EQ(outcome_of(decode_order(OneFrame(body_of_refusal(CommandKind::order)).body())),
              some_outcome());
    EXPECT_EQ(outcome_of(decode_terms(OneFrame(body_of_refusal(CommandKind::terms)).body())),
              some_outcome());
    EXPECT_EQ(outcome_of(decode_rules(OneFrame(body_of_refusal(CommandKind::rules_put)).body())),
              some_outcome());
}

}  // namespace
}  // namespace suanpan
