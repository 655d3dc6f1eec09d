// Request ids in UUIDv7 layout.
#pragma once

#include "protocol/base/ids.h"

#include <atomic>
#include <cstdint>

namespace suanpan::client {

// Makes request ids: 48 bits of milliseconds, a 12-bit counter, 62 random bits.
//
// Any thread may use it. Ids of one maker rise strictly, even where more than 4,096 are made within
// a millisecond or the clock steps back a little (then they run ahead of it). Where it steps back
// by more than half a minute they follow it, since the server refuses ids from its future; the
// random bits still keep them apart, as they do those of different processes. Do not fork between
// two ids.
class RequestIdMaker {
public:
    [[nodiscard]] RequestId make();
    // The same at a given wall clock, for tests.
    [[nodiscard]] RequestId make_at(std::int64_t unix_ms);

private:
    std::atomic<std::uint64_t> last_{0};  // milliseconds << 12 | counter
};

}  // namespace suanpan::client
