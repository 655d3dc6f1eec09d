// The requests on offers, codes and vouchers, both ways.
#include "protocol/codec/body_hash.h"
#include "protocol/codec/building.h"
#include "protocol/codec/event_checks.h"
#include "protocol/codec/messages.h"
#include "protocol/secret_payload.h"

#include <algorithm>
#include <memory>

namespace suanpan::codec {
namespace {

VoucherNumber number_of(const wire::VoucherNumber* from) {
    return from == nullptr ? VoucherNumber{} : plain_of(*from);
}

// What redeem and reveal begin with.
template <typename Request>
void take_member_head(const Request& request, DecodedEvent& event) {
    CommandHead& head = event.command.head;
    head.request_id = request_id_of(request.request_id());
    head.member = member_of(request.member());
    head.program = ProgramId{request.program()};
    head.principal = PrincipalId{request.principal()};
    if (head.request_id.is_zero()) fail(event, Code::request_id_missing);
    if (head.member.is_zero()) fail(event, Code::member_missing);
}
// What offers_put, codes_import and recall begin with.
template <typename Request>
void take_program_head(const Request& request, DecodedEvent& event) {
    CommandHead& head = event.command.head;
    head.request_id = request_id_of(request.request_id());
    head.principal = PrincipalId{request.principal()};
    head.program = ProgramId{request.program()};
    if (head.request_id.is_zero()) fail(event, Code::request_id_missing);
}

// Begins the hash of any of them; the member of those that name none is zero.
Packing packed_head(const CommandHead& head) {
    Packing packing;
    packing.add(head.request_id);
    packing.add(head.member);
    packing.add(head.program);
    packing.add(head.principal);
    return packing;
}

void keep(std::vector<std::byte>& to, const std::uint8_t* from, std::size_t bytes) {
    const auto* begin = reinterpret_cast<const std::byte*>(from);
    to.assign(begin, begin + bytes);
}

std::size_t lines_in(std::span<const std::byte> text) {
    const auto ends = static_cast<std::size_t>(std::ranges::count(text, std::byte{'\n'}));
    return ends + (text.empty() || text.back() == std::byte{'\n'} ? 0 : 1);
}

}  // namespace

Decoded decode_redeem_request(RequestBytes body, std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::RedeemRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    take_member_head(*request, event);
    Redeem redeem{.offer = request->offer(),
                  .quantity = request->quantity(),
                  .origin = request->origin(),
                  .cash = {request->cash()},
                  .order = {}};
    expect_field(event, redeem.offer != 0, 4);
    if (redeem.quantity < 1 || redeem.quantity > limits::offer_quantity_max)
        fail(event, Code::quantity_out_of_range, limits::offer_quantity_max);
    if (redeem.cash < Money{} || redeem.cash > Money{amount_money_max})
        fail(event, Code::amount_out_of_range);
    // What waits for cash has a name, and nothing else has.
    expect_field(event,
                 take_text(request->order(), redeem.order) &&
                     (redeem.cash > Money{}) == (redeem.order != OrderId{}),
                 8);
    CommandHead& head = event.command.head;
    Packing packing = packed_head(head);
    packing.add(redeem.offer);
    packing.add(redeem.quantity);
    packing.add(redeem.origin);
    if (redeem.cash > Money{}) {
        packing.add(redeem.cash);
        packing.add(redeem.order);
    }
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    event.command.body = redeem;
    return {};
}

Decoded decode_reveal_request(RequestBytes body, std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::RevealRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    take_member_head(*request, event);
    const Reveal reveal{.voucher = number_of(request->voucher()), .origin = request->origin()};
    expect_field(event, reveal.voucher.offer != 0 && reveal.voucher.ticket != 0, 4);
    CommandHead& head = event.command.head;
    Packing packing = packed_head(head);
    packing.add(reveal.voucher);
    packing.add(reveal.origin);
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    event.command.body = reveal;
    return {};
}

Decoded decode_offers_request(RequestBytes body, DecodedEvent& event) {
    const auto* request = verified<wire::OffersRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    CommandHead& head = event.command.head;
    head.member = member_of(request->member());
    head.program = ProgramId{request->program()};
    if (head.member.is_zero()) fail(event, Code::member_missing);
    expect_field(event, request->rows_max() <= limits::offer_rows_max, 3);
    event.command.body = ReadOffers{.after = request->after(), .rows_max = request->rows_max()};
    return {};
}

Decoded decode_vouchers_request(RequestBytes body, DecodedEvent& event) {
    const auto* request = verified<wire::VouchersRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    CommandHead& head = event.command.head;
    head.member = member_of(request->member());
    head.program = ProgramId{request->program()};
    if (head.member.is_zero()) fail(event, Code::member_missing);
    constexpr auto last_state = static_cast<std::uint8_t>(VoucherStateNumber::voided);
    expect_field(event, request->state() <= last_state, 3);
    expect_field(event, request->rows_max() <= limits::voucher_rows_max, 4);
    event.command.body = ReadVouchers{.after = number_of(request->after()),
                                      .state = request->state(),
                                      .rows_max = request->rows_max()};
    return {};
}

Decoded decode_offers_put(RequestBytes body, std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::OffersPutRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    take_program_head(*request, event);
    expect_field(event, request->version() != 0, 3);
    const auto* text = request->text();
    const bool is_text =
        text != nullptr && text->size() > 0 && text->size() <= limits::offer_file_bytes_max;
    expect_field(event, is_text, 4);
    auto payload = std::make_shared<CommandPayload>();
    if (is_text) keep(payload->text, text->Data(), text->size());
    CommandHead& head = event.command.head;
    Packing packing = packed_head(head);
    packing.add(request->version());
    packing.add(hash_of(payload->text));
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    event.command.body = PutOffers{.payload = payload.get(), .version = request->version()};
    event.payload = std::move(payload);
    return {};
}

Decoded decode_codes_import(RequestBytes body, std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::CodesImportRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    take_program_head(*request, event);
    ImportCodes import{
        .offer = request->offer(), .batch = request->batch(), .first_line = request->first_line()};
    expect_field(event, import.offer != 0, 3);
    expect_field(event, import.batch != 0, 4);
    expect_field(event, import.first_line >= 1 && import.first_line <= code_file_lines_max, 5);
    const auto* text = request->text();
    const bool is_text =
        text != nullptr && text->size() > 0 && text->size() <= limits::code_chunk_bytes_max;
    expect_field(event, is_text, 6);
    // From here on the codes lie in the clear; the last one to hold the payload wipes it.
    auto payload = make_secret_payload();
    if (is_text) keep(payload->text, text->Data(), text->size());
    if (lines_in(payload->text) > limits::code_chunk_lines_max)
        fail(event, Code::batch_too_large, limits::code_chunk_lines_max);
    CommandHead& head = event.command.head;
    Packing packing = packed_head(head);
    packing.add(import.offer);
    packing.add(import.batch);
    packing.add(import.first_line);
    packing.add(xxh3_64(payload->text, body_seed(body_hash_key, head.partner, head.kind)));
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    import.payload = payload.get();
    event.command.body = import;
    event.payload = std::move(payload);
    return {};
}

Decoded decode_recall_request(RequestBytes body, std::uint64_t body_hash_key, DecodedEvent& event) {
    const auto* request = verified<wire::RecallRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    take_program_head(*request, event);
    const RecallBatch recall{
        .offer = request->offer(), .batch = request->batch(), .reason = request->reason()};
    expect_field(event, recall.offer != 0, 3);
    expect_field(event, recall.batch != 0, 4);
    CommandHead& head = event.command.head;
    Packing packing = packed_head(head);
    packing.add(recall.offer);
    packing.add(recall.batch);
    packing.add(recall.reason);
    head.body_hash = packing.hash(body_seed(body_hash_key, head.partner, head.kind));
    event.command.body = recall;
    return {};
}

void append_request(Bytes& out, const CommandHead& head, const Redeem& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const wire::Id128 member = wire_of(head.member);
    flatbuffers::Offset<flatbuffers::String> order;
    if (body.order != OrderId{}) order = text_of(into, body.order);
    append_table(out, into,
                 wire::CreateRedeemRequest(into, &request_id, &member,
                                           static_cast<std::uint32_t>(head.program),
                                           static_cast<std::uint32_t>(head.principal), body.offer,
                                           body.quantity, body.origin, body.cash.value, order));
}

void append_request(Bytes& out, const CommandHead& head, const Reveal& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const wire::Id128 member = wire_of(head.member);
    const wire::VoucherNumber voucher = wire_of(body.voucher);
    append_table(out, into,
                 wire::CreateRevealRequest(
                     into, &request_id, &member, static_cast<std::uint32_t>(head.program),
                     static_cast<std::uint32_t>(head.principal), &voucher, body.origin));
}

void append_request(Bytes& out, const CommandHead& head, const ReadOffers& body) {
    auto& into = builder();
    const wire::Id128 member = wire_of(head.member);
    append_table(out, into,
                 wire::CreateOffersRequest(into, &member, static_cast<std::uint32_t>(head.program),
                                           body.after, body.rows_max));
}

void append_request(Bytes& out, const CommandHead& head, const ReadVouchers& body) {
    auto& into = builder();
    const wire::Id128 member = wire_of(head.member);
    const wire::VoucherNumber after = wire_of(body.after);
    append_table(
        out, into,
        wire::CreateVouchersRequest(into, &member, static_cast<std::uint32_t>(head.program), &after,
                                    body.state, body.rows_max));
}

void append_request(Bytes& out, const CommandHead& head, const PutOffers& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const auto text = string_of(into, body.payload->text);
    append_table(
        out, into,
        wire::CreateOffersPutRequest(into, &request_id, static_cast<std::uint32_t>(head.principal),
                                     static_cast<std::uint32_t>(head.program), body.version, text));
}

void append_request(Bytes& out, const CommandHead& head, const ImportCodes& body) {
    SecretBuilder into(body.payload->text.size() + 256);
    const wire::Id128 request_id = wire_of(head.request_id);
    const auto text = bytes_of(into.builder, body.payload->text);
    append_table(out, into.builder,
                 wire::CreateCodesImportRequest(into.builder, &request_id,
                                                static_cast<std::uint32_t>(head.principal),
                                                static_cast<std::uint32_t>(head.program),
                                                body.offer, body.batch, body.first_line, text));
}

void append_request(Bytes& out, const CommandHead& head, const RecallBatch& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    append_table(
        out, into,
        wire::CreateRecallRequest(into, &request_id, static_cast<std::uint32_t>(head.principal),
                                  static_cast<std::uint32_t>(head.program), body.offer, body.batch,
                                  body.reason));
}

}  // namespace suanpan::codec
