// House: the other side of every posting, per program.
#pragma once

#include "protocol/base/ids.h"
#include "server/ledger/counter.h"
#include "server/ledger/effect.h"
#include "server/ledger/ticket_span.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace suanpan::ledger {

// Sums of many accounts: wider than any one amount, so that they cannot overflow.
__extension__ using WideSum = __int128;

// One shard's counters of one program: a record of its own, with its own last-applied LSN, since a
// checkpoint writes it at another moment than the accounts.
struct House {
    std::array<WideSum, house_counter_count> counters{};
    // Its part of the counters that all members share, by (kind, id); none of them is zero.
    std::map<std::pair<CounterKind, std::uint32_t>, CounterUnits> shared;
    // Its part of the tickets of offers, by offer.
    std::map<std::uint32_t, TicketSpan> tickets;
    Lsn last_lsn;

    [[nodiscard]] WideSum operator[](HouseCounter counter) const {
        return counters[static_cast<std::size_t>(counter)];
    }
    void add(const HouseDelta& effect) {
        counters[static_cast<std::size_t>(effect.counter)] += effect.delta.value;
    }
    void add(const CounterAdd& effect) { add(effect.kind, effect.id, effect.delta); }
    void add(const TicketTaken& effect) { tickets[effect.offer].add(effect.ticket, effect.floor); }
    void add(CounterKind kind, std::uint32_t id, const CounterUnits& delta) {
        const auto at = shared.try_emplace({kind, id}).first;
        at->second.add(delta);
        if (at->second == CounterUnits{}) shared.erase(at);
    }
    void add(const House& other) {
        for (std::size_t i = 0; i < house_counter_count; ++i) counters[i] += other.counters[i];
        for (const auto& [key, units] : other.shared) add(key.first, key.second, units);
        for (const auto& [offer, span] : other.tickets) tickets[offer].add(span);
        last_lsn = std::max(last_lsn, other.last_lsn);
    }
};

// Counters of all programs; what callers sum over shards.
using HouseMap = std::map<ProgramId, House>;

}  // namespace suanpan::ledger
