#include "server/rules/rule_diff.h"

#include "server/rules/rule_shape.h"
#include "server/rules/rule_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace suanpan::rules {
namespace {

template <typename Id>
void name_ids(std::string& text, std::string_view what, const std::vector<Id>& ids) {
    if (ids.empty()) return;
    constexpr std::size_t shown_max = 8;
    text += fmt::format("{}{} ", text.empty() ? "" : ", ", what);
    for (std::size_t i = 0; i < std::min(ids.size(), shown_max); ++i) {
        text += fmt::format("{}{}", i == 0 ? "" : " ", static_cast<std::uint64_t>(ids[i]));
    }
    if (ids.size() > shown_max) text += fmt::format(" and {} more", ids.size() - shown_max);
}

std::string who_of(const Match& match) {
    std::string text;
    name_ids(text, "level", match.levels);
    text = text.empty() ? "all members" : "members of " + text;
    name_ids(text, "channel", match.channels);
    name_ids(text, "merchant", match.merchants);
    name_ids(text, "product", match.products);
    name_ids(text, "category", match.categories);
    return text;
}

template <typename Id>
bool has_all(const std::vector<Id>& after, const std::vector<Id>& before) {
    if (after.empty()) return true;
    return !before.empty() && std::ranges::includes(after, before);
}

// Every order and line that `before` is for, `after` is for too.
bool is_wider(const Match& after, const Match& before) {
    if (!has_all(after.merchants, before.merchants) || !has_all(after.channels, before.channels) ||
        !has_all(after.levels, before.levels)) {
        return false;
    }
    if (!after.names_lines()) return true;
    return before.names_lines() && std::ranges::includes(after.products, before.products) &&
           std::ranges::includes(after.categories, before.categories);
}

// A limit that is not there is above every other.
template <typename Amount>
bool is_looser(const std::optional<Amount>& after, const std::optional<Amount>& before) {
    if (!after.has_value()) return true;
    return before.has_value() && *after >= *before;
}

// Years are twelve months each, so that 2 years and 24 months are the same.
std::pair<ExpiryPolicy, std::uint32_t> in_months(const ExpiryTerms& terms) {
    if (terms.policy != ExpiryPolicy::after_years) return {terms.policy, terms.count};
    return {ExpiryPolicy::after_months, terms.count * 12};
}

class Compare {
public:
    Compare(const RuleSpec& before, const RuleSpec& after)
        : before_(before), after_(after), was_(before), is_(after) {}

    RuleDiff run() {
        compare_head();
        compare_expiry();
        compare_refund();
        compare_restrictions();
        compare_deductions();
        compare_by_id("limit", before_.limits, after_.limits,
                      [this](const auto& a, const auto& b) { compare_pair(a, b); });
        compare_by_id("campaign", before_.campaigns, after_.campaigns,
                      [this](const auto& a, const auto& b) { compare_pair(a, b); });
        compare_by_id("price", before_.prices, after_.prices,
                      [this](const auto& a, const auto& b) { compare_pair(a, b); });
        compare_by_id("full_reduction", before_.reductions, after_.reductions,
                      [this](const auto& a, const auto& b) { compare_pair(a, b); });
        compare_by_id("coupon", before_.coupons, after_.coupons,
                      [this](const auto& a, const auto& b) { compare_pair(a, b); });
        compare_order_of_reductions();
        return std::move(diff_);
    }

private:
    void note(bool adverse, std::string_view field, std::string change) {
        std::string path = path_;
        if (!field.empty()) path += fmt::format("{}{}", path.empty() ? "" : ".", field);
        diff_.changes.push_back({std::move(path), std::move(change), who_, adverse});
    }

    template <typename Number>
    void compare_number(std::string_view field, Number before, Number after, bool less_is_adverse) {
        if (before == after) return;
        note(less_is_adverse ? after < before : after > before, field,
             fmt::format("{} becomes {}", before, after));
    }

    template <typename Amount>
    static std::string shown(const std::optional<Amount>& limit) {
        if (!limit.has_value()) return "none";
        if constexpr (std::is_same_v<Amount, std::int64_t>) {
            return fmt::format("{}", *limit);
        } else if constexpr (std::is_same_v<Amount, Percent>) {
            return shown_percent(*limit);
        } else {
            return fmt::format("{}", limit->value);
        }
    }
    static std::string shown_percent(Percent percent) {
        return fmt::format("{}.{:02} %", percent.hundredths / 100, percent.hundredths % 100);
    }

    // A limit of any kind: to lower it, or to set one where there was none, is adverse.
    template <typename Amount>
    void compare_limit(std::string_view field, const std::optional<Amount>& before,
                       const std::optional<Amount>& after, bool comparable = true) {
        if (before == after) return;
        note(!comparable || !is_looser(after, before), field,
             fmt::format("{} becomes {}{}", shown(before), shown(after),
                         comparable ? "" : ", which cannot be compared here"));
    }

    void compare_head() {
        who_ = "all members";
        if (before_.program != after_.program) {
            note(true, "program", "the rules are of another program");
        }
        compare_number("notice_days", before_.notice_days, after_.notice_days, true);
        compare_number("quote_valid_seconds", before_.quote_valid.ns / seconds(1).ns,
                       after_.quote_valid.ns / seconds(1).ns, true);
        compare_number("pay_within_seconds", before_.pay_within.ns / seconds(1).ns,
                       after_.pay_within.ns / seconds(1).ns, true);
    }

    void compare_expiry() {
        if (before_.expiry == after_.expiry) return;
        const bool adverse = !expires_no_earlier(before_.expiry, after_.expiry);
        note(adverse, "expiry",
             adverse ? "points may expire earlier, or it cannot be told"
                     : "points expire later or never earlier");
    }

    void compare_refund() {
        const RefundTerms& before = before_.refund;
        const RefundTerms& after = after_.refund;
        compare_number("refund.grace_days", before.grace_days, after.grace_days, true);
        compare_number("refund.within_days", before.within_days, after.within_days, true);
        if (before.late_payment != after.late_payment) {
            note(true, "refund.late_payment",
                 fmt::format("{} becomes {}, which cannot be compared",
                             word_of(late_payment_words, before.late_payment),
                             word_of(late_payment_words, after.late_payment)));
        }
    }

    void compare_restrictions() {
        const auto& before = before_.restrictions;
        const auto& after = after_.restrictions;
        if (before == after) return;
        path_ = "restriction";
        // With one set, lines can only come in from outside of all sets.
        const bool grows =
            before.empty() ||
            (before.size() == 1 && after.size() == 1 && before[0].id == after[0].id &&
             std::ranges::includes(after[0].products, before[0].products) &&
             std::ranges::includes(after[0].categories, before[0].categories));
        const bool even = was_.has_even_lines && is_.has_even_lines;
        note(!grows || !even, "",
             grows && even ? "points with a restriction pay for more lines"
                           : "points with a restriction may pay for fewer lines, or it cannot be "
                             "told");
        path_.clear();
    }

    void compare_deductions() {
        const auto& before = before_.deductions;
        const auto& after = after_.deductions;
        for (std::size_t i = 0; i < before.size(); ++i) {
            path_ = fmt::format("deduction {}", static_cast<std::uint32_t>(before[i].id));
            who_ = who_of(before[i].match);
            if (i >= after.size() || after[i].id != before[i].id ||
                after[i].match != before[i].match) {
                note(true, "",
                     "is gone, is for other orders or has another place in the file; "
                     "the ones after it cannot be compared");
                break;
            }
            compare_pair(before[i], after[i]);
        }
        for (std::size_t i = before.size(); i < after.size(); ++i) {
            path_ = fmt::format("deduction {}", static_cast<std::uint32_t>(after[i].id));
            who_ = who_of(after[i].match);
            note(false, "", "is new, behind all others: points pay where they did not");
        }
        path_.clear();
    }

    void compare_pair(const DeductionRule& before, const DeductionRule& after) {
        if (is_more(before.ratio, after.ratio)) {
            note(true, "money", "points are worth less");
        } else if (is_more(after.ratio, before.ratio)) {
            const bool better = is_fine(after, after_) && is_even() && !is_.has_restrictions;
            note(!better, "money",
                 better ? "points are worth more"
                        : "points are worth more, but in steps or lines that cannot be compared");
        }
        if (before.step != after.step) {
            const bool better = before.step.value % after.step.value == 0 &&
                                (after.mode == DeductionMode::exact || !is_.has_restrictions);
            note(!better, "step",
                 fmt::format("{} becomes {}", before.step.value, after.step.value));
        }
        if (before.mode != after.mode) {
            note(before.mode == DeductionMode::fill, "mode",
                 fmt::format("{} becomes {}", word_of(mode_words, before.mode),
                             word_of(mode_words, after.mode)));
        }
        compare_number("minimum_order", before.minimum_order.value, after.minimum_order.value,
                       false);
        compare_limit("order_money_max", before.order_money_max, after.order_money_max);
        compare_limit("order_percent_max", before.order_percent_max, after.order_percent_max);
        compare_limit("order_points_max", before.order_points_max, after.order_points_max);
        compare_tiers(before.tiers, after.tiers);
    }

    void compare_tiers(const TierTable& before, const TierTable& after) {
        if (before == after) return;
        const auto percent = [](const TierTable& table, Points balance) {
            return table.percent_at(balance).value_or(percent_whole);
        };
        std::vector<Points> balances{Points{0}};
        for (const Tier& row : before.rows()) balances.push_back(row.from);
        for (const Tier& row : after.rows()) balances.push_back(row.from);
        std::ranges::sort(balances);
        for (const Points balance : balances) {
            const Percent was = percent(before, balance);
            const Percent now = percent(after, balance);
            if (now >= was) continue;
            note(true, "tiers",
                 fmt::format("{} becomes {} at a balance of {}", shown_percent(was),
                             shown_percent(now), balance.value));
            return;
        }
        note(false, "tiers", "no balance has a lower percent");
    }

    // Rules found by their id, wherever they stand. One that has ended before the new version takes
    // effect may go.
    template <typename Rules, typename Pair>
    void compare_by_id(std::string_view kind, const Rules& before, const Rules& after, Pair pair) {
        for (const auto& rule : before) {
            const auto id = static_cast<std::uint32_t>(rule.id);
            path_ = fmt::format("{} {}", kind, id);
            who_ = who_of(rule.match);
            const auto same = std::ranges::find(after, rule.id, [](const auto& r) { return r.id; });
            if (same != after.end()) {
                if (!(*same == rule)) pair(rule, *same);
                continue;
            }
            if (has_ended(rule)) {
                note(false, "", "has ended and is gone");
            } else {
                note_gone(rule);
            }
        }
        for (const auto& rule : after) {
            const auto same =
                std::ranges::find(before, rule.id, [](const auto& r) { return r.id; });
            if (same != before.end()) continue;
            path_ = fmt::format("{} {}", kind, static_cast<std::uint32_t>(rule.id));
            who_ = who_of(rule.match);
            note_new(rule);
        }
        path_.clear();
    }

    template <typename Rule>
    bool has_ended(const Rule& rule) const {
        if constexpr (requires { rule.window; }) return rule.window.end <= after_.effective_from;
        return false;
    }

    // The lines' limits of both versions grow and shrink with what makes them.
    [[nodiscard]] bool is_even() const { return was_.has_even_lines && is_.has_even_lines; }
    [[nodiscard]] bool is_even(const LimitRule& rule) const {
        return is_even() || (rule.scope != LimitScope::line && !rule.match.names_lines());
    }

    void note_gone(const LimitRule& rule) {
        note(!is_even(rule), "",
             is_even(rule) ? "is gone: one limit less" : "is gone, which cannot be compared here");
    }
    void note_gone(const Campaign&) { note(true, "", "is gone before its end"); }
    void note_gone(const PriceRule&) { note(true, "", "is gone: prices rise"); }
    void note_gone(const FullReduction&) { note(true, "", "is gone: orders cost more"); }
    void note_gone(const CouponRule&) { note(true, "", "is gone: it can no longer be used"); }

    void note_new(const LimitRule&) { note(true, "", "is new: one limit more"); }
    void note_new(const Campaign&) {
        note(false, "", "is new: an order takes it only where that pays more");
    }
    void note_new(const PriceRule&) { note_price(prices_are_smooth(), "is new: prices fall"); }
    void note_new(const FullReduction&) {
        note_price(reductions_are_smooth(), "is new: orders cost less");
    }
    void note_new(const CouponRule&) { note(false, "", "is new"); }

    void note_price(bool smooth, std::string_view change) {
        note(!smooth, "",
             smooth ? std::string(change)
                    : fmt::format("{}, but a threshold or a step behind it may be missed", change));
    }

    // A lower price lowers what is left to pay by at least as much as what points pay of it.
    [[nodiscard]] bool prices_are_smooth() const {
        const auto smooth = [](const RuleSpec& spec, const RuleShape& shape) {
            return spec.reductions.empty() && spec.coupons.empty() && shape.is_fine &&
                   !shape.has_minimum_order && !shape.has_restrictions && shape.has_even_lines;
        };
        return smooth(before_, was_) && smooth(after_, is_);
    }
    // The same for what is taken off an order as a whole: lines must not matter.
    [[nodiscard]] bool reductions_are_smooth() const {
        const auto smooth = [](const RuleSpec& spec, const RuleShape& shape) {
            return spec.reductions.size() <= 1 && spec.coupons.empty() && shape.is_fine &&
                   !shape.has_minimum_order && !shape.has_restrictions && !shape.has_line_limits;
        };
        return smooth(before_, was_) && smooth(after_, is_);
    }
    [[nodiscard]] bool coupons_are_smooth() const {
        const auto smooth = [](const RuleSpec& spec, const RuleShape& shape) {
            return spec.coupons.size() <= 1 && shape.is_fine && !shape.has_minimum_order &&
                   !shape.has_restrictions && !shape.has_line_limits;
        };
        return smooth(before_, was_) && smooth(after_, is_);
    }

    // Not narrower for any instant at or after the new version takes effect.
    void compare_window(const Window& before, const Window& after) {
        if (before == after) return;
        const bool starts_in_time = after.start <= std::max(before.start, after_.effective_from);
        const bool covers = starts_in_time && after.end >= before.end;
        note(!covers && before.end > after_.effective_from, "start and end",
             covers ? "the window is longer" : "the window is shorter, or lies elsewhere");
    }
    // A longer window of what lowers prices is as good as what it lowers.
    void compare_price_window(const Window& before, const Window& after, bool smooth) {
        compare_window(before, after);
        if (before != after && !smooth) {
            note(true, "start and end",
                 "cannot be compared: a threshold or a step stands behind it");
        }
    }

    void compare_pair(const LimitRule& before, const LimitRule& after) {
        if (before.scope != after.scope) {
            note(
                true, "per",
                fmt::format("{} becomes {}, which cannot be compared",
                            word_of(scope_words, before.scope), word_of(scope_words, after.scope)));
        }
        if (before.match != after.match) {
            note(true, "", "is for other orders or lines");
        }
        const bool comparable = is_even(before);
        compare_limit("money_max", before.money_max, after.money_max, comparable);
        compare_limit("percent_max", before.percent_max, after.percent_max, comparable);
        compare_limit("points_max", before.points_max, after.points_max, comparable);
    }

    void compare_pair(const Campaign& before, const Campaign& after) {
        compare_window(before.window, after.window);
        if (before.match != after.match) {
            const bool wider = is_wider(after.match, before.match);
            note(!wider, "", wider ? "is for others too" : "is for other orders");
        }
        if (before.segments != after.segments) {
            const bool all = after.segments == 0;
            const bool more = before.segments != 0 && (before.segments & ~after.segments) == 0;
            note(!all && !more, "segments",
                 all || more ? "more members are in its audience" : "members leave its audience");
        }
        if (before.multiplier != after.multiplier) {
            const bool better = is_at_least(after.multiplier, before.multiplier) && is_.is_fine &&
                                is_even() && !is_.has_restrictions;
            note(!better, "multiplier",
                 better ? "points are worth more"
                        : "points are worth less, or in steps or lines that cannot be compared");
        }
        if (before.raise != after.raise) {
            const bool better = is_at_least(after.raise, before.raise);
            note(!better, "raise", better ? "percents rise" : "percents fall");
        }
        compare_limit("order_money_max", before.order_money_max, after.order_money_max);
        compare_limit("budget", before.budget, after.budget);
        compare_limit("member_money_max", before.member_money_max, after.member_money_max);
        compare_limit("member_orders_max", before.member_orders_max, after.member_orders_max);
    }

    void compare_pair(const PriceRule& before, const PriceRule& after) {
        compare_price_window(before.window, after.window, prices_are_smooth());
        const bool lower = before.stage == after.stage && is_wider(after.match, before.match) &&
                           after.quantity_from <= before.quantity_from &&
                           before.unit_price.has_value() == after.unit_price.has_value() &&
                           is_lower_price(before, after);
        if (PriceRule same = after; same.window = before.window, same == before) return;
        if (lower) return note_price(prices_are_smooth(), "prices fall");
        note(true, "", "prices rise, or cannot be compared");
    }
    static bool is_lower_price(const PriceRule& before, const PriceRule& after) {
        return after.unit_price.has_value() ? after.unit_price <= before.unit_price
                                            : after.off >= before.off;
    }

    void compare_pair(const FullReduction& before, const FullReduction& after) {
        compare_price_window(before.window, after.window, reductions_are_smooth());
        if (FullReduction same = after; same.window = before.window, same == before) return;
        const bool lower = before.match == after.match && !before.repeats && !after.repeats &&
                           takes_no_less(before.steps, after.steps);
        if (lower) return note_price(reductions_are_smooth(), "orders cost less");
        note(true, "", "orders cost more, or it cannot be compared");
    }
    static bool takes_no_less(const std::vector<ReductionStep>& before,
                              const std::vector<ReductionStep>& after) {
        return std::ranges::all_of(before, [&](const ReductionStep& step) {
            return std::ranges::any_of(after, [&](const ReductionStep& other) {
                return other.from <= step.from && other.minus >= step.minus;
            });
        });
    }

    void compare_pair(const CouponRule& before, const CouponRule& after) {
        compare_window(before.window, after.window);
        if (before.match != after.match) note(true, "", "is for other orders or lines");
        compare_number("from", before.from.value, after.from.value, false);
        compare_limit("total_max", before.total_max, after.total_max);
        compare_limit("member_max", before.member_max, after.member_max);
        if (before.minus == after.minus && before.off == after.off &&
            before.off_max == after.off_max) {
            return;
        }
        const bool more = before.minus.has_value() == after.minus.has_value() &&
                          after.minus >= before.minus && after.off >= before.off &&
                          is_looser(after.off_max, before.off_max);
        if (more) return note_price(coupons_are_smooth(), "takes off more");
        note(true, "", "takes off less, or cannot be compared");
    }

    void compare_order_of_reductions() {
        if (before_.reductions.size() < 2 || before_.reductions == after_.reductions) return;
        path_ = "full_reduction";
        who_ = "all members";
        note(true, "", "several that apply one after the other cannot be compared");
        path_.clear();
    }

    const RuleSpec& before_;
    const RuleSpec& after_;
    RuleShape was_;
    RuleShape is_;
    RuleDiff diff_;
    std::string path_;
    std::string who_;
};

}  // namespace

bool RuleDiff::is_adverse() const {
    return std::ranges::any_of(changes, &RuleChange::adverse);
}

bool expires_no_earlier(const ExpiryTerms& before, const ExpiryTerms& after) {
    if (after.policy == ExpiryPolicy::never) return true;
    const auto [policy_before, count_before] = in_months(before);
    const auto [policy_after, count_after] = in_months(after);
    if (policy_before != policy_after) return false;
    if (policy_after == ExpiryPolicy::on_date) return after.date >= before.date;
    // Each end of a longer part of the year is one of the shorter parts, too.
    return count_after >= count_before && after.rounding >= before.rounding;
}

RuleDiff compare(const RuleSpec& before, const RuleSpec& after) {
    return Compare(before, after).run();
}

std::optional<Instant> notice_ends(const RuleSpec& before, const RuleSpec& after, Instant now) {
    const auto is_adverse = [&] {
        if (after.effective_from >= now) return compare(before, after).is_adverse();
        // It takes effect when it is published: what has ended by then may go.
        RuleSpec taking_effect = after;
        taking_effect.effective_from = now;
        return compare(before, taking_effect).is_adverse();
    };
    if (!is_adverse()) return std::nullopt;
    return now + days(before.notice_days);
}

}  // namespace suanpan::rules
