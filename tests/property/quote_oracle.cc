#include "tests/property/quote_oracle.h"

#include <algorithm>

namespace suanpan::testing {

using namespace rules;

namespace {

template <typename Id>
bool allows(const std::vector<Id>& ids, Id id) {
    if (ids.empty()) return true;
    for (const Id each : ids) {
        if (each == id) return true;
    }
    return false;
}

template <typename Id>
bool has(const std::vector<Id>& ids, Id id) {
    return !ids.empty() && allows(ids, id);
}

// The largest v <= amount with v / amount <= percent x raise.
std::int64_t share(std::int64_t amount, Percent percent, Ratio raise = {}) {
    std::int64_t v = 0;
    while (v < amount && (v + 1) * 10'000 * raise.den <= amount * percent.hundredths * raise.num) {
        ++v;
    }
    return v;
}

// The largest v <= most that so many points are worth.
std::int64_t worth(std::int64_t points, Ratio ratio, std::int64_t most) {
    std::int64_t v = 0;
    while (v < most && (v + 1) * ratio.den <= points * ratio.num) ++v;
    return v;
}

std::int64_t rest(std::int64_t max, std::int64_t used) {
    return std::max<std::int64_t>(0, max - used);
}

bool is_of_member(const LimitRule& rule) {
    return rule.scope == LimitScope::day || rule.scope == LimitScope::month;
}

}  // namespace

bool QuoteOracle::is_for_order(const Match& match) const {
    return allows(match.merchants, order_.merchant) && allows(match.channels, order_.channel) &&
           allows(match.levels, order_.purse.level);
}

bool QuoteOracle::names(const Match& match, std::size_t line) const {
    const OrderLine& ordered = order_.lines[line];
    if (match.products.empty() && match.categories.empty()) return true;
    return has(match.products, ordered.product) || has(match.categories, ordered.category);
}

// No limit of nothing is for the line.
bool QuoteOracle::takes_points(std::size_t line) const {
    for (const LimitRule& rule : spec_.limits) {
        if (rule.scope != LimitScope::line || !is_for_order(rule.match)) continue;
        if (!names(rule.match, line)) continue;
        if (rule.money_max == Money{0} || rule.percent_max == Percent{0} ||
            rule.points_max == Points{0}) {
            return false;
        }
    }
    return true;
}

Restriction QuoteOracle::set_of(std::size_t line) const {
    for (const RestrictionSet& set : spec_.restrictions) {
        if (has(set.products, order_.lines[line].product)) return set.id;
    }
    for (const RestrictionSet& set : spec_.restrictions) {
        if (has(set.categories, order_.lines[line].category)) return set.id;
    }
    return unrestricted;
}

bool QuoteOracle::is_open(const Campaign& campaign) const {
    if (!is_for_order(campaign.match)) return false;
    if (order_.now < campaign.window.start || order_.now >= campaign.window.end) return false;
    bool is_audience = campaign.segments == 0;
    for (std::uint64_t bit = 1; bit != 0; bit <<= 1U) {
        if ((campaign.segments & bit) != 0 && (order_.purse.segments & bit) != 0) {
            is_audience = true;
        }
    }
    return is_audience && (!campaign.member_orders_max ||
                           order_.usage.campaign(campaign.id).orders < *campaign.member_orders_max);
}

std::int64_t QuoteOracle::eligible() const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < payable_.size(); ++i) {
        if (takes_points(i)) sum += payable_[i];
    }
    return sum;
}

// Of the lines that are named and take points.
std::int64_t QuoteOracle::payable_of(const Match& match) const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < payable_.size(); ++i) {
        if (names(match, i) && takes_points(i)) sum += payable_[i];
    }
    return sum;
}

std::vector<std::int64_t> QuoteOracle::line_limits(Ratio ratio) const {
    std::vector<std::int64_t> limits;
    for (std::size_t i = 0; i < payable_.size(); ++i) {
        std::int64_t limit = takes_points(i) ? payable_[i] : 0;
        for (const LimitRule& rule : spec_.limits) {
            if (!is_for_order(rule.match) || !names(rule.match, i)) continue;
            const bool is_group = rule.scope != LimitScope::line;
            if (is_group && !rule.match.names_lines()) continue;  // of the order
            // A group's is what it has left behind the lines before this one.
            const std::int64_t payable = is_group ? payable_of(rule.match) : payable_[i];
            std::int64_t most = payable;
            if (rule.money_max) {
                std::int64_t used = 0;
                if (is_of_member(rule)) used = order_.usage.limit(rule.id, rule.scope).money.value;
                most = std::min(most, rest(rule.money_max->value, used));
            }
            if (rule.percent_max) most = std::min(most, share(payable, *rule.percent_max));
            if (rule.points_max) {
                most = std::min(most, worth(rule.points_max->value, ratio, payable));
            }
            for (std::size_t before = 0; is_group && before < i; ++before) {
                if (names(rule.match, before)) most -= limits[before];
            }
            limit = std::min(limit, most);
        }
        limits.push_back(limit);
    }
    return limits;
}

std::vector<LimitReport> QuoteOracle::limits(const DeductionRule& rule,
                                             const Campaign* campaign) const {
    std::vector<LimitReport> all;
    const auto money = [&](std::int64_t most) {
        all.push_back({.kind = LimitKind::order_money, .value = most});
    };
    const auto points = [&](std::int64_t most) {
        all.push_back({.kind = LimitKind::order_points, .value = most});
    };
    const Ratio raise = campaign != nullptr ? campaign->raise : Ratio{};
    std::int64_t payable = 0;
    for (const std::int64_t each : payable_) payable += each;
    money(payable);
    if (payable < rule.minimum_order.value) money(0);
    if (rule.order_money_max) money(rule.order_money_max->value);
    if (rule.order_percent_max) money(share(eligible(), *rule.order_percent_max, raise));
    if (rule.order_points_max) points(rule.order_points_max->value);
    // The row that the balance lies in: below the first nothing, none at all no limit.
    if (!rule.tiers.rows().empty()) {
        Percent percent{0};
        for (const Tier& row : rule.tiers.rows()) {
            if (order_.purse.balance >= row.from) percent = row.percent;
        }
        money(share(eligible(), percent, raise));
    }
    points(order_.purse.spendable.value);
    if (order_.wanted) points(order_.wanted->value);
    for (const LimitRule& limit : spec_.limits) {
        if (limit.scope == LimitScope::line || limit.match.names_lines()) continue;
        if (!is_for_order(limit.match)) continue;
        Usage::OfMember used;
        if (is_of_member(limit)) used = order_.usage.limit(limit.id, limit.scope);
        if (limit.money_max) money(rest(limit.money_max->value, used.money.value));
        if (limit.points_max) points(rest(limit.points_max->value, used.points.value));
        if (limit.percent_max) money(share(eligible(), *limit.percent_max, raise));
    }
    if (campaign == nullptr) return all;
    if (campaign->order_money_max) money(campaign->order_money_max->value);
    if (campaign->budget) {
        money(rest(campaign->budget->value, order_.usage.campaign_budget(campaign->id).value));
    }
    if (campaign->member_money_max) {
        money(rest(campaign->member_money_max->value,
                   order_.usage.campaign(campaign->id).money.value));
    }
    return all;
}

QuoteOracle::Answer QuoteOracle::answer_under(const DeductionRule& rule,
                                              const Campaign* campaign) const {
    Answer answer;
    DeductionOracle::Problem problem;
    problem.ratio = rule.ratio;
    if (campaign != nullptr) {
        problem.ratio.num *= campaign->multiplier.num;
        problem.ratio.den *= campaign->multiplier.den;
        answer.campaign = static_cast<std::uint32_t>(campaign->id);
    }
    problem.step = rule.step.value;
    problem.mode = rule.mode;
    problem.runs = order_.runs;
    problem.limits = limits(rule, campaign);
    answer.limit = line_limits(problem.ratio);
    for (std::size_t i = 0; i < answer.limit.size(); ++i) {
        problem.lines.push_back({Money{answer.limit[i]}, set_of(i)});
        answer.most += answer.limit[i];
    }
    for (const LimitReport& limit : problem.limits) {
        if (!is_in_points(limit.kind)) answer.most = std::min(answer.most, limit.value);
    }
    DeductionOracle::Answer found = DeductionOracle(problem).answer();
    answer.value = found.value;
    answer.points = found.points;
    answer.taken = std::move(found.taken);
    answer.eligible = eligible();
    return answer;
}

QuoteOracle::Answer QuoteOracle::answer() const {
    const DeductionRule* rule = nullptr;
    for (const DeductionRule& each : spec_.deductions) {
        if (rule == nullptr && is_for_order(each.match)) rule = &each;
    }
    if (rule == nullptr) {  // points pay nothing here
        Answer nothing;
        nothing.eligible = eligible();
        nothing.limit = line_limits({});
        nothing.taken.assign(order_.runs.size(), 0);
        return nothing;
    }
    Answer best = answer_under(*rule, nullptr);
    for (const Campaign& campaign : spec_.campaigns) {
        if (!is_open(campaign)) continue;
        Answer other = answer_under(*rule, &campaign);
        other.open = best.open + 1;
        ++best.open;
        if (other.value > best.value || (other.value == best.value && other.points < best.points)) {
            best = std::move(other);
        }
    }
    return best;
}

}  // namespace suanpan::testing
