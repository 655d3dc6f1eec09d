// The invariants of a state that lies on several shards.
#pragma once

#include "server/ledger/ledger.h"

#include <string>
#include <vector>

namespace suanpan::testing {

// What is broken, in words; empty where nothing is. Checks each account for itself and INV-3 on the
// sums over all shards: a recovered server has the house counters of all accounts on its first one.
[[nodiscard]] std::string broken_invariant(const std::vector<const ledger::Ledger*>& shards,
                                           Instant now);

}  // namespace suanpan::testing
