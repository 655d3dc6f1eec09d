// Quote: the price of an order, points and cash, by one version of the rules.
//
// quote() is a pure function of its arguments: it reads no clock, reserves nothing and has no side
// effect. What settle must check again and count stands in `consumptions`.
#pragma once

#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "server/rules/deduction.h"
#include "server/rules/ids.h"
#include "server/rules/order.h"
#include "server/rules/price_pipeline.h"
#include "server/rules/quote_refusal.h"
#include "server/rules/rule_book.h"
#include "server/rules/usage.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::rules {

// The member at this instant.
struct Purse {
    LevelId level{};
    std::uint64_t segments = 0;
    Points balance;                  // available when quoted: chooses the tier
    Points spendable;                // what may be taken: less debt and daily limits of the account
    std::span<const PointRun> runs;  // in draining order
};

enum class Counted : std::uint8_t {
    member_day = 0,
    member_month = 1,
    campaign_budget = 2,
    campaign_member = 3,
    coupon_total = 4,
    coupon_member = 5,
};

// What a settle adds to one counter, and how far that may go (nothing: no such limit).
struct Consumption {
    Counted counted{};
    std::uint32_t id = 0;  // of the limit, campaign or coupon
    Money money;
    Points points;
    std::int64_t count = 0;
    std::optional<Money> money_max;
    std::optional<Points> points_max;
    std::optional<std::int64_t> count_max;
    friend bool operator==(const Consumption&, const Consumption&) = default;
};

struct QuotedLine {
    PricedLine price;
    Money value;                   // that points pay of it
    Points points;                 // that belong to it when it comes back
    Money limit;                   // what points might have paid at most
    std::uint32_t limited_by = 0;  // the LimitRule that says so; 0: its payable
    [[nodiscard]] Money cash() const { return price.payable - value; }
};

// INV-8: 0 <= value <= most <= payable; coupons + discounts + value + cash = list; the lines sum to
// the totals.
struct Quote {
    std::uint32_t rule_version = 0;
    Instant valid_until;
    DeductionId deduction{};  // 0: points pay nothing here
    CampaignId campaign{};    // 0: none is better than none
    Ratio ratio;              // with the campaign's multiplier
    Percent tier;             // as raised by nothing; 100 % without tiers
    Money list;
    Money discounts;  // wholesale, level, activity and 满减
    Money coupons;
    Money payable;
    Money eligible;  // Σ payable of the lines that take points
    Money most;      // C
    Points points;
    Money value;
    Money cash;
    Points missing;
    Money gap;
    std::vector<QuotedLine> lines;
    std::vector<LimitReport> limits;
    std::vector<Points> taken;  // per run of the purse
    std::vector<Consumption> consumptions;
};

// Of the campaigns that are open to the member the one that pays most counts; of equals the one
// that takes the fewest points, then no campaign before any, then the first in the file.
[[nodiscard]] Quoted<Quote> quote(const RuleBook& book, const Order& order, const Purse& purse,
                                  const Usage& usage, Instant now);

}  // namespace suanpan::rules
