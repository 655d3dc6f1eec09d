#include "server/ledger/order.h"

#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/base/ratio.h"

#include <algorithm>

namespace suanpan::ledger {

OrderShare share_of(Money total, Points points, Money value, Money amount_before, Money amount) {
    const auto up_to = [&](std::int64_t of, Money x) {
        return *mul_div_floor(of, x.value, total.value);  // x <= total: never above `of`
    };
    const Money after = amount_before + amount;
    SUANPAN_ASSERT(after <= total);  // INV-6
    const Money value_part{up_to(value.value, after) - up_to(value.value, amount_before)};
    return {.amount = amount,
            .points = {up_to(points.value, after) - up_to(points.value, amount_before)},
            .cash = amount - value_part};
}

std::optional<SharedUse> shared_use(const QuotedUse& use) {
    if (!is_shared(use.key.kind)) return std::nullopt;
    const bool is_money = use.key.kind == UseKind::campaign_budget;
    const SharedUse shared{.kind = static_cast<CounterKind>(use.key.kind),
                           .id = use.key.id,
                           .units = is_money ? use.amount.money.value : use.amount.count,
                           .limit = is_money ? use.most.money.value : use.most.count};
    if (shared.units == 0 || shared.limit < 0) return std::nullopt;
    return shared;
}
static_assert(static_cast<int>(CounterKind::campaign_budget) ==
              static_cast<int>(UseKind::campaign_budget));
static_assert(static_cast<int>(CounterKind::coupon_total) ==
              static_cast<int>(UseKind::coupon_total));

std::expected<OrderShare, Money> refund_line(Order& order, const LineRefund& refund) {
    const QuotedLine& line = order.terms.lines[refund.line];
    Money& refunded = order.line_refunded[refund.line];
    const Money left = line.payable - refunded;
    const Money amount = refund.amount == Money{} ? left : refund.amount;
    if (amount > left || left == Money{}) return std::unexpected(left);
    const OrderShare share = share_of(line.payable, line.points, line.value, refunded, amount);
    if (!SUANPAN_CANARY(line_refund_forgotten)) refunded += amount;
    order.by_line_amount += amount;
    order.by_line_points += share.points;
    order.by_line_value += amount - share.cash;
    order.refunded_points += share.points;
    order.refunded_cash += share.cash;
    return share;
}

std::expected<OrderShare, Money> refund_amount(Order& order, Money wanted) {
    const Money left = order.refundable();
    const Money amount = wanted == Money{} ? left : wanted;
    if (amount > left || left == Money{}) return std::unexpected(left);
    const OrderShare share = share_of(
        order.terms.payable - order.by_line_amount, order.terms.points - order.by_line_points,
        order.terms.value - order.by_line_value, order.refunded_by_amount, amount);
    order.refunded_by_amount += amount;
    order.refunded_points += share.points;
    order.refunded_cash += share.cash;
    return share;
}

}  // namespace suanpan::ledger
