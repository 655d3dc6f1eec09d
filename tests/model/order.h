// The model's order: what semantics.md says of one, in plain numbers.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/order.h"
#include "tests/model/shelf.h"

#include <cstdint>
#include <vector>

namespace suanpan::model {

// So much money of an order's payable, and how much of it are points and cash.
struct Share {
    std::int64_t points = 0;
    std::int64_t cash = 0;
};

// How much of one line, or of a whole order, has been given back so far. What a refund gives is the
// difference of two sums, so that the last one closes exactly.
struct Returned {
    std::int64_t amount = 0;
    Share share;
    // Gives back `more` of what costs `payable`, `points` of it worth `value`.
    Share add(std::int64_t more, std::int64_t payable, std::int64_t points, std::int64_t value);
};

// One order. Its points are the account's: while it waits, the hold of the order's number has them.
struct Order {
    std::uint32_t number = 0;
    PartnerId partner{};
    OrderId id;
    OrderTerms terms;
    OrderState state{};
    OrderStep step{};
    Instant settled_at;
    Instant taken_at;
    Instant times_out;
    Instant confirmed_at;  // 0: not yet, or never
    Instant known_until;
    LocalDate counted_on;
    PaymentId payment;
    std::int64_t paid = 0;
    // Of a redemption: the units that were set aside under this ticket, as the offer was then.
    std::uint64_t ticket = 0;
    OfferSpec offer;
    std::vector<Voucher> units;
    bool is_issued = false;
    std::vector<Returned> by_line;  // one per line
    Returned by_amount;             // of what no line had given back before

    // It is known for as long as it can be refunded where it was confirmed at `from`, and for some
    // days at least.
    void keep_from(Instant from, std::uint32_t days_min);
    [[nodiscard]] Returned returned() const;  // by lines and by amount together
};

}  // namespace suanpan::model
