// RuleIndex: the rules of one kind, found by what they are for.
#pragma once

#include "server/rules/ids.h"
#include "server/rules/match.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <vector>

namespace suanpan::rules {

// Positions of rules in their list, each filed under the narrowest thing that its Match names:
// product, else category, else merchant, channel, level, else all. A book of a thousand rules for a
// thousand products is asked as fast as one of a single rule.
//
// Belongs to its RuleBook; immutable once filled.
class RuleIndex {
public:
    using Positions = std::vector<std::uint32_t>;

    void add(const Match& match, std::uint32_t position);

    // Appends, rising and without repeats, the rules that may be for such a line. `rules` is what
    // was added: their Match is tested here. Only rules that name lines.
    template <typename Rules>
    void find_for_line(const Rules& rules, ProductId product, CategoryId category,
                       const OrderPlace& place, Positions& found) const {
        collect_line(product, category, found);
        keep(found, [&](std::uint32_t i) {
            return rules[i].match.has_line(product, category) && rules[i].match.allows(place);
        });
    }
    // The same for rules that name no lines.
    template <typename Rules>
    void find_for_order(const Rules& rules, const OrderPlace& place, Positions& found) const {
        collect_order(place, found);
        keep(found, [&](std::uint32_t i) { return rules[i].match.allows(place); });
    }
    // Both kinds.
    template <typename Rules>
    void find_all(const Rules& rules, ProductId product, CategoryId category,
                  const OrderPlace& place, Positions& found) const {
        collect_line(product, category, found);
        collect_order(place, found);
        keep(found, [&](std::uint32_t i) {
            return rules[i].match.has_line(product, category) && rules[i].match.allows(place);
        });
    }

private:
    void collect_line(ProductId product, CategoryId category, Positions& found) const;
    void collect_order(const OrderPlace& place, Positions& found) const;
    static void sort_without_repeats(Positions& found);
    template <typename Keeps>
    static void keep(Positions& found, Keeps keeps) {
        std::erase_if(found, [&](std::uint32_t i) { return !keeps(i); });
        sort_without_repeats(found);
    }

    boost::unordered_flat_map<std::uint64_t, Positions> by_product_;
    boost::unordered_flat_map<std::uint64_t, Positions> by_category_;
    boost::unordered_flat_map<std::uint64_t, Positions> by_merchant_;
    boost::unordered_flat_map<std::uint64_t, Positions> by_channel_;
    boost::unordered_flat_map<std::uint64_t, Positions> by_level_;
    Positions for_all_;
};

}  // namespace suanpan::rules
