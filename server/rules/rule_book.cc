#include "server/rules/rule_book.h"

#include <utility>

namespace suanpan::rules {
namespace {

template <typename Rules>
RuleIndex index_of(const Rules& rules) {
    RuleIndex index;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        index.add(rules[i].match, static_cast<std::uint32_t>(i));
    }
    return index;
}

template <typename Rules>
boost::unordered_flat_map<std::uint32_t, std::uint32_t> ids_of(const Rules& rules) {
    boost::unordered_flat_map<std::uint32_t, std::uint32_t> ids;
    ids.reserve(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) {
        ids.emplace(static_cast<std::uint32_t>(rules[i].id), static_cast<std::uint32_t>(i));
    }
    return ids;
}

template <typename Rules, typename Id>
auto find_in(const Rules& rules, const boost::unordered_flat_map<std::uint32_t, std::uint32_t>& ids,
             Id id) -> decltype(rules.data()) {
    const auto it = ids.find(static_cast<std::uint32_t>(id));
    return it != ids.end() ? &rules[it->second] : nullptr;
}

}  // namespace

RuleBook::RuleBook(RuleSpec spec)
    : spec_(std::move(spec)),
      deduction_index_(index_of(spec_.deductions)),
      limit_index_(index_of(spec_.limits)),
      price_index_(index_of(spec_.prices)),
      campaign_index_(index_of(spec_.campaigns)),
      coupons_(ids_of(spec_.coupons)),
      campaigns_(ids_of(spec_.campaigns)),
      limits_(ids_of(spec_.limits)) {
    for (const RestrictionSet& set : spec_.restrictions) {
        for (const ProductId product : set.products) {
            set_of_product_.emplace(static_cast<std::uint64_t>(product), set.id);
        }
        for (const CategoryId category : set.categories) {
            set_of_category_.emplace(static_cast<std::uint32_t>(category), set.id);
        }
    }
}

const DeductionRule* RuleBook::deduction_for(const OrderPlace& place) const {
    RuleIndex::Positions found;
    deduction_index_.find_for_order(spec_.deductions, place, found);
    return found.empty() ? nullptr : &spec_.deductions[found.front()];
}

const CouponRule* RuleBook::find_coupon(CouponId id) const {
    return find_in(spec_.coupons, coupons_, id);
}

const Campaign* RuleBook::find_campaign(CampaignId id) const {
    return find_in(spec_.campaigns, campaigns_, id);
}

const LimitRule* RuleBook::find_limit(LimitId id) const {
    return find_in(spec_.limits, limits_, id);
}

Restriction RuleBook::set_of(ProductId product, CategoryId category) const {
    if (!set_of_product_.empty()) {
        const auto it = set_of_product_.find(static_cast<std::uint64_t>(product));
        if (it != set_of_product_.end()) return it->second;
    }
    if (set_of_category_.empty()) return unrestricted;
    const auto it = set_of_category_.find(static_cast<std::uint32_t>(category));
    return it != set_of_category_.end() ? it->second : unrestricted;
}

}  // namespace suanpan::rules
