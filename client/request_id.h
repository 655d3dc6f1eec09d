// Request ids in UUIDv7 layout.
#pragma once

#include "protocol/base/ids.h"

#include <atomic>
#include <cstdint>

namespace suanpan::client {

// Makes request ids: 48 bits of milliseconds, a 12-bit counter, 62 random bits.
//
// Any thread may use it. Ids of one maker rise strictly, even where the wall clock steps back or
// more than 4,096 are made within a millisecond (then they run ahead of the clock). Random bits
// keep the ids of different processes apart; do not fork between two ids.
class RequestIdMaker {
public:
    [[nodiscard]] RequestId make();
    // The same at a given wall clock, for tests.
    [[nodiscard]] RequestId make_at(std::int64_t unix_ms);

private:
    std::atomic<std::uint64_t> last_{0};  // milliseconds << 12 | counter
};

// The one maker of the process, so that ids of all its clients rise.
[[nodiscard]] RequestIdMaker& request_ids();

}  // namespace suanpan::client
