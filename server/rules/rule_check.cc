#include "server/rules/rule_check.h"

#include <fmt/format.h>

#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

namespace suanpan::rules {
namespace {

class Check {
public:
    explicit Check(RuleMistakes& mistakes) : mistakes_(mistakes) {}

    void run(const RuleSpec& spec) {
        check_ids("restriction", spec.restrictions);
        check_ids("deduction", spec.deductions);
        check_ids("limit", spec.limits);
        check_ids("campaign", spec.campaigns);
        check_ids("price", spec.prices);
        check_ids("full_reduction", spec.reductions);
        check_ids("coupon", spec.coupons);
        check_sets(spec.restrictions);
        each("deduction", spec.deductions, [&](const DeductionRule& rule) { check(rule); });
        each("limit", spec.limits, [&](const LimitRule& rule) { check(rule); });
        each("campaign", spec.campaigns, [&](const Campaign& rule) { check(rule, spec); });
        each("price", spec.prices, [&](const PriceRule& rule) { check(rule); });
        each("full_reduction", spec.reductions, [&](const FullReduction& rule) { check(rule); });
        each("coupon", spec.coupons, [&](const CouponRule& rule) { check(rule); });
    }

private:
    template <typename Rules, typename Check1>
    void each(std::string_view kind, const Rules& rules, Check1 check_one) {
        for (std::size_t i = 0; i < rules.size(); ++i) {
            path_ = fmt::format("{}[{}]", kind, i + 1);
            check_one(rules[i]);
        }
    }

    void wrong(std::string_view field, std::string reason) {
        if (mistakes_.size() >= rule_mistakes_max) return;
        std::string path = path_;
        if (!field.empty()) path += fmt::format(".{}", field);
        mistakes_.push_back({std::move(path), 0, std::move(reason)});
    }

    template <typename Rules>
    void check_ids(std::string_view kind, const Rules& rules) {
        std::set<std::uint32_t> ids;
        for (std::size_t i = 0; i < rules.size(); ++i) {
            const auto id = static_cast<std::uint32_t>(rules[i].id);
            if (ids.insert(id).second) continue;
            path_ = fmt::format("{}[{}]", kind, i + 1);
            wrong("id", fmt::format("{} is the id of an earlier {}; each needs its own", id, kind));
        }
    }

    template <typename Id>
    void check_apart(std::string_view field, const std::vector<Id>& ids, std::set<Id>& seen) {
        for (const Id id : ids) {
            if (seen.insert(id).second) continue;
            wrong(field, fmt::format("{} is in an earlier restriction too; the sets of a program "
                                     "are disjoint",
                                     static_cast<std::uint64_t>(id)));
        }
    }

    void check_sets(const std::vector<RestrictionSet>& sets) {
        std::set<ProductId> products;
        std::set<CategoryId> categories;
        each("restriction", sets, [&](const RestrictionSet& set) {
            if (set.products.empty() && set.categories.empty()) {
                wrong("",
                      "names no products and no categories, so that its points pay for nothing");
            }
            check_apart("products", set.products, products);
            check_apart("categories", set.categories, categories);
        });
    }

    void check(const DeductionRule& rule) {
        const auto& rows = rule.tiers.rows();
        if (rule.order_money_max == Money{} || rule.order_percent_max == Percent{} ||
            rule.order_points_max == Points{}) {
            wrong("", "lets points pay nothing; leave the deduction out instead");
        }
        if (!rows.empty() && rows.back().percent == Percent{}) {
            wrong("tiers",
                  "the last tier pays 0 %, so that points never pay; leave the deduction "
                  "out instead");
        }
    }

    void check(const LimitRule& rule) {
        if (!rule.money_max && !rule.percent_max && !rule.points_max) {
            wrong("",
                  "limits nothing; give money_max, percent_max, points_max or takes_points = "
                  "false");
        }
        const bool is_of_member = rule.scope == LimitScope::day || rule.scope == LimitScope::month;
        if (is_of_member && rule.percent_max) {
            wrong("percent_max",
                  "a percent is of an order or a line; per day and month give "
                  "money_max or points_max");
        }
        if (is_of_member && rule.points_max && rule.match.names_lines()) {
            wrong("points_max",
                  "a member's day or month of some products is counted in money; give "
                  "money_max");
        }
    }

    void check(const Campaign& campaign, const RuleSpec& spec) {
        check_window(campaign.window);
        if (is_more(Ratio{}, campaign.multiplier)) {
            wrong("multiplier", "must be 1 or more: a campaign does not make points worth less");
        }
        if (is_more(Ratio{}, campaign.raise)) {
            wrong("raise", "must be 1 or more: a campaign does not lower a percent");
        }
        for (const DeductionRule& rule : spec.deductions) {
            if (product(rule.ratio, campaign.multiplier).has_value()) continue;
            wrong("multiplier", fmt::format("times the worth of points of deduction {} it leaves "
                                            "the range of 64 bits",
                                            static_cast<std::uint32_t>(rule.id)));
        }
    }

    void check(const PriceRule& rule) {
        check_window(rule.window);
        if (rule.stage == PriceStage::level && rule.match.levels.empty()) {
            wrong("levels", "a level price names the levels that it is for");
        }
        if (rule.stage != PriceStage::wholesale && rule.quantity_from != 1) {
            wrong("quantity_from", "only a wholesale price asks for a quantity");
        }
        if (rule.stage == PriceStage::wholesale && rule.quantity_from < 2) {
            wrong("quantity_from", "a wholesale price begins at a quantity of 2 or more");
        }
        if (rule.unit_price.has_value() && !rule.match.names_lines()) {
            wrong("unit_price", "a unit price names the products or categories that it is for");
        }
    }

    void check(const FullReduction& rule) {
        check_window(rule.window);
        if (rule.repeats && rule.steps.size() > 1) {
            wrong("repeats", "what repeats has one step");
        }
        for (std::size_t i = 0; i < rule.steps.size(); ++i) {
            const ReductionStep& step = rule.steps[i];
            const std::string place = fmt::format("steps[{}]", i + 1);
            if (step.minus > step.from) {
                wrong(place + ".minus", "is more than 'from': it would pay for the order");
            }
            if (i == 0) continue;
            if (step.from <= rule.steps[i - 1].from) {
                wrong(place + ".from", "must be more than in the step before");
            }
            if (step.minus <= rule.steps[i - 1].minus) {
                wrong(place + ".minus", "must be more than in the step before");
            }
        }
    }

    void check(const CouponRule& rule) {
        check_window(rule.window);
        if (rule.off_max.has_value() && rule.minus.has_value()) {
            wrong("off_max", "bounds 'off', which this coupon does not have");
        }
    }

    void check_window(const Window& window) {
        if (window.end <= window.start) wrong("end", "must be after 'start'; it is exclusive");
    }

    RuleMistakes& mistakes_;
    std::string path_;
};

}  // namespace

std::string to_text(const RuleMistake& mistake) {
    std::string text;
    if (mistake.line != 0) text += fmt::format("line {}: ", mistake.line);
    if (!mistake.path.empty()) text += mistake.path + ": ";
    return text + mistake.reason;
}

void check_rules(const RuleSpec& spec, RuleMistakes& mistakes) {
    Check(mistakes).run(spec);
}

}  // namespace suanpan::rules
