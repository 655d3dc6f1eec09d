#include "server/rules/order_refund.h"

#include "protocol/base/assert.h"
#include "protocol/base/ratio.h"

#include <utility>

namespace suanpan::rules {
namespace {

Refunded difference(const Refunded& now, const Refunded& before) {
    return {now.amount - before.amount, now.points - before.points, now.cash - before.cash};
}

}  // namespace

Refunded refunded_at(const RefundTotal& of, Money amount) {
    SUANPAN_ASSERT(amount >= Money{} && amount <= of.total);
    if (amount == of.total) return {amount, of.points, of.total - of.value};  // INV-6
    const std::int64_t points = *mul_div_floor(of.points.value, amount.value, of.total.value);
    const std::int64_t value = *mul_div_floor(of.value.value, amount.value, of.total.value);
    return {amount, Points{points}, amount - Money{value}};
}

OrderRefund::OrderRefund(std::vector<RefundTotal> lines) {
    lines_.reserve(lines.size());
    for (const RefundTotal& line : lines) {
        SUANPAN_ASSERT(line.value <= line.total);  // INV-8
        lines_.push_back({line, Money{}});
        order_.total += line.total;
        order_.points += line.points;
        order_.value += line.value;
    }
}

void OrderRefund::add(const Refunded& part) {
    so_far_.amount += part.amount;
    so_far_.points += part.points;
    so_far_.cash += part.cash;
    SUANPAN_ASSERT(so_far_.points <= order_.points);              // INV-6
    SUANPAN_ASSERT(so_far_.cash <= order_.total - order_.value);  // INV-6
}

Result<Refunded> OrderRefund::by_amount(Money amount) {
    if (amount <= Money{}) return refuse(Code::amount_not_positive);
    if (amount > order_.total - so_far_.amount) return refuse(Code::refund_exceeds_original);
    if (!by_amount_) {
        by_amount_ = true;
        rest_.total = order_.total - so_far_.amount;
        rest_.points = order_.points - so_far_.points;
        rest_.value = order_.value - (so_far_.amount - so_far_.cash);
    }
    const Refunded before = refunded_at(rest_, of_rest_);
    of_rest_ += amount;
    const Refunded part = difference(refunded_at(rest_, of_rest_), before);
    add(part);
    return part;
}

Result<Refunded> OrderRefund::by_lines(std::span<const LineRefund> lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].line >= lines_.size()) return refuse(Code::field_out_of_range);
        for (std::size_t j = 0; j < i; ++j) {
            if (lines[j].line == lines[i].line) return refuse(Code::field_out_of_range);
        }
        if (lines[i].amount <= Money{}) return refuse(Code::amount_not_positive);
    }
    if (lines.empty()) return refuse(Code::amount_not_positive);
    if (by_amount_) return refuse(Code::original_wrong_kind);
    for (const LineRefund& refund : lines) {
        const Line& line = lines_[refund.line];
        if (refund.amount > line.of.total - line.refunded) {
            return refuse(Code::refund_exceeds_original);
        }
    }
    Refunded sum;
    for (const LineRefund& refund : lines) {
        Line& line = lines_[refund.line];
        const Refunded before = refunded_at(line.of, line.refunded);
        line.refunded += refund.amount;
        const Refunded part = difference(refunded_at(line.of, line.refunded), before);
        sum.amount += part.amount;
        sum.points += part.points;
        sum.cash += part.cash;
    }
    add(sum);
    return sum;
}

}  // namespace suanpan::rules
