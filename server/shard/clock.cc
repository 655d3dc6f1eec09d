#include "server/shard/clock.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace suanpan::shard {
namespace {

std::int64_t read_ns(clockid_t id) {
    timespec ts{};
    clock_gettime(id, &ts);
    return static_cast<std::int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

std::int64_t magnitude(std::int64_t ns) {
    return ns < 0 ? -ns : ns;
}

}  // namespace

RealClock::RealClock(Instant journal_last, Duration offset, Duration jump_max)
    : jump_max_(jump_max),
      offset_ns_(read_ns(CLOCK_REALTIME) - read_ns(CLOCK_BOOTTIME)),
      sandbox_ns_(offset.ns),
      watched_boot_ns_(read_ns(CLOCK_BOOTTIME)),
      not_before_ns_(journal_last.ns) {
    if (journal_last.ns == 0) return;
    // The wall itself, not now(), which never goes behind the journal.
    const Instant wall = Instant{read_ns(CLOCK_REALTIME)} + offset;
    const Duration gap = wall - journal_last;
    if (gap.ns >= 0 && gap < start_gap_max) return;
    safe_.store(false, std::memory_order_release);
    offset_ns_.fetch_sub(gap.ns, std::memory_order_relaxed);
}

// Relaxed loads: each value stands alone, and a batch that reads the one before is a moment early.
Instant RealClock::now() const {
    const Instant reading{read_ns(CLOCK_BOOTTIME) + offset_ns_.load(std::memory_order_relaxed) +
                          sandbox_ns_.load(std::memory_order_relaxed)};
    return std::max(reading, Instant{not_before_ns_.load(std::memory_order_relaxed)});
}

void RealClock::advance(Duration by) {
    sandbox_ns_.fetch_add(by.ns, std::memory_order_relaxed);
}

Duration RealClock::wall_ahead() const {
    return Duration{read_ns(CLOCK_REALTIME) - read_ns(CLOCK_BOOTTIME) -
                    offset_ns_.load(std::memory_order_relaxed)};
}

void RealClock::watch() {
    const std::int64_t boot_ns = read_ns(CLOCK_BOOTTIME);
    const std::int64_t passed_ns = boot_ns - watched_boot_ns_;
    watched_boot_ns_ = boot_ns;
    const Duration ahead = wall_ahead();
    if (magnitude(ahead.ns) > jump_max_.ns) {
        safe_.store(false, std::memory_order_release);
        return;
    }
    const std::int64_t step_ns_max = std::max<std::int64_t>(passed_ns / 1000, 0);
    const std::int64_t step_ns = std::clamp(ahead.ns, -step_ns_max, step_ns_max);
    offset_ns_.fetch_add(step_ns, std::memory_order_relaxed);
}

void RealClock::accept_wall_clock() {
    not_before_ns_.store(now().ns, std::memory_order_relaxed);
    offset_ns_.fetch_add(wall_ahead().ns, std::memory_order_relaxed);
    safe_.store(true, std::memory_order_release);
}

}  // namespace suanpan::shard
