// Batches: the requests that are vectors of fixed-size events, and the results that answer them.
//
// The hot path of the server: reading allocates nothing but what `out` lacks, writing goes without
// a builder.
#include "protocol/base/assert.h"
#include "protocol/codec/body_hash.h"
#include "protocol/codec/event_checks.h"
#include "protocol/codec/messages.h"

#include <array>
#include <type_traits>

namespace suanpan {
namespace codec {
namespace {

// ---- bodies, wire to plain; the numbers are those of the fields in suanpan.fbs, the head being 0

CommandBody body_of(const wire::EarnEvent& from, CommandKind, DecodedEvent& event) {
    expect_amount(event, from.amount());
    expect_field(event, is_instant(from.active_from()), 2);
    expect_field(event, is_instant(from.expires_at()), 3);
    expect_field(event, from.origin() <= static_cast<std::uint8_t>(LotOrigin::purchased), 5);
    return Earn{.amount = {from.amount()},
                .active_from = {from.active_from()},
                .expires_at = {from.expires_at()},
                .restriction = Restriction{from.restriction()},
                .origin = static_cast<LotOrigin>(from.origin())};
}
CommandBody body_of(const wire::SpendEvent& from, CommandKind, DecodedEvent& event) {
    expect_amount(event, from.amount());
    expect_field(event, is_amount_or_zero(from.min_remaining()), 2);
    return Spend{.amount = {from.amount()},
                 .min_remaining = {from.min_remaining()},
                 .restriction = Restriction{from.restriction()},
                 .up_to = from.up_to()};
}
CommandBody body_of(const wire::HoldEvent& from, CommandKind, DecodedEvent& event) {
    expect_amount(event, from.amount());
    expect_field(event, is_amount_or_zero(from.min_remaining()), 2);
    expect_field(event, is_duration_ms(from.duration_ms()), 3);
    if (event.code != Code::ok) return PlaceHold{};
    return PlaceHold{.amount = {from.amount()},
                     .min_remaining = {from.min_remaining()},
                     .duration = milliseconds(from.duration_ms()),
                     .restriction = Restriction{from.restriction()},
                     .up_to = from.up_to()};
}
CommandBody body_of(const wire::CaptureEvent& from, CommandKind, DecodedEvent& event) {
    expect_amount(event, from.amount());
    expect_field(event, from.hold() != 0, 2);
    return CaptureHold{.hold = HoldId{from.hold()}, .amount = {from.amount()}};
}
CommandBody body_of(const wire::ReleaseEvent& from, CommandKind, DecodedEvent& event) {
    expect_field(event, from.hold() != 0, 1);
    return ReleaseHold{.hold = HoldId{from.hold()}};
}
CommandBody body_of(const wire::RefundEvent& from, CommandKind, DecodedEvent& event) {
    expect_field(event, from.original() != 0, 1);
    expect_amount_or_all(event, from.amount());
    return Refund{.original = {from.original()},
                  .amount = {from.amount()},
                  .reason = from.reason(),
                  .grace_days = from.grace_days()};
}
CommandBody body_of(const wire::RevokeEvent& from, CommandKind, DecodedEvent& event) {
    expect_field(event, from.original() != 0, 1);
    expect_amount_or_all(event, from.amount());
    return Revoke{.original = {from.original()}, .amount = {from.amount()}};
}
CommandBody body_of(const wire::AdjustEvent& from, CommandKind, DecodedEvent& event) {
    if (from.delta() == 0) fail(event, Code::amount_not_positive);
    if (from.delta() > amount_points_max || from.delta() < -amount_points_max)
        fail(event, Code::amount_out_of_range);
    expect_field(event, is_instant(from.expires_at()), 2);
    return Adjust{
        .delta = {from.delta()}, .expires_at = {from.expires_at()}, .reason = from.reason()};
}
CommandBody body_of(const wire::FreezeEvent& from, CommandKind kind, DecodedEvent&) {
    return Freeze{.frozen = kind == CommandKind::freeze, .reason = from.reason()};
}
CommandBody body_of(const wire::SetLimitEvent& from, CommandKind, DecodedEvent& event) {
    expect_field(event, is_limit(from.spend_per_day_max()), 1);
    return SetLimit{.spend_per_day_max = {from.spend_per_day_max()}};
}
CommandBody body_of(const wire::MemberUpdateEvent& from, CommandKind, DecodedEvent& event) {
    expect_field(event, from.birthday_month() <= 12, 4);
    expect_field(event, is_birthday(from.birthday_month(), from.birthday_day()), 5);
    return MemberUpdate{.segments = from.segments(),
                        .source_version = from.source_version(),
                        .level = from.level(),
                        .birthday_month = from.birthday_month(),
                        .birthday_day = from.birthday_day()};
}
CommandBody body_of(const wire::BalanceEvent&, CommandKind, DecodedEvent&) {
    return ReadBalance{};
}
CommandBody body_of(const wire::LookupEvent&, CommandKind, DecodedEvent&) {
    return Lookup{};
}

// ---- request batches

bool needs_request_id(CommandKind kind) {
    return kind != CommandKind::balance;
}

template <typename Event>
void decode_event(const Event& from, CommandKind kind, PartnerId partner, std::uint64_t seed,
                  DecodedEvent& event) {
    const wire::EventHead& head = from.head();
    event.code = Code::ok;
    event.detail = 0;
    event.command.body = body_of(from, kind, event);
    event.command.head = {
        .kind = kind,
        .partner = partner,
        .principal = PrincipalId{head.principal()},
        .program = ProgramId{head.program()},
        .request_id = {.high = head.request_id().high(), .low = head.request_id().low()},
        .member = {.high = head.member().high(), .low = head.member().low()},
        .body_hash = xxh3_64(std::as_bytes(std::span(&from, 1)), seed)};
    if (event.command.head.member.is_zero()) fail(event, Code::member_missing);
    if (needs_request_id(kind) && event.command.head.request_id.is_zero())
        fail(event, Code::request_id_missing);
}

template <typename Batch>
std::expected<void, Code> decode_batch(CommandKind kind, std::span<const std::byte> body,
                                       PartnerId partner, std::uint64_t body_hash_key,
                                       std::vector<DecodedEvent>& out) {
    const Batch* batch = verified<Batch>(body);
    if (batch == nullptr) return refuse(Code::message_malformed);
    const auto* events = batch->events();
    if (events == nullptr || events->size() == 0) return refuse(Code::batch_empty);
    if (events->size() > limits::batch_events_max) return refuse(Code::batch_too_large);
    if (!is_aligned(events)) return refuse(Code::message_malformed);
    const std::uint64_t seed = body_seed(body_hash_key, partner, kind);
    out.resize(events->size());
    out.front().payload.reset();  // of a table that was decoded before
    for (flatbuffers::uoffset_t i = 0; i < events->size(); ++i)
        decode_event(*events->Get(i), kind, partner, seed, out[i]);
    return {};
}

// ---- batches, plain to wire

// Every batch, of events or of results, is a table with one vector of structs, and the size of each
// struct is a multiple of 8. So FlatBuffers always puts the same 20 bytes before the vector's
// length. Writing them by hand saves a builder per reply; a test compares with the builder's bytes.
constexpr std::array<std::uint8_t, 20> batch_prefix{
    12, 0, 0, 0,        // offset of the root table
    0,  0,              // padding, so that the elements lie on 8
    6,  0, 8, 0, 4, 0,  // its vtable: 6 bytes, table of 8 bytes, field 0 at 4
    6,  0, 0, 0,        // the table: offset back to the vtable
    4,  0, 0, 0,        // offset to the vector
};
constexpr std::array<std::uint8_t, 12> empty_table{8, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0};

// Makes room for the prefix and `count` structs; returns where the first struct goes.
template <typename Struct>
std::byte* begin_batch(Bytes& out, std::size_t count) {
    static_assert(sizeof(Struct) % 8 == 0);
    const std::size_t begin = out.size();
    const auto length = static_cast<std::uint32_t>(count);
    out.resize(begin + batch_prefix.size() + sizeof length + count * sizeof(Struct));
    std::byte* at = out.data() + begin;
    std::memcpy(at, batch_prefix.data(), batch_prefix.size());
    at += batch_prefix.size();
    std::memcpy(at, &length, sizeof length);
    return at + sizeof length;
}

template <typename Struct>
std::byte* put(std::byte* at, const Struct& value) {
    static_assert(std::is_trivially_copyable_v<Struct>);
    std::memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

wire::EventHead head_of(const CommandHead& head) {
    return {wire_of(head.request_id), wire_of(head.member),
            static_cast<std::uint32_t>(head.program), static_cast<std::uint32_t>(head.principal)};
}
std::uint16_t number(Restriction restriction) {
    return static_cast<std::uint16_t>(restriction);
}

wire::EarnEvent event_of(const wire::EventHead& head, const Earn& body) {
    return {head,
            body.amount.value,
            body.active_from.ns,
            body.expires_at.ns,
            number(body.restriction),
            static_cast<std::uint8_t>(body.origin)};
}
wire::SpendEvent event_of(const wire::EventHead& head, const Spend& body) {
    return {head, body.amount.value, body.min_remaining.value, number(body.restriction),
            body.up_to};
}
wire::HoldEvent event_of(const wire::EventHead& head, const PlaceHold& body) {
    return {head,
            body.amount.value,
            body.min_remaining.value,
            body.duration.ns / 1'000'000,
            number(body.restriction),
            body.up_to};
}
wire::CaptureEvent event_of(const wire::EventHead& head, const CaptureHold& body) {
    return {head, body.amount.value, static_cast<std::uint32_t>(body.hold)};
}
wire::ReleaseEvent event_of(const wire::EventHead& head, const ReleaseHold& body) {
    return {head, static_cast<std::uint32_t>(body.hold)};
}
wire::RefundEvent event_of(const wire::EventHead& head, const Refund& body) {
    return {head, body.original.value, body.amount.value, body.reason, body.grace_days};
}
wire::RevokeEvent event_of(const wire::EventHead& head, const Revoke& body) {
    return {head, body.original.value, body.amount.value};
}
wire::AdjustEvent event_of(const wire::EventHead& head, const Adjust& body) {
    return {head, body.delta.value, body.expires_at.ns, body.reason};
}
wire::FreezeEvent event_of(const wire::EventHead& head, const Freeze& body) {
    return {head, body.reason};
}
wire::SetLimitEvent event_of(const wire::EventHead& head, const SetLimit& body) {
    return {head, body.spend_per_day_max.value};
}
wire::MemberUpdateEvent event_of(const wire::EventHead& head, const MemberUpdate& body) {
    return {head,       body.segments,       body.source_version,
            body.level, body.birthday_month, body.birthday_day};
}
wire::BalanceEvent event_of(const wire::EventHead& head, const ReadBalance&) {
    return wire::BalanceEvent{head};
}
wire::LookupEvent event_of(const wire::EventHead& head, const Lookup&) {
    return wire::LookupEvent{head};
}

template <typename Body>
void append_events(Bytes& out, std::span<const Command> commands) {
    using Event = decltype(event_of(std::declval<wire::EventHead>(), std::declval<Body>()));
    std::byte* at = begin_batch<Event>(out, commands.size());
    for (const Command& command : commands)
        at = put(at, event_of(head_of(command.head), std::get<Body>(command.body)));
}

}  // namespace

std::optional<std::expected<void, Code>> decode_batch_request(CommandKind kind,
                                                              std::span<const std::byte> body,
                                                              PartnerId partner,
                                                              std::uint64_t body_hash_key,
                                                              std::vector<DecodedEvent>& out) {
    switch (kind) {
        case CommandKind::spend:
            return decode_batch<wire::SpendBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::earn:
            return decode_batch<wire::EarnBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::hold:
            return decode_batch<wire::HoldBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::capture:
            return decode_batch<wire::CaptureBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::release:
            return decode_batch<wire::ReleaseBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::refund:
            return decode_batch<wire::RefundBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::revoke:
            return decode_batch<wire::RevokeBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::adjust:
            return decode_batch<wire::AdjustBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::freeze:
        case CommandKind::unfreeze:
            return decode_batch<wire::FreezeBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::set_limit:
            return decode_batch<wire::SetLimitBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::member_update:
            return decode_batch<wire::MemberUpdateBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::balance:
            return decode_batch<wire::BalanceBatch>(kind, body, partner, body_hash_key, out);
        case CommandKind::lookup:
            return decode_batch<wire::LookupBatch>(kind, body, partner, body_hash_key, out);
        default:
            return std::nullopt;
    }
}

bool append_batch_request(Bytes& out, std::span<const Command> commands) {
    const auto append = [&]<typename Body>(const Body&) {
        if constexpr (requires { event_of(std::declval<wire::EventHead>(), Body{}); }) {
            append_events<Body>(out, commands);
            return true;
        }
        return false;
    };
    return std::visit(append, commands.front().body);
}

std::span<const std::byte> empty_body() {
    return std::as_bytes(std::span(empty_table));
}

}  // namespace codec

using namespace codec;

void encode_results(Bytes& out, FrameHeader header, std::span<const Outcome> results) {
    const std::size_t begin = begin_frame(out);
    std::byte* at = begin_batch<wire::Result>(out, results.size());
    for (const Outcome& result : results) at = put(at, wire_of(result));
    finish_frame(out, begin, reply_to(header));
}

std::expected<void, Code> decode_results(std::span<const std::byte> body,
                                         std::vector<Outcome>& results) {
    results.clear();
    const auto* batch = verified<wire::ResultBatch>(body);
    if (batch == nullptr || batch->results() == nullptr || !is_aligned(batch->results()))
        return refuse(Code::message_malformed);
    results.reserve(batch->results()->size());
    for (const wire::Result* result : *batch->results()) results.push_back(plain_of(*result));
    return {};
}

}  // namespace suanpan
