// Points: an amount of points in its program's smallest unit.
#pragma once

#include "protocol/base/assert.h"

#include <compare>
#include <cstdint>
#include <optional>

namespace suanpan {

// No single amount and no balance may exceed this; sums of a few of them fit into int64.
inline constexpr std::int64_t amount_points_max = 1'000'000'000'000'000'000;  // 10^18

struct Points {
    std::int64_t value = 0;
    friend auto operator<=>(const Points&, const Points&) = default;
};
static_assert(sizeof(Points) == 8);

// a + b, or nothing where it leaves int64. For sums that a request could push out of range.
[[nodiscard]] inline std::optional<Points> checked_add(Points a, Points b) {
    Points sum;
    if (__builtin_add_overflow(a.value, b.value, &sum.value)) return std::nullopt;
    return sum;
}

// For sums that decide() has bounded already; leaving int64 is a bug, never a wrap.
[[nodiscard]] inline Points operator+(Points a, Points b) {
    const std::optional<Points> sum = checked_add(a, b);
    SUANPAN_ASSERT(sum.has_value());
    return *sum;
}
[[nodiscard]] inline Points operator-(Points a) {
    SUANPAN_ASSERT(a.value != INT64_MIN);
    return Points{-a.value};
}
[[nodiscard]] inline Points operator-(Points a, Points b) {
    Points difference;
    SUANPAN_ASSERT(!__builtin_sub_overflow(a.value, b.value, &difference.value));
    return difference;
}
inline Points& operator+=(Points& a, Points b) {
    return a = a + b;
}
inline Points& operator-=(Points& a, Points b) {
    return a = a - b;
}

}  // namespace suanpan
