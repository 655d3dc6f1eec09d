// Admission: whether a member may take so much of an offer now, and what it costs.
#pragma once

#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "server/cards/offer.h"
#include "server/cards/refusal.h"

#include <cstdint>
#include <optional>

namespace suanpan::cards {

// What the rule book says points are worth: `points` points are worth `money`.
struct PointWorth {
    std::int64_t points = 1;
    std::int64_t money = 1;
};

// The member as far as an offer asks.
struct MemberFacts {
    LevelId level{};
    std::uint64_t segments = 0;
    Points available;
    std::int64_t units_today = 0;  // of this offer, set aside or issued
    std::int64_t units_ever = 0;
    std::optional<PointWorth> worth;  // nothing: no rule book, so cash stands in for nothing
};

struct AskedUnits {
    std::int64_t quantity = 1;
    Money cash;  // that will be paid in all
};

// What the order costs. Points are taken out of the account, cash is paid outside.
struct OfferCost {
    Points points;
    Money cash;
    friend bool operator==(const OfferCost&, const OfferCost&) = default;
};

// Why not. Where it is insufficient_points: `gap` is the cash in all that would do with the points
// there are (补差, rounded up), where the offer takes cash for points; else nothing.
struct NotAdmitted {
    Refusal refusal;
    std::optional<Money> gap;
    friend bool operator==(const NotAdmitted&, const NotAdmitted&) = default;
};

// Asks, in this order: quantity, stopped, window, audience, limits per member, cash, points. Stock
// is not asked: that is Stock's to say. Where cash stands in for points, the points taken are those
// that the cash does not pay for, and the cash must be exactly what it costs (payment_differs).
[[nodiscard]] std::expected<OfferCost, NotAdmitted> admits(const Offer& offer,
                                                           const MemberFacts& member,
                                                           const AskedUnits& asked, Instant now);

}  // namespace suanpan::cards
