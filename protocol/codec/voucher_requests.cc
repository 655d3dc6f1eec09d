// The requests on a voucher's life, both ways: show, verify, undo_verify.
#include "protocol/codec/body_hash.h"
#include "protocol/codec/building.h"
#include "protocol/codec/event_checks.h"
#include "protocol/codec/messages.h"
#include "protocol/secret_payload.h"

#include <algorithm>
#include <cstring>

namespace suanpan::codec {
namespace {

// What all of them begin with, but for the member.
template <typename Request>
void take_head(const Request& request, DecodedEvent& event) {
    CommandHead& head = event.command.head;
    head.request_id = request_id_of(request.request_id());
    head.program = ProgramId{request.program()};
    head.principal = PrincipalId{request.principal()};
    if (head.request_id.is_zero()) fail(event, Code::request_id_missing);
}

void take_voucher(const wire::VoucherNumber* from, VoucherTask& task, DecodedEvent& event,
                  std::int64_t field) {
    if (from != nullptr) task.voucher = plain_of(*from);
    expect_field(event, task.voucher.offer != 0 && task.voucher.ticket != 0, field);
}

void take_reference(const flatbuffers::String* from, VerificationId& to, DecodedEvent& event,
                    std::int64_t field) {
    expect_field(event, take_text(from, to) && to != VerificationId{}, field);
}

Packing packed_head(const CommandHead& head) {
    Packing packing;
    packing.add(head.request_id);
    packing.add(head.member);
    packing.add(head.program);
    packing.add(head.principal);
    return packing;
}

}  // namespace

Decoded decode_show_request(RequestBytes body, std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::ShowRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    take_head(*request, event);
    CommandHead& head = event.command.head;
    head.member = member_of(request->member());
    if (head.member.is_zero()) fail(event, Code::member_missing);
    Show show{.task = {.voucher = {}, .asker = head.member, .origin = request->origin()}};
    take_voucher(request->voucher(), show.task, event, 4);
    constexpr std::int64_t life_ms_max = limits::show_token_life_max.ns / milliseconds(1).ns;
    const std::int64_t life_ms = request->life_ms();
    expect_field(event, life_ms > 0 && life_ms <= life_ms_max, 5);
    show.life = milliseconds(std::clamp<std::int64_t>(life_ms, 0, life_ms_max));
    Packing packing = packed_head(head);
    packing.add(show.task.voucher);
    packing.add(show.life);
    packing.add(show.task.origin);
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    event.command.body = show;
    return {};
}

Decoded decode_verify_request(RequestBytes body, std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::VerifyRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    take_head(*request, event);
    const std::uint64_t seed =
        body_seed(body_hash_key, event.command.head.partner, event.command.head.kind);
    Verify verify;
    verify.task.origin = request->origin();
    verify.merchant = request->merchant();
    verify.store = request->store();
    verify.units = request->amount();
    const auto* token = request->token();
    const auto* code = request->code();
    verify.has_token = token != nullptr && token->size() > 0;
    const bool has_code = code != nullptr && code->size() > 0;
    if (verify.has_token) {
        expect_field(event, token->size() == token_bytes, 3);
        if (token->size() == token_bytes)
            std::memcpy(verify.proof.data(), token->Data(), token_bytes);
    }
    // One of the two.
    expect_field(event, verify.has_token != has_code, 4);
    std::uint64_t code_hash = 0;
    if (has_code && !verify.has_token) {
        expect_field(event, code->size() <= limits::code_line_bytes_max, 4);
        // From here on the code lies in the clear; the last one to hold the payload wipes it.
        auto payload = make_secret_payload();
        if (code->size() <= limits::code_line_bytes_max) {
            const auto* first = reinterpret_cast<const std::byte*>(code->c_str());
            payload->text.assign(first, first + code->size());
        }
        code_hash = xxh3_64(payload->text, seed);
        verify.payload = payload.get();
        event.payload = std::move(payload);
    }
    take_reference(request->reference(), verify.reference, event, 5);
    if (verify.units < 0) fail(event, Code::amount_not_positive);
    if (verify.units > amount_money_max) fail(event, Code::amount_out_of_range);
    CommandHead& head = event.command.head;
    Packing packing = packed_head(head);
    packing.add(verify.proof);
    packing.add(code_hash);
    packing.add(verify.reference);
    packing.add(verify.merchant);
    packing.add(verify.store);
    packing.add(verify.units);
    packing.add(verify.task.origin);
    head.body_hash = packing.hash(seed);
    event.command.body = verify;
    return {};
}

Decoded decode_undo_verify(RequestBytes body, std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::UndoVerifyRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    take_head(*request, event);
    UndoVerification undo;
    take_voucher(request->voucher(), undo.task, event, 3);
    take_reference(request->reference(), undo.reference, event, 4);
    CommandHead& head = event.command.head;
    Packing packing = packed_head(head);
    packing.add(undo.task.voucher);
    packing.add(undo.reference);
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    event.command.body = undo;
    return {};
}

void append_request(Bytes& out, const CommandHead& head, const Show& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const wire::Id128 member = wire_of(head.member);
    const wire::VoucherNumber voucher = wire_of(body.task.voucher);
    append_table(out, into,
                 wire::CreateShowRequest(into, &request_id, &member,
                                         static_cast<std::uint32_t>(head.program),
                                         static_cast<std::uint32_t>(head.principal), &voucher,
                                         body.life.ns / milliseconds(1).ns, body.task.origin));
}

void append_request(Bytes& out, const CommandHead& head, const Verify& body) {
    SecretBuilder into(1024);
    const wire::Id128 request_id = wire_of(head.request_id);
    flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> token;
    if (body.has_token) token = bytes_of(into.builder, std::as_bytes(std::span(body.proof)));
    flatbuffers::Offset<flatbuffers::String> code;
    if (body.payload != nullptr) code = string_of(into.builder, body.payload->text);
    const auto reference = text_of(into.builder, body.reference);
    append_table(out, into.builder,
                 wire::CreateVerifyRequest(
                     into.builder, &request_id, static_cast<std::uint32_t>(head.program),
                     static_cast<std::uint32_t>(head.principal), token, code, reference,
                     body.merchant, body.store, body.units, body.task.origin));
}

void append_request(Bytes& out, const CommandHead& head, const UndoVerification& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const wire::VoucherNumber voucher = wire_of(body.task.voucher);
    const auto reference = text_of(into, body.reference);
    append_table(out, into,
                 wire::CreateUndoVerifyRequest(
                     into, &request_id, static_cast<std::uint32_t>(head.program),
                     static_cast<std::uint32_t>(head.principal), &voucher, reference));
}

}  // namespace suanpan::codec
