#include "protocol/order.h"

#include "protocol/limits.h"

namespace suanpan {
namespace {

bool is_amount(std::int64_t value) {
    return value >= 0 && value <= amount_points_max;
}

bool is_sound_line(const QuotedLine& line) {
    return is_amount(line.list.value) && is_amount(line.points.value) && line.value >= Money{} &&
           line.value <= line.payable && line.payable <= line.list;
}

// What no counter counts would be refused when the terms are read again.
bool is_sound_key(const UseKey& key) {
    if (key.zero != std::array<std::uint8_t, 3>{}) return false;
    switch (key.kind) {
        case UseKind::limit_day:
        case UseKind::limit_month:
        case UseKind::campaign_budget:
        case UseKind::campaign:
        case UseKind::coupon_total:
        case UseKind::coupon:
        case UseKind::offer_day:
        case UseKind::offer:
            return true;
    }
    return false;
}

// How much of one limit an order uses; most -1: no limit.
bool is_sound_part(std::int64_t amount, std::int64_t most) {
    return is_amount(amount) && (most == -1 || (is_amount(most) && amount <= most));
}

}  // namespace

bool OrderTerms::is_sound() const {
    if (lines.empty() || lines.size() > limits::order_lines_max ||
        uses.size() > limits::order_uses_max || restricted.size() > limits::order_restrictions_max)
        return false;
    // No sum leaves int64 here: at most 200 amounts of 10^18 would, so each step is checked.
    QuotedLine sum;
    for (const QuotedLine& line : lines) {
        if (!is_sound_line(line)) return false;
        sum.list += line.list;
        sum.payable += line.payable;
        sum.points += line.points;
        sum.value += line.value;
        if (!is_amount(sum.list.value) || !is_amount(sum.points.value)) return false;
    }
    for (const QuotedUse& use : uses)
        if (!is_sound_key(use.key) ||
            !is_sound_part(use.amount.money.value, use.most.money.value) ||
            !is_sound_part(use.amount.points.value, use.most.points.value) ||
            !is_sound_part(use.amount.count, use.most.count))
            return false;
    for (const RestrictedMost& most : restricted)
        if (!is_amount(most.most.value)) return false;
    const bool same_sums =
        sum.list == list && sum.payable == payable && sum.points == points && sum.value == value;
    return same_sums && time_out > Duration{} && currency != Currency{};
}

}  // namespace suanpan
