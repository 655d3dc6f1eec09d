#include "tests/model/order.h"

#include <algorithm>

namespace suanpan::model {
namespace {

// floor(a * b / c), in the widest numbers there are.
std::int64_t part(std::int64_t a, std::int64_t b, std::int64_t c) {
    __extension__ using Wide = __int128;
    return static_cast<std::int64_t>(static_cast<Wide>(a) * b / c);
}

}  // namespace

Share Returned::add(std::int64_t more, std::int64_t payable, std::int64_t points,
                    std::int64_t value) {
    amount += more;
    const Share before = share;
    share.points = part(points, amount, payable);
    share.cash = amount - part(value, amount, payable);
    return {.points = share.points - before.points, .cash = share.cash - before.cash};
}

void Order::keep_from(Instant from, std::uint32_t days_min) {
    known_until = std::max(known_until, from + days(std::max(terms.refundable_days, days_min)));
}

Returned Order::returned() const {
    Returned sum = by_amount;
    for (const Returned& line : by_line) {
        sum.amount += line.amount;
        sum.share.points += line.share.points;
        sum.share.cash += line.share.cash;
    }
    return sum;
}

}  // namespace suanpan::model
