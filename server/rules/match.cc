#include "server/rules/match.h"

#include <algorithm>

namespace suanpan::rules {
namespace {

template <typename Id>
bool allows_id(const std::vector<Id>& ids, Id id) {
    return ids.empty() || std::ranges::binary_search(ids, id);
}

}  // namespace

bool Match::allows(const OrderPlace& place) const {
    return allows_id(merchants, place.merchant) && allows_id(channels, place.channel) &&
           allows_id(levels, place.level);
}

bool Match::has_line(ProductId product, CategoryId category) const {
    if (!names_lines()) return true;
    return std::ranges::binary_search(products, product) ||
           std::ranges::binary_search(categories, category);
}

}  // namespace suanpan::rules
