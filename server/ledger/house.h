// House: the other side of every posting, per program.
#pragma once

#include "protocol/base/ids.h"
#include "server/ledger/effect.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

namespace suanpan::ledger {

// Sums of many accounts: wider than any one amount, so that they cannot overflow.
__extension__ using WideSum = __int128;

// One shard's counters of one program: a record of its own, with its own last-applied LSN, since a
// checkpoint writes it at another moment than the accounts.
struct House {
    std::array<WideSum, house_counter_count> counters{};
    Lsn last_lsn;

    [[nodiscard]] WideSum operator[](HouseCounter counter) const {
        return counters[static_cast<std::size_t>(counter)];
    }
    void add(const HouseDelta& effect) {
        counters[static_cast<std::size_t>(effect.counter)] += effect.delta.value;
    }
};

// Counters of all programs; what callers sum over shards.
using HouseMap = std::map<ProgramId, House>;

}  // namespace suanpan::ledger
