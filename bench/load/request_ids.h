// RequestIds: fresh request ids in UUIDv7 layout.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"

#include <cstdint>
#include <random>
#include <span>

namespace suanpan::load {

// 48 bits of wall clock, 12 of a counter, 62 random ones. The clock is told, not read, since one
// reading per round of the loop is enough. Never seeded by the run's seed: two runs with one seed
// are to draw the same members, not the same ids. Owned by one worker.
class RequestIds {
public:
    RequestIds() {
        std::uint64_t seed = 0;
        fill_random(std::as_writable_bytes(std::span(&seed, 1)));
        random_.seed(seed);
    }

    void set_unix_ms(std::int64_t unix_ms) { unix_ms_ = static_cast<std::uint64_t>(unix_ms); }

    [[nodiscard]] RequestId next() {
        constexpr std::uint64_t version_7 = 0x7000;
        constexpr std::uint64_t variant_rfc = std::uint64_t{2} << 62U;
        const std::uint64_t low = random_();
        // The version's 12 free bits come from the counter: ids of one worker differ even if the
        // generator repeats itself.
        return {.high = (unix_ms_ << 16U) | version_7 | (count_++ & 0xfffU),
                .low = variant_rfc | (low >> 2U)};
    }

private:
    std::mt19937_64 random_;
    std::uint64_t unix_ms_ = 0;
    std::uint64_t count_ = 0;
};

}  // namespace suanpan::load
