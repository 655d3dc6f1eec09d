// Traffic: what a worker sends and what becomes of the answers.
#pragma once

#include "bench/load/lane.h"
#include "protocol/command.h"

#include <cstdint>
#include <span>

namespace suanpan::load {

// Owned by one worker, called on its thread.
class Traffic {
public:
    Traffic() = default;
    Traffic(const Traffic&) = delete;
    Traffic& operator=(const Traffic&) = delete;
    virtual ~Traffic() = default;

    // Makes the next frame for `lane` in `flight` (frame and shape). False: nothing for this lane
    // now.
    [[nodiscard]] virtual bool fill(const Lane& lane, Flight& flight) = 0;
    // True once fill() will never give anything again.
    [[nodiscard]] virtual bool is_exhausted() const { return false; }
    // The answer: one outcome per event, in order. For a flight that was cut it is the first one.
    virtual void on_outcomes(const Lane& lane, const Flight& flight,
                             std::span<const Outcome> outcomes) = 0;
    // Once per round of the loop.
    virtual void on_round(std::int64_t unix_ms) { static_cast<void>(unix_ms); }
    // After the last answer, or at a cut that ends the run.
    virtual void on_end() {}
};

}  // namespace suanpan::load
