// Exchange: what points are worth. Every product is formed in 128 bits, where two int64 always fit.
#pragma once

#include "protocol/base/assert.h"
#include "protocol/base/money.h"
#include "protocol/base/points.h"

#include <cstdint>
#include <numeric>
#include <optional>

namespace suanpan::rules {

__extension__ using Wide = __int128;

// num/den, both > 0. As the worth of points: `den` points are worth `num` minor units.
struct Ratio {
    std::int64_t num = 1;
    std::int64_t den = 1;
    friend bool operator==(const Ratio&, const Ratio&) = default;
};

// A share in hundredths of a percent: 10'000 is the whole.
struct Percent {
    std::int32_t hundredths = 0;
    friend auto operator<=>(const Percent&, const Percent&) = default;
};
inline constexpr Percent percent_whole{10'000};

// x as int64, or nothing where it does not fit.
[[nodiscard]] constexpr std::optional<std::int64_t> narrowed(Wide x) {
    if (x > INT64_MAX || x < INT64_MIN) return std::nullopt;
    return static_cast<std::int64_t>(x);
}

// ceil(a / b) for a >= 0, b > 0, a + b within 127 bits.
[[nodiscard]] constexpr Wide ceil_div(Wide a, Wide b) {
    return (a + b - 1) / b;
}

// floor(points x ratio) in minor units; may be larger than any Money.
[[nodiscard]] constexpr Wide worth(Points points, Ratio ratio) {
    return static_cast<Wide>(points.value) * ratio.num / ratio.den;
}

// The worth, cut at `most`.
[[nodiscard]] constexpr Money worth_at_most(Points points, Ratio ratio, Money most) {
    const Wide exact = worth(points, ratio);
    return exact < most.value ? Money{static_cast<std::int64_t>(exact)} : most;
}

// The largest k with floor(k x step x ratio) <= most, for most >= 0: the floor stays within `most`
// exactly as long as k x step x num < (most + 1) x den.
[[nodiscard]] constexpr Wide steps_within(Money most, Points step, Ratio ratio) {
    const Wide product = (static_cast<Wide>(most.value) + 1) * ratio.den - 1;
    return product / (static_cast<Wide>(step.value) * ratio.num);
}

// The smallest k with floor(k x step x ratio) >= value.
[[nodiscard]] constexpr Wide steps_worth(Money value, Points step, Ratio ratio) {
    return ceil_div(static_cast<Wide>(value.value) * ratio.den,
                    static_cast<Wide>(step.value) * ratio.num);
}

// floor(amount x percent x raised_by), never more than the amount. The raise of a campaign is one
// product with the percent, so that it is rounded once. Expects amount >= 0.
[[nodiscard]] constexpr Money share_of(Money amount, Percent percent, Ratio raised_by = {}) {
    // percent <= 10^4 and num <= ratio_term_max: the product stays within 127 bits.
    const Wide share = static_cast<Wide>(amount.value) * percent.hundredths * raised_by.num /
                       (static_cast<Wide>(percent_whole.hundredths) * raised_by.den);
    return share < amount.value ? Money{static_cast<std::int64_t>(share)} : amount;
}

// What the numerator and denominator of a campaign's multiplier and raise may be at most.
inline constexpr std::int64_t ratio_term_max = 1'000'000;

// a x b in lowest terms; nothing where a term leaves int64.
[[nodiscard]] constexpr std::optional<Ratio> product(Ratio a, Ratio b) {
    const std::int64_t across = std::gcd(a.num, b.den);
    const std::int64_t back = std::gcd(b.num, a.den);
    const auto num = narrowed(static_cast<Wide>(a.num / across) * (b.num / back));
    const auto den = narrowed(static_cast<Wide>(a.den / back) * (b.den / across));
    if (!num.has_value() || !den.has_value()) return std::nullopt;
    return Ratio{*num, *den};
}

// a > b, a >= b as numbers.
[[nodiscard]] constexpr bool is_more(Ratio a, Ratio b) {
    return static_cast<Wide>(a.num) * b.den > static_cast<Wide>(b.num) * a.den;
}
[[nodiscard]] constexpr bool is_at_least(Ratio a, Ratio b) {
    return !is_more(b, a);
}

}  // namespace suanpan::rules
