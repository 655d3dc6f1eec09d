// Requests: what a client encodes is what the server decodes, and wrong events are told apart.
#include "tests/unit/protocol/codec_fixture.h"

#include <gmock/gmock.h>

namespace suanpan {
namespace {

using namespace codec_fixture;

// Equality of the kinds' own fields, through the bytes that would be sent again.
std::vector<std::byte> bytes_without_hash(Command command) {
    command.head.body_hash = 0;
    return frame_of(command);
}

std::vector<DecodedEvent> decoded(const Command& command, std::uint64_t key = some_key,
                                  PartnerId partner = some_partner) {
    const OneFrame frame(frame_of(command));
    std::vector<DecodedEvent> events;
    const auto done = decode_request(static_cast<CommandKind>(frame.header().kind), frame.body(),
                                     partner, key, events);
    EXPECT_TRUE(done.has_value());
    return events;
}

DecodedEvent decoded_event(CommandKind kind, CommandBody body) {
    return decoded(command_of(kind, body)).at(0);
}

TEST(Codec, BringsEveryKindAcross) {
    for (const Command& sent : every_command()) {
        const auto kind = static_cast<int>(sent.head.kind);
        const std::vector<DecodedEvent> events = decoded(sent);
        ASSERT_EQ(events.size(), 1U) << kind;
        EXPECT_EQ(events[0].code, Code::ok) << kind << " detail " << events[0].detail;
        const Command& got = events[0].command;
        EXPECT_EQ(got.head.kind, sent.head.kind);
        EXPECT_EQ(got.head.partner, some_partner) << kind;
        EXPECT_EQ(got.body.index(), sent.body.index()) << kind;
        EXPECT_EQ(frame_of(got), frame_of(sent)) << kind;
        // A payload is a copy, so that its address differs.
        if (events[0].payload == nullptr) {
            EXPECT_EQ(bytes_without_hash(got), bytes_without_hash(sent)) << kind;
        }
    }
}

TEST(Codec, BringsTheFieldsOfASpendAcross) {
    const Command got = decoded_event(CommandKind::spend, Spend{.amount = {60},
                                                                .min_remaining = {5},
                                                                .restriction = Restriction{8},
                                                                .up_to = true})
                            .command;
    EXPECT_EQ(got.head.request_id, some_request_id);
    EXPECT_EQ(got.head.member, some_member);
    EXPECT_EQ(got.head.program, ProgramId{3});
    EXPECT_EQ(got.head.principal, PrincipalId{42});
    const auto& spend = std::get<Spend>(got.body);
    EXPECT_EQ(spend.amount, Points{60});
    EXPECT_EQ(spend.min_remaining, Points{5});
    EXPECT_EQ(spend.restriction, Restriction{8});
    EXPECT_TRUE(spend.up_to);
}

TEST(Codec, KeepsTheOrderOfABatch) {
    std::vector<Command> commands;
    for (int i = 1; i <= 1000; ++i)
        commands.push_back(command_of(CommandKind::spend, Spend{.amount = {i}}));
    std::vector<std::byte> bytes;
    encode_requests(bytes, {}, commands);
    const OneFrame frame(bytes);
    std::vector<DecodedEvent> events;
    ASSERT_TRUE(decode_request(CommandKind::spend, frame.body(), some_partner, some_key, events));
    ASSERT_EQ(events.size(), 1000U);
    for (int i = 1; i <= 1000; ++i)
        EXPECT_EQ(std::get<Spend>(events[static_cast<std::size_t>(i - 1)].command.body).amount,
                  Points{i});
}

TEST(Codec, ForgetsTheEventsOfTheFrameBefore) {
    std::vector<DecodedEvent> events(5);
    events[0].code = Code::amount_not_positive;
    events[0].detail = 9;
    const OneFrame frame(frame_of(command_of(CommandKind::spend, Spend{.amount = {1}})));
    ASSERT_TRUE(decode_request(CommandKind::spend, frame.body(), some_partner, some_key, events));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].code, Code::ok);
    EXPECT_EQ(events[0].detail, 0);
}

TEST(Codec, HashesTheSameRequestTheSame) {
    for (const Command& command : every_command())
        EXPECT_EQ(decoded(command)[0].command.head.body_hash,
                  decoded(command)[0].command.head.body_hash);
}

TEST(Codec, HashesPartnerKindKeyAndFields) {
    const Command freeze = command_of(CommandKind::freeze, Freeze{.frozen = true, .reason = 6});
    const Command unfreeze =
        command_of(CommandKind::unfreeze, Freeze{.frozen = false, .reason = 6});
    const std::uint64_t hash = decoded(freeze)[0].command.head.body_hash;
    EXPECT_NE(hash, decoded(unfreeze)[0].command.head.body_hash);
    EXPECT_NE(hash, decoded(freeze, some_key + 1)[0].command.head.body_hash);
    EXPECT_NE(hash, decoded(freeze, some_key, PartnerId{8})[0].command.head.body_hash);
    Command other_principal = freeze;
    other_principal.head.principal = PrincipalId{43};
    EXPECT_NE(hash, decoded(other_principal)[0].command.head.body_hash);

    const Command create = command_of(CommandKind::program_create, PutProgram{some_program()});
    Command renamed = create;
    std::get<PutProgram>(renamed.body).spec.name = short_text<48>("Lotus Point5");
    EXPECT_NE(decoded(create)[0].command.head.body_hash,
              decoded(renamed)[0].command.head.body_hash);
}

TEST(Codec, HashesWhatLiesOutsideOfTheCommand) {
    const auto hash_with = [](CommandKind kind, CommandBody body, const CommandPayload& payload) {
        std::visit(
            [&](auto& each) {
                if constexpr (requires { each.payload; }) each.payload = &payload;
            },
            body);
        return decoded(command_of(kind, body))[0].command.head.body_hash;
    };
    CommandPayload other = some_payload();
    other.token[3] ^= std::byte{1};
    other.refunds[1].amount = Money{1};
    other.text[2] = std::byte{'y'};
    const Settle settle{.order = short_text<64>("A")};
    const RefundOrder refund{.order = short_text<64>("A")};
    EXPECT_NE(hash_with(CommandKind::settle, settle, some_payload()),
              hash_with(CommandKind::settle, settle, other));
    EXPECT_NE(hash_with(CommandKind::refund_order, refund, some_payload()),
              hash_with(CommandKind::refund_order, refund, other));
    EXPECT_NE(hash_with(CommandKind::rules_put, PutRules{}, some_payload()),
              hash_with(CommandKind::rules_put, PutRules{}, other));
}

TEST(Codec, GivesAWrongOrderItsOwnCodeAndField) {
    const auto code_of = [](CommandKind kind, const CommandBody& body) {
        const DecodedEvent event = decoded_event(kind, body);
        return std::pair(event.code, event.detail);
    };
    const auto field = [](std::int64_t number) {
        return std::pair(Code::field_out_of_range, number);
    };
    CommandPayload payload;
    const auto quote = [&] { return code_of(CommandKind::quote, AskQuote{.payload = &payload}); };
    EXPECT_EQ(quote(), field(6));  // no line
    payload.order.lines.assign(1000, {.product = 1, .unit_price = {1}, .quantity = 1});
    EXPECT_EQ(quote(), std::pair(Code::too_many_lines, std::int64_t{limits::order_lines_max}));
    payload.order.lines.resize(limits::order_lines_max);
    EXPECT_EQ(quote().first, Code::ok);
    payload.order.lines[3].quantity = 0;
    EXPECT_EQ(quote(), field(6));
    payload.order.lines[3].quantity = 1;
    payload.order.lines[4].unit_price = Money{-1};
    EXPECT_EQ(quote().first, Code::amount_out_of_range);
    payload.order.lines[4].unit_price = Money{amount_money_max};
    payload.order.wanted = Points{-2};
    EXPECT_EQ(quote(), field(4));
    payload.order.wanted = Points{0};
    payload.order.coupons.assign(limits::order_coupons_max + 1, 1);
    EXPECT_EQ(quote(), field(7));

    const OrderId order = short_text<64>("A");
    EXPECT_EQ(code_of(CommandKind::settle, Settle{.payload = &payload}), field(4));
    EXPECT_EQ(code_of(CommandKind::settle, Settle{.payload = &payload, .order = order}).first,
              Code::quote_not_authentic);  // no token
    EXPECT_EQ(code_of(CommandKind::cancel, CancelOrder{}), field(4));
    EXPECT_EQ(code_of(CommandKind::confirm, ConfirmOrder{.order = order}).first,
              Code::amount_not_positive);
    EXPECT_EQ(code_of(CommandKind::confirm, ConfirmOrder{.order = order, .amount = {1}}), field(5));
    EXPECT_EQ(code_of(CommandKind::refund_order,
                      RefundOrder{.payload = &payload, .order = order, .amount = {-1}})
                  .first,
              Code::amount_not_positive);
    payload.refunds = {{.line = 0, .amount = {-1}}};
    EXPECT_EQ(code_of(CommandKind::refund_order, RefundOrder{.payload = &payload, .order = order}),
              field(6));
    payload.refunds = {{.line = 0, .amount = {1}}};
    EXPECT_EQ(code_of(CommandKind::refund_order,
                      RefundOrder{.payload = &payload, .order = order, .amount = {1}}),
              field(5));
    EXPECT_EQ(code_of(CommandKind::order, ReadOrder{}), field(2));
    EXPECT_EQ(code_of(CommandKind::rules_put, PutRules{.payload = &payload}), field(3));
}

TEST(Codec, GivesAnEmptyTimeZoneItsDefault) {
    ProgramSpec spec = some_program();
    spec.time_zone = {};
    const Command got =
        decoded_event(CommandKind::program_create, PutProgram{.spec = spec}).command;
    EXPECT_EQ(std::get<PutProgram>(got.body).spec.time_zone, short_text<40>("Asia/Shanghai"));
}

struct WrongEvent {
    CommandKind kind;
    CommandBody body;
    Code code;
    std::int64_t detail = 0;
};

TEST(Codec, GivesAWrongEventItsOwnCodeAndField) {
    constexpr std::int64_t too_many = amount_points_max + 1;
    constexpr Instant too_late{instant_max.ns + 1};
    const std::vector<WrongEvent> wrong{
        {CommandKind::earn, Earn{.amount = {0}}, Code::amount_not_positive},
        {CommandKind::earn, Earn{.amount = {-1}}, Code::amount_not_positive},
        {CommandKind::earn, Earn{.amount = {too_many}}, Code::amount_out_of_range},
        {CommandKind::earn, Earn{.amount = {1}, .active_from = {-1}}, Code::field_out_of_range, 2},
        {CommandKind::earn, Earn{.amount = {1}, .expires_at = too_late}, Code::field_out_of_range,
         3},
        {CommandKind::earn, Earn{.amount = {1}, .origin = LotOrigin{2}}, Code::field_out_of_range,
         5},
        {CommandKind::spend, Spend{.amount = {0}}, Code::amount_not_positive},
        {CommandKind::spend, Spend{.amount = {1}, .min_remaining = {-1}}, Code::field_out_of_range,
         2},
        {CommandKind::hold, PlaceHold{.amount = {1}, .duration = milliseconds(-1)},
         Code::field_out_of_range, 3},
        {CommandKind::capture, CaptureHold{.hold = HoldId{0}, .amount = {1}},
         Code::field_out_of_range, 2},
        {CommandKind::capture, CaptureHold{.hold = HoldId{1}, .amount = {0}},
         Code::amount_not_positive},
        {CommandKind::release, ReleaseHold{}, Code::field_out_of_range, 1},
        {CommandKind::refund, Refund{.amount = {1}}, Code::field_out_of_range, 1},
        {CommandKind::refund, Refund{.original = {1}, .amount = {-1}}, Code::amount_not_positive},
        {CommandKind::revoke, Revoke{}, Code::field_out_of_range, 1},
        {CommandKind::revoke, Revoke{.original = {1}, .amount = {too_many}},
         Code::amount_out_of_range},
        {CommandKind::adjust, Adjust{.delta = {0}}, Code::amount_not_positive},
        {CommandKind::adjust, Adjust{.delta = {-too_many}}, Code::amount_out_of_range},
        {CommandKind::adjust, Adjust{.delta = {INT64_MIN}}, Code::amount_out_of_range},
        {CommandKind::adjust, Adjust{.delta = {1}, .expires_at = {-1}}, Code::field_out_of_range,
         2},
        {CommandKind::set_limit, SetLimit{.spend_per_day_max = {-2}}, Code::field_out_of_range, 1},
        {CommandKind::member_update, MemberUpdate{.birthday_month = 13}, Code::field_out_of_range,
         4},
        {CommandKind::member_update, MemberUpdate{.birthday_month = 2, .birthday_day = 30},
         Code::field_out_of_range, 5},
        {CommandKind::member_update, MemberUpdate{.birthday_month = 0, .birthday_day = 1},
         Code::field_out_of_range, 5},
        {CommandKind::statement, ReadStatement{.lines_max = 0}, Code::field_out_of_range, 3},
        {CommandKind::statement, ReadStatement{.lines_max = limits::statement_lines_max + 1},
         Code::field_out_of_range, 3},
        {CommandKind::expiring, ReadExpiring{.within = milliseconds(-1)}, Code::field_out_of_range,
         2},
        {CommandKind::clock_advance, AdvanceClock{}, Code::field_out_of_range, 1},
    };
    for (const WrongEvent& row : wrong) {
        const DecodedEvent event = decoded_event(row.kind, row.body);
        EXPECT_EQ(event.code, row.code) << static_cast<int>(row.kind) << " " << row.detail;
        EXPECT_EQ(event.detail, row.detail) << static_cast<int>(row.kind);
    }
}

TEST(Codec, RefusesPoliciesThatAreNone) {
    const auto with = [](auto change) {
        ProgramSpec spec = some_program();
        change(spec);
        return decoded_event(CommandKind::program_create, PutProgram{.spec = spec}).detail;
    };
    EXPECT_EQ(with([](ProgramSpec& spec) { spec.id = ProgramId{0}; }), 2);
    EXPECT_EQ(with([](ProgramSpec& spec) { spec.version = 0; }), 3);
    EXPECT_EQ(with([](ProgramSpec& spec) { spec.expiry = ExpiryPolicy{6}; }), 7);
    EXPECT_EQ(with([](ProgramSpec& spec) { spec.expiry_rounding = ExpiryRounding{5}; }), 8);
    EXPECT_EQ(with([](ProgramSpec& spec) { spec.expiry_date = LocalDate{-1}; }), 10);
    EXPECT_EQ(with([](ProgramSpec& spec) { spec.revoke = RevokePolicy{3}; }), 11);
    EXPECT_EQ(with([](ProgramSpec& spec) { spec.hold_default = milliseconds(-1); }), 13);
    EXPECT_EQ(with([](ProgramSpec& spec) { spec.hold_max = milliseconds(-1); }), 14);
    EXPECT_EQ(with([](ProgramSpec& spec) { spec.spend_per_day_max = Points{-2}; }), 16);
}

TEST(Codec, DemandsMemberAndRequestId) {
    for (Command command : every_command()) {
        const bool has_member = !std::holds_alternative<PutProgram>(command.body) &&
                                !std::holds_alternative<AdvanceClock>(command.body) &&
                                !std::holds_alternative<PutRules>(command.body) &&
                                !std::holds_alternative<ReadTerms>(command.body);
        const bool has_request_id =
            command.head.kind != CommandKind::balance &&
            command.head.kind != CommandKind::statement &&
            command.head.kind != CommandKind::expiring && command.head.kind != CommandKind::quote &&
            command.head.kind != CommandKind::order && command.head.kind != CommandKind::terms;
        command.head.member = {};
        EXPECT_EQ(decoded(command)[0].code, has_member ? Code::member_missing : Code::ok);
        command.head.member = some_member;
        command.head.request_id = {};
        EXPECT_EQ(decoded(command)[0].code, has_request_id ? Code::request_id_missing : Code::ok);
    }
}

TEST(Codec, GivesAnEventThatIsWrongInManyWaysTheFirstCode) {
    Command command = command_of(CommandKind::spend, Spend{.amount = {0}, .min_remaining = {-1}});
    command.head.member = {};
    command.head.request_id = {};
    EXPECT_EQ(decoded(command)[0].code, Code::amount_not_positive);
    std::get<Spend>(command.body).amount = Points{amount_points_max + 1};
    EXPECT_EQ(decoded(command)[0].code, Code::member_missing);
    command.head.member = some_member;
    EXPECT_EQ(decoded(command)[0].code, Code::request_id_missing);
    command.head.request_id = some_request_id;
    EXPECT_EQ(decoded(command)[0].code, Code::amount_out_of_range);
}

TEST(Codec, DoesNotKnowKindsThatAreNoCommands) {
    const OneFrame frame(frame_of(command_of(CommandKind::spend, Spend{.amount = {1}})));
    std::vector<DecodedEvent> events;
    for (const int kind : {0, 1, 2, 3, 9, 51, 99, 65535}) {
        const auto done = decode_request(static_cast<CommandKind>(kind), frame.body(), some_partner,
                                         some_key, events);
        ASSERT_FALSE(done.has_value()) << kind;
        EXPECT_EQ(done.error(), Code::unknown_kind) << kind;
    }
}

TEST(Codec, TellsWhichKindsAClientMaySend) {
    EXPECT_TRUE(is_request_kind(3));
    EXPECT_FALSE(is_request_kind(1));
    EXPECT_FALSE(is_request_kind(51));
    for (const Command& command : every_command())
        EXPECT_TRUE(is_request_kind(static_cast<std::uint16_t>(command.head.kind)));
}

TEST(Codec, BringsHelloAndPingAcross) {
    std::vector<std::byte> bytes;
    HelloRequest sent;
    sent.partner = some_partner;
    sent.nonce = make_nonce();
    sent.mac[5] = std::byte{9};
    sent.client = "test 1.0";
    encode_hello(bytes, {}, sent);
    const OneFrame hello(bytes);
    EXPECT_EQ(hello.header().kind, 2);
    const auto got = decode_hello(hello.body());
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->partner, sent.partner);
    EXPECT_EQ(got->nonce, sent.nonce);
    EXPECT_EQ(got->mac, sent.mac);
    EXPECT_EQ(got->client, sent.client);

    bytes.clear();
    encode_ping(bytes, {.correlation_id = 5});
    const OneFrame ping(bytes);
    EXPECT_EQ(ping.header().kind, 3);
    EXPECT_TRUE(decode_ping(ping.body()).has_value());
    EXPECT_FALSE(decode_ping({}).has_value());
}

}  // namespace
}  // namespace suanpan
