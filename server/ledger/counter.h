// Counters that all members share: budgets, coupon totals, stocks. How much of each has been given
// out.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"

#include <array>
#include <compare>
#include <cstdint>
#include <map>

namespace suanpan::ledger {

// What a shared counter counts. Journaled: never reused, never reordered.
enum class CounterKind : std::uint16_t {
    campaign_budget = 2,  // money that points pay under a campaign
    coupon_total = 4,     // orders that used a coupon
    offer_stock = 10,     // units of an offer (INV-9)
};

[[nodiscard]] constexpr bool is_counter_kind(CounterKind kind) {
    return kind == CounterKind::campaign_budget || kind == CounterKind::coupon_total ||
           kind == CounterKind::offer_stock;
}

// One counter. Its limit is not here: a rule book or an offer says it, and what grants units writes
// it down.
struct CounterKey {
    ProgramId program{};
    CounterKind kind{};
    std::uint32_t id = 0;  // of the campaign, coupon or offer
    friend auto operator<=>(const CounterKey&, const CounterKey&) = default;
};

// Units that are given out: `reserved` are set aside for orders that wait for their cash.
//
// One shard's counts are a part of the sum and may be negative: the order that gives a unit back
// may lie on another shard than the one that took it, after a start with another number of shards.
// The sum over all shards is what counts, and it is never negative (INV-11).
struct CounterUnits {
    std::int64_t issued = 0;
    std::int64_t reserved = 0;

    [[nodiscard]] std::int64_t given() const { return issued + reserved; }
    void add(const CounterUnits& other) {
        issued += other.issued;
        reserved += other.reserved;
    }
    friend bool operator==(const CounterUnits&, const CounterUnits&) = default;
};

using CounterMap = std::map<CounterKey, CounterUnits>;

// By the instant at which they time out: units of one counter that are set aside.
using ReservedMap = std::map<Instant, std::int64_t>;

}  // namespace suanpan::ledger
