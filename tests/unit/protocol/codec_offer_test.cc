// Messages about offers, codes and vouchers: what one side encodes is what the other decodes, and
// what is out of its bounds has a code of its own.
#include "suanpan_generated.h"
#include "tests/unit/protocol/offer_fixture.h"

#include <flatbuffers/flatbuffers.h>
#include <gmock/gmock.h>

namespace suanpan {
namespace {

using namespace codec_fixture;

std::vector<DecodedEvent> decoded(const Command& command) {
    const OneFrame frame(frame_of(command));
    std::vector<DecodedEvent> events;
    EXPECT_TRUE(decode_request(command.head.kind, frame.body(), some_partner, some_key, events));
    return events;
}
std::uint64_t hash_of(const Command& command) {
    return decoded(command)[0].command.head.body_hash;
}
std::pair<Code, std::int64_t> verdict_of(CommandKind kind, const CommandBody& body) {
    const auto events = decoded(command_of(kind, body));
    return {events[0].code, events[0].detail};
}
std::pair<Code, std::int64_t> field(std::int64_t number) {
    return {Code::field_out_of_range, number};
}

TEST(CodecOffer, BringsEveryRequestAcross) {
    for (const Command& sent : every_offer_command()) {
        const OneFrame frame(frame_of(sent));
        EXPECT_EQ(frame.header().kind, static_cast<std::uint16_t>(sent.head.kind));
        const auto events = decoded(sent);
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].code, Code::ok) << frame.header().kind << " " << events[0].detail;
        EXPECT_EQ(events[0].command.head.partner, some_partner);
        EXPECT_EQ(events[0].command.head.program, ProgramId{3});
        EXPECT_EQ(frame_of(events[0].command), frame_of(sent)) << frame.header().kind;
    }
}

TEST(CodecOffer, BringsTheFieldsAcross) {
    const std::vector<Command> sent = every_offer_command();
    std::vector<DecodedEvent> got;
    for (const Command& command : sent) got.push_back(std::move(decoded(command)[0]));
    const auto& redeem = std::get<Redeem>(got[0].command.body);
    EXPECT_EQ(redeem.offer, 5U);
    EXPECT_EQ(redeem.quantity, 2);
    EXPECT_EQ(redeem.origin, 99U);
    EXPECT_EQ(redeem.cash, Money{1'980});
    EXPECT_EQ(redeem.order, (OrderId{{'o', '-', '1'}}));
    EXPECT_EQ(redeem.terms, nullptr);
    const auto& reveal = std::get<Reveal>(got[1].command.body);
    EXPECT_EQ(reveal.voucher, some_voucher);
    EXPECT_EQ(reveal.origin, 98U);
    const auto& offers = std::get<ReadOffers>(got[2].command.body);
    EXPECT_EQ(offers.after, 4U);
    EXPECT_EQ(offers.rows_max, 10);
    const auto& vouchers = std::get<ReadVouchers>(got[3].command.body);
    EXPECT_EQ(vouchers.after, some_voucher);
    EXPECT_EQ(vouchers.state, 1);
    EXPECT_EQ(vouchers.rows_max, 20);
    const auto& put = std::get<PutOffers>(got[4].command.body);
    EXPECT_EQ(put.version, 3U);
    EXPECT_EQ(put.payload, got[4].payload.get());
    EXPECT_EQ(put.payload->text, some_payload().text);
    const auto& import = std::get<ImportCodes>(got[5].command.body);
    EXPECT_EQ(import.offer, 5U);
    EXPECT_EQ(import.batch, 8U);
    EXPECT_EQ(import.first_line, 2049U);
    EXPECT_EQ(import.payload, got[5].payload.get());
    EXPECT_EQ(import.payload->text, some_payload().text);
    const auto& show = std::get<Show>(got[6].command.body);
    EXPECT_EQ(show.task.voucher, some_voucher);
    EXPECT_EQ(show.task.asker, got[6].command.head.member);
    EXPECT_EQ(show.task.origin, 97U);
    EXPECT_EQ(show.life, seconds(30));
    const auto& by_token = std::get<Verify>(got[7].command.body);
    EXPECT_TRUE(by_token.has_token);
    EXPECT_EQ(by_token.payload, nullptr);
    EXPECT_EQ(by_token.proof, some_use().proof);
    EXPECT_EQ(by_token.reference, some_use().reference);
    EXPECT_EQ(by_token.merchant, 4U);
    EXPECT_EQ(by_token.store, 11U);
    EXPECT_EQ(by_token.units, 3);
    EXPECT_EQ(by_token.task.origin, 96U);
    EXPECT_TRUE(got[7].command.head.member.is_zero());
    const auto& by_code = std::get<Verify>(got[8].command.body);
    EXPECT_FALSE(by_code.has_token);
    EXPECT_EQ(by_code.payload, got[8].payload.get());
    EXPECT_EQ(by_code.payload->text, some_payload().text);
    const auto& undo = std::get<UndoVerification>(got[9].command.body);
    EXPECT_EQ(undo.task.voucher, some_voucher);
    EXPECT_EQ(undo.reference, some_use().reference);
}

TEST(CodecOffer, HashesEveryFieldOfAUse) {
    const auto hash = [](const Verify& verify) {
        return hash_of(command_of(CommandKind::verify, verify));
    };
    const std::uint64_t one = hash(some_use());
    EXPECT_EQ(hash(some_use()), one);
    std::vector<Verify> others(7, some_use());
    others[0].proof[5] += 1;
    others[1].reference.bytes[1] = 'x';
    others[2].merchant += 1;
    others[3].store += 1;
    others[4].units += 1;
    others[5].task.origin += 1;
    others[6] = some_use_by_code();
    for (const Verify& other : others) EXPECT_NE(hash(other), one);
    CommandPayload other_code = some_payload();
    other_code.text[0] ^= std::byte{1};
    Verify by_other_code = some_use_by_code();
    by_other_code.payload = &other_code;
    EXPECT_NE(hash(by_other_code), hash(some_use_by_code()));
}

TEST(CodecOffer, GivesAWrongUseItsOwnCodeAndField) {
    const auto verdict = [](const Verify& verify) {
        return verdict_of(CommandKind::verify, verify);
    };
    Verify use = some_use();
    use.has_token = false;  // neither token nor code
    EXPECT_EQ(verdict(use), field(4));
    use = some_use();
    use.payload = &some_payload();  // both
    EXPECT_EQ(verdict(use), field(4));
    use = some_use();
    use.reference = {};
    EXPECT_EQ(verdict(use), field(5));
    use = some_use();
    use.units = -1;
    EXPECT_EQ(verdict(use).first, Code::amount_not_positive);
    use.units = INT64_MAX;
    EXPECT_EQ(verdict(use).first, Code::amount_out_of_range);
    CommandPayload long_code;
    long_code.text.assign(limits::code_line_bytes_max + 1, std::byte{'x'});
    use = some_use_by_code();
    use.payload = &long_code;
    EXPECT_EQ(verdict(use), field(4));
    for (const Duration life : {Duration{0}, seconds(-1), milliseconds(60'001)})
        EXPECT_EQ(
            verdict_of(CommandKind::show, Show{.task = {.voucher = some_voucher}, .life = life}),
            field(5));
    EXPECT_EQ(verdict_of(CommandKind::show, Show{}), field(4));
    EXPECT_EQ(verdict_of(CommandKind::undo_verify,
                         UndoVerification{.task = {.voucher = some_voucher}, .reference = {}}),
              field(4));
    EXPECT_EQ(
        verdict_of(CommandKind::undo_verify, UndoVerification{.reference = some_use().reference}),
        field(3));
}

TEST(CodecOffer, HashesEveryFieldOfWhatChangesSomething) {
    const auto expect_other = [](CommandKind kind, const CommandBody& a, const CommandBody& b) {
        EXPECT_EQ(hash_of(command_of(kind, a)), hash_of(command_of(kind, a)));
        EXPECT_NE(hash_of(command_of(kind, a)), hash_of(command_of(kind, b)));
    };
    const Redeem redeem{.offer = 5, .quantity = 1, .origin = 9};
    for (const Redeem& other : {Redeem{.offer = 6, .quantity = 1, .origin = 9},
                                Redeem{.offer = 5, .quantity = 2, .origin = 9},
                                Redeem{.offer = 5, .quantity = 1, .origin = 8}})
        expect_other(CommandKind::redeem, redeem, other);
    const Redeem paid{.offer = 5, .quantity = 1, .cash = {9}, .order = OrderId{{'a'}}};
    expect_other(CommandKind::redeem, paid,
                 Redeem{.offer = 5, .quantity = 1, .cash = {8}, .order = OrderId{{'a'}}});
    expect_other(CommandKind::redeem, paid,
                 Redeem{.offer = 5, .quantity = 1, .cash = {9}, .order = OrderId{{'b'}}});
    const Reveal reveal{.voucher = some_voucher, .origin = 9};
    Reveal other_reveal = reveal;
    other_reveal.voucher.unit += 1;
    expect_other(CommandKind::reveal, reveal, other_reveal);
    CommandPayload other_payload = some_payload();
    other_payload.text[2] = std::byte{'y'};
    const PutOffers put{.payload = &some_payload(), .version = 3};
    expect_other(CommandKind::offers_put, put, PutOffers{.payload = &some_payload(), .version = 4});
    expect_other(CommandKind::offers_put, put, PutOffers{.payload = &other_payload, .version = 3});
    const ImportCodes import{.payload = &some_payload(), .offer = 5, .batch = 8, .first_line = 1};
    for (const ImportCodes& other :
         {ImportCodes{.payload = &other_payload, .offer = 5, .batch = 8, .first_line = 1},
          ImportCodes{.payload = &some_payload(), .offer = 6, .batch = 8, .first_line = 1},
          ImportCodes{.payload = &some_payload(), .offer = 5, .batch = 9, .first_line = 1},
          ImportCodes{.payload = &some_payload(), .offer = 5, .batch = 8, .first_line = 2}})
        expect_other(CommandKind::codes_import, import, other);
}

TEST(CodecOffer, RefusesQuantitiesOutOfRange) {
    const std::pair out_of_range(Code::quantity_out_of_range, limits::offer_quantity_max);
    for (const std::int64_t quantity : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 31U,
                                        INT64_MAX, INT64_MIN, limits::offer_quantity_max + 1})
        EXPECT_EQ(verdict_of(CommandKind::redeem, Redeem{.offer = 5, .quantity = quantity}),
                  out_of_range)
            << quantity;
    EXPECT_EQ(
        verdict_of(CommandKind::redeem, Redeem{.offer = 5, .quantity = limits::offer_quantity_max})
            .first,
        Code::ok);
    // field_out_of_range stands first.
    EXPECT_EQ(verdict_of(CommandKind::redeem, Redeem{.offer = 0, .quantity = 0}), field(4));
}

TEST(CodecOffer, RefusesARecallOfNoOfferOrNoBatch) {
    EXPECT_EQ(verdict_of(CommandKind::recall, RecallBatch{.offer = 0, .batch = 0}), field(3));
    EXPECT_EQ(verdict_of(CommandKind::recall, RecallBatch{.offer = 5, .batch = 0}), field(4));
    EXPECT_EQ(verdict_of(CommandKind::recall, RecallBatch{.offer = 5, .batch = 8}).first, Code::ok);
}

TEST(CodecOffer, DemandsANameForTheOrderThatWaitsForCash) {
    const OrderId name{{'a'}};
    EXPECT_EQ(verdict_of(CommandKind::redeem, Redeem{.offer = 5, .quantity = 1, .cash = {9}}),
              field(8));
    EXPECT_EQ(verdict_of(CommandKind::redeem, Redeem{.offer = 5, .quantity = 1, .order = name}),
              field(8));
    EXPECT_EQ(verdict_of(CommandKind::redeem,
                         Redeem{.offer = 5, .quantity = 1, .cash = {-1}, .order = name})
                  .first,
              Code::amount_out_of_range);
}

TEST(CodecOffer, BringsWhatIsSetAsideAcross) {
    std::vector<std::byte> frame;
    encode_redeem(frame, {}, some_reservation());
    EXPECT_EQ(decode_redeem(std::span(frame).subspan(sizeof(FrameHeader))), some_reservation());
    frame.clear();
    encode_offers(frame, {}, some_offers_with_cash());
    EXPECT_EQ(decode_offers(std::span(frame).subspan(sizeof(FrameHeader))),
              some_offers_with_cash());
}

TEST(CodecOffer, GivesAWrongRequestItsOwnCodeAndField) {
    VoucherNumber nobodys = some_voucher;
    nobodys.ticket = 0;
    EXPECT_EQ(verdict_of(CommandKind::reveal, Reveal{.voucher = nobodys}), field(4));
    nobodys = some_voucher;
    nobodys.offer = 0;
    EXPECT_EQ(verdict_of(CommandKind::reveal, Reveal{.voucher = nobodys}), field(4));
    EXPECT_EQ(verdict_of(CommandKind::offers, ReadOffers{.rows_max = limits::offer_rows_max + 1}),
              field(3));
    EXPECT_EQ(verdict_of(CommandKind::offers, ReadOffers{}).first, Code::ok);
    EXPECT_EQ(verdict_of(CommandKind::vouchers, ReadVouchers{.state = 7}), field(3));
    EXPECT_EQ(
        verdict_of(CommandKind::vouchers, ReadVouchers{.rows_max = limits::voucher_rows_max + 1}),
        field(4));
    EXPECT_EQ(verdict_of(CommandKind::vouchers, ReadVouchers{}).first, Code::ok);

    CommandPayload payload;
    const auto put = [&](std::uint32_t version) {
        return verdict_of(CommandKind::offers_put,
                          PutOffers{.payload = &payload, .version = version});
    };
    EXPECT_EQ(put(1), field(4));
    EXPECT_EQ(put(0), field(3));
    payload.text.assign(limits::offer_file_bytes_max, std::byte{'x'});
    EXPECT_EQ(put(1).first, Code::ok);
    payload.text.push_back(std::byte{'x'});
    EXPECT_EQ(put(1), field(4));
}

TEST(CodecOffer, RefusesPiecesOfACodeFileThatAreNone) {
    CommandPayload payload;
    ImportCodes import{.payload = &payload, .offer = 5, .batch = 8, .first_line = 1};
    const auto verdict = [&] { return verdict_of(CommandKind::codes_import, import); };
    EXPECT_EQ(verdict(), field(6));
    payload.text.assign(limits::code_chunk_bytes_max, std::byte{'x'});
    EXPECT_EQ(verdict().first, Code::ok);
    payload.text.push_back(std::byte{'x'});
    EXPECT_EQ(verdict(), field(6));

    const std::pair too_large(Code::batch_too_large, std::int64_t{limits::code_chunk_lines_max});
    payload.text.assign(limits::code_chunk_lines_max, std::byte{'\n'});
    EXPECT_EQ(verdict().first, Code::ok);
    payload.text.push_back(std::byte{'x'});  // a last line without its end counts
    EXPECT_EQ(verdict(), too_large);
    payload.text.back() = std::byte{'\n'};
    EXPECT_EQ(verdict(), too_large);

    payload.text.assign(3, std::byte{'x'});
    import.offer = 0;
    EXPECT_EQ(verdict(), field(3));
    import.offer = 5;
    import.batch = 0;
    EXPECT_EQ(verdict(), field(4));
    import.batch = 8;
    for (const std::uint64_t line : {std::uint64_t{0}, std::uint64_t{1'000'000'000'001}}) {
        import.first_line = line;
        EXPECT_EQ(verdict(), field(5));
    }
}

TEST(CodecOffer, DemandsMemberAndRequestId) {
    for (Command command : every_offer_command()) {
        const bool has_member = command.head.kind != CommandKind::offers_put &&
                                command.head.kind != CommandKind::codes_import &&
                                command.head.kind != CommandKind::recall &&
                                command.head.kind != CommandKind::verify &&
                                command.head.kind != CommandKind::undo_verify;
        command.head.member = {};
        EXPECT_EQ(decoded(command)[0].code, has_member ? Code::member_missing : Code::ok);
        command.head.member = some_member;
        command.head.request_id = {};
        EXPECT_EQ(decoded(command)[0].code,
                  is_read(command.head.kind) ? Code::ok : Code::request_id_missing);
    }
}

TEST(CodecOffer, ReadsAnAbsentQuantityAsOne) {
    flatbuffers::FlatBufferBuilder builder;
    const wire::Id128 id(1, 2);
    wire::RedeemRequestBuilder redeem(builder);
    redeem.add_request_id(&id);
    redeem.add_member(&id);
    redeem.add_offer(5);
    builder.Finish(redeem.Finish());
    const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
    std::vector<std::uint64_t> words((bytes.size() + 7) / 8);
    std::memcpy(words.data(), bytes.data(), bytes.size());
    const auto body = std::as_bytes(std::span(words)).first(bytes.size());
    std::vector<DecodedEvent> events;
    ASSERT_TRUE(decode_request(CommandKind::redeem, body, some_partner, some_key, events));
    EXPECT_EQ(events[0].code, Code::ok);
    EXPECT_EQ(std::get<Redeem>(events[0].command.body).quantity, 1);
}

TEST(CodecOffer, BringsEveryAnswerAcross) {
    std::vector<std::byte> bytes;
    const auto across = [&bytes](const auto& sent, auto encode, auto decode) {
        bytes.clear();
        encode(bytes, FrameHeader{.kind = 26, .correlation_id = 9}, sent);
        const OneFrame frame(bytes);
        EXPECT_EQ(frame.header().flags, frame_flag_reply);
        EXPECT_EQ(frame.header().correlation_id, 9U);
        const auto got = decode(frame.body());
        ASSERT_TRUE(got.has_value());
        EXPECT_TRUE(*got == sent);
    };
    across(some_redemption(), encode_redeem, decode_redeem);
    across(some_redemption(3, false), encode_redeem, decode_redeem);
    across(some_redemption(static_cast<int>(limits::offer_quantity_max)), encode_redeem,
           decode_redeem);
    across(some_revelation(), encode_reveal, decode_reveal);
    across(some_offers(), encode_offers, decode_offers);
    across(some_offers(limits::offer_rows_max), encode_offers, decode_offers);
    across(some_vouchers(), encode_vouchers, decode_vouchers);
    across(some_vouchers(limits::voucher_rows_max), encode_vouchers, decode_vouchers);
    across(some_show(), encode_show, decode_show);
    across(some_verification(), encode_verify, decode_verify);
    across(some_recall(), encode_recall, decode_recall);
    across(some_codes(), encode_codes, decode_codes);
    across(some_codes(static_cast<int>(limits::code_refusals_max)), encode_codes, decode_codes);
}

TEST(CodecOffer, BringsCodesOfAnyLengthAcross) {
    RedeemAnswer sent = some_redemption(3);
    sent.vouchers[0].code = ClearCode(std::string(limits::card_code_bytes_max, 'x'));
    sent.vouchers[1].code = ClearCode("1234");
    sent.vouchers[2].code = {};
    std::vector<std::byte> bytes;
    encode_redeem(bytes, {}, sent);
    const auto got = decode_redeem(OneFrame(bytes).body());
    ASSERT_TRUE(got.has_value());
    EXPECT_TRUE(*got == sent);
}

TEST(CodecOffer, BringsRefusalsAcrossInTheirOwnShape) {
    std::vector<std::byte> bytes;
    const auto body_of = [&bytes](CommandKind kind) {
        bytes.clear();
        encode_refusal(bytes, {.kind = static_cast<std::uint16_t>(kind)}, some_outcome());
        return OneFrame(bytes);
    };
    EXPECT_EQ(decode_redeem(body_of(CommandKind::redeem).body())->outcome, some_outcome());
    EXPECT_EQ(decode_reveal(body_of(CommandKind::reveal).body())->outcome, some_outcome());
    EXPECT_EQ(decode_offers(body_of(CommandKind::offers).body())->outcome, some_outcome());
    EXPECT_EQ(decode_vouchers(body_of(CommandKind::vouchers).body())->outcome, some_outcome());
    EXPECT_EQ(decode_rules(body_of(CommandKind::offers_put).body())->outcome, some_outcome());
    EXPECT_EQ(decode_codes(body_of(CommandKind::codes_import).body())->outcome, some_outcome());
    EXPECT_EQ(decode_verify(body_of(CommandKind::undo_verify).body())->outcome, some_outcome());
    EXPECT_EQ(decode_recall(body_of(CommandKind::recall).body())->outcome, some_outcome());
}

// The reply's own shape is what the two lists say, so a client may rely on their length.
TEST(CodecOffer, ARedemptionWithOtherCountsOfCodesIsMalformed) {
    const auto reply = [](std::size_t codes, std::size_t code_bytes) {
        flatbuffers::FlatBufferBuilder builder;
        const wire::Result result;
        const std::vector<wire::RedeemedVoucher> vouchers(2);
        std::vector<flatbuffers::Offset<flatbuffers::String>> each;
        for (std::size_t i = 0; i < codes; ++i)
            each.push_back(builder.CreateString(std::string(code_bytes, 'x')));
        const auto vouchers_at = builder.CreateVectorOfStructs(vouchers);
        builder.Finish(wire::CreateRedeemReply(builder, &result, 5, 7, vouchers_at,
                                               builder.CreateVector(each)));
        const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
        std::vector<std::uint64_t> words((bytes.size() + 7) / 8);
        std::memcpy(words.data(), bytes.data(), bytes.size());
        return decode_redeem(std::as_bytes(std::span(words)).first(bytes.size())).has_value();
    };
    EXPECT_TRUE(reply(2, 10));
    EXPECT_TRUE(reply(0, 10));
    EXPECT_TRUE(reply(2, limits::card_code_bytes_max));
    EXPECT_FALSE(reply(2, limits::card_code_bytes_max + 1));
    EXPECT_FALSE(reply(1, 10));
    EXPECT_FALSE(reply(3, 10));
}

}  // namespace
}  // namespace suanpan
