// What orders do to the model's account.
#include "protocol/limits.h"
#include "tests/model/account.h"
#include "tests/model/calendar.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace suanpan::model {
namespace {

// However short the time for refunds is, an order is known for so long.
constexpr std::uint32_t order_known_days_min = 7;
constexpr std::uint32_t unpaid_order_known_days_min = 30;

Answer refusal(Code code, std::int64_t detail = 0) {
    return {.code = code, .detail = detail};
}

std::int64_t number_of(OrderState state) {
    return static_cast<std::int64_t>(state);
}

bool exceeds(std::int64_t used, std::int64_t amount, std::int64_t most) {
    return most >= 0 && used + amount > most;
}

}  // namespace

const Order* Account::find_order(PartnerId partner, const OrderId& id) const {
    for (const auto& [number, order] : orders_)
        if (order.partner == partner && order.id == id) return &order;
    return nullptr;
}

Order* Account::find_own(PartnerId partner, const OrderId& id) {
    const Order* found = find_order(partner, id);
    return found == nullptr ? nullptr : &orders_.at(found->number);
}

void Account::forget_orders(Instant now) {
    std::erase_if(orders_, [now](const auto& order) {
        return order.second.known_until <= now && order.second.state != OrderState::waiting;
    });
}

// ---- what limits per member count

Account::UseName Account::use_name(const UseKey& key, LocalDate day) {
    LocalDate period;
    if (key.kind == UseKind::limit_day || key.kind == UseKind::offer_day) period = day;
    if (key.kind == UseKind::limit_month) period = first_of_month(day);
    return {.key = key, .period = period};
}

UseSum Account::used(const ProgramSpec& program, const UseKey& key, Instant now) const {
    const auto found = uses_.find(use_name(key, local_date(zone_of(program), now)));
    return found == uses_.end() ? UseSum{} : found->second;
}

void Account::count_uses(const Order& order, int times) {
    for (const QuotedUse& use : order.terms.uses) {
        // Of what all members share, nothing is counted that has no limit.
        if (is_shared(use.key.kind) && use.most.money.value < 0 && use.most.count < 0) continue;
        UseSum& sum = uses_[use_name(use.key, order.counted_on)];
        sum.money.value += times * use.amount.money.value;
        sum.points.value += times * use.amount.points.value;
        sum.count += times * use.amount.count;
    }
}

// ---- what an order takes

std::int64_t Account::most_of(const OrderTerms& terms, const LotName& lot) {
    if (lot.restriction == unrestricted) return terms.points.value;
    for (const RestrictedMost& most : terms.restricted)
        if (most.restriction == lot.restriction) return most.most.value;
    return 0;
}

std::optional<UncoveredLimit> Account::uncovered(const ProgramSpec& program,
                                                 const OrderTerms& terms, Instant now) const {
    if (frozen_) return UncoveredLimit::account;
    std::map<Restriction, std::int64_t> there;
    std::map<Restriction, std::int64_t> most;
    for (const Piece& lot : lots_) {
        if (lot.lot.active_from > now || end_of(lot.lot) <= now) continue;
        there[lot.lot.restriction] += lot.points;
        most[lot.lot.restriction] = most_of(terms, lot.lot);
    }
    std::int64_t sum = 0;
    for (const auto& [restriction, points] : there)
        sum += restriction == unrestricted ? points : std::min(points, most[restriction]);
    sum = std::max<std::int64_t>(std::min(sum, balances(now).available.value), 0);
    if (sum < terms.points.value) return UncoveredLimit::points;
    if (day_limit(program) >= 0 && left_today(program, now) < terms.points.value)
        return UncoveredLimit::account_day;
    for (const QuotedUse& use : terms.uses) {
        const UseSum used = this->used(program, use.key, now);
        const bool is_over =
            exceeds(used.money.value, use.amount.money.value, use.most.money.value) ||
            exceeds(used.points.value, use.amount.points.value, use.most.points.value) ||
            exceeds(used.count, use.amount.count, use.most.count);
        if (!is_over) continue;
        switch (use.key.kind) {
            case UseKind::limit_day:
                return UncoveredLimit::limit_day;
            case UseKind::limit_month:
                return UncoveredLimit::limit_month;
            case UseKind::campaign:
                return UncoveredLimit::campaign;
            case UseKind::coupon:
                return UncoveredLimit::coupon;
            case UseKind::offer_day:
            case UseKind::offer:
                return UncoveredLimit::offer;
            default:
                break;  // of all members: not the account's to count
        }
    }
    return std::nullopt;
}

Pieces Account::drain_for(const OrderTerms& terms, Instant now) {
    Pieces taken;
    std::map<Restriction, std::int64_t> taken_of;
    std::int64_t left = terms.points.value;
    while (left > 0) {
        const auto order = [this](const Piece& lot) {
            return std::tuple(end_of(lot.lot), lot.lot.active_from, lot.lot.made, lot.lot.version,
                              lot.lot.restriction, lot.lot.origin);
        };
        const auto allowed = [&](const Piece& lot) {
            if (lot.lot.active_from > now || end_of(lot.lot) <= now) return std::int64_t{0};
            const std::int64_t most =
                most_of(terms, lot.lot) - (lot.lot.restriction == unrestricted
                                               ? terms.points.value - left
                                               : taken_of[lot.lot.restriction]);
            return std::min({lot.points, most, left});
        };
        Piece* next = nullptr;
        for (Piece& lot : lots_)
            if (allowed(lot) > 0 && (next == nullptr || order(lot) < order(*next))) next = &lot;
        const std::int64_t piece = allowed(*next);
        taken.push_back({.lot = next->lot, .points = piece});
        taken_of[next->lot.restriction] += piece;
        left -= piece;
        next->points -= piece;
        std::erase_if(lots_, [](const Piece& lot) { return lot.points == 0; });
    }
    return taken;
}

// The order's points have left their lots at `now`: what counts them.
void Account::count_taken(const ProgramSpec& program, Order& order, Instant now) {
    const LocalDate today = local_date(zone_of(program), now);
    order.taken_at = now;
    order.counted_on = today;
    if (day_limit(program) >= 0) count_spent(today, order.terms.points.value);
    count_uses(order, 1);
}

// ---- what all members share

void Account::add_to(OfAll& sum, const UseKey& key) const {
    const auto units = [&key](const UseSum& of) {
        return key.kind == UseKind::campaign_budget ? of.money.value : of.count;
    };
    if (const auto found = uses_.find({.key = key, .period = {}}); found != uses_.end())
        sum.given += units(found->second);
    for (const auto& [number, order] : orders_) {
        if (order.state != OrderState::waiting) continue;
        for (const QuotedUse& use : order.terms.uses) {
            if (use.key != key) continue;
            sum.waiting += units(use.amount);
            if (sum.back == Instant{} || order.times_out < sum.back) sum.back = order.times_out;
        }
    }
}

std::optional<Account::Shortage> Account::shortage(const OrderTerms& terms,
                                                   const CountAll& of_all) {
    for (const QuotedUse& use : terms.uses) {
        if (!is_shared(use.key.kind)) continue;
        const bool is_budget = use.key.kind == UseKind::campaign_budget;
        const std::int64_t wanted = is_budget ? use.amount.money.value : use.amount.count;
        const std::int64_t most = is_budget ? use.most.money.value : use.most.count;
        const OfAll all = of_all(use.key);
        if (all.given + wanted <= most) continue;
        return Shortage{
            .limit = is_budget ? UncoveredLimit::campaign_budget : UncoveredLimit::coupon_total,
            .back = all.given - all.waiting + wanted <= most ? all.back : Instant{}};
    }
    return std::nullopt;
}

// ---- how an order begins

Answer Account::settle(const ProgramSpec& program, const Settle& settle, PartnerId partner,
                       Instant now, Sums& sums, const CountAll& of_all, const Order* elsewhere) {
    const OrderTerms& terms = *settle.terms;
    if (terms.partner != partner) return refusal(Code::quote_not_authentic);
    if (const Order* same_name = find_order(partner, settle.order))
        return refusal(Code::order_exists, number_of(same_name->state));
    for (const auto& [number, order] : orders_)
        if (order.terms.quote == terms.quote)
            return refusal(Code::order_exists, number_of(order.state));
    if (elsewhere != nullptr) return refusal(Code::order_exists, number_of(elsewhere->state));
    if (now >= terms.valid_until) return refusal(Code::quote_expired, terms.valid_until.ns);
    if (const auto limit = uncovered(program, terms, now))
        return refusal(Code::quote_no_longer_covered, static_cast<std::int64_t>(*limit));
    const bool waits = terms.payable > terms.value;
    if (waits && holds_.size() >= limits::holds_per_account_max)
        return refusal(Code::too_many_holds, limits::holds_per_account_max);
    if (const auto missing = shortage(terms, of_all)) {
        if (missing->back != Instant{}) return refusal(Code::all_set_aside, missing->back.ns);
        return refusal(Code::quote_no_longer_covered, static_cast<std::int64_t>(missing->limit));
    }

    Order order;
    order.partner = partner;
    order.id = settle.order;
    order.terms = terms;
    order.settled_at = now;
    order.times_out = now + std::min(terms.time_out, program.hold_max);
    if (!waits) order.confirmed_at = now;
    order.keep_from(waits ? order.times_out : now, order_known_days_min);
    order.by_line.resize(terms.lines.size());
    order.state = waits ? OrderState::waiting : OrderState::confirmed;
    order.step = waits ? OrderStep::settled : OrderStep::points_only;
    const Pieces pieces = drain_for(terms, now);
    count_taken(program, order, now);
    last_ = {};
    if (waits) {
        last_hold_ = {.placed_at = now,
                      .expires_at = order.times_out,
                      .day = order.counted_on,
                      .counted = day_limit(program) >= 0,
                      .is_order = true,
                      .placed_points = terms.points.value,
                      .pieces = pieces};
    } else {
        last_.pieces = pieces;
        sums.spent += terms.points.value;
        if (terms.points > Points{}) slide(program, order.counted_on, now);
    }
    last_order_ = order;
    return {.amount = terms.points.value, .detail = number_of(order.state)};
}

// ---- how it ends

void Account::time_out(std::uint32_t number, Instant at) {
    Order& order = orders_.at(number);
    order.keep_from(at, unpaid_order_known_days_min);
    order.state = OrderState::cancelled;
    order.step = OrderStep::timed_out;
    count_uses(order, -1);
}

Answer Account::confirm(const ProgramSpec& program, const ConfirmOrder& confirm, PartnerId partner,
                        Instant now, Sums& sums, const CountAll& of_all, bool is_used_up) {
    Order* order = find_own(partner, confirm.order);
    if (order == nullptr) return refusal(Code::order_not_found);
    const OrderTerms& terms = order->terms;
    const Money due = terms.payable - terms.value;
    const bool is_right = confirm.amount == due && confirm.currency == terms.currency;
    last_ = {};
    if (order->payment != PaymentId{} || due == Money{}) {  // nothing is left to pay
        const bool is_again = due != Money{} && order->payment == confirm.payment && is_right;
        if (!is_again) return refusal(Code::order_resolved, number_of(order->state));
        return {.detail = number_of(order->state)};
    }
    if (!is_right) return refusal(Code::payment_differs, due.value);
    order->payment = confirm.payment;
    order->paid = confirm.amount.value;
    if (order->state == OrderState::waiting) {
        Hold& hold = holds_.at(order->number);
        const std::int64_t points = hold.left();
        order_pieces_[order->number] = std::exchange(hold.pieces, {});
        end_hold(program, order->number, HoldEnd::captured, now);
        sums.spent += points;
        if (points > 0) slide(program, local_date(zone_of(program), now), now);
        order->confirmed_at = now;
        order->keep_from(now, order_known_days_min);
        order->state = OrderState::confirmed;
        order->step = OrderStep::paid;
        return {.amount = points, .detail = number_of(order->state)};
    }
    order->keep_from(now, order_known_days_min);
    // What it buys may have ended.
    const bool is_over = !order->units.empty() && now >= order->offer.valid_until;
    if (is_used_up || is_over || terms.late_payment != LatePayment::reacquire ||
        uncovered(program, terms, now) || shortage(terms, of_all)) {
        order->step = OrderStep::payment_to_return;
        return {.detail = number_of(order->state)};
    }
    order_pieces_[order->number] = drain_for(terms, now);
    count_taken(program, *order, now);
    sums.spent += terms.points.value;
    if (terms.points > Points{}) slide(program, order->counted_on, now);
    order->confirmed_at = now;
    order->state = OrderState::confirmed;
    order->step = OrderStep::paid_late;
    return {.amount = terms.points.value, .detail = number_of(order->state)};
}

Answer Account::cancel(const ProgramSpec& program, const CancelOrder& cancel, PartnerId partner,
                       Instant now, Sums& sums) {
    Order* order = find_own(partner, cancel.order);
    if (order == nullptr) return refusal(Code::order_not_found);
    last_ = {};
    if (order->state == OrderState::cancelled) return {};
    if (order->state != OrderState::waiting)
        return refusal(Code::order_resolved, number_of(order->state));
    const std::int64_t points = holds_.at(order->number).left();
    const std::int64_t expired = end_hold(program, order->number, HoldEnd::released, now);
    sums.expired += expired;
    count_uses(*order, -1);
    order->keep_from(now, unpaid_order_known_days_min);
    order->state = OrderState::cancelled;
    order->step = OrderStep::cancelled;
    return {.amount = points, .detail = expired};
}

// ---- what is given back

Answer Account::refund_order(const ProgramSpec& program, const RefundOrder& refund,
                             PartnerId partner, Instant now, Sums& sums) {
    Order* found = find_own(partner, refund.order);
    if (found == nullptr) return refusal(Code::order_not_found);
    if (found->state != OrderState::confirmed && found->state != OrderState::refunded)
        return refusal(Code::order_not_confirmed, number_of(found->state));
    Order order = *found;  // a refusal half-way changes nothing
    const OrderTerms& terms = order.terms;
    if (now >= order.confirmed_at + days(terms.refundable_days))
        return refusal(Code::refund_exceeds_order);
    const std::int64_t returned_before = order.returned().share.points;
    const bool by_line = refund.payload != nullptr && !refund.payload->refunds.empty();
    if (by_line && order.by_amount.amount > 0) return refusal(Code::refund_by_amount_only);
    Share share;
    if (by_line) {
        for (const LineRefund& wanted : refund.payload->refunds) {
            if (wanted.line >= terms.lines.size()) return refusal(Code::refund_exceeds_order);
            const QuotedLine& line = terms.lines[wanted.line];
            Returned& returned = order.by_line[wanted.line];
            const std::int64_t left = line.payable.value - returned.amount;
            const std::int64_t amount = wanted.amount.value == 0 ? left : wanted.amount.value;
            if (left == 0 || amount > left) return refusal(Code::refund_exceeds_order, left);
            const Share part =
                returned.add(amount, line.payable.value, line.points.value, line.value.value);
            share.points += part.points;
            share.cash += part.cash;
        }
    } else {
        // By amount it is the rest of the order that counts, without what lines have given back.
        std::int64_t payable = terms.payable.value;
        std::int64_t points = terms.points.value;
        std::int64_t value = terms.value.value;
        for (const Returned& line : order.by_line) {
            payable -= line.amount;
            points -= line.share.points;
            value -= line.amount - line.share.cash;
        }
        const std::int64_t left = payable - order.by_amount.amount;
        const std::int64_t amount = refund.amount.value == 0 ? left : refund.amount.value;
        if (left == 0 || amount > left) return refusal(Code::refund_exceeds_order, left);
        share = order.by_amount.add(amount, payable, points, value);
    }
    if (!fits(share.points, now)) return refusal(Code::balance_out_of_range);

    // The last point that was drained comes back first.
    std::int64_t skip = returned_before;
    std::int64_t left = share.points;
    std::int64_t expired = 0;
    const Pieces& pieces = order_pieces_[order.number];
    const std::int64_t grace_days = std::max(refund.grace_days, terms.grace_days);
    for (std::size_t i = pieces.size(); i-- > 0 && left > 0;) {
        Piece piece = pieces[i];
        const std::int64_t skipped = std::min(skip, piece.points);
        skip -= skipped;
        piece.points = std::min(piece.points - skipped, left);
        if (piece.points == 0) continue;
        left -= piece.points;
        expired += give_back(program, piece, order.taken_at, now, grace_days);
    }
    sums.spent -= share.points;
    sums.expired += expired;
    order.step = OrderStep::refunded;
    if (order.returned().amount == terms.payable.value) order.state = OrderState::refunded;
    *found = order;
    last_ = {};
    return {.amount = share.points, .detail = share.cash};
}

}  // namespace suanpan::model
