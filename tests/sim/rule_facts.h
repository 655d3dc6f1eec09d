// RuleFacts: what a simulation's rule books say, as the numbers that they are made of.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/order.h"
#include "tests/sim/random.h"

#include <cstdint>
#include <string>

namespace suanpan::sim {

// Ten points are worth seven of the smallest unit; what a member may use of them per day and month,
// of a campaign and of a coupon has limits of which a few orders make a full use.
struct RuleFacts {
    ProgramId program{};
    std::uint32_t version = 1;
    Instant effective_from;
    std::uint32_t notice_days = 0;
    std::int64_t quote_valid_seconds = 60;
    std::int64_t pay_within_seconds = 60;
    std::uint32_t refund_days = 2;
    std::uint32_t grace_days = 0;
    LatePayment late_payment{};
    std::int64_t step = 1;
    std::int64_t day_points_max = -1;  // -1: no such limit
    std::int64_t month_money_max = -1;
    std::int64_t campaign_orders_max = -1;
    std::int64_t coupon_uses_max = -1;
    std::int64_t campaign_budget = -1;  // of all members together
    std::int64_t coupon_total = -1;

    [[nodiscard]] bool has_campaign() const {
        return campaign_orders_max >= 0 || campaign_budget >= 0;
    }
};

// Product ids of the lines: those of restriction 1, of restriction 2, and one of none.
inline constexpr std::uint64_t products = 3;
// The numbers of what is counted per member.
inline constexpr std::uint32_t rule_day_limit = 9;
inline constexpr std::uint32_t rule_month_limit = 10;
inline constexpr std::uint32_t rule_campaign = 7;
inline constexpr std::uint32_t rule_coupon = 5;

// A version that somebody might load at `wall`, after `before`.
[[nodiscard]] RuleFacts draw_rules(Random& random, const RuleFacts& before, std::int64_t points_max,
                                   Instant wall);
// The rule file.
[[nodiscard]] std::string text_of(const RuleFacts& facts);
// True where somebody comes out worse by a limit: that needs the notice of the version before.
[[nodiscard]] bool lowers_a_limit(const RuleFacts& before, const RuleFacts& after);

}  // namespace suanpan::sim
