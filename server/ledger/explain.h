// explain(): what one entry did, in the words of the wire.
#pragma once

#include "protocol/explanation.h"
#include "server/ledger/entry.h"

#include <cstddef>
#include <span>

namespace suanpan::ledger {

// `bytes` are those that `entry` was decoded from. The entry has to be one that a client's request
// made; the outcome is the answer which that request got.
[[nodiscard]] Explanation explain(const Entry& entry, std::span<const std::byte> bytes);

}  // namespace suanpan::ledger
