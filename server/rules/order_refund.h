// OrderRefund: what comes back of an order, part by part, closing exactly.
#pragma once

#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/code.h"

#include <cstdint>
#include <span>
#include <vector>

namespace suanpan::rules {

// A line of a settled order, or the order as a whole: what it cost, and the points that paid part.
struct RefundTotal {
    Money total;  // T: value + cash
    Points points;
    Money value;
    friend bool operator==(const RefundTotal&, const RefundTotal&) = default;
};

// What is given back by one refund, or has been given back so far.
struct Refunded {
    Money amount;  // of the total
    Points points;
    Money cash;
    friend bool operator==(const Refunded&, const Refunded&) = default;
};

// What has come back once `amount` of `of` is refunded: points floor(P x / T), cash x - floor(V x /
// T). Closes exactly at T (INV-6). Expects 0 <= amount <= T. A total of 0 gives its points back at
// 0.
[[nodiscard]] Refunded refunded_at(const RefundTotal& of, Money amount);

// So much of one line comes back; with all of its total, the whole line.
struct LineRefund {
    std::uint32_t line = 0;
    Money amount;
};

// Refunds of one order. By lines, each line closes by itself. By amount, the parts are of what the
// lines so refunded have left; after the first of them lines no longer have an own share, so that
// refunds by line are refused (`original_wrong_kind`). Either way the last one closes exactly:
// Σ refunded = what was paid, in points and in cash (INV-6).
//
// A plain value: belongs to its order, and is what a journal keeps of its refunds.
class OrderRefund {
public:
    // Expects lines whose sums fit into int64.
    explicit OrderRefund(std::vector<RefundTotal> lines);

    [[nodiscard]] const RefundTotal& order() const { return order_; }
    [[nodiscard]] const Refunded& so_far() const { return so_far_; }
    [[nodiscard]] bool is_complete() const { return so_far_.amount == order_.total; }

    // `refund_exceeds_original` where less is left, `amount_not_positive` for 0 or less. Changes
    // nothing then.
    [[nodiscard]] Result<Refunded> by_amount(Money amount);
    // The same per line; `field_out_of_range` for a line that is not there or stands twice.
    [[nodiscard]] Result<Refunded> by_lines(std::span<const LineRefund> lines);

private:
    struct Line {
        RefundTotal of;
        Money refunded;
    };

    void add(const Refunded& part);

    std::vector<Line> lines_;
    RefundTotal order_;
    Refunded so_far_;
    RefundTotal rest_;  // what refunds by amount are parts of, from the first one on
    Money of_rest_;     // refunded of it
    bool by_amount_ = false;
};

}  // namespace suanpan::rules
