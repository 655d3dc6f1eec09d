// Orders: settled, confirmed, cancelled, refunded. Their prices were made when they were quoted.
#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/base/probe.h"
#include "protocol/limits.h"
#include "protocol/order.h"
#include "server/ledger/decider.h"
#include "server/ledger/due.h"

#include <algorithm>
#include <utility>

namespace suanpan::ledger {
namespace {

std::int64_t number(OrderState state) {
    return static_cast<std::int64_t>(state);
}

// The most points of this restriction that the terms let be taken.
Points most_of(const OrderTerms& terms, Restriction restriction) {
    if (restriction == unrestricted) return terms.points;
    const auto at = std::ranges::find(terms.restricted, restriction, &RestrictedMost::restriction);
    return at == terms.restricted.end() ? Points{} : std::min(at->most, terms.points);
}

UncoveredLimit limit_of(UseKind kind) {
    switch (kind) {
        case UseKind::limit_day:
            return UncoveredLimit::limit_day;
        case UseKind::limit_month:
            return UncoveredLimit::limit_month;
        case UseKind::campaign:
            return UncoveredLimit::campaign;
        case UseKind::coupon:
            return UncoveredLimit::coupon;
        case UseKind::campaign_budget:
            return UncoveredLimit::campaign_budget;
        case UseKind::coupon_total:
            return UncoveredLimit::coupon_total;
        case UseKind::offer_day:
        case UseKind::offer:
            return UncoveredLimit::offer;
    }
    return UncoveredLimit::campaign;
}

// True where `amount` more than `used` stays within `most`; -1: no limit.
bool is_within(std::int64_t used, std::int64_t amount, std::int64_t most) {
    return most < 0 || amount <= most - used;
}
bool is_within(const UseSum& used, const QuotedUse& use) {
    return is_within(used.money.value, use.amount.money.value, use.most.money.value) &&
           is_within(used.points.value, use.amount.points.value, use.most.points.value) &&
           is_within(used.count, use.amount.count, use.most.count) &&
           // Without a limit the counter itself still has to stay in range.
           used.money.value <= amount_money_max && used.points.value <= amount_points_max &&
           used.count <= amount_points_max;
}

}  // namespace

// Walks the lots as drain_for() will, so that both come to the same. Never below 0: an order that
// no points pay for can be placed with debt.
Points Decider::spendable(const OrderTerms& terms) const {
    const Points available = std::max(account().balances(now_).available, Points{});
    if (!account().lots().has_restricted()) return available;
    Points sum;
    for (const Lot& lot : account().lots().all())
        if (lot.key.active_from <= now_ && lot.key.restriction == unrestricted)
            sum += lot.remaining;
    for (const RestrictedMost& restricted : terms.restricted) {
        Points there;
        for (const Lot& lot : account().lots().all())
            if (lot.key.active_from <= now_ && lot.key.restriction == restricted.restriction)
                there += lot.remaining;
        sum += std::min(there, most_of(terms, restricted.restriction));
    }
    return std::min(sum, available);
}

std::optional<UncoveredLimit> Decider::uncovered(const OrderTerms& terms) const {
    if (account().is_frozen()) return UncoveredLimit::account;
    if (spendable(terms) < terms.points) return UncoveredLimit::points;
    if (left_today().value_or(terms.points) < terms.points) return UncoveredLimit::account_day;
    for (const QuotedUse& use : terms.uses)
        if (!is_within(account().used(use.key, today_), use)) return limit_of(use.key.kind);
    // INV-11: whether all members together have used it up, its owner has been asked.
    if (used_up_ != nullptr && used_up_->kind == CounterKind::offer_stock)
        return UncoveredLimit::offer;
    if (used_up_ != nullptr)
        return limit_of(static_cast<UseKind>(static_cast<std::uint8_t>(used_up_->kind)));
    return std::nullopt;
}

// So that no entry that this order will ever be in passes entry_bytes_max: the largest gives every
// piece back, and carries the order and what is due along.
std::size_t Decider::order_lots_max(const Order& order) {
    constexpr std::size_t rest_bytes = 1024;  // header, balances, counters
    const std::size_t room = limits::entry_bytes_max - limits::due_bytes_max - rest_bytes;
    const std::size_t taken = order_entry_bytes(order) + units_entry_bytes(order.units);
    if (taken >= room) return 0;
    return std::min<std::size_t>(limits::lots_drained_max, (room - taken) / returned_slice_bytes);
}

bool Decider::drain_for(const Order& order, std::vector<HoldSlice>& taken) {
    const OrderTerms& terms = order.terms;
    const bool waits = order.state == OrderState::waiting;
    std::vector<RestrictedMost> left_of = terms.restricted;
    Points left = terms.points;
    const std::size_t lots_max = order_lots_max(order);
    std::size_t lots = 0;
    DrainCursor cursor(account().lots(), account().sliding_expires_at());
    while (left > Points{}) {
        const Lot* lot = cursor.next();
        SUANPAN_ASSERT(lot != nullptr);  // INV-3: uncovered() has counted these points
        const LotKey& key = lot->key;
        if (key.active_from > now_) continue;
        Points piece = std::min(left, lot->remaining);
        if (key.restriction != unrestricted) {
            const auto most =
                std::ranges::find(left_of, key.restriction, &RestrictedMost::restriction);
            if (most == left_of.end()) continue;
            piece = std::min(piece, most->most);
            if (piece == Points{}) continue;
            most->most -= piece;
        }
        SUANPAN_ASSERT(account().expires_at(key) > now_);  // INV-5
        if (++lots > lots_max) return false;
        left -= piece;
        out_.add(LotDelta{.lot = key, .delta = -piece, .cause = Cause::request});
        if (waits)
            out_.add(HoldSliceDelta{
                .hold = HoldId{order.number}, .cause = Cause::request, .lot = key, .delta = piece});
        else
            taken.push_back({.lot = key, .amount = piece});
    }
    return true;
}

void Decider::count_uses(const OrderTerms& terms) {
    for (const QuotedUse& use : terms.uses)
        if (!is_shared(use.key.kind))
            out_.add(UseAdd{
                .key = use.key, .period = use_period(use.key.kind, today_), .delta = use.amount});
}

// The shard takes these units from their owners before the entry is applied (INV-11).
void Decider::take_shared_uses(const Order& order) {
    const bool waits = order.state == OrderState::waiting;
    for_each_shared_use(order, [&](const SharedUse& shared) {
        out_.add(CounterAdd{
            .kind = shared.kind,
            .id = shared.id,
            .delta = {.issued = waits ? 0 : shared.units, .reserved = waits ? shared.units : 0},
            .times_out = waits ? order.times_out : Instant{},
            .limit = shared.limit});
    });
}

Decision Decider::answer_order(const Order& order) {
    out_.reference = order.number;
    out_.detail = number(order.state);
    return accepted();
}

Decision Decider::decide(const Settle& command) {
    const OrderTerms& terms = *command.terms;
    const CommandHead& head = command_.head;
    const bool is_partners =
        terms.partner == head.partner || SUANPAN_CANARY(quote_of_another_partner_settled);
    if (!is_partners || terms.member != head.member || terms.program != head.program)
        return refused(Code::quote_not_authentic);
    if (program_ == nullptr) return refused(Code::program_not_found);
    // Whoever vouches for the terms: they are none of ours without the rules that they name.
    const RuleTextPtr rules = ledger_.rules().find(head.program, terms.rule_version);
    if (rules == nullptr || rules->hash != terms.terms_hash)
        return refused(Code::quote_not_authentic);
    OrderPtr before = account().find_order(head.partner, command.order, now_);
    if (before == nullptr && account().rare() != nullptr && !SUANPAN_CANARY(quote_settled_twice))
        before = account().rare()->orders.find_quote(terms.quote, now_);
    if (before == nullptr) before = order_elsewhere(command.order);
    if (before != nullptr) return refused(Code::order_exists, number(before->state));
    if (now_ >= terms.valid_until && !SUANPAN_CANARY(expired_quote_settled))
        return refused(Code::quote_expired, terms.valid_until.ns);
    if (const auto limit = uncovered(terms))
        return refused(Code::quote_no_longer_covered, static_cast<std::int64_t>(*limit));
    const bool waits = terms.cash() > Money{};
    if (const auto no = no_room_for_order(waits)) return *no;

    Order order;
    order.id = command.order;
    order.terms = terms;
    begin_order(order);
    if (!drain_for(order, order.taken))
        return refused(Code::quote_no_longer_covered,
                       static_cast<std::int64_t>(UncoveredLimit::lots));
    if (!waits) {
        add_house(HouseCounter::spent, terms.points);
        if (terms.points > Points{}) move_sliding(SlidingUse::extend, today_);
    }
    count_order(order);
    const Decision decision = answer_order(order);
    out_.put(std::move(order));
    return decision;
}

// A name is unique per partner and member, under whichever program the order is.
OrderPtr Decider::order_elsewhere(const OrderId& id) const {
    const CommandHead& head = command_.head;
    ProgramId last = head.program;
    for (const std::unique_ptr<Program>& program : ledger_.programs().all()) {
        const ProgramId other = program->spec().id;
        if (other == head.program || other == std::exchange(last, other)) continue;
        std::optional<Account> room;
        const Account* found = ledger_.account_at(head.member, other, now_, room);
        if (found == nullptr) continue;
        if (OrderPtr order = found->find_order(head.partner, id, now_)) return order;
    }
    return nullptr;
}

// Why the account can have no more orders, or nothing.
std::optional<Decision> Decider::no_room_for_order(bool waits) const {
    const AccountRare* rare = account().rare();
    if (waits && rare != nullptr && rare->holds.size() >= limits::holds_per_account_max)
        return refused(Code::too_many_holds, limits::holds_per_account_max);
    // The entry that puts this one drops those that are known no more.
    if (rare != nullptr && rare->orders.known(now_) >= limits::orders_per_account_max)
        return refused(Code::too_many_orders, limits::orders_per_account_max);
    return std::nullopt;
}

// Its number, state and times; where it waits for cash, the hold of its points.
void Decider::begin_order(Order& order) {
    const OrderTerms& terms = order.terms;
    const bool waits = terms.cash() > Money{};
    order.number = out_.ordinal;
    order.line_refunded.resize(terms.lines.size());
    order.settled_at = now_;
    order.taken_at = now_;
    order.counted_on = today_;
    order.times_out = now_ + std::min(terms.time_out, program_->spec().hold_max);
    if (!waits) order.confirmed_at = now_;
    order.keep_from(waits ? order.times_out : now_);
    order.state = waits ? OrderState::waiting : OrderState::confirmed;
    order.step = waits ? OrderStep::settled : OrderStep::points_only;
    if (waits)
        out_.add(HoldPut{.hold = HoldId{order.number},
                         .local_date = left_today().has_value() ? today_ : LocalDate{},
                         .expires_at = order.times_out,
                         .is_order = true});
}

// What it uses up: of the member's limits and of the counters that all members share.
void Decider::count_order(const Order& order) {
    count_day_spent(order.terms.points);
    count_uses(order.terms);
    take_shared_uses(order);
    out_.amount = order.terms.points;
}

Decision Decider::decide(const ConfirmOrder& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    const OrderPtr order = account().find_order(command_.head.partner, command.order, now_);
    if (order == nullptr) return refused(Code::order_not_found);
    if (order->has_payment() && order->payment == command.payment &&
        order->paid == command.amount && order->terms.currency == command.currency) {
        SUANPAN_PROBE("an order was confirmed twice by the same payment");
        return answer_order(*order);  // the same one again: done, and nothing moves
    }
    if (order->has_payment() || order->terms.cash() == Money{})
        return refused(Code::order_resolved, number(order->state));  // INV-6
    const bool is_amount_due =
        command.amount == order->terms.cash() || SUANPAN_CANARY(payment_amount_not_checked);
    if (!is_amount_due || command.currency != order->terms.currency)
        return refused(Code::payment_differs, order->terms.cash().value);
    Order paid = *order;
    paid.payment = command.payment;
    paid.paid = command.amount;
    return order->state == OrderState::waiting ? pay_in_time(std::move(paid))
                                               : pay_late(std::move(paid));
}

// Also of a frozen account: the points were set aside before, and the cash is there.
Decision Decider::pay_in_time(Order&& order) {
    const Hold* hold = account().find_hold(HoldId{order.number});
    SUANPAN_ASSERT(hold != nullptr);  // INV-6
    // Points set aside in time are spent even where their lot has ended since (INV-5).
    for (const HoldSlice& slice : hold->slices) {
        out_.add(HoldSliceDelta{
            .hold = hold->id, .cause = Cause::request, .lot = slice.lot, .delta = -slice.amount});
        order.taken.push_back(slice);
    }
    out_.add(HoldResolve{
        .hold = hold->id, .end = HoldEnd::captured, .keep_until = now_ + hold_outcome_kept});
    for_each_shared_use(order, [&](const SharedUse& shared) {
        out_.add(CounterAdd{.kind = shared.kind,
                            .id = shared.id,
                            .delta = {.issued = shared.units, .reserved = -shared.units},
                            .times_out = order.times_out,
                            .limit = 0});
    });
    if (order.units.any())
        out_.add(ReservationEnded{.offer = order.units.offer,
                                  .ticket = order.units.ticket,
                                  .units = order.units.quantity,
                                  .is_issued = true});
    add_house(HouseCounter::spent, hold->left);
    if (hold->left > Points{}) move_sliding(SlidingUse::extend, today_);
    out_.amount = hold->left;
    order.state = OrderState::confirmed;
    order.step = OrderStep::paid;
    order.confirmed_at = now_;
    order.keep_from(now_);
    const Decision decision = answer_order(order);
    out_.put(std::move(order));
    return decision;
}

// The order had ended. Never "paid and nothing": either the points are taken again at the pinned
// price, or it is recorded that the partner owes the cash back.
Decision Decider::pay_late(Order&& order) {
    const std::size_t effects_before = out_.effects.size();
    std::vector<HoldSlice> taken;
    order.state = OrderState::confirmed;
    const bool may_reacquire = order.terms.late_payment == LatePayment::reacquire ||
                               SUANPAN_CANARY(late_payment_ignores_the_policy);
    const bool is_covered =
        may_reacquire && !uncovered(order.terms).has_value() && drain_for(order, taken);
    if (is_covered) {
        SUANPAN_PROBE("a late payment found its points again");
        order.step = OrderStep::paid_late;
        order.confirmed_at = now_;
        order.taken = std::move(taken);
        order.taken_at = now_;
        order.counted_on = today_;
        add_house(HouseCounter::spent, order.terms.points);
        count_order(order);
        if (order.terms.points > Points{}) move_sliding(SlidingUse::extend, today_);
    } else {
        SUANPAN_PROBE("a late payment has to be given back");
        out_.effects.erase(out_.effects.begin() + static_cast<std::ptrdiff_t>(effects_before),
                           out_.effects.end());
        order.state = OrderState::cancelled;
        order.step = OrderStep::payment_to_return;
    }
    order.keep_from(now_);
    const Decision decision = answer_order(order);
    out_.put(std::move(order));
    return decision;
}

Decision Decider::decide(const CancelOrder& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    const OrderPtr before = account().find_order(command_.head.partner, command.order, now_);
    if (before == nullptr) return refused(Code::order_not_found);
    out_.reference = before->number;
    if (before->state == OrderState::cancelled) return accepted();  // as it is, and nothing moves
    if (before->state != OrderState::waiting)
        return refused(Code::order_resolved, number(before->state));  // INV-6
    const Hold* hold = account().find_hold(HoldId{before->number});
    SUANPAN_ASSERT(hold != nullptr);  // INV-6
    Points expired;
    for (const HoldSlice& slice : hold->slices) {
        out_.add(HoldSliceDelta{
            .hold = hold->id, .cause = Cause::request, .lot = slice.lot, .delta = -slice.amount});
        expired +=
            give_back(slice.lot, slice.amount, hold->placed_at, program_->spec().hold_grace_days);
    }
    out_.add(HoldResolve{
        .hold = hold->id, .end = HoldEnd::released, .keep_until = now_ + hold_outcome_kept});
    if (hold->local_date == today_ && account().rare()->day == today_)
        out_.add(DaySpent{.date = today_, .delta = -hold->left});
    give_back_uses(account(), *before, today_, due_effects_, out_);
    add_house(HouseCounter::expired, expired);
    out_.amount = hold->left;
    out_.detail = expired.value;
    Order order = *before;
    order.state = OrderState::cancelled;
    order.step = OrderStep::cancelled;
    order.units.codes.clear();
    order.keep_from(now_, unpaid_order_kept_min);
    out_.put(std::move(order));
    return accepted();
}

Decision Decider::decide(const RefundOrder& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    const OrderPtr before = account().find_order(command_.head.partner, command.order, now_);
    if (before == nullptr) return refused(Code::order_not_found);
    if (before->state != OrderState::confirmed && before->state != OrderState::refunded)
        return refused(Code::order_not_confirmed, number(before->state));
    if (now_ >= before->refundable_until()) return refused(Code::refund_exceeds_order, 0);
    const std::vector<LineRefund> none;
    const std::vector<LineRefund>& lines =
        command.payload == nullptr ? none : command.payload->refunds;
    if (!lines.empty() && before->refunded_by_amount > Money{})
        return refused(Code::refund_by_amount_only);

    Order order = *before;
    OrderShare share;
    if (lines.empty()) {
        const auto part = refund_amount(order, command.amount);
        if (!part) return refused(Code::refund_exceeds_order, part.error().value);  // INV-6
        share = *part;
    }
    for (const LineRefund& line : lines) {
        if (line.line >= order.terms.lines.size()) return refused(Code::refund_exceeds_order, 0);
        const auto part = refund_line(order, line);
        if (!part) return refused(Code::refund_exceeds_order, part.error().value);  // INV-6
        share.amount += part->amount;
        share.points += part->points;
        share.cash += part->cash;
    }
    if (!fits(share.points)) return refused(Code::balance_out_of_range);

    // In the reverse order of draining, behind what earlier refunds have given back.
    Points skip = before->refunded_points;
    Points to_give = share.points;
    Points expired;
    for (auto piece = order.taken.rbegin(); piece != order.taken.rend() && to_give > Points{};
         ++piece) {
        const Points skipped = std::min(skip, piece->amount);
        skip -= skipped;
        const Points given = std::min(to_give, piece->amount - skipped);
        if (given == Points{}) continue;
        to_give -= given;
        const std::uint32_t grace_days = std::max(command.grace_days, order.terms.grace_days);
        expired += give_back(piece->lot, given, order.taken_at, grace_days);
    }
    SUANPAN_ASSERT(to_give == Points{});  // INV-6
    add_house(HouseCounter::spent, -share.points);
    add_house(HouseCounter::expired, expired);
    if (order.refundable() == Money{}) order.state = OrderState::refunded;
    order.step = OrderStep::refunded;
    out_.amount = share.points;
    out_.detail = share.cash.value;
    out_.reason = command.reason;
    out_.reference = order.number;
    out_.put(std::move(order));
    return accepted();
}

}  // namespace suanpan::ledger
