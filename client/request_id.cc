#include "client/request_id.h"

#include "client/server_clock.h"
#include "protocol/base/hash.h"

#include <algorithm>
#include <array>
#include <span>

namespace suanpan::client {
namespace {

constexpr std::uint64_t step_back_max_ms = 30'000;

// Taken from the operating system's generator in handfuls: one system call per id would cost more
// than the rest of it.
std::uint64_t random_word() {
    thread_local std::array<std::uint64_t, 64> words;
    thread_local std::size_t used = words.size();
    if (used == words.size()) {
        fill_random(std::as_writable_bytes(std::span(words)));
        used = 0;
    }
    return words[used++];
}

}  // namespace

RequestId RequestIdMaker::make() {
    return make_at(own_wall_clock().unix_ms());
}

RequestId RequestIdMaker::make_at(std::int64_t unix_ms) {
    const std::uint64_t earliest = static_cast<std::uint64_t>(unix_ms) << 12U;
    // Only this one word is shared, so no order with other memory is needed.
    std::uint64_t last = last_.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    do {
        const bool is_far_ahead = last > earliest + (step_back_max_ms << 12U);
        next = is_far_ahead ? earliest : std::max(earliest, last + 1);
    } while (!last_.compare_exchange_weak(last, next, std::memory_order_relaxed));
    constexpr std::uint64_t version_7 = 0x7000;
    constexpr std::uint64_t variant_mask = 0x3fff'ffff'ffff'ffff;
    constexpr std::uint64_t variant = 0x8000'0000'0000'0000;
    return {.high = (next >> 12U << 16U) | version_7 | (next & 0xfffU),
            .low = (random_word() & variant_mask) | variant};
}

}  // namespace suanpan::client
