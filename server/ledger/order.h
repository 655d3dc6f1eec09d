// Order: a purchase that points pay for in part, from its settlement to its end.
#pragma once

#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/order.h"
#include "server/ledger/counter.h"
#include "server/ledger/hold.h"

#include <algorithm>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::ledger {

inline constexpr Duration order_kept_min = days(7);
// Of one that ended without its cash, which may be on the way.
inline constexpr Duration unpaid_order_kept_min = days(30);

// What an order buys where it is a redemption with cash (docs/decisions/0018).
struct OrderedUnits {
    std::uint32_t offer = 0;    // 0: it is an order of goods
    std::uint32_t version = 0;  // of the offer
    std::uint64_t ticket = 0;   // of the units that were set aside, or issued
    std::int64_t quantity = 0;
    std::int64_t stock = 0;           // of the offer then; its owner has the last word
    std::uint64_t origin = 0;         // as the request said
    std::uint32_t voucher_bytes = 0;  // that one voucher takes in an entry, at most
    std::vector<std::byte> pinned;    // what its vouchers are made of, for the cards to read
    std::vector<std::byte> codes;     // those set aside for it, sealed; while it waits

    [[nodiscard]] bool any() const { return offer != 0; }
    friend bool operator==(const OrderedUnits&, const OrderedUnits&) = default;
};

// One order: a record of its own, owned by its member's shard, kept beside its account in memory.
//
// Immutable; each entry that changes an order puts a whole new one in its place, so that applying
// it needs nothing but the entry. `number` is the ordinal of the account's entry that settled it,
// and that of its hold while it waits for cash. `last_ordinal` tells a replay that the record has
// an entry already. Kept until `keep_until`, and never while it waits.
struct Order {
    std::uint32_t number = 0;
    std::uint32_t last_ordinal = 0;
    OrderId id;
    OrderTerms terms;  // pinned; refunds go by it too
    OrderState state{};
    OrderStep step{};
    Instant settled_at;
    Instant taken_at;      // when its points were taken out of their lots
    Instant times_out;     // while it waits
    Instant confirmed_at;  // 0: not yet, or never; its refunds are counted from here
    Instant keep_until;    // known before, and refundable before
    LocalDate counted_on;  // the day that its uses count under
    PaymentId payment;     // of the cash; empty: none yet
    Money paid;
    // Refunds so far (INV-6): what was named by line stands in `line_refunded`, one per line.
    Points refunded_points;
    Money refunded_cash;
    Money refunded_by_amount;
    // What was refunded by line when the first refund by amount came: it goes by the rest.
    Money by_line_amount;
    Points by_line_points;
    Money by_line_value;
    std::vector<Money> line_refunded;
    OrderedUnits units;
    std::vector<HoldSlice> taken;  // out of which lots, in draining order; empty while it waits

    [[nodiscard]] bool has_payment() const { return payment != PaymentId{}; }
    [[nodiscard]] Money refunded() const { return by_line_amount + refunded_by_amount; }
    [[nodiscard]] Money refundable() const { return terms.payable - refunded(); }
    // 0 where it is not confirmed.
    [[nodiscard]] Instant refundable_until() const {
        return confirmed_at == Instant{} ? Instant{} : confirmed_at + days(terms.refundable_days);
    }
    // What is kept longer than promised is not used: how long depends on when some entry came by.
    [[nodiscard]] bool is_known(Instant now) const {
        return state == OrderState::waiting || keep_until > now;
    }
    // Keeps it for as long as it can be refunded where it was confirmed at `from`, and for
    // `at_least`, so that whatever comes late is told what became of it.
    void keep_from(Instant from, Duration at_least = order_kept_min) {
        keep_until = std::max(keep_until, from + std::max(days(terms.refundable_days), at_least));
    }
    friend bool operator==(const Order&, const Order&) = default;
};

using OrderPtr = std::shared_ptr<const Order>;

// What an order counts for a counter that all members share.
struct SharedUse {
    CounterKind kind{};
    std::uint32_t id = 0;
    std::int64_t units = 0;  // > 0
    std::int64_t limit = 0;  // of the rules that it was quoted under
};
// Nothing where the use is one of the member's own, or counts nothing.
[[nodiscard]] std::optional<SharedUse> shared_use(const QuotedUse& use);

// Gives each SharedUse of the order to `take`: what its terms count, and its units of an offer.
template <typename Take>
void for_each_shared_use(const Order& order, Take&& take) {
    for (const QuotedUse& use : order.terms.uses)
        if (const auto shared = shared_use(use)) take(*shared);
    if (order.units.any())
        take(SharedUse{.kind = CounterKind::offer_stock,
                       .id = order.units.offer,
                       .units = order.units.quantity,
                       .limit = order.units.stock});
}

// A part of an order that is given back, in money of its payable, and what of it are points.
struct OrderShare {
    Money amount;
    Points points;
    Money cash;
};

// What refunding `amount` more of an order of total T, points P and value V gives, where
// `amount_before` has been given already: cumulatively floor(P x / T) points and x - floor(V x / T)
// cash, so that the last refund closes exactly. Expects amount_before + amount <= T, T > 0.
[[nodiscard]] OrderShare share_of(Money total, Points points, Money value, Money amount_before,
                                  Money amount);

// Adds the refund of one line, or of `amount` of the whole, to `order`; the error: the money that
// is still refundable there.
[[nodiscard]] std::expected<OrderShare, Money> refund_line(Order& order, const LineRefund& refund);
[[nodiscard]] std::expected<OrderShare, Money> refund_amount(Order& order, Money amount);

}  // namespace suanpan::ledger
