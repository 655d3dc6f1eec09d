// Tally: what one worker has measured.
#pragma once

#include "protocol/base/histogram.h"
#include "protocol/code.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace suanpan::load {

// A count with one writer that any thread may look at. Relaxed: it guards no other memory.
class Count {
public:
    void add(std::uint64_t n) { value_.store(get() + n, std::memory_order_relaxed); }
    void raise_to(std::uint64_t n) {
        if (n > get()) value_.store(n, std::memory_order_relaxed);
    }
    void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

// Longest time without a reply while requests were outstanding.
//
// Told of every moment at which frames were sent or replies came; one worker's.
class StallWatch {
public:
    // Frames go out; nothing was outstanding before.
    void start(std::int64_t now_ns) { quiet_since_ns_ = now_ns; }
    // A reply came. Returns the gap that it ended.
    std::int64_t on_reply(std::int64_t now_ns) {
        const std::int64_t gap_ns = now_ns - quiet_since_ns_;
        quiet_since_ns_ = now_ns;
        return gap_ns;
    }
    // The gap that is still open.
    [[nodiscard]] std::int64_t open_gap_ns(std::int64_t now_ns) const {
        return now_ns - quiet_since_ns_;
    }

private:
    std::int64_t quiet_since_ns_ = 0;
};

// Written by its worker, looked at by the one that prints progress. About 16 KiB.
struct Tally {
    Count frames_sent;
    Count events_sent;
    Count events_answered;  // within the measured time; what came after it is only in `codes`
    Count events_ok;        // likewise
    Count late_events_ok;   // answered after the measured time, while the rest was awaited
    Count acked;            // ok and journaled, in the ack file where there is one
    Count longest_stall_ns;
    Count recent_stall_ns;  // since the printer last set it to 0; it may lose one to the race
    Count unanswered;       // events given up on at the end
    Count not_sent;         // events of an open loop that were due but had no room to go out
    Count cpu_ns;
    Count elapsed_ns;        // of the measured time
    Count cuts;              // connections that broke
    Count down_ns;           // longest time from a cut to the new connection
    Count repeated_events;   // sent again after a cut, and again after their answer
    Count differing_events;  // ... and answered in another way the second time
    Histogram latency;       // of events, from the due instant to the reply

    static constexpr std::size_t codes_max = 600;
    std::array<Count, codes_max> codes;

    void count_code(Code code, std::uint64_t events = 1) {
        const auto number = static_cast<std::size_t>(code);
        codes[number < codes_max ? number : codes_max - 1].add(events);
    }
};

}  // namespace suanpan::load
