// Random: the one source of chance in a simulation.
#pragma once

#include <cstdint>

namespace suanpan::sim {

// SplitMix64. The same seed gives the same numbers on every machine, which the standard library's
// distributions do not promise.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    // 0 .. below - 1.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
    }
    // True once in `n` times on average; never for 0.
    bool one_in(std::uint64_t n) { return n != 0 && below(n) == 0; }

private:
    std::uint64_t state_;
};

}  // namespace suanpan::sim
