// Order: what a member wants to buy, as a partner sends it.
#pragma once

#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "server/rules/ids.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace suanpan::rules {

inline constexpr std::size_t order_lines_max = 1000;
inline constexpr std::size_t order_coupons_max = 16;

// `unit_price` is the list price: quantity x unit_price is what the line costs before any discount.
struct OrderLine {
    ProductId product{};
    CategoryId category{};
    std::int64_t quantity = 1;
    Money unit_price;
    friend bool operator==(const OrderLine&, const OrderLine&) = default;
};

struct Order {
    std::span<const OrderLine> lines;
    std::span<const CouponId> coupons;  // in the order of use
    MerchantId merchant{};
    ChannelId channel{};
    std::optional<Points> wanted;  // nothing: as many as bring something
};

}  // namespace suanpan::rules
