// OpenSchedule: when the frames of an open loop are due, whatever the server does.
#pragma once

#include "protocol/base/time.h"

#include <cstdint>
#include <random>

namespace suanpan::load {

enum class Arrivals : std::uint8_t { poisson, uniform };

// A stream of intended send times, in nanoseconds of the monotonic clock, that never looks at a
// reply: a frame that could not be sent when it was due keeps its intended time, and its latency
// counts from there, so a stall of the server is charged to every request that it delayed.
//
// One per connection: Poisson streams add up to a Poisson stream. Owned by its lane, one thread.
class OpenSchedule {
public:
    struct Shape {
        Arrivals arrivals = Arrivals::poisson;
        double frames_per_second = 1;
        std::int64_t start_ns = 0;
        // Uniform only: where in the first interval this stream begins, 0 <= phase < 1, so that
        // several streams interleave evenly.
        double phase = 0;
    };
    // Expects frames_per_second > 0.
    OpenSchedule(const Shape& shape, std::uint64_t seed);

    // When the next frame is due.
    [[nodiscard]] std::int64_t next_due_ns() const { return next_due_ns_; }
    // The next frame is on its way: goes on to the one after it.
    void advance();
    // How many frames have been due at `now_ns` and are not advanced past: the backlog, counted
    // only up to `most`. Does not change this schedule.
    [[nodiscard]] std::uint64_t backlog(std::int64_t now_ns, std::uint64_t most) const;

private:
    [[nodiscard]] double gap();

    Arrivals arrivals_;
    double mean_gap_ns_;
    double
        offset_ns_;  // of the next frame, from start_ns_, as a double so that no rounding adds up
    std::int64_t start_ns_;
    std::int64_t next_due_ns_;
    std::mt19937_64 random_;
};

}  // namespace suanpan::load
