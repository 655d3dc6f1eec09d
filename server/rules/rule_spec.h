// RuleSpec: one version of a program's rules as plain data, as a rule file says them.
//
// Every struct here is a value that a RuleBook owns and never changes. Money is in minor units.
// docs/rules.md describes each field as the file has it; rule_file.h checks them.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/command.h"
#include "server/rules/deduction.h"
#include "server/rules/exchange.h"
#include "server/rules/ids.h"
#include "server/rules/match.h"
#include "server/rules/tier.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::rules {

// Bounds of a rule file. Its size is limits::rule_book_bytes_max, the wire's own bound.
inline constexpr std::size_t rules_per_kind_max = 10'000;
inline constexpr std::size_t ids_per_match_max = 10'000;
inline constexpr std::size_t campaigns_max = 256;
inline constexpr std::size_t deductions_max = 256;
inline constexpr std::size_t tiers_max = 64;
inline constexpr std::size_t reduction_steps_max = 64;
inline constexpr std::size_t author_bytes_max = 64;

// How points pay, for the orders that `match` allows. Of several the first in the file counts.
struct DeductionRule {
    DeductionId id{};
    Match match;  // names no lines
    Ratio ratio;  // `den` points are worth `num`
    Points step{1};
    DeductionMode mode = DeductionMode::exact;
    Money minimum_order;  // of the payable after coupons; below it points pay nothing
    std::optional<Money> order_money_max;
    std::optional<Percent> order_percent_max;  // of the eligible amount
    std::optional<Points> order_points_max;
    TierTable tiers;
    friend bool operator==(const DeductionRule&, const DeductionRule&) = default;
};

enum class LimitScope : std::uint8_t { line = 0, order = 1, day = 2, month = 3 };

// A limit on what points pay: of each line, of an order, of a member's local day or month. All that
// match apply. One per order, day or month that names lines counts the matching lines together.
struct LimitRule {
    LimitId id{};
    LimitScope scope = LimitScope::line;
    Match match;
    std::optional<Money> money_max;
    std::optional<Percent> percent_max;  // of the payable; per line and order only
    std::optional<Points> points_max;    // where lines are named: floor(points x ratio) in money
    friend bool operator==(const LimitRule&, const LimitRule&) = default;
};

// Whom a campaign is for: levels in `match`, and members in any of these segments (0: all).
struct Campaign {
    CampaignId id{};
    Window window;
    Match match;  // names no lines
    std::uint64_t segments = 0;
    Ratio multiplier;                      // of the value of points
    Ratio raise;                           // of the order's and the tier's percent
    std::optional<Money> order_money_max;  // 最高抵扣
    // All of these count the whole value that points pay under the campaign.
    std::optional<Money> budget;
    std::optional<Money> member_money_max;
    std::optional<std::int64_t> member_orders_max;
    friend bool operator==(const Campaign&, const Campaign&) = default;
};

enum class PriceStage : std::uint8_t { wholesale = 0, level = 1, activity = 2 };

// A price of lines. Of several at one stage the lowest counts; none raises a price.
struct PriceRule {
    PriceRuleId id{};
    PriceStage stage{};
    Window window;
    Match match;
    std::int64_t quantity_from = 1;
    // One of the two: a unit price, or what is taken off (of the list price for an activity, else
    // of the price the stage before left), rounded down.
    std::optional<Money> unit_price;
    Percent off;
    friend bool operator==(const PriceRule&, const PriceRule&) = default;
};

struct ReductionStep {
    Money from;
    Money minus;
    friend bool operator==(const ReductionStep&, const ReductionStep&) = default;
};

// 满减: so much off when the matching lines reach a threshold (before points and coupons). Those
// that match apply one after the other, each on what lines cost before the first of them.
struct FullReduction {
    ReductionId id{};
    Window window;
    Match match;
    std::vector<ReductionStep> steps;  // rising in both; the highest reached counts
    bool repeats = false;              // 每满: once per full threshold; one step only
    friend bool operator==(const FullReduction&, const FullReduction&) = default;
};

struct CouponRule {
    CouponId id{};
    Window window;
    Match match;
    Money from;                  // threshold, tested on the matching lines when its turn comes
    std::optional<Money> minus;  // one of the two
    Percent off;                 // rounded down
    std::optional<Money> off_max;
    std::optional<std::int64_t> total_max;
    std::optional<std::int64_t> member_max;
    friend bool operator==(const CouponRule&, const CouponRule&) = default;
};

// Lines that points with this restriction pay for. Sets are disjoint: a line belongs to the one
// that names its product, else to the one that names its category.
struct RestrictionSet {
    Restriction id{};
    std::vector<ProductId> products;
    std::vector<CategoryId> categories;
    friend bool operator==(const RestrictionSet&, const RestrictionSet&) = default;
};

// How long points live (server/rules/expiry.h has the arithmetic).
struct ExpiryTerms {
    ExpiryPolicy policy = ExpiryPolicy::never;
    ExpiryRounding rounding = ExpiryRounding::none;
    std::uint32_t count = 0;
    LocalDate date;
    friend bool operator==(const ExpiryTerms&, const ExpiryTerms&) = default;
};

enum class LatePayment : std::uint8_t { auto_refund = 0, reacquire = 1 };

struct RefundTerms {
    std::uint16_t grace_days = 0;  // 0: return_expired
    std::uint32_t within_days = 400;
    LatePayment late_payment = LatePayment::auto_refund;
    friend bool operator==(const RefundTerms&, const RefundTerms&) = default;
};

struct RuleSpec {
    ProgramId program{};
    std::uint32_t version = 0;
    std::string author;
    Instant effective_from;
    std::uint32_t notice_days = 30;
    Duration quote_valid = seconds(600);
    Duration pay_within = seconds(1800);
    ExpiryTerms expiry;
    RefundTerms refund;
    // In the order of the file.
    std::vector<RestrictionSet> restrictions;
    std::vector<DeductionRule> deductions;
    std::vector<LimitRule> limits;
    std::vector<Campaign> campaigns;
    std::vector<PriceRule> prices;
    std::vector<FullReduction> reductions;
    std::vector<CouponRule> coupons;
    friend bool operator==(const RuleSpec&, const RuleSpec&) = default;
};

}  // namespace suanpan::rules
