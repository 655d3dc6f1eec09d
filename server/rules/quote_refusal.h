// QuoteRefusal: why an order has no price.
#pragma once

#include <cstdint>
#include <expected>

namespace suanpan::rules {

// Why there is no quote. `place` is the line or coupon, from 0.
struct QuoteRefusal {
    enum class Why : std::uint8_t {
        order_empty,
        too_many_lines,
        too_many_coupons,
        quantity_not_positive,
        amount_out_of_range,
        coupon_unknown,
        coupon_repeated,
        coupon_not_now,        // outside of its window
        coupon_not_for_order,  // no line, merchant, channel or level of it
        coupon_below_threshold,
        coupon_used_up,
        coupon_used_up_by_member,
        too_many_uses,  // the order would count under more limits than an order may
    };
    Why why{};
    std::uint32_t place = 0;
    friend bool operator==(const QuoteRefusal&, const QuoteRefusal&) = default;
};

template <typename T>
using Quoted = std::expected<T, QuoteRefusal>;

}  // namespace suanpan::rules
