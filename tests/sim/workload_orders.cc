// What the clients of a simulation want of orders and rules.
#include "tests/sim/words.h"
#include "tests/sim/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace suanpan::sim {
namespace {

constexpr std::size_t quotes_reach_back = 8;

}  // namespace

std::shared_ptr<const CommandPayload> Workload::draw_asked_order() {
    auto payload = std::make_shared<CommandPayload>();
    AskedOrder& order = payload->order;
    const std::int64_t price_max = std::max<std::int64_t>(shape_.points_max, 2);
    for (std::uint64_t lines = 1 + random_.below(3); lines > 0; --lines)
        order.lines.push_back({.product = 1 + random_.below(products),
                               .unit_price = {random_.between(0, price_max)},
                               .quantity = random_.between(1, 2)});
    if (random_.one_in(3)) order.wanted = Points{random_.between(0, shape_.points_max)};
    if (random_.one_in(3)) order.coupons = {rule_coupon};
    return payload;
}

std::uint32_t Workload::add_rules(std::uint32_t id, Instant wall) {
    Op op;
    RuleFacts none;
    none.program = ProgramId{id};
    none.version = 0;
    RuleFacts facts = draw_rules(random_, none, shape_.points_max, wall);
    facts.effective_from = Instant{};  // at once
    newest_facts_[facts.program] = facts;
    const std::string text = text_of(facts);
    rules[text] = facts;
    op.command.head.kind = CommandKind::rules_put;
    op.command.head.partner = partner_of(0);
    op.command.head.program = facts.program;
    op.command.head.request_id = new_id(wall);
    op.payload = payload_of(text);
    op.command.body = PutRules{.payload = op.payload.get(), .version = 1, .effective_from = {}};
    ops.push_back(op);
    return static_cast<std::uint32_t>(ops.size() - 1);
}

void Workload::note_rules(ProgramId program, std::uint32_t version) {
    told_rules_[program] = std::max(told_rules_[program], version);
}

std::uint32_t Workload::newest_rules(ProgramId program) const {
    const auto found = told_rules_.find(program);
    return found == told_rules_.end() ? 0 : found->second;
}

// One of this client's latest settlements that came to an order; the op is made to be about it.
const Op* Workload::draw_settled(Op& op) {
    const Op* settled = draw_done(op.client, [](const Op& each) {
        return each.command.head.kind == CommandKind::settle || each.sets_aside();
    });
    if (settled == nullptr) return nullptr;
    op.command.head.member = settled->command.head.member;
    op.command.head.program = settled->command.head.program;
    return settled;
}

OrderId Workload::order_of(const Op& settled) {
    const auto* settle = std::get_if<Settle>(&settled.command.body);
    return settle != nullptr ? settle->order : std::get<Redeem>(settled.command.body).order;
}

Money Workload::due_of(const Op& settled) const {
    return settled.quote ? quotes[*settled.quote].answer.cash : settled.cash;
}

OrderId Workload::draw_order(std::uint32_t client, MemberId& member, ProgramId& program) {
    Op about;
    about.client = client;
    const Op* settled = draw_settled(about);
    if (settled == nullptr) return short_text<64>("none");
    member = about.command.head.member;
    program = about.command.head.program;
    return order_of(*settled);
}

// True where there is something that such a request can be about.
bool Workload::has_subject(const Op& op) {
    const CommandKind kind = op.command.head.kind;
    if (kind == CommandKind::rules_put) return true;
    if (kind != CommandKind::settle) {
        Op about;
        about.client = op.client;
        return draw_settled(about) != nullptr;
    }
    for (std::size_t i = quotes_begin_; i < quotes.size(); ++i)
        if (quotes[i].partner == op.command.head.partner) return true;
    return false;
}

void Workload::fill_order_body(Op& op, Instant wall) {
    if (!has_subject(op) && !random_.one_in(20)) {  // it earns what it will pay with, then
        op.command.head.kind = CommandKind::earn;
        return fill_body(op, wall);
    }
    switch (op.command.head.kind) {
        case CommandKind::settle:
            return fill_settle(op);
        case CommandKind::confirm:
            return fill_confirm(op);
        case CommandKind::refund_order:
            return fill_refund_order(op);
        case CommandKind::rules_put:
            return fill_rules(op, wall);
        default: {
            const Op* settled = draw_settled(op);
            op.command.body = CancelOrder{.order = settled == nullptr ? short_text<64>("none")
                                                                      : order_of(*settled)};
        }
    }
}

// Mostly one of this partner's own latest quotes under a new name; now and then another partner's,
// an altered one, or an old name.
void Workload::fill_settle(Op& op) {
    auto payload = std::make_shared<CommandPayload>();
    const bool any_partner = random_.one_in(15);
    std::uint64_t skip = random_.below(quotes_reach_back);
    for (std::size_t i = quotes.size(); i-- > quotes_begin_;) {
        const Quoted& quoted = quotes[i];
        if (!any_partner && quoted.partner != op.command.head.partner) continue;
        op.quote = i;
        if (skip-- == 0) break;
    }
    if (op.quote.has_value()) {
        const Quoted& quoted = quotes[*op.quote];
        payload->token = quoted.answer.token;
        if (!random_.one_in(20)) {
            op.command.head.member = quoted.member;
            op.command.head.program = quoted.program;
        }
        if (random_.one_in(40))
            payload->token[random_.below(payload->token.size())] ^= std::byte{1};
    } else {
        payload->token.resize(1);
    }
    std::string name = fmt::format("order {}", ++order_names_);
    if (random_.one_in(10)) name = fmt::format("order {}", 1 + random_.below(order_names_));
    op.payload = payload;
    op.command.body =
        Settle{.payload = op.payload.get(), .terms = nullptr, .order = short_text<64>(name)};
}

void Workload::fill_confirm(Op& op) {
    const Op* settled = draw_settled(op);
    ConfirmOrder confirm{.order = short_text<64>("none"),
                         .payment = short_text<64>("cash"),
                         .amount = {1},
                         .currency = short_text<8>(random_.one_in(40) ? "USD" : "CNY")};
    if (settled != nullptr) {
        confirm.order = order_of(*settled);
        confirm.amount.value = std::max<std::int64_t>(due_of(*settled).value, 1);
    }
    if (random_.one_in(8)) confirm.payment = short_text<64>("more cash");
    if (random_.one_in(12)) confirm.amount.value += random_.between(1, 3);
    op.command.body = confirm;
}

void Workload::fill_refund_order(Op& op) {
    const Op* settled = draw_settled(op);
    RefundOrder refund{.payload = nullptr,
                       .order = short_text<64>("none"),
                       .amount = {},
                       .reason = 4,
                       .grace_days = static_cast<std::uint16_t>(random_.below(2))};
    auto payload = std::make_shared<CommandPayload>();
    const std::int64_t most =
        std::max<std::int64_t>(settled == nullptr ? 1
                               : settled->quote   ? quotes[*settled->quote].answer.payable.value
                                                  : settled->cash.value,
                               1);
    if (settled != nullptr) refund.order = order_of(*settled);
    const std::int64_t some = random_.one_in(3) ? 0 : random_.between(1, most);
    if (random_.one_in(2)) {
        for (std::uint64_t lines = 1 + random_.below(2); lines > 0; --lines)
            payload->refunds.push_back(
                {.line = static_cast<std::uint32_t>(random_.below(3)), .amount = {some}});
    } else {
        refund.amount.value = some;
    }
    op.payload = payload;
    refund.payload = op.payload.get();
    op.command.body = refund;
}

void Workload::fill_rules(Op& op, Instant wall) {
    const ProgramId program = op.command.head.program;
    RuleFacts before = newest_facts_[program];
    before.program = program;
    // Mostly the one after the newest that anybody was told of.
    before.version = newest_rules(program);
    if (random_.one_in(10)) before.version += 1;
    const RuleFacts facts = draw_rules(random_, before, shape_.points_max, wall);
    newest_facts_[program] = facts;
    note_instant(facts.effective_from);
    const std::string text = text_of(facts);
    rules[text] = facts;
    op.command.head.member = {};
    op.payload = payload_of(text);
    op.command.body = PutRules{.payload = op.payload.get(),
                               .version = facts.version,
                               .effective_from = facts.effective_from};
}

}  // namespace suanpan::sim
