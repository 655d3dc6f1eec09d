// RuleMaker: random rule books, changes to them, and orders to try them with, from one seed.
#pragma once

#include "server/rules/quote.h"
#include "server/rules/rule_spec.h"
#include "tests/unit/rules/shop.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace suanpan::testing {

// An order, a member and what both have used, small enough that limits and thresholds are met.
struct RandomOrder {
    std::vector<rules::OrderLine> lines;
    std::vector<rules::CouponId> coupons;
    std::vector<rules::PointRun> runs;
    rules::testing::TestUsage usage;
    rules::Purse purse;
    rules::MerchantId merchant{};
    rules::ChannelId channel{};
    std::optional<Points> wanted;
    Instant now;

    [[nodiscard]] rules::Quoted<rules::Quote> ask(const rules::RuleBook& book) const;
};

// Everything it makes is sound by rule_check.h. Same seed, same things in the same order.
class RuleMaker {
public:
    // With `smaller`, prices, points and limits are so many times smaller: for oracles that count.
    explicit RuleMaker(std::uint64_t seed, std::int64_t smaller = 1)
        : state_(seed), smaller_(smaller) {}

    // How much of the language a book uses: 0 is a plain ratio with limits, 3 everything at once.
    [[nodiscard]] rules::RuleSpec spec(std::int64_t richness);
    // The next version with one or two things changed, for better or worse.
    [[nodiscard]] rules::RuleSpec changed(const rules::RuleSpec& before);
    [[nodiscard]] RandomOrder order(const rules::RuleSpec& spec);

    [[nodiscard]] std::int64_t between(std::int64_t low, std::int64_t high);
    [[nodiscard]] bool chance(std::int64_t one_in) { return between(1, one_in) == 1; }

private:
    std::uint64_t next();
    // An amount of money or points.
    std::int64_t sized(std::int64_t low, std::int64_t high);
    template <typename Id>
    std::vector<Id> some_ids(std::int64_t low, std::int64_t high);
    rules::Match order_match();
    rules::Match line_match();
    rules::Window window();
    rules::DeductionRule deduction(std::uint32_t id, bool fine);
    rules::LimitRule limit(std::uint32_t id);
    rules::Campaign campaign(std::uint32_t id);
    rules::PriceRule price(std::uint32_t id);
    rules::FullReduction reduction(std::uint32_t id);
    rules::CouponRule coupon(std::uint32_t id);
    rules::ExpiryTerms expiry();
    void change_one(rules::RuleSpec& spec);
    void change_head(rules::RuleSpec& spec);
    void change_kind(rules::RuleSpec& spec);
    void change(rules::ExpiryTerms& terms);
    void change(rules::Match& match);
    void change(rules::Window& window);
    void change(rules::PriceRule& rule);
    void change(rules::FullReduction& rule);
    void change(rules::CouponRule& rule);
    void change(rules::DeductionRule& rule);
    void change(rules::LimitRule& rule);
    void change(rules::Campaign& campaign);
    template <typename Amount>
    void change(std::optional<Amount>& limit, std::int64_t high);

    std::uint64_t state_;
    std::int64_t smaller_ = 1;
};

}  // namespace suanpan::testing
