// The simulated clock: one that passes, and a wall clock that may jump away from it.
#pragma once

#include "server/shard/clock.h"

#include <algorithm>

namespace suanpan::sim {

// What the server reads, as server/shard/clock.h describes it: monotonic time plus an offset, never
// back; unsafe after a jump of the wall clock until somebody accepts that. Single-threaded.
class SimClock final : public shard::Clock {
public:
    explicit SimClock(Instant start) : wall_(start), reading_(start) {}

    [[nodiscard]] Instant now() const override { return reading_; }
    [[nodiscard]] bool is_safe() const override { return is_safe_; }
    void advance(Duration by) override { pass(by); }

    // What an honest client's clock shows.
    [[nodiscard]] Instant wall() const { return wall_; }
    // How far the wall clock has to go until the reading moves again.
    [[nodiscard]] Duration behind() const { return behind_; }
    // Time passes.
    void pass(Duration by) {
        wall_ = wall_ + by;
        if (behind_.ns > 0) {  // the reading stands still until the wall clock has caught up
            const Duration caught{std::min(behind_.ns, by.ns)};
            behind_.ns -= caught.ns;
            by.ns -= caught.ns;
        }
        reading_ = reading_ + by;
    }
    // Somebody sets the wall clock.
    void jump(Duration by) {
        wall_ = wall_ + by;
        is_safe_ = false;
    }
    // The operator's decision: the wall clock is right.
    void accept_wall() {
        behind_ = {std::max<std::int64_t>((reading_ - wall_).ns, 0)};
        reading_ = std::max(reading_, wall_);
        is_safe_ = true;
    }
    // A process starts, with the time of its journal's last entry.
    void start_process(Instant journal_last) {
        reading_ = std::max(wall_, journal_last);
        behind_ = {std::max<std::int64_t>((reading_ - wall_).ns, 0)};
        is_safe_ = journal_last == Instant{} ||
                   (wall_ >= journal_last && wall_ - journal_last < hours(24));
    }

private:
    Instant wall_;
    Instant reading_;
    Duration behind_;
    bool is_safe_ = true;
};

}  // namespace suanpan::sim
