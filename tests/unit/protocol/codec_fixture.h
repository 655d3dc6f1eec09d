// Commands and replies of every kind for the codec's tests, and a way from frame bytes to a body.
#pragma once

#include "protocol/codec.h"

#include <cstring>
#include <string_view>
#include <vector>

namespace suanpan::codec_fixture {

inline constexpr RequestId some_request_id{0x0192'0000'0000'7001, 0x8000'0000'0000'0002};
inline constexpr MemberId some_member{0x1111'2222'3333'4444, 0x5555'6666'7777'8888};
inline constexpr PartnerId some_partner{7};
inline constexpr std::uint64_t some_key = 0x0123'4567'89ab'cdef;

template <std::size_t N>
ShortText<N> short_text(std::string_view from) {
    ShortText<N> to;
    std::memcpy(to.bytes.data(), from.data(), from.size());
    return to;
}

inline Command command_of(CommandKind kind, CommandBody body) {
    Command command;
    command.head.kind = kind;
    command.head.partner = some_partner;
    command.head.principal = PrincipalId{42};
    command.head.program = ProgramId{3};
    command.head.request_id = some_request_id;
    command.head.member = some_member;
    command.body = body;
    return command;
}

inline ProgramSpec some_program() {
    ProgramSpec spec;
    spec.id = ProgramId{3};
    spec.version = 2;
    spec.name = short_text<48>("Lotus Points");
    spec.currency = short_text<8>("CNY");
    spec.time_zone = short_text<40>("Asia/Shanghai");
    spec.expiry = ExpiryPolicy::after_months;
    spec.expiry_rounding = ExpiryRounding::quarter_end;
    spec.revoke = RevokePolicy::allow_debt;
    spec.merge_lots = false;
    spec.expiry_count = 12;
    spec.expiry_date = LocalDate{20'000};
    spec.hold_grace_days = 3;
    spec.refundable_days = 90;
    spec.hold_default = hours(2);
    spec.hold_max = hours(48);
    spec.spend_per_day_max = Points{5000};
    return spec;
}

// What the commands of every_command() point to.
inline const CommandPayload& some_payload() {
    static const CommandPayload payload = [] {
        CommandPayload filled;
        filled.order = {
            .merchant = 5,
            .channel = 6,
            .wanted = {50},
            .currency = short_text<8>("CNY"),
            .lines = {{.product = 7, .unit_price = {1500}, .quantity = 2, .category = 8},
                      {.product = 9, .unit_price = {0}, .quantity = 1, .category = 0}},
            .coupons = {10, 11}};
        filled.token.assign(40, std::byte{0x5a});
        filled.refunds = {{.line = 0, .amount = {350}}, {.line = 1, .amount = {}}};
        filled.text.assign(3, std::byte{'x'});
        return filled;
    }();
    return payload;
}

// One sound command of every kind that carries one, each field with a value of its own.
inline std::vector<Command> every_command() {
    return {
        command_of(CommandKind::earn, Earn{.amount = {100},
                                           .active_from = {1'000},
                                           .expires_at = {2'000'000},
                                           .restriction = Restriction{9},
                                           .origin = LotOrigin::purchased}),
        command_of(CommandKind::spend, Spend{.amount = {60},
                                             .min_remaining = {5},
                                             .restriction = Restriction{8},
                                             .up_to = true}),
        command_of(CommandKind::hold, PlaceHold{.amount = {61},
                                                .min_remaining = {6},
                                                .duration = milliseconds(1500),
                                                .restriction = Restriction{7},
                                                .up_to = true}),
        command_of(CommandKind::capture, CaptureHold{.hold = HoldId{12}, .amount = {13}}),
        command_of(CommandKind::release, ReleaseHold{.hold = HoldId{14}}),
        command_of(CommandKind::refund,
                   Refund{.original = {900}, .amount = {15}, .reason = 4, .grace_days = 30}),
        command_of(CommandKind::revoke, Revoke{.original = {901}, .amount = {16}}),
        command_of(CommandKind::adjust, Adjust{.delta = {-17}, .expires_at = {3'000}, .reason = 5}),
        command_of(CommandKind::freeze, Freeze{.frozen = true, .reason = 6}),
        command_of(CommandKind::unfreeze, Freeze{.frozen = false, .reason = 7}),
        command_of(CommandKind::set_limit, SetLimit{.spend_per_day_max = {777}}),
        command_of(CommandKind::member_update, MemberUpdate{.segments = 0xff00ff,
                                                            .source_version = 31,
                                                            .level = 3,
                                                            .birthday_month = 2,
                                                            .birthday_day = 29}),
        command_of(CommandKind::balance, ReadBalance{}),
        command_of(CommandKind::statement, ReadStatement{.before = {800}, .lines_max = 20}),
        command_of(CommandKind::lookup, Lookup{}),
        command_of(CommandKind::expiring, ReadExpiring{.within = hours(24 * 30)}),
        command_of(CommandKind::program_create, PutProgram{.spec = some_program(), .create = true}),
        command_of(CommandKind::program_update,
                   PutProgram{.spec = some_program(), .create = false}),
        command_of(CommandKind::clock_advance, AdvanceClock{.by = hours(31 * 24)}),
        command_of(CommandKind::settle,
                   Settle{.payload = &some_payload(), .order = short_text<64>("order 1")}),
        command_of(CommandKind::confirm, ConfirmOrder{.order = short_text<64>("order 1"),
                                                      .payment = short_text<64>("payment 1"),
                                                      .amount = {1500},
                                                      .currency = short_text<8>("CNY")}),
        command_of(CommandKind::cancel, CancelOrder{.order = short_text<64>("order 2")}),
        command_of(CommandKind::refund_order, RefundOrder{.payload = &some_payload(),
                                                          .order = short_text<64>("order 1"),
                                                          .amount = {},
                                                          .reason = 8,
                                                          .grace_days = 9}),
        command_of(CommandKind::quote, AskQuote{.payload = &some_payload()}),
        command_of(CommandKind::order, ReadOrder{.order = short_text<64>("order 1")}),
        command_of(CommandKind::terms, ReadTerms{.version = 2}),
        command_of(CommandKind::explain, Explain{}),
        command_of(CommandKind::rules_put, PutRules{.payload = &some_payload()}),
    };
}

inline Outcome some_outcome(std::int64_t salt = 0) {
    return {.code = Code::insufficient_points,
            .retry_after_ms = 12,
            .entry_id = {static_cast<std::uint64_t>(1000 + salt)},
            .time = {1'700'000'000'000'000'000},
            .balances = {.available = {1 + salt}, .held = {2}, .pending = {3}, .debt = {4}},
            .amount = {-5},
            .detail = 6 + salt};
}

inline Statement some_statement(int line_count) {
    Statement statement{.outcome = some_outcome(), .lines = {}, .next = {55}};
    for (int i = 0; i < line_count; ++i) {
        statement.lines.push_back({.entry_id = {100U + static_cast<std::uint64_t>(i)},
                                   .time = {12},
                                   .request_id = some_request_id,
                                   .amount = {-13},
                                   .balances = {.available = {1}, .held = {2}, .pending = {3}},
                                   .reference = 14,
                                   .local_date = {15},
                                   .partner = some_partner,
                                   .principal = PrincipalId{16},
                                   .kind = 17,
                                   .reason = 18});
    }
    return statement;
}

inline QuoteAnswer some_quote() {
    return {.outcome = some_outcome(),
            .rule_version = 2,
            .campaign = 3,
            .valid_until = {4},
            .list = {5},
            .discounts = {6},
            .coupons = {7},
            .payable = {8},
            .eligible = {9},
            .value = {10},
            .cash = {11},
            .points = {12},
            .points_missing = {13},
            .gap = {14},
            .lines = {{.list = {15}, .payable = {16}, .points = {17}, .value = {18}}},
            .limits = {{.kind = 33, .bound = true, .id = 19, .value = 20}},
            .token = {std::byte{21}, std::byte{22}}};
}

inline OrderAnswer some_order() {
    return {.outcome = some_outcome(),
            .state = OrderState::refunded,
            .step = OrderStep::refunded,
            .rule_version = 2,
            .terms_hash = {std::byte{3}},
            .currency = short_text<8>("CNY"),
            .list = {4},
            .payable = {5},
            .value = {6},
            .cash = {7},
            .points = {8},
            .settled_at = {9},
            .times_out = {10},
            .refundable_until = {11},
            .payment = short_text<64>("payment 1"),
            .paid = {12},
            .refunded = {13},
            .refunded_points = {14},
            .refunded_cash = {15},
            .lines = {{.quoted = {.list = {16}, .payable = {17}, .points = {18}, .value = {19}},
                       .refunded = {20}}}};
}

inline TermsAnswer some_terms() {
    return {.outcome = some_outcome(),
            .version = 2,
            .effective_from = {3},
            .hash = {std::byte{4}},
            .text = "version = 2"};
}

inline Greeting some_greeting() {
    Greeting greeting;
    greeting.outcome = some_outcome();
    greeting.shard_ports = {7001, 7002};
    greeting.hash_seed = 99;
    greeting.request_floor_ms = 1'700'000'000'000;
    greeting.frame_body_bytes_max = 1 << 20;
    greeting.batch_events_max = 8192;
    greeting.frames_in_flight_max = 1024;
    greeting.server_uuid = {1, 2};
    greeting.sandbox = true;
    greeting.server_version = "suanpand 0.1.0";
    return greeting;
}

// Cuts `bytes` into its one frame; owns the copy that the frame points into.
class OneFrame {
public:
    explicit OneFrame(const std::vector<std::byte>& bytes) : words_((bytes.size() + 7) / 8) {
        std::memcpy(words_.data(), bytes.data(), bytes.size());
        step_ = decoder_.next(std::as_bytes(std::span(words_)).first(bytes.size()));
    }
    [[nodiscard]] const FrameDecoder::Step& step() const { return step_; }
    [[nodiscard]] const FrameHeader& header() const { return step_.frame.header; }
    [[nodiscard]] std::span<const std::byte> body() const { return step_.frame.body; }

private:
    std::vector<std::uint64_t> words_;
    FrameDecoder decoder_;
    FrameDecoder::Step step_;
};

inline std::vector<std::byte> frame_of(const Command& command) {
    std::vector<std::byte> bytes;
    encode_requests(bytes, {.correlation_id = 77}, std::span(&command, 1));
    return bytes;
}

}  // namespace suanpan::codec_fixture
