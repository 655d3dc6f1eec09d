// LineLimits: how much of each line points may pay.
#pragma once

#include "protocol/base/money.h"
#include "server/rules/deduction.h"
#include "server/rules/order.h"
#include "server/rules/price_pipeline.h"
#include "server/rules/rule_book.h"
#include "server/rules/usage.h"

#include <cstdint>
#include <span>
#include <vector>

namespace suanpan::rules {

// The limits of one order's lines: those per line, and those that count several lines of an order,
// a day or a month together. What such a group has left is given to its lines from the first on,
// each as much as its own limit takes; so the lines' limits sum to no more than any group's.
//
// Lives for one quote, which it borrows its arguments from.
class LineLimits {
public:
    // A LimitRule of day or month, and the lines that it counts.
    struct Group {
        const LimitRule* rule = nullptr;
        Money money;  // of the lines together; INT64_MAX: no limit in money
        Money payable;
        std::vector<std::uint32_t> lines;
    };

    LineLimits(const RuleBook& book, const Order& order, const PricedOrder& priced,
               const OrderPlace& place, const Usage& usage);

    // Σ payable of the lines that take points: those that no limit of 0 is for.
    [[nodiscard]] Money eligible() const { return eligible_; }
    // Rules of the order as a whole, per order, day and month.
    [[nodiscard]] std::span<const LimitRule* const> order_rules() const { return order_rules_; }
    [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }

    // The lines for points of this worth (limits in points depend on it), and for each the rule
    // that makes its limit smaller than its payable, or null.
    struct Fitted {
        std::vector<DeductionLine> lines;
        std::vector<const LimitRule*> limited_by;
    };
    [[nodiscard]] Fitted at(Ratio ratio) const;

private:
    struct Line {
        Money payable;
        Restriction set{};
        bool takes_points = true;
        std::vector<const LimitRule*> rules;
        std::vector<std::uint32_t> groups;
    };

    [[nodiscard]] static Money limit_of(const LimitRule& rule, Money payable, Ratio ratio);
    [[nodiscard]] static std::vector<Money> left_of(std::span<const Group> groups, Ratio ratio);
    // `group`: the number of the rule's group, made with its first line.
    void join_group(const LimitRule& rule, std::uint32_t& group, std::uint32_t line,
                    const Usage& usage);

    std::vector<Line> lines_;
    std::vector<Group> groups_;
    std::vector<std::uint32_t> group_of_;  // by the rule's place; empty without groups
    std::vector<const LimitRule*> order_rules_;
    Money eligible_;
};

}  // namespace suanpan::rules
