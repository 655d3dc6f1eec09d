// The C interface to orders: quote, settle, confirm, cancel, refund_order, order, terms, rules_put.
#include "client/suanpan_c.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace suanpan;
using client::Answer;
using client::Target;
using client::c::clear;
using client::c::copy_text;
using client::c::free_filled;
using client::c::guarded;
using client::c::program_of;

std::string_view text_of(const char* text) {
    return text != nullptr ? text : "";
}

AskedOrder asked(const suanpan_asked_order& from) {
    AskedOrder order{.merchant = from.merchant,
                     .channel = from.channel,
                     .wanted = {from.points_wanted},
                     .currency = {},
                     .lines = {},
                     .coupons = {}};
    const std::string_view currency = text_of(from.currency);
    // Too long for a currency, it stays none of the program's and is refused.
    currency.copy(order.currency.bytes.data(), order.currency.bytes.size());
    for (std::size_t i = 0; i < from.line_count; ++i)
        order.lines.push_back({.product = from.lines[i].product,
                               .unit_price = {from.lines[i].unit_price},
                               .quantity = from.lines[i].quantity,
                               .category = from.lines[i].category});
    if (from.coupon_count > 0) order.coupons.assign(from.coupons, from.coupons + from.coupon_count);
    return order;
}

suanpan_quoted_line plain(const QuotedLine& from, Money refunded) {
    return {.list = from.list.value,
            .payable = from.payable.value,
            .points = from.points.value,
            .value = from.value.value,
            .refunded = refunded.value};
}

// What the arrays of a filled struct point into; its `memory`.
struct QuotedMemory {
    std::vector<suanpan_quoted_line> lines;
    std::vector<suanpan_quoted_limit> limits;
    std::vector<std::byte> token;
};
using OrderedMemory = std::vector<suanpan_quoted_line>;

void fill(suanpan_quoted& to, const QuoteAnswer& from) {
    auto memory = std::make_unique<QuotedMemory>();
    for (const QuotedLine& line : from.lines) memory->lines.push_back(plain(line, {}));
    for (const QuotedLimit& limit : from.limits)
        memory->limits.push_back({.value = limit.value,
                                  .id = limit.id,
                                  .kind = limit.kind,
                                  .bound = limit.bound ? std::uint16_t{1} : std::uint16_t{0}});
    memory->token = from.token;
    to = {.rule_version = from.rule_version,
          .campaign = from.campaign,
          .valid_until_ns = from.valid_until.ns,
          .list = from.list.value,
          .discounts = from.discounts.value,
          .coupons = from.coupons.value,
          .payable = from.payable.value,
          .eligible = from.eligible.value,
          .points = from.points.value,
          .value = from.value.value,
          .cash = from.cash.value,
          .points_missing = from.points_missing.value,
          .gap = from.gap.value,
          .lines = memory->lines.data(),
          .line_count = memory->lines.size(),
          .limits = memory->limits.data(),
          .limit_count = memory->limits.size(),
          .token = memory->token.data(),
          .token_bytes = memory->token.size(),
          .memory = memory.get()};
    static_cast<void>(memory.release());
}

void fill(suanpan_ordered& to, const OrderAnswer& from) {
    auto memory = std::make_unique<OrderedMemory>();
    for (const OrderedLine& line : from.lines) memory->push_back(plain(line.quoted, line.refunded));
    to.state = static_cast<std::uint16_t>(from.state);
    to.step = static_cast<std::uint16_t>(from.step);
    to.rule_version = from.rule_version;
    std::memcpy(to.terms_hash, from.terms_hash.data(), sizeof to.terms_hash);
    copy_text(from.currency, to.currency);
    copy_text(from.payment, to.payment);
    to.list = from.list.value;
    to.payable = from.payable.value;
    to.points = from.points.value;
    to.value = from.value.value;
    to.cash = from.cash.value;
    to.settled_at_ns = from.settled_at.ns;
    to.times_out_ns = from.times_out.ns;
    to.refundable_until_ns = from.refundable_until.ns;
    to.paid = from.paid.value;
    to.refunded = from.refunded.value;
    to.refunded_points = from.refunded_points.value;
    to.refunded_cash = from.refunded_cash.value;
    to.offer = from.offer;
    to.ticket = from.ticket;
    to.quantity = from.quantity;
    to.lines = memory->data();
    to.line_count = memory->size();
    to.memory = memory.release();
}

void fill(suanpan_terms_text& to, const TermsAnswer& from) {
    auto memory = std::make_unique<std::string>(from.text);
    to.version = from.version;
    to.effective_from_ns = from.effective_from.ns;
    std::memcpy(to.hash, from.hash.data(), sizeof to.hash);
    to.text = memory->c_str();
    to.text_bytes = memory->size();
    to.memory = memory.release();
}

}  // namespace

suanpan_answer suanpan_quote(suanpan_client* client, const suanpan_target* target,
                             const suanpan_asked_order* order, suanpan_quoted* quoted) {
    clear(quoted);
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.quote(to, asked(*order));
        if (answer.quote != nullptr && quoted != nullptr) fill(*quoted, *answer.quote);
        return answer;
    });
}

suanpan_answer suanpan_settle(suanpan_client* client, const suanpan_target* target,
                              const char* order, const void* token, size_t token_bytes) {
    return guarded(target, [&](const Target& to) {
        return client->client.settle(to, text_of(order),
                                     {static_cast<const std::byte*>(token), token_bytes});
    });
}

suanpan_answer suanpan_confirm(suanpan_client* client, const suanpan_target* target,
                               const char* order, const char* payment, int64_t amount,
                               const char* currency) {
    return guarded(target, [&](const Target& to) {
        return client->client.confirm(to, text_of(order), text_of(payment), {amount},
                                      text_of(currency));
    });
}

suanpan_answer suanpan_cancel(suanpan_client* client, const suanpan_target* target,
                              const char* order) {
    return guarded(target,
                   [&](const Target& to) { return client->client.cancel(to, text_of(order)); });
}

suanpan_answer suanpan_refund_order(suanpan_client* client, const suanpan_target* target,
                                    const char* order, int64_t amount,
                                    const suanpan_line_refund* lines, size_t line_count,
                                    uint16_t reason, uint16_t grace_days) {
    return guarded(target, [&](const Target& to) {
        std::vector<LineRefund> refunds;
        for (std::size_t i = 0; i < line_count; ++i)
            refunds.push_back({.line = lines[i].line, .amount = {lines[i].amount}});
        return client->client.refund_order(to, text_of(order), {amount}, refunds, reason,
                                           grace_days);
    });
}

suanpan_answer suanpan_order(suanpan_client* client, const suanpan_target* target,
                             const char* order, suanpan_ordered* ordered) {
    clear(ordered);
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.order(to, text_of(order));
        if (answer.order != nullptr && ordered != nullptr) fill(*ordered, *answer.order);
        return answer;
    });
}

suanpan_answer suanpan_terms(suanpan_client* client, const suanpan_target* target, uint32_t version,
                             suanpan_terms_text* terms) {
    clear(terms);
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.call(program_of(to), ReadTerms{.version = version});
        if (answer.terms != nullptr && terms != nullptr) fill(*terms, *answer.terms);
        return answer;
    });
}

suanpan_answer suanpan_rules_put(suanpan_client* client, const suanpan_target* target,
                                 const char* text, size_t text_bytes, char* message,
                                 size_t message_bytes) {
    client::c::say(message, message_bytes, "");
    return guarded(target, [&](const Target& to) {
        CommandPayload payload;
        const auto* bytes = reinterpret_cast<const std::byte*>(text);
        if (bytes != nullptr) payload.text.assign(bytes, bytes + text_bytes);
        Answer answer = client->client.call(program_of(to), PutRules{.payload = &payload});
        client::c::say(message, message_bytes, answer.message);
        return answer;
    });
}

void suanpan_free_quoted(suanpan_quoted* quoted) {
    free_filled<QuotedMemory>(quoted);
}
void suanpan_free_ordered(suanpan_ordered* ordered) {
    free_filled<OrderedMemory>(ordered);
}
void suanpan_free_terms(suanpan_terms_text* terms) {
    free_filled<std::string>(terms);
}
