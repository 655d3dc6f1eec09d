// LimitReport: what a quote says about each limit it met.
#pragma once

#include <cstdint>

namespace suanpan::rules {

// Wire numbers: never reused. Those below 32 are in money, the others in points.
enum class LimitKind : std::uint8_t {
    payable = 1,           // what is left to pay after coupons
    lines = 2,             // the sum of the lines' limits
    minimum_order = 3,     // not reached: no points at all
    order_money = 4,       // id: the limit, 0 where the deduction itself sets it
    order_percent = 5,     // of the eligible amount
    tier_percent = 6,      // of the eligible amount, by the balance when quoted
    campaign_maximum = 7,  // id: the campaign, here and below
    campaign_budget = 8,
    campaign_member = 9,
    member_day_money = 10,
    member_month_money = 11,
    no_deduction = 12,  // no rule lets points pay here

    wanted = 32,
    spendable = 33,
    placeable = 34,  // restricted points that no line of this order takes
    order_points = 35,
    member_day_points = 36,
    member_month_points = 37,
};

[[nodiscard]] constexpr bool is_in_points(LimitKind kind) {
    return static_cast<std::uint8_t>(kind) >= 32;
}

// One limit with its value, minor units or points, and whether the result went as far as it lets.
// Several limits bind together where they come to the same.
struct LimitReport {
    LimitKind kind{};
    bool bound = false;
    std::uint32_t id = 0;
    std::int64_t value = 0;
    friend bool operator==(const LimitReport&, const LimitReport&) = default;
};

}  // namespace suanpan::rules
