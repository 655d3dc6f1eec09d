// Instants, durations and local dates. Instants are int64 nanoseconds since 1970 UTC.
#pragma once

#include <compare>
#include <cstdint>

namespace suanpan {

struct Duration {
    std::int64_t ns = 0;
    friend auto operator<=>(const Duration&, const Duration&) = default;
};

struct Instant {
    std::int64_t ns = 0;
    friend auto operator<=>(const Instant&, const Instant&) = default;
    friend Instant operator+(Instant at, Duration by) { return Instant{at.ns + by.ns}; }
    friend Instant operator-(Instant at, Duration by) { return Instant{at.ns - by.ns}; }
    friend Duration operator-(Instant a, Instant b) { return Duration{a.ns - b.ns}; }
    [[nodiscard]] std::int64_t unix_ms() const { return ns / 1'000'000; }
};

// Later than every instant the server accepts: "never expires".
inline constexpr Instant instant_never{INT64_MAX};
// Largest instant accepted from a peer: 2200-01-01 UTC. Keeps sums of instants inside int64.
inline constexpr Instant instant_max{7'258'118'400'000'000'000};

constexpr Duration nanoseconds(std::int64_t n) {
    return Duration{n};
}
constexpr Duration microseconds(std::int64_t n) {
    return Duration{n * 1'000};
}
constexpr Duration milliseconds(std::int64_t n) {
    return Duration{n * 1'000'000};
}
constexpr Duration seconds(std::int64_t n) {
    return Duration{n * 1'000'000'000};
}
constexpr Duration hours(std::int64_t n) {
    return seconds(n * 3600);
}
constexpr Duration days(std::int64_t n) {
    return seconds(n * 86'400);
}

// A calendar day in some program's time zone, as days since 1970-01-01.
struct LocalDate {
    std::int32_t days = 0;
    friend auto operator<=>(const LocalDate&, const LocalDate&) = default;
};

}  // namespace suanpan
