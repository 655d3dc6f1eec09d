// OrderShelf: the orders of one account.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/order.h"
#include "server/ledger/order.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace suanpan::ledger {

// Part of its account: changed by apply() alone, copied with it. Holds at most
// limits::orders_per_account_max orders that are known, and those known no more until the next
// order of the account is put. Finds and counts without a walk through all of them; 64 bytes an
// order, with its place here.
class OrderShelf {
public:
    // By number.
    [[nodiscard]] auto begin() const { return by_number_.begin(); }
    [[nodiscard]] auto end() const { return by_number_.end(); }
    [[nodiscard]] std::size_t size() const { return by_number_.size(); }

    // Null where there is none (any more).
    [[nodiscard]] OrderPtr find(std::uint32_t number) const;
    [[nodiscard]] OrderPtr find(PartnerId partner, const OrderId& id, Instant now) const;
    [[nodiscard]] OrderPtr find_quote(std::uint64_t quote, Instant now) const;
    // How many are known at `now`.
    [[nodiscard]] std::size_t known(Instant now) const;

    // Puts an order in the place of an older form of it; drops it where there is a newer one.
    void put(const OrderPtr& order);
    // Drops orders that are known no more.
    void prune(Instant now);

private:
    // A place in one of the lists below, each in rising order: what is looked for, and the order.
    struct Mark {
        std::uint64_t key = 0;
        std::uint32_t number = 0;
        friend auto operator<=>(const Mark&, const Mark&) = default;
    };
    using Marks = std::vector<Mark>;
    template <typename Matches>
    [[nodiscard]] OrderPtr find_marked(const Marks& marks, std::uint64_t key, Instant now,
                                       const Matches& matches) const;
    void mark(const Order& order);
    void unmark(const Order& order);
    void mark_end(const Order& order);
    void unmark_end(const Order& order);
    void drop(std::uint32_t number);

    std::vector<OrderPtr> by_number_;
    Marks names_;   // hash of partner and id
    Marks quotes_;  // number of the quote
    Marks ends_;    // keep_until, of those that no longer wait
};

}  // namespace suanpan::ledger
