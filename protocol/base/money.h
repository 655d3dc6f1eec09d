// Money: an amount in the minor unit of a currency (分, cents).
#pragma once

#include "protocol/base/points.h"

#include <compare>
#include <cstdint>
#include <optional>

namespace suanpan {

// No amount of an order may exceed this, so that sums of a few of them fit into int64.
inline constexpr std::int64_t amount_money_max = amount_points_max;

struct Money {
    std::int64_t value = 0;
    friend auto operator<=>(const Money&, const Money&) = default;
};
static_assert(sizeof(Money) == 8);

// a + b, or nothing where it leaves int64. For sums that a request could push out of range.
[[nodiscard]] inline std::optional<Money> checked_add(Money a, Money b) {
    Money sum;
    if (__builtin_add_overflow(a.value, b.value, &sum.value)) return std::nullopt;
    return sum;
}

// For sums that are bounded already; leaving int64 is a bug, never a wrap.
[[nodiscard]] inline Money operator+(Money a, Money b) {
    const std::optional<Money> sum = checked_add(a, b);
    SUANPAN_ASSERT(sum.has_value());
    return *sum;
}
[[nodiscard]] inline Money operator-(Money a, Money b) {
    Money difference;
    SUANPAN_ASSERT(!__builtin_sub_overflow(a.value, b.value, &difference.value));
    return difference;
}
inline Money& operator+=(Money& a, Money b) {
    return a = a + b;
}
inline Money& operator-=(Money& a, Money b) {
    return a = a - b;
}

}  // namespace suanpan
