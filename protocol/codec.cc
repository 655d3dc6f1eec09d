#include "protocol/codec.h"

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "suanpan_generated.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace suanpan {
namespace {

static_assert(std::endian::native == std::endian::little, "structs on the wire are little-endian");

using Bytes = std::vector<std::byte>;

// ---- verified reading

// No message nests deeper than a table in the root, and none has a second one.
constexpr flatbuffers::uoffset_t depth_max = 4;
constexpr flatbuffers::uoffset_t tables_max = 4;

// The root table of `body`, or null where any offset in it leads astray.
template <typename Table>
const Table* verified(std::span<const std::byte> body) {
    if (body.data() == nullptr || body.size() > limits::frame_body_bytes_max) return nullptr;
    if (reinterpret_cast<std::uintptr_t>(body.data()) % 8 != 0) return nullptr;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(body.data());
    flatbuffers::Verifier verifier(bytes, body.size(), depth_max, tables_max);
    if (!verifier.VerifyBuffer<Table>(nullptr)) return nullptr;
    return flatbuffers::GetRoot<Table>(bytes);
}

// FlatBuffers' verifier aligns the length of a vector of structs, but not its elements. An empty
// one has none, and its builder does not align it.
template <typename Vector>
bool is_aligned(const Vector* vector) {
    return vector->size() == 0 || reinterpret_cast<std::uintptr_t>(vector->Data()) % 8 == 0;
}

// ---- faults of single events

// Keeps the code that stands first in code.h; among equals, the first one reported.
void fail(DecodedEvent& event, Code code, std::int64_t detail = 0) {
    if (event.code != Code::ok && event.code <= code) return;
    event.code = code;
    event.detail = detail;
}
void expect_field(DecodedEvent& event, bool is_sound, std::int64_t field_number) {
    if (!is_sound) fail(event, Code::field_out_of_range, field_number);
}
void expect_amount(DecodedEvent& event, std::int64_t amount_points) {
    if (amount_points <= 0) fail(event, Code::amount_not_positive);
    if (amount_points > amount_points_max) fail(event, Code::amount_out_of_range);
}
// Of commands where 0 says "all that is left".
void expect_amount_or_all(DecodedEvent& event, std::int64_t amount_points) {
    if (amount_points != 0) expect_amount(event, amount_points);
}

bool is_instant(std::int64_t ns) {
    return ns >= 0 && ns <= instant_max.ns;
}
constexpr std::int64_t duration_ms_max = instant_max.ns / 1'000'000;
bool is_duration_ms(std::int64_t ms) {
    return ms >= 0 && ms <= duration_ms_max;
}
bool is_limit(std::int64_t points) {
    return points >= -1 && points <= amount_points_max;
}
bool is_amount_or_zero(std::int64_t points) {
    return points >= 0 && points <= amount_points_max;
}
constexpr std::int32_t date_days_max = static_cast<std::int32_t>(instant_max.ns / days(1).ns);

bool is_birthday(unsigned month, unsigned day) {
    if (month == 0) return day == 0;
    constexpr std::array<unsigned, 12> days_of{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month <= 12 && day >= 1 && day <= days_of[month - 1];
}

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

// Keyed, so that nobody outside can make two bodies of one hash; one seed serves a whole frame.
std::uint64_t body_seed(std::uint64_t key, PartnerId partner, CommandKind kind) {
    struct {
        PartnerId partner;
        CommandKind kind;
        std::uint16_t zero = 0;
    } const words{.partner = partner, .kind = kind};
    static_assert(sizeof words == 8);
    return xxh3_64(std::as_bytes(std::span(&words, 1)), key);
}

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

// ---- requests that are tables

// Where a table may leave fields out, its hash covers the values they stand for, packed one after
// the other in the order of the schema.
class Packing {
public:
    template <typename T>
    void add(const T& value) {
        static_assert(std::has_unique_object_representations_v<T>);
        SUANPAN_ASSERT(size_ + sizeof value <= bytes_.size());
        std::memcpy(bytes_.data() + size_, &value, sizeof value);
        size_ += sizeof value;
    }
    [[nodiscard]] std::uint64_t hash(std::uint64_t seed) const {
        return xxh3_64(std::span(bytes_).first(size_), seed);
    }

private:
    std::array<std::byte, 256> bytes_{};
    std::size_t size_ = 0;
};

RequestId request_id_of(const wire::Id128* id) {
    return id == nullptr ? RequestId{} : RequestId{.high = id->high(), .low = id->low()};
}
MemberId member_of(const wire::Id128* id) {
    return id == nullptr ? MemberId{} : MemberId{.high = id->high(), .low = id->low()};
}

// The one event of a table, emptied.
DecodedEvent& single(std::vector<DecodedEvent>& out, CommandKind kind, PartnerId partner) {
    out.resize(1);
    out.front() = DecodedEvent{};
    out.front().command.head.kind = kind;
    out.front().command.head.partner = partner;
    return out.front();
}

std::expected<void, Code> decode_statement_request(std::span<const std::byte> body,
                                                   DecodedEvent& event) {
    const auto* request = verified<wire::StatementRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    CommandHead& head = event.command.head;
    head.member = member_of(request->member());
    head.program = ProgramId{request->program()};
    if (head.member.is_zero()) fail(event, Code::member_missing);
    const std::uint16_t lines_max = request->lines_max();
    expect_field(event, lines_max > 0 && lines_max <= limits::statement_lines_max, 3);
    event.command.body = ReadStatement{.before = {request->before()}, .lines_max = lines_max};
    return {};
}

std::expected<void, Code> decode_expiring_request(std::span<const std::byte> body,
                                                  DecodedEvent& event) {
    const auto* request = verified<wire::ExpiringRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    CommandHead& head = event.command.head;
    head.member = member_of(request->member());
    head.program = ProgramId{request->program()};
    if (head.member.is_zero()) fail(event, Code::member_missing);
    expect_field(event, is_duration_ms(request->within_ms()), 2);
    const bool is_sound = event.code == Code::ok;
    event.command.body =
        ReadExpiring{.within = is_sound ? milliseconds(request->within_ms()) : Duration{}};
    return {};
}

// False where the text is too long or holds a zero byte, which could not be told from its padding.
template <std::size_t N>
bool take_text(const flatbuffers::String* from, ShortText<N>& to) {
    to = {};
    if (from == nullptr) return true;
    const std::string_view text(from->c_str(), from->size());
    if (text.size() > N || text.find('\0') != std::string_view::npos) return false;
    std::ranges::copy(text, to.bytes.begin());
    return true;
}

bool take_hash(const flatbuffers::Vector<std::uint8_t>* from, Sha256& to) {
    to = {};
    if (from == nullptr || from->size() == 0) return true;
    if (from->size() != to.size()) return false;
    std::memcpy(to.data(), from->Data(), to.size());
    return true;
}

std::expected<void, Code> decode_program_request(std::span<const std::byte> body,
                                                 std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::ProgramRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    CommandHead& head = event.command.head;
    head.request_id = request_id_of(request->request_id());
    head.principal = PrincipalId{request->principal()};
    head.program = ProgramId{request->program()};
    if (head.request_id.is_zero()) fail(event, Code::request_id_missing);

    ProgramSpec spec;
    spec.id = head.program;
    spec.version = request->version();
    expect_field(event, request->program() != 0, 2);
    expect_field(event, request->version() != 0, 3);
    expect_field(event, take_text(request->name(), spec.name), 4);
    expect_field(event, take_text(request->currency(), spec.currency), 5);
    expect_field(event, take_text(request->time_zone(), spec.time_zone), 6);
    if (spec.time_zone == ShortText<40>{})
        std::ranges::copy(std::string_view("Asia/Shanghai"), spec.time_zone.bytes.begin());
    expect_field(event, request->expiry() <= wire::ExpiryPolicy::MAX, 7);
    expect_field(event, request->expiry_rounding() <= wire::ExpiryRounding::MAX, 8);
    expect_field(event, request->expiry_date() >= 0 && request->expiry_date() <= date_days_max, 10);
    expect_field(event, request->revoke() <= wire::RevokePolicy::MAX, 11);
    expect_field(event, is_duration_ms(request->hold_default_ms()), 13);
    expect_field(event, is_duration_ms(request->hold_max_ms()), 14);
    expect_field(event, is_limit(request->spend_per_day_max()), 16);
    if (event.code == Code::ok) {
        spec.expiry = static_cast<ExpiryPolicy>(request->expiry());
        spec.expiry_rounding = static_cast<ExpiryRounding>(request->expiry_rounding());
        spec.expiry_count = request->expiry_count();
        spec.expiry_date = LocalDate{request->expiry_date()};
        spec.revoke = static_cast<RevokePolicy>(request->revoke());
        spec.merge_lots = request->merge_lots();
        spec.hold_default = milliseconds(request->hold_default_ms());
        spec.hold_max = milliseconds(request->hold_max_ms());
        spec.hold_grace_days = request->hold_grace_days();
        spec.spend_per_day_max = Points{request->spend_per_day_max()};
        spec.refundable_days = request->refundable_days();
    }
    event.command.body =
        PutProgram{.spec = spec, .create = head.kind == CommandKind::program_create};

    Packing packing;
    packing.add(head.request_id);
    packing.add(head.principal);
    packing.add(spec.id);
    packing.add(spec.version);
    packing.add(spec.name);
    packing.add(spec.currency);
    packing.add(spec.time_zone);
    packing.add(spec.expiry);
    packing.add(spec.expiry_rounding);
    packing.add(spec.expiry_count);
    packing.add(spec.expiry_date);
    packing.add(spec.revoke);
    packing.add(static_cast<std::uint8_t>(spec.merge_lots ? 1 : 0));
    packing.add(spec.hold_default);
    packing.add(spec.hold_max);
    packing.add(spec.hold_grace_days);
    packing.add(spec.spend_per_day_max);
    packing.add(spec.refundable_days);
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    return {};
}

std::expected<void, Code> decode_clock_advance(std::span<const std::byte> body,
                                               std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::ClockAdvanceRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    CommandHead& head = event.command.head;
    head.request_id = request_id_of(request->request_id());
    if (head.request_id.is_zero()) fail(event, Code::request_id_missing);
    expect_field(event, request->by_ms() > 0 && request->by_ms() <= duration_ms_max, 1);
    const bool is_sound = event.code == Code::ok;
    event.command.body = AdvanceClock{.by = is_sound ? milliseconds(request->by_ms()) : Duration{}};
    Packing packing;
    packing.add(head.request_id);
    packing.add(request->by_ms());
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    return {};
}

// ---- orders

std::uint64_t hash_of(std::span<const std::byte> bytes) {
    return xxh3_64(bytes, 0);
}
std::uint64_t hash_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
    if (bytes == nullptr) return 0;
    return hash_of(std::as_bytes(std::span(bytes->Data(), bytes->size())));
}
// Of the values, not of the bytes between them.
std::uint64_t hash_of(const std::vector<LineRefund>& lines) {
    std::vector<std::array<std::int64_t, 2>> values;
    for (const LineRefund& line : lines) values.push_back({line.line, line.amount.value});
    return hash_of(std::as_bytes(std::span(values)));
}

// What settle, confirm, cancel and refund_order begin with; the order's name is field 4.
template <typename Request>
void take_order_head(const Request& request, DecodedEvent& event, OrderId& order) {
    CommandHead& head = event.command.head;
    head.request_id = request_id_of(request.request_id());
    head.member = member_of(request.member());
    head.program = ProgramId{request.program()};
    head.principal = PrincipalId{request.principal()};
    if (head.request_id.is_zero()) fail(event, Code::request_id_missing);
    if (head.member.is_zero()) fail(event, Code::member_missing);
    expect_field(event, take_text(request.order(), order) && order != OrderId{}, 4);
}

// Begins the hash of such a request.
Packing packed_order_head(const CommandHead& head, const OrderId& order) {
    Packing packing;
    packing.add(head.request_id);
    packing.add(head.member);
    packing.add(head.program);
    packing.add(head.principal);
    packing.add(order);
    return packing;
}

std::expected<void, Code> decode_quote_request(std::span<const std::byte> body,
                                               DecodedEvent& event) {
    const auto* request = verified<wire::QuoteRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    const auto* lines = request->lines();
    if (lines != nullptr && !is_aligned(lines)) return refuse(Code::message_malformed);
    CommandHead& head = event.command.head;
    head.member = member_of(request->member());
    head.program = ProgramId{request->program()};
    if (head.member.is_zero()) fail(event, Code::member_missing);
    auto payload = std::make_shared<CommandPayload>();
    AskedOrder& order = payload->order;
    order.merchant = request->merchant();
    order.channel = request->channel();
    order.wanted = Points{request->wanted()};
    expect_field(event, is_limit(request->wanted()), 4);
    expect_field(event, take_text(request->currency(), order.currency), 5);
    expect_field(event, lines != nullptr && lines->size() > 0, 6);
    if (lines != nullptr && lines->size() > limits::order_lines_max)
        fail(event, Code::too_many_lines, limits::order_lines_max);
    else if (lines != nullptr)
        for (const wire::AskedLine* line : *lines)
            order.lines.push_back({.product = line->product(),
                                   .unit_price = {line->unit_price()},
                                   .quantity = line->quantity(),
                                   .category = line->category()});
    for (const AskedLine& line : order.lines) {
        expect_field(event, line.quantity > 0, 6);
        if (line.unit_price < Money{} || line.unit_price > Money{amount_money_max})
            fail(event, Code::amount_out_of_range);
    }
    if (const auto* coupons = request->coupons(); coupons != nullptr) {
        expect_field(event, coupons->size() <= limits::order_coupons_max, 7);
        if (coupons->size() <= limits::order_coupons_max)
            order.coupons.assign(coupons->begin(), coupons->end());
    }
    event.command.body = AskQuote{.payload = payload.get()};
    event.payload = std::move(payload);
    return {};
}

std::expected<void, Code> decode_settle(std::span<const std::byte> body,
                                        std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::SettleRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    Settle settle;
    take_order_head(*request, event, settle.order);
    auto payload = std::make_shared<CommandPayload>();
    const auto* token = request->token();
    const bool is_token =
        token != nullptr && token->size() > 0 && token->size() <= limits::quote_token_bytes_max;
    if (!is_token)
        fail(event, Code::quote_not_authentic);
    else
        payload->token.assign(reinterpret_cast<const std::byte*>(token->Data()),
                              reinterpret_cast<const std::byte*>(token->Data()) + token->size());
    CommandHead& head = event.command.head;
    Packing packing = packed_order_head(head, settle.order);
    packing.add(hash_of(token));
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    settle.payload = payload.get();
    event.command.body = settle;
    event.payload = std::move(payload);
    return {};
}

std::expected<void, Code> decode_confirm(std::span<const std::byte> body,
                                         std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::ConfirmRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    ConfirmOrder confirm;
    take_order_head(*request, event, confirm.order);
    expect_field(
        event, take_text(request->payment(), confirm.payment) && confirm.payment != PaymentId{}, 5);
    expect_amount(event, request->amount());
    expect_field(event,
                 take_text(request->currency(), confirm.currency) && confirm.currency != Currency{},
                 7);
    confirm.amount = Money{request->amount()};
    CommandHead& head = event.command.head;
    Packing packing = packed_order_head(head, confirm.order);
    packing.add(confirm.payment);
    packing.add(confirm.amount);
    packing.add(confirm.currency);
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    event.command.body = confirm;
    return {};
}

std::expected<void, Code> decode_cancel(std::span<const std::byte> body,
                                        std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::CancelRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    CancelOrder cancel;
    take_order_head(*request, event, cancel.order);
    CommandHead& head = event.command.head;
    head.body_hash = packed_order_head(head, cancel.order)
                         .hash(body_seed(body_hash_key, head.partner, head.kind));
    event.command.body = cancel;
    return {};
}

std::expected<void, Code> decode_refund_order(std::span<const std::byte> body,
                                              std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::RefundOrderRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    const auto* lines = request->lines();
    if (lines != nullptr && !is_aligned(lines)) return refuse(Code::message_malformed);
    RefundOrder refund{.amount = {request->amount()},
                       .reason = request->reason(),
                       .grace_days = request->grace_days()};
    take_order_head(*request, event, refund.order);
    expect_amount_or_all(event, request->amount());
    auto payload = std::make_shared<CommandPayload>();
    if (lines != nullptr && lines->size() > limits::order_lines_max)
        fail(event, Code::too_many_lines, limits::order_lines_max);
    else if (lines != nullptr)
        for (const wire::LineRefund* line : *lines)
            payload->refunds.push_back({.line = line->line(), .amount = {line->amount()}});
    expect_field(event, payload->refunds.empty() || request->amount() == 0, 5);
    for (const LineRefund& line : payload->refunds)
        expect_field(event, line.amount >= Money{} && line.amount <= Money{amount_money_max}, 6);
    CommandHead& head = event.command.head;
    Packing packing = packed_order_head(head, refund.order);
    packing.add(refund.amount);
    packing.add(refund.reason);
    packing.add(refund.grace_days);
    packing.add(hash_of(payload->refunds));
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    refund.payload = payload.get();
    event.command.body = refund;
    event.payload = std::move(payload);
    return {};
}

std::expected<void, Code> decode_order_request(std::span<const std::byte> body,
                                               DecodedEvent& event) {
    const auto* request = verified<wire::OrderRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    CommandHead& head = event.command.head;
    head.member = member_of(request->member());
    head.program = ProgramId{request->program()};
    if (head.member.is_zero()) fail(event, Code::member_missing);
    ReadOrder read;
    expect_field(event, take_text(request->order(), read.order) && read.order != OrderId{}, 2);
    event.command.body = read;
    return {};
}

std::expected<void, Code> decode_rules_request(std::span<const std::byte> body,
                                               std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::RulesRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    CommandHead& head = event.command.head;
    head.request_id = request_id_of(request->request_id());
    head.principal = PrincipalId{request->principal()};
    head.program = ProgramId{request->program()};
    if (head.request_id.is_zero()) fail(event, Code::request_id_missing);
    const auto* text = request->text();
    auto payload = std::make_shared<CommandPayload>();
    const bool is_text =
        text != nullptr && text->size() > 0 && text->size() <= limits::rule_book_bytes_max;
    expect_field(event, is_text, 3);
    if (is_text)
        payload->text.assign(reinterpret_cast<const std::byte*>(text->Data()),
                             reinterpret_cast<const std::byte*>(text->Data()) + text->size());
    Packing packing;
    packing.add(head.request_id);
    packing.add(head.principal);
    packing.add(head.program);
    packing.add(hash_of(payload->text));
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    event.command.body = PutRules{.payload = payload.get()};
    event.payload = std::move(payload);
    return {};
}

std::expected<void, Code> decode_terms_request(std::span<const std::byte> body,
                                               DecodedEvent& event) {
    const auto* request = verified<wire::TermsRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    event.command.head.program = ProgramId{request->program()};
    event.command.body = ReadTerms{.version = request->version()};
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

wire::Result wire_of(const Outcome& from) {
    return {static_cast<std::uint16_t>(from.code),
            0,
            from.retry_after_ms,
            from.entry_id.value,
            from.time.ns,
            from.balances.available.value,
            from.balances.held.value,
            from.balances.pending.value,
            from.balances.debt.value,
            from.amount.value,
            from.detail};
}
Outcome plain_of(const wire::Result& from) {
    return {.code = static_cast<Code>(from.code()),
            .retry_after_ms = from.retry_after_ms(),
            .entry_id = {from.entry_id()},
            .time = {from.time()},
            .balances = {.available = {from.available()},
                         .held = {from.held()},
                         .pending = {from.pending()},
                         .debt = {from.debt()}},
            .amount = {from.amount()},
            .detail = from.detail()};
}

wire::Id128 wire_of(const RequestId& id) {
    return {id.high, id.low};
}
wire::Id128 wire_of(const MemberId& id) {
    return {id.high, id.low};
}
wire::EventHead wire_of(const CommandHead& head) {
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
        at = put(at, event_of(wire_of(command.head), std::get<Body>(command.body)));
}

// ---- tables, through a builder

// For messages that are no batch: one builder per thread, whose memory is used again.
flatbuffers::FlatBufferBuilder& builder() {
    thread_local flatbuffers::FlatBufferBuilder one(4096);
    one.Clear();
    return one;
}
template <typename Table>
void append_table(Bytes& out, flatbuffers::FlatBufferBuilder& from,
                  flatbuffers::Offset<Table> root) {
    from.Finish(root);
    const auto* bytes = reinterpret_cast<const std::byte*>(from.GetBufferPointer());
    out.insert(out.end(), bytes, bytes + from.GetSize());
}

template <std::size_t N>
flatbuffers::Offset<flatbuffers::String> text_of(flatbuffers::FlatBufferBuilder& into,
                                                 const ShortText<N>& text) {
    const auto* end = std::ranges::find(text.bytes, '\0');
    return into.CreateString(text.bytes.data(), static_cast<std::size_t>(end - text.bytes.begin()));
}
flatbuffers::Offset<flatbuffers::String> text_of(flatbuffers::FlatBufferBuilder& into,
                                                 const std::string& text, std::size_t bytes_max) {
    return into.CreateString(text.data(), std::min(text.size(), bytes_max));
}
flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> bytes_of(
    flatbuffers::FlatBufferBuilder& into, std::span<const std::byte> bytes) {
    return into.CreateVector(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

void append_program_request(Bytes& out, const Command& command) {
    const ProgramSpec& spec = std::get<PutProgram>(command.body).spec;
    const wire::Id128 request_id = wire_of(command.head.request_id);
    auto& into = builder();
    const auto name = text_of(into, spec.name);
    const auto currency = text_of(into, spec.currency);
    const auto time_zone = text_of(into, spec.time_zone);
    append_table(
        out, into,
        wire::CreateProgramRequest(
            into, &request_id, static_cast<std::uint32_t>(command.head.principal),
            static_cast<std::uint32_t>(spec.id), spec.version, name, currency, time_zone,
            static_cast<wire::ExpiryPolicy>(spec.expiry),
            static_cast<wire::ExpiryRounding>(spec.expiry_rounding), spec.expiry_count,
            spec.expiry_date.days, static_cast<wire::RevokePolicy>(spec.revoke), spec.merge_lots,
            spec.hold_default.ns / 1'000'000, spec.hold_max.ns / 1'000'000, spec.hold_grace_days,
            spec.spend_per_day_max.value, spec.refundable_days));
}

template <typename T, typename Plain, typename ToWire>
flatbuffers::Offset<flatbuffers::Vector<const T*>> structs_of(flatbuffers::FlatBufferBuilder& into,
                                                              const std::vector<Plain>& from,
                                                              ToWire&& to_wire) {
    T* at = nullptr;
    const auto vector = into.CreateUninitializedVectorOfStructs(from.size(), &at);
    for (const Plain& one : from) *at++ = to_wire(one);
    return vector;
}

flatbuffers::Offset<flatbuffers::String> string_of(flatbuffers::FlatBufferBuilder& into,
                                                   std::span<const std::byte> text) {
    return into.CreateString(reinterpret_cast<const char*>(text.data()), text.size());
}

struct AppendOrderRequest {
    Bytes& out;
    const CommandHead& head;
    flatbuffers::FlatBufferBuilder& into = builder();
    wire::Id128 request_id = wire_of(head.request_id);
    wire::Id128 member = wire_of(head.member);
    std::uint32_t program = static_cast<std::uint32_t>(head.program);
    std::uint32_t principal = static_cast<std::uint32_t>(head.principal);

    void operator()(const AskQuote& body) {
        const AskedOrder& order = body.payload->order;
        const auto currency = text_of(into, order.currency);
        const auto lines =
            structs_of<wire::AskedLine>(into, order.lines, [](const AskedLine& line) {
                return wire::AskedLine{line.product, line.unit_price.value, line.quantity,
                                       line.category, 0};
            });
        const auto coupons = into.CreateVector(order.coupons);
        append_table(out, into,
                     wire::CreateQuoteRequest(into, &member, program, order.merchant, order.channel,
                                              order.wanted.value, currency, lines, coupons));
    }
    void operator()(const Settle& body) {
        const auto order = text_of(into, body.order);
        const auto token = bytes_of(into, body.payload->token);
        append_table(out, into,
                     wire::CreateSettleRequest(into, &request_id, &member, program, principal,
                                               order, token));
    }
    void operator()(const ConfirmOrder& body) {
        const auto order = text_of(into, body.order);
        const auto payment = text_of(into, body.payment);
        const auto currency = text_of(into, body.currency);
        append_table(out, into,
                     wire::CreateConfirmRequest(into, &request_id, &member, program, principal,
                                                order, payment, body.amount.value, currency));
    }
    void operator()(const CancelOrder& body) {
        const auto order = text_of(into, body.order);
        append_table(
            out, into,
            wire::CreateCancelRequest(into, &request_id, &member, program, principal, order));
    }
    void operator()(const RefundOrder& body) {
        const std::vector<LineRefund> none;
        const auto order = text_of(into, body.order);
        const auto lines = structs_of<wire::LineRefund>(
            into, body.payload == nullptr ? none : body.payload->refunds,
            [](const LineRefund& line) { return wire::LineRefund{line.amount.value, line.line}; });
        append_table(
            out, into,
            wire::CreateRefundOrderRequest(into, &request_id, &member, program, principal, order,
                                           body.amount.value, lines, body.reason, body.grace_days));
    }
    void operator()(const ReadOrder& body) {
        const auto order = text_of(into, body.order);
        append_table(out, into, wire::CreateOrderRequest(into, &member, program, order));
    }
    void operator()(const PutRules& body) {
        const auto text = string_of(into, body.payload->text);
        append_table(out, into,
                     wire::CreateRulesRequest(into, &request_id, principal, program, text));
    }
    void operator()(const ReadTerms& body) {
        append_table(out, into, wire::CreateTermsRequest(into, program, body.version));
    }
    template <typename Other>
    void operator()(const Other&) {
        SUANPAN_ASSERT(false);  // append_single() has them
    }
};

void append_single(Bytes& out, const Command& command) {
    const CommandHead& head = command.head;
    const wire::Id128 member = wire_of(head.member);
    const wire::Id128 request_id = wire_of(head.request_id);
    const auto program = static_cast<std::uint32_t>(head.program);
    if (const auto* statement = std::get_if<ReadStatement>(&command.body)) {
        auto& into = builder();
        append_table(out, into,
                     wire::CreateStatementRequest(into, &member, program, statement->before.value,
                                                  statement->lines_max));
    } else if (const auto* expiring = std::get_if<ReadExpiring>(&command.body)) {
        auto& into = builder();
        append_table(
            out, into,
            wire::CreateExpiringRequest(into, &member, program, expiring->within.ns / 1'000'000));
    } else if (const auto* advance = std::get_if<AdvanceClock>(&command.body)) {
        auto& into = builder();
        append_table(
            out, into,
            wire::CreateClockAdvanceRequest(into, &request_id, advance->by.ns / 1'000'000));
    } else if (std::holds_alternative<PutProgram>(command.body)) {
        append_program_request(out, command);
    } else {
        std::visit(AppendOrderRequest{.out = out, .head = head}, command.body);
    }
}

wire::QuotedLine wire_line(const QuotedLine& line) {
    return {line.list.value, line.payable.value, line.points.value, line.value.value};
}
QuotedLine plain_line(const auto& line) {
    return {.list = {line.list()},
            .payable = {line.payable()},
            .points = {line.points()},
            .value = {line.value()}};
}

FrameHeader reply_to(FrameHeader header) {
    header.flags = frame_flag_reply;
    return header;
}
FrameHeader request_of(FrameHeader header, CommandKind kind) {
    header.kind = static_cast<std::uint16_t>(kind);
    header.flags = 0;
    return header;
}

}  // namespace

// ---- server side

bool is_request_kind(std::uint16_t kind) {
    switch (static_cast<CommandKind>(kind)) {
        case CommandKind::hello:
        case CommandKind::ping:
        case CommandKind::earn:
        case CommandKind::spend:
        case CommandKind::hold:
        case CommandKind::capture:
        case CommandKind::release:
        case CommandKind::refund:
        case CommandKind::revoke:
        case CommandKind::adjust:
        case CommandKind::freeze:
        case CommandKind::unfreeze:
        case CommandKind::set_limit:
        case CommandKind::member_update:
        case CommandKind::balance:
        case CommandKind::statement:
        case CommandKind::lookup:
        case CommandKind::expiring:
        case CommandKind::program_create:
        case CommandKind::program_update:
        case CommandKind::clock_advance:
        case CommandKind::settle:
        case CommandKind::confirm:
        case CommandKind::cancel:
        case CommandKind::refund_order:
        case CommandKind::quote:
        case CommandKind::order:
        case CommandKind::terms:
        case CommandKind::rules_put:
            return true;
        case CommandKind::challenge:
            return false;
    }
    return false;
}

std::expected<void, Code> decode_request(CommandKind kind, std::span<const std::byte> body,
                                         PartnerId partner, std::uint64_t body_hash_key,
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
        case CommandKind::statement:
            return decode_statement_request(body, single(out, kind, partner));
        case CommandKind::expiring:
            return decode_expiring_request(body, single(out, kind, partner));
        case CommandKind::program_create:
        case CommandKind::program_update:
            return decode_program_request(body, body_hash_key, single(out, kind, partner));
        case CommandKind::clock_advance:
            return decode_clock_advance(body, body_hash_key, single(out, kind, partner));
        case CommandKind::settle:
            return decode_settle(body, body_hash_key, single(out, kind, partner));
        case CommandKind::confirm:
            return decode_confirm(body, body_hash_key, single(out, kind, partner));
        case CommandKind::cancel:
            return decode_cancel(body, body_hash_key, single(out, kind, partner));
        case CommandKind::refund_order:
            return decode_refund_order(body, body_hash_key, single(out, kind, partner));
        case CommandKind::quote:
            return decode_quote_request(body, single(out, kind, partner));
        case CommandKind::order:
            return decode_order_request(body, single(out, kind, partner));
        case CommandKind::terms:
            return decode_terms_request(body, single(out, kind, partner));
        case CommandKind::rules_put:
            return decode_rules_request(body, body_hash_key, single(out, kind, partner));
        case CommandKind::challenge:
        case CommandKind::hello:
        case CommandKind::ping:
            break;
    }
    return refuse(Code::unknown_kind);
}

std::expected<HelloRequest, Code> decode_hello(std::span<const std::byte> body) {
    const auto* from = verified<wire::HelloRequest>(body);
    if (from == nullptr) return refuse(Code::message_malformed);
    HelloRequest hello;
    hello.partner = PartnerId{from->partner()};
    if (from->nonce() == nullptr || from->nonce()->size() != hello.nonce.size())
        return refuse(Code::message_malformed);
    if (from->mac() == nullptr || from->mac()->size() != hello.mac.size())
        return refuse(Code::message_malformed);
    std::memcpy(hello.nonce.data(), from->nonce()->Data(), hello.nonce.size());
    std::memcpy(hello.mac.data(), from->mac()->Data(), hello.mac.size());
    if (from->client() != nullptr) {
        if (from->client()->size() > client_name_bytes_max) return refuse(Code::message_malformed);
        hello.client = from->client()->str();
    }
    return hello;
}

std::expected<void, Code> decode_ping(std::span<const std::byte> body) {
    if (verified<wire::PingRequest>(body) == nullptr) return refuse(Code::message_malformed);
    return {};
}

void encode_results(Bytes& out, FrameHeader header, std::span<const Outcome> results) {
    const std::size_t begin = begin_frame(out);
    std::byte* at = begin_batch<wire::Result>(out, results.size());
    for (const Outcome& result : results) at = put(at, wire_of(result));
    finish_frame(out, begin, reply_to(header));
}

void encode_statement(Bytes& out, FrameHeader header, const Statement& statement) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(statement.outcome);
    wire::StatementLine* lines = nullptr;
    const auto vector = into.CreateUninitializedVectorOfStructs(statement.lines.size(), &lines);
    for (const StatementLine& line : statement.lines) {
        *lines++ = wire::StatementLine{line.entry_id.value,
                                       line.time.ns,
                                       wire_of(line.request_id),
                                       line.amount.value,
                                       line.balances.available.value,
                                       line.balances.held.value,
                                       line.balances.pending.value,
                                       line.balances.debt.value,
                                       line.reference,
                                       line.local_date.days,
                                       static_cast<std::uint32_t>(line.partner),
                                       static_cast<std::uint32_t>(line.principal),
                                       line.kind,
                                       line.reason};
    }
    append_table(out, into,
                 wire::CreateStatementReply(into, &result, vector, statement.next.value));
    finish_frame(out, begin, reply_to(header));
}

void encode_expiring(Bytes& out, FrameHeader header, const Expiring& expiring) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(expiring.outcome);
    wire::ExpiringRow* rows = nullptr;
    const auto vector = into.CreateUninitializedVectorOfStructs(expiring.rows.size(), &rows);
    for (const ExpiringRow& row : expiring.rows)
        *rows++ = wire::ExpiringRow{row.expires_at.ns, row.points.value};
    append_table(out, into, wire::CreateExpiringReply(into, &result, vector));
    finish_frame(out, begin, reply_to(header));
}

void encode_quote(Bytes& out, FrameHeader header, const QuoteAnswer& quote) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(quote.outcome);
    const auto lines = structs_of<wire::QuotedLine>(into, quote.lines, wire_line);
    const auto limits =
        structs_of<wire::QuotedLimit>(into, quote.limits, [](const QuotedLimit& limit) {
            return wire::QuotedLimit{limit.value, limit.id, limit.kind, limit.bound};
        });
    const auto token = bytes_of(into, quote.token);
    append_table(
        out, into,
        wire::CreateQuoteReply(into, &result, quote.rule_version, quote.campaign,
                               quote.valid_until.ns, quote.list.value, quote.discounts.value,
                               quote.coupons.value, quote.payable.value, quote.eligible.value,
                               quote.value.value, quote.cash.value, quote.points.value,
                               quote.points_missing.value, quote.gap.value, lines, limits, token));
    finish_frame(out, begin, reply_to(header));
}

void encode_order(Bytes& out, FrameHeader header, const OrderAnswer& order) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(order.outcome);
    const auto hash = bytes_of(into, order.terms_hash);
    const auto currency = text_of(into, order.currency);
    const auto payment = text_of(into, order.payment);
    const auto lines =
        structs_of<wire::OrderedLine>(into, order.lines, [](const OrderedLine& line) {
            const QuotedLine& quoted = line.quoted;
            return wire::OrderedLine{quoted.list.value, quoted.payable.value, quoted.points.value,
                                     quoted.value.value, line.refunded.value};
        });
    append_table(out, into,
                 wire::CreateOrderReply(
                     into, &result, static_cast<std::uint8_t>(order.state),
                     static_cast<std::uint8_t>(order.step), order.rule_version, hash, currency,
                     order.list.value, order.payable.value, order.value.value, order.cash.value,
                     order.points.value, order.settled_at.ns, order.times_out.ns,
                     order.refundable_until.ns, payment, order.paid.value, order.refunded.value,
                     order.refunded_points.value, order.refunded_cash.value, lines));
    finish_frame(out, begin, reply_to(header));
}

void encode_terms(Bytes& out, FrameHeader header, const TermsAnswer& terms) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(terms.outcome);
    const auto hash = bytes_of(into, terms.hash);
    const auto text = into.CreateString(terms.text);
    append_table(
        out, into,
        wire::CreateTermsReply(into, &result, terms.version, terms.effective_from.ns, hash, text));
    finish_frame(out, begin, reply_to(header));
}

void encode_rules(Bytes& out, FrameHeader header, const RulesAnswer& rules) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(rules.outcome);
    const auto message = into.CreateString(rules.message);
    append_table(out, into, wire::CreateRulesReply(into, &result, message));
    finish_frame(out, begin, reply_to(header));
}

void encode_greeting(Bytes& out, FrameHeader header, const Greeting& greeting) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(greeting.outcome);
    const wire::Id128 uuid{greeting.server_uuid.high, greeting.server_uuid.low};
    const auto ports = into.CreateVector(greeting.shard_ports);
    const auto version = text_of(into, greeting.server_version, server_version_bytes_max);
    append_table(out, into,
                 wire::CreateGreeting(into, &result, greeting.version, ports, greeting.hash_seed,
                                      greeting.request_floor_ms, greeting.frame_body_bytes_max,
                                      greeting.batch_events_max, greeting.frames_in_flight_max,
                                      &uuid, greeting.sandbox, version));
    finish_frame(out, begin, reply_to(header));
}

void encode_challenge(Bytes& out, const Challenge& challenge) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const auto bytes = bytes_of(into, challenge.bytes);
    append_table(out, into, wire::CreateChallenge(into, bytes));
    finish_frame(out, begin,
                 reply_to({.kind = static_cast<std::uint16_t>(CommandKind::challenge)}));
}

void encode_refusal(Bytes& out, FrameHeader header, const Outcome& outcome) {
    switch (static_cast<CommandKind>(header.kind)) {
        case CommandKind::hello: {
            Greeting greeting;
            greeting.outcome = outcome;
            return encode_greeting(out, header, greeting);
        }
        case CommandKind::statement:
            return encode_statement(out, header, {.outcome = outcome, .lines = {}, .next = {}});
        case CommandKind::expiring:
            return encode_expiring(out, header, {.outcome = outcome, .rows = {}});
        case CommandKind::quote: {
            QuoteAnswer quote;
            quote.outcome = outcome;
            return encode_quote(out, header, quote);
        }
        case CommandKind::order: {
            OrderAnswer order;
            order.outcome = outcome;
            return encode_order(out, header, order);
        }
        case CommandKind::terms: {
            TermsAnswer terms;
            terms.outcome = outcome;
            return encode_terms(out, header, terms);
        }
        case CommandKind::rules_put:
            return encode_rules(out, header, {.outcome = outcome, .message = {}});
        default:
            return encode_results(out, header, std::span(&outcome, 1));
    }
}

// ---- client side

void encode_requests(Bytes& out, FrameHeader header, std::span<const Command> commands) {
    SUANPAN_ASSERT(!commands.empty());
    SUANPAN_ASSERT(commands.size() <= limits::batch_events_max);
    const std::size_t begin = begin_frame(out);
    const auto append = [&]<typename Body>(const Body&) {
        if constexpr (requires { event_of(std::declval<wire::EventHead>(), Body{}); }) {
            append_events<Body>(out, commands);
        } else {
            SUANPAN_ASSERT(commands.size() == 1);
            append_single(out, commands.front());
        }
    };
    std::visit(append, commands.front().body);
    finish_frame(out, begin, request_of(header, commands.front().head.kind));
}

void encode_hello(Bytes& out, FrameHeader header, const HelloRequest& hello) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const auto nonce = bytes_of(into, hello.nonce);
    const auto mac = bytes_of(into, hello.mac);
    const auto client = text_of(into, hello.client, client_name_bytes_max);
    append_table(out, into,
                 wire::CreateHelloRequest(into, static_cast<std::uint32_t>(hello.partner), nonce,
                                          mac, client));
    finish_frame(out, begin, request_of(header, CommandKind::hello));
}

void encode_ping(Bytes& out, FrameHeader header) {
    append_frame(out, request_of(header, CommandKind::ping), std::as_bytes(std::span(empty_table)));
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

std::expected<Statement, Code> decode_statement(std::span<const std::byte> body) {
    const auto* from = verified<wire::StatementReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    Statement statement{.outcome = plain_of(*from->result()), .lines = {}, .next = {from->next()}};
    if (from->lines() == nullptr) return statement;
    if (!is_aligned(from->lines())) return refuse(Code::message_malformed);
    statement.lines.reserve(from->lines()->size());
    for (const wire::StatementLine* line : *from->lines()) {
        statement.lines.push_back({.entry_id = {line->entry_id()},
                                   .time = {line->time()},
                                   .request_id = request_id_of(&line->request_id()),
                                   .amount = {line->amount()},
                                   .balances = {.available = {line->available()},
                                                .held = {line->held()},
                                                .pending = {line->pending()},
                                                .debt = {line->debt()}},
                                   .reference = line->reference(),
                                   .local_date = {line->local_date()},
                                   .partner = PartnerId{line->partner()},
                                   .principal = PrincipalId{line->principal()},
                                   .kind = line->kind(),
                                   .reason = line->reason()});
    }
    return statement;
}

std::expected<Expiring, Code> decode_expiring(std::span<const std::byte> body) {
    const auto* from = verified<wire::ExpiringReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    Expiring expiring{.outcome = plain_of(*from->result()), .rows = {}};
    if (from->rows() == nullptr) return expiring;
    if (!is_aligned(from->rows())) return refuse(Code::message_malformed);
    for (const wire::ExpiringRow* row : *from->rows())
        expiring.rows.push_back({.expires_at = {row->expires_at()}, .points = {row->points()}});
    return expiring;
}

std::expected<QuoteAnswer, Code> decode_quote(std::span<const std::byte> body) {
    const auto* from = verified<wire::QuoteReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    if ((from->lines() != nullptr && !is_aligned(from->lines())) ||
        (from->limits() != nullptr && !is_aligned(from->limits())))
        return refuse(Code::message_malformed);
    QuoteAnswer quote;
    quote.outcome = plain_of(*from->result());
    quote.rule_version = from->rule_version();
    quote.campaign = from->campaign();
    quote.valid_until.ns = from->valid_until();
    quote.list.value = from->list();
    quote.discounts.value = from->discounts();
    quote.coupons.value = from->coupons();
    quote.payable.value = from->payable();
    quote.eligible.value = from->eligible();
    quote.value.value = from->value();
    quote.cash.value = from->cash();
    quote.points.value = from->points();
    quote.points_missing.value = from->points_missing();
    quote.gap.value = from->gap();
    if (from->lines() != nullptr)
        for (const wire::QuotedLine* line : *from->lines())
            quote.lines.push_back(plain_line(*line));
    if (from->limits() != nullptr)
        for (const wire::QuotedLimit* limit : *from->limits())
            quote.limits.push_back({.kind = limit->kind(),
                                    .bound = limit->bound(),
                                    .id = limit->id(),
                                    .value = limit->value()});
    if (from->token() != nullptr) {
        const auto token = std::as_bytes(std::span(from->token()->Data(), from->token()->size()));
        quote.token.assign(token.begin(), token.end());
    }
    return quote;
}

std::expected<OrderAnswer, Code> decode_order(std::span<const std::byte> body) {
    const auto* from = verified<wire::OrderReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    if (from->lines() != nullptr && !is_aligned(from->lines()))
        return refuse(Code::message_malformed);
    OrderAnswer order;
    order.outcome = plain_of(*from->result());
    order.state = static_cast<OrderState>(from->state());
    order.step = static_cast<OrderStep>(from->step());
    order.rule_version = from->rule_version();
    if (!take_hash(from->terms_hash(), order.terms_hash) ||
        !take_text(from->currency(), order.currency) || !take_text(from->payment(), order.payment))
        return refuse(Code::message_malformed);
    order.list.value = from->list();
    order.payable.value = from->payable();
    order.value.value = from->value();
    order.cash.value = from->cash();
    order.points.value = from->points();
    order.settled_at.ns = from->settled_at();
    order.times_out.ns = from->times_out();
    order.refundable_until.ns = from->refundable_until();
    order.paid.value = from->paid();
    order.refunded.value = from->refunded();
    order.refunded_points.value = from->refunded_points();
    order.refunded_cash.value = from->refunded_cash();
    if (from->lines() != nullptr)
        for (const wire::OrderedLine* line : *from->lines())
            order.lines.push_back({.quoted = plain_line(*line), .refunded = {line->refunded()}});
    return order;
}

std::expected<TermsAnswer, Code> decode_terms(std::span<const std::byte> body) {
    const auto* from = verified<wire::TermsReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    TermsAnswer terms;
    terms.outcome = plain_of(*from->result());
    terms.version = from->version();
    terms.effective_from.ns = from->effective_from();
    if (!take_hash(from->hash(), terms.hash)) return refuse(Code::message_malformed);
    if (from->text() != nullptr) terms.text = from->text()->str();
    return terms;
}

std::expected<RulesAnswer, Code> decode_rules(std::span<const std::byte> body) {
    const auto* from = verified<wire::RulesReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    RulesAnswer rules;
    rules.outcome = plain_of(*from->result());
    if (from->message() != nullptr) rules.message = from->message()->str();
    return rules;
}

std::expected<Greeting, Code> decode_greeting(std::span<const std::byte> body) {
    const auto* from = verified<wire::Greeting>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    Greeting greeting{.outcome = plain_of(*from->result()),
                      .version = from->protocol_version(),
                      .shard_ports = {},
                      .hash_seed = from->hash_seed(),
                      .request_floor_ms = from->request_floor_ms(),
                      .frame_body_bytes_max = from->frame_body_bytes_max(),
                      .batch_events_max = from->batch_events_max(),
                      .frames_in_flight_max = from->frames_in_flight_max(),
                      .server_uuid = {},
                      .sandbox = from->sandbox(),
                      .server_version = {}};
    if (from->shard_ports() != nullptr)
        greeting.shard_ports.assign(from->shard_ports()->begin(), from->shard_ports()->end());
    if (from->server_uuid() != nullptr)
        greeting.server_uuid = {from->server_uuid()->high(), from->server_uuid()->low()};
    if (from->server_version() != nullptr) greeting.server_version = from->server_version()->str();
    return greeting;
}

std::expected<Challenge, Code> decode_challenge(std::span<const std::byte> body) {
    const auto* from = verified<wire::Challenge>(body);
    Challenge challenge;
    if (from == nullptr || from->challenge() == nullptr ||
        from->challenge()->size() != challenge.bytes.size())
        return refuse(Code::message_malformed);
    std::memcpy(challenge.bytes.data(), from->challenge()->Data(), challenge.bytes.size());
    return challenge;
}

}  // namespace suanpan
