#include "server/rules/line_limits.h"

#include <algorithm>

namespace suanpan::rules {
namespace {

constexpr std::uint32_t no_group = UINT32_MAX;

bool takes_nothing(const LimitRule& rule) {
    return rule.money_max == Money{} || rule.percent_max == Percent{} ||
           rule.points_max == Points{};
}

}  // namespace

LineLimits::LineLimits(const RuleBook& book, const Order& order, const PricedOrder& priced,
                       const OrderPlace& place, const Usage& usage) {
    const auto& rules = book.spec().limits;
    RuleIndex::Positions found;
    std::vector<const LimitRule*> every_line;
    book.limit_index().find_for_order(rules, place, found);
    for (const std::uint32_t position : found) {
        const LimitRule& rule = rules[position];
        (rule.scope == LimitScope::line ? every_line : order_rules_).push_back(&rule);
    }
    lines_.resize(order.lines.size());
    for (std::uint32_t i = 0; i < lines_.size(); ++i) {
        const OrderLine& ordered = order.lines[i];
        Line& line = lines_[i];
        line.payable = priced.lines[i].payable;
        line.set = book.set_of(ordered.product, ordered.category);
        line.rules = every_line;
        found.clear();
        book.limit_index().find_for_line(rules, ordered.product, ordered.category, place, found);
        for (const std::uint32_t position : found) {
            const LimitRule& rule = rules[position];
            if (rule.scope == LimitScope::line) {
                line.rules.push_back(&rule);
            } else {
                if (group_of_.empty()) group_of_.resize(rules.size(), no_group);
                join_group(rule, group_of_[position], i, usage);
            }
        }
        line.takes_points = std::ranges::none_of(
            line.rules, [](const LimitRule* rule) { return takes_nothing(*rule); });
        if (line.takes_points) eligible_ += line.payable;
    }
    for (Group& group : groups_) {
        for (const std::uint32_t line : group.lines) {
            if (lines_[line].takes_points) group.payable += lines_[line].payable;
        }
    }
}

void LineLimits::join_group(const LimitRule& rule, std::uint32_t& group, std::uint32_t line,
                            const Usage& usage) {
    if (group == no_group) {
        Money money{INT64_MAX};
        if (rule.money_max.has_value()) {
            money = *rule.money_max;
            if (rule.scope != LimitScope::order) {
                const Money used = usage.limit(rule.id, rule.scope).money;
                money = used < money ? money - used : Money{};
            }
        }
        group = static_cast<std::uint32_t>(groups_.size());
        groups_.push_back(Group{.rule = &rule, .money = money});
    }
    groups_[group].lines.push_back(line);
    lines_[line].groups.push_back(group);
}

// What `rule` allows of `payable`; money_max is not looked at, since a day's may be used in part.
Money LineLimits::limit_of(const LimitRule& rule, Money payable, Ratio ratio) {
    Money limit = payable;
    if (rule.percent_max.has_value()) limit = share_of(payable, *rule.percent_max);
    if (rule.points_max.has_value()) limit = worth_at_most(*rule.points_max, ratio, limit);
    return limit;
}

std::vector<Money> LineLimits::left_of(std::span<const Group> groups, Ratio ratio) {
    std::vector<Money> left;
    left.reserve(groups.size());
    for (const Group& group : groups) {
        left.push_back(std::min(group.money, limit_of(*group.rule, group.payable, ratio)));
    }
    return left;
}

LineLimits::Fitted LineLimits::at(Ratio ratio) const {
    std::vector<Money> left = left_of(groups_, ratio);
    Fitted fitted;
    fitted.lines.reserve(lines_.size());
    fitted.limited_by.reserve(lines_.size());
    for (const Line& line : lines_) {
        Money limit = line.payable;
        const LimitRule* by = nullptr;
        const auto cut = [&](Money at_most, const LimitRule* rule) {
            if (at_most >= limit) return;
            limit = at_most;
            by = rule;
        };
        for (const LimitRule* rule : line.rules) {
            cut(takes_nothing(*rule) ? Money{} : limit_of(*rule, line.payable, ratio), rule);
            if (rule->money_max.has_value()) cut(*rule->money_max, rule);
        }
        for (const std::uint32_t group : line.groups) cut(left[group], groups_[group].rule);
        for (const std::uint32_t group : line.groups) left[group] -= limit;
        fitted.lines.push_back({limit, line.set});
        fitted.limited_by.push_back(by);
    }
    return fitted;
}

}  // namespace suanpan::rules
