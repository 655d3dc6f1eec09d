#include "server/rules/rule_shape.h"

#include <algorithm>
#include <vector>

namespace suanpan::rules {
namespace {

template <typename Id>
bool are_apart(const std::vector<Id>& a, const std::vector<Id>& b) {
    return std::ranges::none_of(a, [&](Id id) { return std::ranges::binary_search(b, id); });
}

// One holds all lines of the other, or they have none in common, whatever category a product has.
bool are_nested_or_apart(const Match& a, const Match& b) {
    if (!a.products.empty() || !b.products.empty()) {
        if (!a.categories.empty() || !b.categories.empty()) {
            return a.products == b.products && a.categories == b.categories;
        }
        return are_apart(a.products, b.products) || std::ranges::includes(a.products, b.products) ||
               std::ranges::includes(b.products, a.products);
    }
    return are_apart(a.categories, b.categories) ||
           std::ranges::includes(a.categories, b.categories) ||
           std::ranges::includes(b.categories, a.categories);
}

}  // namespace

bool is_fine(const DeductionRule& rule, const RuleSpec& spec) {
    if (rule.mode == DeductionMode::fill) return true;
    Ratio most;
    for (const Campaign& campaign : spec.campaigns) {
        if (is_more(campaign.multiplier, most)) most = campaign.multiplier;
    }
    const auto ratio = product(rule.ratio, most);
    return ratio.has_value() &&
           static_cast<Wide>(rule.step.value) * ratio->num <= static_cast<Wide>(ratio->den);
}

RuleShape::RuleShape(const RuleSpec& spec) {
    for (const DeductionRule& rule : spec.deductions) {
        is_fine = is_fine && rules::is_fine(rule, spec);
        has_minimum_order = has_minimum_order || rule.minimum_order > Money{};
    }
    has_restrictions = !spec.restrictions.empty();
    std::vector<const Match*> groups;
    for (const LimitRule& rule : spec.limits) {
        if (rule.scope == LimitScope::line || rule.match.names_lines()) has_line_limits = true;
        if (rule.scope == LimitScope::line || !rule.match.names_lines()) continue;
        for (const Match* other : groups) {
            if (!are_nested_or_apart(*other, rule.match)) has_even_lines = false;
        }
        groups.push_back(&rule.match);
    }
    if (!groups.empty() && has_restrictions) has_even_lines = false;
}

}  // namespace suanpan::rules
