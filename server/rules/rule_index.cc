#include "server/rules/rule_index.h"

#include <algorithm>

namespace suanpan::rules {
namespace {

using Buckets = boost::unordered_flat_map<std::uint64_t, RuleIndex::Positions>;

template <typename Id>
void file_under(Buckets& buckets, const std::vector<Id>& ids, std::uint32_t position) {
    for (const Id id : ids) buckets[static_cast<std::uint64_t>(id)].push_back(position);
}

template <typename Id>
void append(const Buckets& buckets, Id id, RuleIndex::Positions& found) {
    if (buckets.empty()) return;
    const auto it = buckets.find(static_cast<std::uint64_t>(id));
    if (it != buckets.end()) found.insert(found.end(), it->second.begin(), it->second.end());
}

}  // namespace

void RuleIndex::add(const Match& match, std::uint32_t position) {
    if (match.names_lines()) {
        file_under(by_product_, match.products, position);
        file_under(by_category_, match.categories, position);
    } else if (!match.merchants.empty()) {
        file_under(by_merchant_, match.merchants, position);
    } else if (!match.channels.empty()) {
        file_under(by_channel_, match.channels, position);
    } else if (!match.levels.empty()) {
        file_under(by_level_, match.levels, position);
    } else {
        for_all_.push_back(position);
    }
}

void RuleIndex::collect_line(ProductId product, CategoryId category, Positions& found) const {
    append(by_product_, product, found);
    append(by_category_, category, found);
}

void RuleIndex::collect_order(const OrderPlace& place, Positions& found) const {
    append(by_merchant_, place.merchant, found);
    append(by_channel_, place.channel, found);
    append(by_level_, place.level, found);
    found.insert(found.end(), for_all_.begin(), for_all_.end());
}

void RuleIndex::sort_without_repeats(Positions& found) {
    std::ranges::sort(found);
    const auto repeats = std::ranges::unique(found);
    found.erase(repeats.begin(), repeats.end());
}

}  // namespace suanpan::rules
