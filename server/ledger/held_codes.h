// HeldCodes: a piece of an import of card codes, as an entry carries it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace suanpan::ledger {

// Sealed codes and their keyed hashes, which only the shard can read (server/shard/code_chunk.h).
// The ledger keeps nothing of it. Immutable.
struct HeldCodes {
    std::vector<std::byte> bytes;
    friend bool operator==(const HeldCodes&, const HeldCodes&) = default;
};

using CodesPtr = std::shared_ptr<const HeldCodes>;

}  // namespace suanpan::ledger
