// The requests on orders and rules, both ways.
#include "protocol/codec/body_hash.h"
#include "protocol/codec/building.h"
#include "protocol/codec/event_checks.h"
#include "protocol/codec/messages.h"

#include <memory>

namespace suanpan::codec {
namespace {

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

}  // namespace

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
    else if (lines != nullptr) {
        order.lines.reserve(lines->size());
        for (const wire::AskedLine* line : *lines)
            order.lines.push_back({.product = line->product(),
                                   .unit_price = {line->unit_price()},
                                   .quantity = line->quantity(),
                                   .category = line->category()});
    }
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
    packing.add(hash_of(payload->token));
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

void append_request(Bytes& out, const CommandHead& head, const AskQuote& body) {
    auto& into = builder();
    const wire::Id128 member = wire_of(head.member);
    const AskedOrder& order = body.payload->order;
    const auto currency = text_of(into, order.currency);
    const auto lines = structs_of<wire::AskedLine>(into, order.lines, [](const AskedLine& line) {
        return wire::AskedLine{line.product, line.unit_price.value, line.quantity, line.category,
                               0};
    });
    const auto coupons = into.CreateVector(order.coupons);
    append_table(out, into,
                 wire::CreateQuoteRequest(into, &member, static_cast<std::uint32_t>(head.program),
                                          order.merchant, order.channel, order.wanted.value,
                                          currency, lines, coupons));
}

void append_request(Bytes& out, const CommandHead& head, const Settle& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const wire::Id128 member = wire_of(head.member);
    const auto order = text_of(into, body.order);
    const auto token = bytes_of(into, body.payload->token);
    append_table(out, into,
                 wire::CreateSettleRequest(
                     into, &request_id, &member, static_cast<std::uint32_t>(head.program),
                     static_cast<std::uint32_t>(head.principal), order, token));
}

void append_request(Bytes& out, const CommandHead& head, const ConfirmOrder& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const wire::Id128 member = wire_of(head.member);
    const auto order = text_of(into, body.order);
    const auto payment = text_of(into, body.payment);
    const auto currency = text_of(into, body.currency);
    append_table(out, into,
                 wire::CreateConfirmRequest(into, &request_id, &member,
                                            static_cast<std::uint32_t>(head.program),
                                            static_cast<std::uint32_t>(head.principal), order,
                                            payment, body.amount.value, currency));
}

void append_request(Bytes& out, const CommandHead& head, const CancelOrder& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const wire::Id128 member = wire_of(head.member);
    const auto order = text_of(into, body.order);
    append_table(out, into,
                 wire::CreateCancelRequest(into, &request_id, &member,
                                           static_cast<std::uint32_t>(head.program),
                                           static_cast<std::uint32_t>(head.principal), order));
}

void append_request(Bytes& out, const CommandHead& head, const RefundOrder& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const wire::Id128 member = wire_of(head.member);
    const std::vector<LineRefund> none;
    const auto order = text_of(into, body.order);
    const auto lines = structs_of<wire::LineRefund>(
        into, body.payload == nullptr ? none : body.payload->refunds,
        [](const LineRefund& line) { return wire::LineRefund{line.amount.value, line.line}; });
    append_table(out, into,
                 wire::CreateRefundOrderRequest(
                     into, &request_id, &member, static_cast<std::uint32_t>(head.program),
                     static_cast<std::uint32_t>(head.principal), order, body.amount.value, lines,
                     body.reason, body.grace_days));
}

void append_request(Bytes& out, const CommandHead& head, const ReadOrder& body) {
    auto& into = builder();
    const wire::Id128 member = wire_of(head.member);
    const auto order = text_of(into, body.order);
    append_table(
        out, into,
        wire::CreateOrderRequest(into, &member, static_cast<std::uint32_t>(head.program), order));
}

void append_request(Bytes& out, const CommandHead& head, const PutRules& body) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const auto text = string_of(into, body.payload->text);
    append_table(
        out, into,
        wire::CreateRulesRequest(into, &request_id, static_cast<std::uint32_t>(head.principal),
                                 static_cast<std::uint32_t>(head.program), text));
}

void append_request(Bytes& out, const CommandHead& head, const ReadTerms& body) {
    auto& into = builder();
    append_table(
        out, into,
        wire::CreateTermsRequest(into, static_cast<std::uint32_t>(head.program), body.version));
}

}  // namespace suanpan::codec
