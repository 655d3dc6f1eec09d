// What redemptions do to the model's account.
#include "protocol/limits.h"
#include "tests/model/account.h"
#include "tests/model/calendar.h"

#include <algorithm>

namespace suanpan::model {
namespace {

constexpr std::uint32_t order_known_days_min = 7;

}  // namespace

Code Account::admits(const ProgramSpec& program, const OfferSpec& offer, const Redeem& asked,
                     Instant now) const {
    const std::int64_t quantity = asked.quantity;
    if (offer.stopped) return Code::offer_stopped;
    if (now < offer.start) return Code::offer_not_open;
    if (now >= offer.end || now >= offer.valid_until) return Code::offer_over;
    const bool is_for_all = offer.levels.empty();
    if (!is_for_all && std::ranges::find(offer.levels, level_) == offer.levels.end())
        return Code::offer_not_for_member;
    const std::int64_t today =
        used(program, {.kind = UseKind::offer_day, .id = offer.id}, now).count;
    const std::int64_t ever = used(program, {.kind = UseKind::offer, .id = offer.id}, now).count;
    const bool is_over = quantity > offer.per_order ||
                         (offer.per_day >= 0 && today + quantity > offer.per_day) ||
                         (offer.ever >= 0 && ever + quantity > offer.ever);
    if (is_over) return Code::offer_limit_exceeded;
    return asked.cash.value == offer.cash * quantity ? Code::ok : Code::payment_differs;
}

Answer Account::redeem(const ProgramSpec& program, const OfferSpec& offer, const Redeem& asked,
                       Instant now, Sums& sums) {
    const std::int64_t quantity = asked.quantity;
    if (const Code code = admits(program, offer, asked, now); code != Code::ok)
        return {.code = code};
    if (frozen_) return {.code = Code::account_frozen};
    const Wish wish{.points = offer.points * quantity};
    const Answer answer = takeable(program, wish, now);
    if (answer.code != Code::ok) return answer;
    const LocalDate today = local_date(zone_of(program), now);
    last_ = {};
    drain(wish, answer.amount, now);
    sums.spent += answer.amount;
    if (day_limit(program) >= 0) count_spent(today, answer.amount);
    slide(program, today, now);
    for (const UseKind kind : {UseKind::offer_day, UseKind::offer})
        uses_[use_name({.kind = kind, .id = offer.id}, today)].count += quantity;
    return answer;
}

Answer Account::set_aside(const ProgramSpec& program, const OfferSpec& offer,
                          const Command& command, const std::vector<Voucher>& units, Instant now,
                          const Order* elsewhere) {
    const auto& asked = std::get<Redeem>(command.body);
    const std::int64_t quantity = asked.quantity;
    if (const Code code = admits(program, offer, asked, now); code != Code::ok)
        return {.code = code};
    if (frozen_) return {.code = Code::account_frozen};
    if (elsewhere != nullptr || find_order(command.head.partner, asked.order) != nullptr)
        return {.code = Code::order_exists};
    if (holds_.size() >= limits::holds_per_account_max) return {.code = Code::too_many_holds};
    const Wish wish{.points = offer.points * quantity};
    if (wish.points > 0)
        if (const Answer answer = takeable(program, wish, now); answer.code != Code::ok)
            return answer;

    Order order;
    order.partner = command.head.partner;
    order.id = asked.order;
    order.offer = offer;
    order.units = units;
    order.ticket = units.front().number.ticket;
    OrderTerms& terms = order.terms;
    terms.partner = command.head.partner;
    terms.program = command.head.program;
    terms.member = command.head.member;
    terms.late_payment = offer.late_payment;
    terms.currency = program.currency;
    terms.list = terms.payable = asked.cash;
    terms.points = Points{wish.points};
    terms.lines = {
        {.list = asked.cash, .payable = asked.cash, .points = terms.points, .value = {}}};
    const auto limit = [&](UseKind kind, std::int64_t most) {
        terms.uses.push_back({.key = {.kind = kind, .id = offer.id},
                              .amount = {.money = {}, .points = {}, .count = quantity},
                              .most = {.money = {-1}, .points = {-1}, .count = most}});
    };
    limit(UseKind::offer_day, offer.per_day);
    limit(UseKind::offer, offer.ever);

    // Nobody is to pay for what has ended meanwhile.
    order.settled_at = now;
    order.times_out = now + std::min(seconds(offer.pay_within_seconds), program.hold_max);
    order.times_out = std::min(order.times_out, offer.valid_until);
    for (const Voucher& unit : units) order.times_out = std::min(order.times_out, unit.expires_at);
    order.keep_from(order.times_out, order_known_days_min);
    order.by_line.resize(1);
    order.state = OrderState::waiting;
    order.step = OrderStep::settled;
    const Pieces pieces = drain_for(terms, now);
    count_taken(program, order, now);
    last_ = {};
    last_hold_ = {.placed_at = now,
                  .expires_at = order.times_out,
                  .day = order.counted_on,
                  .counted = day_limit(program) >= 0,
                  .is_order = true,
                  .placed_points = wish.points,
                  .pieces = pieces};
    last_order_ = order;
    return {.amount = wish.points, .detail = static_cast<std::int64_t>(order.ticket)};
}

Order* Account::order_to_issue(PartnerId partner, const OrderId& id) {
    Order* order = find_own(partner, id);
    const bool is_due = order != nullptr && !order->units.empty() && !order->is_issued &&
                        order->state == OrderState::confirmed;
    return is_due ? order : nullptr;
}

const Order* Account::find_waiting(std::uint32_t number) const {
    const auto found = orders_.find(number);
    const bool waits = found != orders_.end() && found->second.state == OrderState::waiting;
    return waits ? &found->second : nullptr;
}

void Account::withdraw(const ProgramSpec& program, std::uint32_t number, Instant now, Sums& sums) {
    sums.expired += end_hold(program, number, HoldEnd::expired, now);
    time_out(number, now);
}

Voucher* Account::find_voucher(const VoucherNumber& number) {
    const auto found = vouchers_.find(number);
    return found == vouchers_.end() ? nullptr : &found->second;
}

std::int64_t Account::set_aside_of(std::uint32_t offer) const {
    std::int64_t units = 0;
    for (const auto& [number, order] : orders_)
        if (order.state == OrderState::waiting && order.offer.id == offer)
            units += static_cast<std::int64_t>(order.units.size());
    return units;
}

}  // namespace suanpan::model
