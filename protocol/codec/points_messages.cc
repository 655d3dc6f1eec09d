// The messages on points that are tables: statements, expiries, programs, the sandbox's clock.
#include "protocol/codec/body_hash.h"
#include "protocol/codec/building.h"
#include "protocol/codec/event_checks.h"
#include "protocol/codec/messages.h"

namespace suanpan {
namespace codec {

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

void append_request(Bytes& out, const CommandHead& head, const ReadStatement& body) {
    auto& into = builder();
    const wire::Id128 member = wire_of(head.member);
    append_table(
        out, into,
        wire::CreateStatementRequest(into, &member, static_cast<std::uint32_t>(head.program),
                                     body.before.value, body.lines_max));
}

void append_request(Bytes& out, const CommandHead& head, const ReadExpiring& body) {
    auto& into = builder();
    const wire::Id128 member = wire_of(head.member);
    append_table(
        out, into,
        wire::CreateExpiringRequest(into, &member, static_cast<std::uint32_t>(head.program),
                                    body.within.ns / 1'000'000));
}

void append_request(Bytes& out, const CommandHead& head, const AdvanceClock& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    append_table(out, into,
                 wire::CreateClockAdvanceRequest(into, &request_id, body.by.ns / 1'000'000));
}

void append_request(Bytes& out, const CommandHead& head, const PutProgram& body) {
    const ProgramSpec& spec = body.spec;
    const wire::Id128 request_id = wire_of(head.request_id);
    auto& into = builder();
    const auto name = text_of(into, spec.name);
    const auto currency = text_of(into, spec.currency);
    const auto time_zone = text_of(into, spec.time_zone);
    append_table(
        out, into,
        wire::CreateProgramRequest(
            into, &request_id, static_cast<std::uint32_t>(head.principal),
            static_cast<std::uint32_t>(spec.id), spec.version, name, currency, time_zone,
            static_cast<wire::ExpiryPolicy>(spec.expiry),
            static_cast<wire::ExpiryRounding>(spec.expiry_rounding), spec.expiry_count,
            spec.expiry_date.days, static_cast<wire::RevokePolicy>(spec.revoke), spec.merge_lots,
            spec.hold_default.ns / 1'000'000, spec.hold_max.ns / 1'000'000, spec.hold_grace_days,
            spec.spend_per_day_max.value, spec.refundable_days));
}

}  // namespace codec

using namespace codec;

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

}  // namespace suanpan
