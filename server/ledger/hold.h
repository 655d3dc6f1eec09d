// Holds: points set aside out of named lots until captured, released, or expired.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "server/ledger/lot.h"

#include <boost/container/small_vector.hpp>

#include <cstdint>

namespace suanpan::ledger {

// Points of one lot inside a hold.
struct HoldSlice {
    LotKey lot;
    Points amount;  // left in the hold
    friend bool operator==(const HoldSlice&, const HoldSlice&) = default;
};

// An open hold. Part of its account's record. Captures take its slices in order, a release gives
// back what they left. Slices that are used up are erased, so all amounts are above zero.
struct Hold {
    HoldId id{};
    LocalDate local_date;  // the day it counts under for the limit on spending
    Instant placed_at;
    Instant expires_at;
    Points amount;          // as placed
    Points left;            // Σ of the slices
    bool is_order = false;  // only the order's own commands resolve it
    boost::container::small_vector<HoldSlice, 1> slices;
};

enum class HoldEnd : std::uint8_t { captured = 1, released = 2, expired = 3 };

// How a hold ended, kept for hold_outcome_kept so that a second resolution is told so (INV-6). Not
// of an order's hold: nobody but the order could resolve it.
struct ResolvedHold {
    HoldId id{};
    HoldEnd end{};
    Points amount;  // as placed
    Instant keep_until;
};

// Bounds of what an account remembers of its ended holds; beyond them the answer is hold_not_found.
inline constexpr Duration hold_outcome_kept = hours(24);
inline constexpr std::size_t hold_outcomes_max = 64;

}  // namespace suanpan::ledger
