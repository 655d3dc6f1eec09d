// The server's wall clock, as far as its answers tell.
#pragma once

#include "protocol/base/time.h"

#include <cstdint>

namespace suanpan::client {

// Request ids carry milliseconds, and the server refuses those that are too old or from its future.
// So ids are made by the server's clock: a client whose own is wrong still works, and so does one
// of a sandbox whose clock has been advanced.
//
// Used on the library's thread only.
class ServerClock {
public:
    // A greeting's time: it was read just now.
    void set(Instant server_time, Instant own_time) { offset_ = server_time - own_time; }
    // A result's time: the server's clock says at least that. (A repeat brings its first time.)
    void raise(Instant server_time, Instant own_time) {
        if (server_time - own_time > offset_) offset_ = server_time - own_time;
    }
    [[nodiscard]] Instant now(Instant own_time) const { return own_time + offset_; }

private:
    Duration offset_;
};

// This machine's wall clock.
[[nodiscard]] Instant own_wall_clock();

}  // namespace suanpan::client
