// The answers on orders and rules, both ways.
#include "protocol/codec/building.h"

namespace suanpan {

using namespace codec;

namespace {

wire::QuotedLine wire_line(const QuotedLine& line) {
    return {line.list.value, line.payable.value, line.points.value, line.value.value};
}
QuotedLine plain_line(const auto& line) {
    return {.list = {line.list()},
            .payable = {line.payable()},
            .points = {line.points()},
            .value = {line.value()}};
}

}  // namespace

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
    append_table(
        out, into,
        wire::CreateOrderReply(
            into, &result, static_cast<std::uint8_t>(order.state),
            static_cast<std::uint8_t>(order.step), order.rule_version, hash, currency,
            order.list.value, order.payable.value, order.value.value, order.cash.value,
            order.points.value, order.settled_at.ns, order.times_out.ns, order.refundable_until.ns,
            payment, order.paid.value, order.refunded.value, order.refunded_points.value,
            order.refunded_cash.value, lines, order.offer, order.ticket, order.quantity));
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
    if (const auto* lines = from->lines(); lines != nullptr) {
        quote.lines.reserve(lines->size());
        for (const wire::QuotedLine* line : *lines) quote.lines.push_back(plain_line(*line));
    }
    if (const auto* limits = from->limits(); limits != nullptr) {
        quote.limits.reserve(limits->size());
        for (const wire::QuotedLimit* limit : *limits)
            quote.limits.push_back({.kind = limit->kind(),
                                    .bound = limit->bound(),
                                    .id = limit->id(),
                                    .value = limit->value()});
    }
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
    order.offer = from->offer();
    order.ticket = from->ticket();
    order.quantity = from->quantity();
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

}  // namespace suanpan
