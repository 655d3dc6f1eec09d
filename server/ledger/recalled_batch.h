// RecalledBatch: a batch of card codes that counts for nothing any more.
#pragma once

#include "protocol/base/ids.h"

#include <compare>
#include <cstdint>

namespace suanpan::ledger {

// Configuration, as programs and files of offers are: every shard has all of them, and none ever
// ends. What is free, set aside or issued of such a batch is void by that alone (docs/decisions/
// 0021).
struct RecalledBatch {
    ProgramId program{};
    std::uint32_t offer = 0;
    std::uint32_t batch = 0;
    friend auto operator<=>(const RecalledBatch&, const RecalledBatch&) = default;
};

}  // namespace suanpan::ledger
