// settled_order: an order as its settlement left it, for tests of what comes back of one.
#pragma once

#include "server/ledger/order.h"

#include <vector>

namespace suanpan::ledger {

// A line that cost `payable`, of which `points` paid `value`.
inline QuotedLine paid_line(std::int64_t payable, std::int64_t points, std::int64_t value) {
    return {.list = Money{payable},
            .payable = Money{payable},
            .points = Points{points},
            .value = Money{value}};
}

inline Order settled_order(const std::vector<QuotedLine>& lines) {
    Order order;
    order.terms.lines = lines;
    order.line_refunded.resize(lines.size());
    for (const QuotedLine& line : lines) {
        order.terms.list += line.list;
        order.terms.payable += line.payable;
        order.terms.points += line.points;
        order.terms.value += line.value;
    }
    return order;
}

}  // namespace suanpan::ledger
