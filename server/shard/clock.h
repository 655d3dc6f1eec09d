// What time it is: the seam between the real clock and the simulated one.
#pragma once

#include "protocol/base/time.h"

#include <atomic>
#include <cstdint>

namespace suanpan::shard {

// Read once per batch, by every shard thread. Never goes back.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
    // False: writes are refused as clock_unsafe until an operator decides.
    [[nodiscard]] virtual bool is_safe() const = 0;
    // Sandbox only: everything that reads this clock is `by` later from now on.
    virtual void advance(Duration by) = 0;
    // All of it together: what lies between two readings without having passed.
    [[nodiscard]] virtual Duration advanced() const { return Duration{0}; }
};

// Wall clock at the start plus CLOCK_BOOTTIME, slewed to the wall clock by at most 1 ms per second
// of time passed.
//
// `watch()` compares the two about once a second, on one thread; now(), is_safe() and advance() may
// be called on any. The clock is unsafe where the two are more than `jump_max` apart, or where at
// the start the wall clock was before the journal's last entry, or a day or more after it. Then it
// goes on from that entry: nothing of a wall clock that nobody has confirmed is journaled, raises a
// floor or ends a retention.
class RealClock final : public Clock {
public:
    // `journal_last`: time of the journal's last entry, 0 where it has none.
    explicit RealClock(Instant journal_last, Duration offset = Duration{0},
                       Duration jump_max = jump_max_default);

    [[nodiscard]] Instant now() const override;
    [[nodiscard]] bool is_safe() const override { return safe_.load(std::memory_order_acquire); }
    void advance(Duration by) override;
    [[nodiscard]] Duration advanced() const override {
        return Duration{sandbox_ns_.load(std::memory_order_acquire)};
    }

    // Slews, and notices jumps. Call about once a second, from one thread.
    void watch();
    // The operator's decision: the wall clock is right. Where it is behind what was read before,
    // this clock stands still until the wall clock has caught up.
    void accept_wall_clock();
    // How far the wall clock is ahead of this one.
    [[nodiscard]] Duration wall_ahead() const;

    static constexpr Duration jump_max_default = seconds(5);
    static constexpr Duration start_gap_max = hours(24);

private:
    const Duration jump_max_;
    std::atomic<std::int64_t> offset_ns_;      // now = CLOCK_BOOTTIME + offset_ns_
    std::atomic<std::int64_t> sandbox_ns_{0};  // sum of advance()
    std::atomic<bool> safe_{true};
    std::int64_t watched_boot_ns_ = 0;
    std::atomic<std::int64_t> not_before_ns_;
};

}  // namespace suanpan::shard
