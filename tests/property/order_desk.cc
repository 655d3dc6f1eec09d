#include "tests/property/order_desk.h"

#include "protocol/base/hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace suanpan::testing {
namespace {

// As in the texts below.
constexpr std::int64_t coupon_total_max = 5;
constexpr std::int64_t budget_max = 260;

constexpr std::array<std::string_view, 5> rule_texts = {
    // Restricted lines, a day's limit in points, a campaign by orders, a coupon with a total, late
    // payments kept.
    "[refund]\nlate_payment = \"reacquire\"\n"
    "[[restriction]]\nid = 7\nproducts = [1]\n"
    "[[deduction]]\nid = 1\npoints = 10\nmoney = 7\n"
    "[[limit]]\nid = 9\nper = \"day\"\npoints_max = 150\n"
    "[[campaign]]\nid = 4\nstart = 2026-01-01T00:00:00Z\nend = 2028-01-01T00:00:00Z\n"
    "multiplier = 2\nmember_orders_max = 3\n"
    "[[coupon]]\nid = 1\nminus = 20\nmember_max = 2\ntotal_max = 5\n",
    // Tiers, grace for what expired meanwhile, a short time for refunds, late payments given back.
    "[refund]\ngrace_days = 2\nwithin_days = 3\n"
    "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n"
    "tiers = [{from = 10, to = 50, percent = 20}, {from = 50, percent = 60}]\n",
    // One step more, a month's limit in money.
    "[refund]\nlate_payment = \"reacquire\"\n"
    "[[deduction]]\nid = 1\npoints = 3\nmoney = 5\nstep = 4\nmode = \"fill\"\n"
    "[[limit]]\nid = 3\nper = \"month\"\nmoney_max = 300\n",
    // Nothing but a ratio.
    "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\nstep = 5\n",
    // Limits on lines, a day of one product, a campaign's money per member and of all.
    "[refund]\nlate_payment = \"reacquire\"\ngrace_days = 1\n"
    "[[restriction]]\nid = 7\nproducts = [1, 2]\n"
    "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n"
    "[[limit]]\nid = 1\nper = \"line\"\nproducts = [2]\nmoney_max = 30\n"
    "[[limit]]\nid = 2\nper = \"day\"\nproducts = [3]\nmoney_max = 60\n"
    "[[campaign]]\nid = 8\nstart = 2026-01-01T00:00:00Z\nend = 2028-01-01T00:00:00Z\n"
    "multiplier = \"3/2\"\nmember_money_max = 200\nbudget = 260\n",
};

template <typename Name>
Name name_of(std::string_view text) {
    Name name;
    std::ranges::copy(text, name.bytes.begin());
    return name;
}

std::string name_text(const OrderId& id) {
    return id.bytes.data();
}

}  // namespace

OrderDesk::OrderDesk() {
    for (std::size_t i = 0; i < rule_texts.size(); ++i) {
        const std::string text = fmt::format(
            "program = {}\nversion = 1\nauthor = \"desk\"\neffective_from = 2026-01-01T00:00:00Z\n"
            "quote_valid_seconds = 7200\npay_within_seconds = 5400\n{}",
            i + 1, rule_texts[i]);
        const auto bytes = std::as_bytes(std::span(text));
        rules_.emplace_back().text.assign(bytes.begin(), bytes.end());
    }
}

const CommandPayload& OrderDesk::rules_of(ProgramId program) const {
    return rules_.at(static_cast<std::uint32_t>(program) - 1);
}

void OrderDesk::follow(const LedgerWorld& world) {
    checkouts_.clear();
    // No two quotes have one number, and a seed plays the same ones every time.
    for (std::uint16_t shard = 0; shard < world.shards(); ++shard)
        checkouts_.push_back(std::make_unique<shard::Checkout>(
            world.ledger(shard), shard::QuoteSeal(Sha256{}), (++checkouts_made_ << 32U) + 1));
}

std::string OrderDesk::quote(const LedgerWorld& world, const CommandHead& head, const Move& move,
                             Instant now) {
    CommandPayload payload;
    AskedOrder& asked = payload.order;
    for (unsigned i = 0; i <= move.variant % 3U; ++i)
        asked.lines.push_back({.product = 1 + (move.variant / 3U + i) % 3U,
                               .unit_price = {(move.points * (i + 1)) % 120},
                               .quantity = 1 + (move.pick + i) % 2});
    if (move.variant % 5 == 1) asked.wanted = Points{move.points / 2};
    if (move.variant % 4 == 1 && head.program == ProgramId{1}) asked.coupons = {1};
    Command command{.head = head, .body = AskQuote{.payload = &payload}};
    command.head.kind = CommandKind::quote;
    const QuoteAnswer answer = checkouts_[world.shard_of(head.member)]->quote(command, now);
    if (answer.outcome.code != Code::ok) return {};
    // INV-8
    Money payable;
    Money value;
    Points points;
    for (const QuotedLine& line : answer.lines) {
        payable += line.payable;
        value += line.value;
        points += line.points;
        if (line.value < Money{} || line.value > line.payable || line.payable > line.list)
            return "INV-8: a line is worth more than it costs";
    }
    if (answer.value < Money{} || answer.value + answer.cash != answer.payable ||
        answer.coupons + answer.discounts + answer.payable != answer.list ||
        payable != answer.payable || value != answer.value || points != answer.points)
        return "INV-8: the parts of a quote do not make its whole";
    const auto terms = checkouts_[world.shard_of(head.member)]->open_token(answer.token, now);
    if (!terms) return "the checkout does not know its own token";
    quotes_.push_back(*terms);
    return {};
}

std::optional<CommandBody> OrderDesk::body_of(const Move& move, CommandHead& head) {
    const auto belongs_to = [&head](const OrderTerms& terms) {
        head.member = terms.member;
        head.program = terms.program;
        head.partner = terms.partner;
    };
    if (move.what == Move::What::settle) {
        const std::size_t back = move.variant % 4 != 0 ? 0 : move.pick;
        if (back >= quotes_.size()) return std::nullopt;
        const OrderTerms& terms = quotes_[quotes_.size() - 1 - back];
        head.kind = CommandKind::settle;
        belongs_to(terms);
        // Now and then a name that is taken.
        OrderId id = name_of<OrderId>(fmt::format("order {}", settled_.size() + 1));
        if (move.variant % 8 == 1 && !settled_.empty()) id = settled_.back().id;
        return Settle{.payload = nullptr, .terms = &terms, .order = id};
    }
    if (move.pick >= settled_.size()) return std::nullopt;
    const Settled& settled = settled_[settled_.size() - 1 - move.pick];
    const OrderTerms& terms = *settled.terms;
    belongs_to(terms);
    switch (move.what) {
        case Move::What::confirm:
            head.kind = CommandKind::confirm;
            return ConfirmOrder{
                .order = settled.id,
                .payment = name_of<PaymentId>(move.variant % 8 == 3 ? "another" : "pay"),
                .amount = std::max(terms.cash(), Money{1}) + Money{move.variant % 16 == 5 ? 1 : 0},
                .currency = name_of<Currency>(move.variant == 6 ? "USD" : "CNY")};
        case Move::What::cancel:
            head.kind = CommandKind::cancel;
            if (move.variant == 7) return CancelOrder{.order = name_of<OrderId>("nothing")};
            return CancelOrder{.order = settled.id};
        case Move::What::refund_order: {
            head.kind = CommandKind::refund_order;
            RefundOrder body{.order = settled.id,
                             .grace_days = static_cast<std::uint16_t>(move.variant % 7 == 0)};
            const Money amount{move.variant % 3 == 0 ? 0 : move.points % 60};
            if (move.partner % 2 == 0) {
                body.amount = amount;
                return body;
            }
            CommandPayload& payload = payloads_.emplace_back();
            payload.refunds.push_back(
                {.line = static_cast<std::uint32_t>(move.variant % terms.lines.size()),
                 .amount = amount});
            if (move.variant % 5 == 0) payload.refunds.push_back({.line = 1, .amount = {3}});
            body.payload = &payload;
            return body;
        }
        default:
            return std::nullopt;
    }
}

void OrderDesk::note_settled(const Command& command) {
    const auto& settle = std::get<Settle>(command.body);
    settled_.push_back({.head = command.head, .id = settle.order, .terms = settle.terms});
}

OrderAnswer OrderDesk::read(const LedgerWorld& world, const Settled& settled, Instant now) {
    Command command{.head = settled.head, .body = ReadOrder{.order = settled.id}};
    command.head.kind = CommandKind::order;
    return checkouts_[world.shard_of(settled.head.member)]->order(command, now);
}

std::string OrderDesk::difference(const LedgerWorld& world, model::Model& model, Instant now) {
    for (const Settled& settled : settled_) {
        CommandHead head = settled.head;
        head.kind = CommandKind::order;
        const OrderAnswer real = read(world, settled, now);
        const OrderAnswer expected = model.order(head, settled.id, now);
        if (real.outcome.code != expected.outcome.code)
            return fmt::format("{} is known to one of the two: {} in the ledger, {} in the model",
                               name_text(settled.id), text_of(real.outcome.code).name,
                               text_of(expected.outcome.code).name);
        if (real == expected) continue;
        return fmt::format(
            "{} differs\n  ledger: state {} step {} refunded {} = {} points + {}\n"
            "  model:  state {} step {} refunded {} = {} points + {}",
            name_text(settled.id), static_cast<int>(real.state), static_cast<int>(real.step),
            real.refunded.value, real.refunded_points.value, real.refunded_cash.value,
            static_cast<int>(expected.state), static_cast<int>(expected.step),
            expected.refunded.value, expected.refunded_points.value, expected.refunded_cash.value);
    }
    return {};
}

std::string OrderDesk::exceeded(const LedgerWorld& world) {
    const std::int64_t coupons =
        world.given({.program = ProgramId{1}, .kind = ledger::CounterKind::coupon_total, .id = 1});
    const std::int64_t budget = world.given(
        {.program = ProgramId{5}, .kind = ledger::CounterKind::campaign_budget, .id = 8});
    if (coupons < 0 || coupons > coupon_total_max || budget < 0 || budget > budget_max)
        return fmt::format("INV-11: {} coupons and {} of the budget were given out", coupons,
                           budget);
    return {};
}

std::string OrderDesk::unended(const LedgerWorld& world, Instant now) {
    for (const Settled& settled : settled_) {
        const OrderAnswer order = read(world, settled, now);
        if (order.outcome.code == Code::order_not_found) continue;  // it ended long ago
        ++steps_[order.step];
        const bool all_back = order.refunded == order.payable;
        bool ended = order.state == OrderState::cancelled && order.refunded == Money{};
        if (order.state == OrderState::confirmed) ended = !all_back || order.payable == Money{};
        if (order.state == OrderState::refunded)  // INV-6: it closes exactly
            ended = all_back && order.refunded_points == order.points &&
                    order.refunded_cash == order.cash;
        if (!ended)
            return fmt::format("{} has not ended: state {}, refunded {} of {}",
                               name_text(settled.id), static_cast<int>(order.state),
                               order.refunded.value, order.payable.value);
    }
    return {};
}

}  // namespace suanpan::testing
