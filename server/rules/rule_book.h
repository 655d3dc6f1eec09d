// RuleBook: one immutable version of a program's rules, ready to be asked.
#pragma once

#include "server/rules/rule_index.h"
#include "server/rules/rule_spec.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>

namespace suanpan::rules {

// A version with its indexes. Shared by all shards as a pointer to const:
// nothing in it changes after construction, so any thread may read it. A quote, an order and a lot
// keep the version that they were made under for as long as they live.
class RuleBook {
public:
    // Expects a spec that rule_file.h accepts (check_spec()).
    explicit RuleBook(RuleSpec spec);

    RuleBook(const RuleBook&) = delete;
    RuleBook& operator=(const RuleBook&) = delete;

    [[nodiscard]] const RuleSpec& spec() const { return spec_; }
    // The first deduction in the file for such orders, or null: points pay nothing there.
    [[nodiscard]] const DeductionRule* deduction_for(const OrderPlace& place) const;
    [[nodiscard]] const CouponRule* find_coupon(CouponId id) const;
    [[nodiscard]] const Campaign* find_campaign(CampaignId id) const;
    [[nodiscard]] const LimitRule* find_limit(LimitId id) const;
    // The set that such a line belongs to, or unrestricted.
    [[nodiscard]] Restriction set_of(ProductId product, CategoryId category) const;

    [[nodiscard]] const RuleIndex& limit_index() const { return limit_index_; }
    [[nodiscard]] const RuleIndex& price_index() const { return price_index_; }
    [[nodiscard]] const RuleIndex& campaign_index() const { return campaign_index_; }

private:
    RuleSpec spec_;
    RuleIndex deduction_index_;
    RuleIndex limit_index_;
    RuleIndex price_index_;
    RuleIndex campaign_index_;
    boost::unordered_flat_map<std::uint32_t, std::uint32_t> coupons_;
    boost::unordered_flat_map<std::uint32_t, std::uint32_t> campaigns_;
    boost::unordered_flat_map<std::uint32_t, std::uint32_t> limits_;
    boost::unordered_flat_map<std::uint64_t, Restriction> set_of_product_;
    boost::unordered_flat_map<std::uint32_t, Restriction> set_of_category_;
};

}  // namespace suanpan::rules
