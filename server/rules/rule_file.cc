#include "server/rules/rule_file.h"

#include "protocol/base/one_line.h"
#include "protocol/limits.h"
#include "server/rules/rule_check.h"
#include "server/rules/rule_text.h"
#include "server/rules/rule_toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace suanpan::rules {
namespace {

constexpr std::int64_t id_max = UINT32_MAX;
constexpr std::int64_t notice_days_usual = 30;
constexpr std::int64_t notice_days_max = 3650;

std::optional<Money> money_max(RuleTable& table, std::string_view key, std::int64_t min) {
    const auto value = table.optional_number(key, min, amount_money_max);
    return value ? std::optional(Money{*value}) : std::nullopt;
}
std::optional<Points> points_max(RuleTable& table, std::string_view key, std::int64_t min) {
    const auto value = table.optional_number(key, min, amount_points_max);
    return value ? std::optional(Points{*value}) : std::nullopt;
}
template <typename Id>
Id id_of(RuleTable& table) {
    return static_cast<Id>(table.number("id", 1, id_max));
}

void read_lines(RuleTable& table, Match& match) {
    match.products = table.ids<ProductId>("products", 0, INT64_MAX, ids_per_match_max);
    match.categories = table.ids<CategoryId>("categories", 0, id_max, ids_per_match_max);
}
void read_place(RuleTable& table, Match& match) {
    match.merchants = table.ids<MerchantId>("merchants", 0, id_max, ids_per_match_max);
    match.channels = table.ids<ChannelId>("channels", 0, id_max, ids_per_match_max);
    match.levels = table.ids<LevelId>("levels", 0, UINT16_MAX, ids_per_match_max);
}
Window window_of(RuleTable& table, bool must_end) {
    Window window;
    for (const bool is_end : {false, true}) {
        const std::string_view key = is_end ? "end" : "start";
        const auto at = table.instant(key);
        if (at) (is_end ? window.end : window.start) = *at;
        if (must_end && !table.has(key)) table.wrong(key, "is missing; give a date-time");
    }
    return window;
}

ExpiryTerms expiry_of(RuleTable& table) {
    ExpiryTerms terms;
    terms.policy = table.word<decltype(expiry_words), ExpiryPolicy>("policy", expiry_words, {});
    terms.rounding = table.word("round_up_to", rounding_words, std::optional(ExpiryRounding::none));
    const auto count = table.optional_number("count", 1, 36'500);
    const auto date = table.date("date");
    const bool counts =
        terms.policy != ExpiryPolicy::never && terms.policy != ExpiryPolicy::on_date;
    if (counts && !table.has("count")) {
        table.wrong("count", "is missing; how many days, months or years points live");
    }
    if (!counts && table.has("count")) table.wrong("count", "means nothing under this policy");
    const std::int64_t most = terms.policy == ExpiryPolicy::after_months  ? 1200
                              : terms.policy == ExpiryPolicy::after_years ? 100
                                                                          : 36'500;
    if (counts && count.value_or(0) > most) {
        table.wrong("count", fmt::format("must be a number from 1 to {}", most));
    }
    const bool dated = terms.policy == ExpiryPolicy::on_date;
    if (dated && !table.has("date")) table.wrong("date", "is missing; the last good day");
    if (!dated && table.has("date")) table.wrong("date", "means nothing under this policy");
    const bool rounds = terms.policy == ExpiryPolicy::after_days ||
                        terms.policy == ExpiryPolicy::after_months ||
                        terms.policy == ExpiryPolicy::after_years;
    if (!rounds && terms.rounding != ExpiryRounding::none) {
        table.wrong("round_up_to", "means nothing under this policy");
    }
    terms.count = static_cast<std::uint32_t>(count.value_or(0));
    terms.date = date.value_or(LocalDate{});
    return terms;
}

RefundTerms refund_of(RuleTable& table) {
    RefundTerms terms;
    terms.grace_days = static_cast<std::uint16_t>(table.number_or(0, "grace_days", 0, 3650));
    terms.within_days = static_cast<std::uint32_t>(table.number_or(400, "within_days", 1, 3650));
    terms.late_payment =
        table.word("late_payment", late_payment_words, std::optional(LatePayment::auto_refund));
    return terms;
}

TierTable tiers_of(RuleTable& table) {
    std::vector<Tier> rows;
    std::optional<std::int64_t> end;  // of the row before
    table.each("tiers", tiers_max, [&](RuleTable& row, std::size_t i) {
        Tier tier{Points{row.number("from", 0, amount_points_max)}, {}};
        const auto percent = row.percent("percent", Percent{0});
        if (!row.has("percent")) row.wrong("percent", "is missing; the share of the order");
        tier.percent = percent.value_or(Percent{0});
        if (i > 0 && !end && tier.from <= rows.back().from) {
            row.wrong("from", "must be more than in the tier before");
        }
        if (i > 0 && end && tier.from.value != *end) {
            row.wrong("from", fmt::format("must be {}, where the tier before ends: tiers have no "
                                          "gap and do not overlap",
                                          *end));
        }
        if (i > 0 && tier.percent < rows.back().percent) {
            row.wrong("percent", "is less than in the tier before; more points never pay less");
        }
        end = row.optional_number("to", 1, amount_points_max);
        if (end && *end <= tier.from.value) {
            row.wrong("to", "must be more than 'from'; it is exclusive");
        }
        rows.push_back(tier);
    });
    if (end) table.wrong("tiers", "the last tier has no 'to': it is for all higher balances");
    return TierTable::is_sound(rows) ? TierTable(std::move(rows)) : TierTable{};
}

RestrictionSet restriction_of(RuleTable& table) {
    Match match;
    RestrictionSet set;
    set.id = static_cast<Restriction>(table.number("id", 1, UINT16_MAX));
    read_lines(table, match);
    set.products = std::move(match.products);
    set.categories = std::move(match.categories);
    return set;
}

DeductionRule deduction_of(RuleTable& table) {
    DeductionRule rule;
    rule.id = id_of<DeductionId>(table);
    read_place(table, rule.match);
    rule.ratio.den = table.number("points", 1, amount_points_max);
    rule.ratio.num = table.number("money", 1, amount_money_max);
    rule.step = Points{table.number_or(1, "step", 1, amount_points_max)};
    rule.mode = table.word("mode", mode_words, std::optional(DeductionMode::exact));
    rule.minimum_order = Money{table.number_or(0, "minimum_order", 0, amount_money_max)};
    rule.order_money_max = money_max(table, "order_money_max", 0);
    rule.order_percent_max = table.percent("order_percent_max", Percent{0});
    rule.order_points_max = points_max(table, "order_points_max", 0);
    rule.tiers = tiers_of(table);
    return rule;
}

LimitRule limit_of(RuleTable& table) {
    LimitRule rule;
    rule.id = id_of<LimitId>(table);
    rule.scope = table.word<decltype(scope_words), LimitScope>("per", scope_words, {});
    read_lines(table, rule.match);
    read_place(table, rule.match);
    rule.money_max = money_max(table, "money_max", 0);
    rule.percent_max = table.percent("percent_max", Percent{0});
    rule.points_max = points_max(table, "points_max", 0);
    if (!table.flag_or(true, "takes_points")) {
        if (rule.scope != LimitScope::line || rule.money_max || rule.percent_max ||
            rule.points_max) {
            table.wrong("takes_points", "false stands alone, in a limit per line");
        }
        rule.money_max = Money{};
    }
    return rule;
}

Campaign campaign_of(RuleTable& table) {
    Campaign campaign;
    campaign.id = id_of<CampaignId>(table);
    campaign.window = window_of(table, true);
    read_place(table, campaign.match);
    for (const std::uint32_t bit : table.ids<std::uint32_t>("segments", 0, 63, 64)) {
        campaign.segments |= std::uint64_t{1} << bit;
    }
    campaign.multiplier = table.ratio_or_one("multiplier");
    campaign.raise = table.ratio_or_one("raise");
    campaign.order_money_max = money_max(table, "order_money_max", 1);
    campaign.budget = money_max(table, "budget", 1);
    campaign.member_money_max = money_max(table, "member_money_max", 1);
    campaign.member_orders_max = table.optional_number("member_orders_max", 1, 1'000'000'000);
    return campaign;
}

PriceRule price_of(RuleTable& table) {
    PriceRule rule;
    rule.id = id_of<PriceRuleId>(table);
    rule.stage = table.word<decltype(stage_words), PriceStage>("stage", stage_words, {});
    rule.window = window_of(table, rule.stage == PriceStage::activity);
    read_lines(table, rule.match);
    read_place(table, rule.match);
    rule.quantity_from = table.number_or(1, "quantity_from", 1, 1'000'000'000);
    rule.unit_price = money_max(table, "unit_price", 0);
    rule.off = table.percent("off", Percent{1}).value_or(Percent{0});
    if (table.has("unit_price") == table.has("off")) {
        table.wrong("", "give one of unit_price and off");
    }
    return rule;
}

FullReduction reduction_of(RuleTable& table) {
    FullReduction rule;
    rule.id = id_of<ReductionId>(table);
    rule.window = window_of(table, false);
    read_lines(table, rule.match);
    read_place(table, rule.match);
    if (!table.has("steps")) table.wrong("steps", "is missing; give [{from = ..., minus = ...}]");
    table.each("steps", reduction_steps_max, [&](RuleTable& row, std::size_t) {
        ReductionStep step;
        step.from = Money{row.number("from", 1, amount_money_max)};
        step.minus = Money{row.number("minus", 1, amount_money_max)};
        rule.steps.push_back(step);
    });
    rule.repeats = table.flag_or(false, "repeats");
    return rule;
}

CouponRule coupon_of(RuleTable& table) {
    CouponRule rule;
    rule.id = id_of<CouponId>(table);
    rule.window = window_of(table, false);
    read_lines(table, rule.match);
    read_place(table, rule.match);
    rule.from = Money{table.number_or(0, "from", 0, amount_money_max)};
    rule.minus = money_max(table, "minus", 1);
    rule.off = table.percent("off", Percent{1}).value_or(Percent{0});
    if (table.has("minus") == table.has("off")) table.wrong("", "give one of minus and off");
    rule.off_max = money_max(table, "off_max", 1);
    rule.total_max = table.optional_number("total_max", 0, amount_money_max);
    rule.member_max = table.optional_number("member_max", 0, amount_money_max);
    return rule;
}

RuleSpec spec_of(RuleTable& table) {
    RuleSpec spec;
    spec.program = ProgramId{static_cast<std::uint32_t>(table.number("program", 1, id_max))};
    spec.version = static_cast<std::uint32_t>(table.number("version", 1, id_max));
    spec.author = table.text("author", author_bytes_max);
    const auto from = table.instant("effective_from");
    if (!table.has("effective_from")) table.wrong("effective_from", "is missing; give a date-time");
    spec.effective_from = from.value_or(Instant{});
    spec.notice_days = static_cast<std::uint32_t>(
        table.number_or(notice_days_usual, "notice_days", 0, notice_days_max));
    spec.quote_valid = seconds(table.number_or(600, "quote_valid_seconds", 1, 86'400));
    spec.pay_within = seconds(table.number_or(1800, "pay_within_seconds", 1, 7 * 86'400));
    table.one("expiry", [&](RuleTable& part) { spec.expiry = expiry_of(part); });
    table.one("refund", [&](RuleTable& part) { spec.refund = refund_of(part); });
    const auto each = [&](std::string_view kind, auto& rules, std::size_t count_max, auto read) {
        table.each(kind, count_max,
                   [&](RuleTable& item, std::size_t) { rules.push_back(read(item)); });
    };
    each("restriction", spec.restrictions, rules_per_kind_max, restriction_of);
    each("deduction", spec.deductions, deductions_max, deduction_of);
    each("limit", spec.limits, rules_per_kind_max, limit_of);
    each("campaign", spec.campaigns, campaigns_max, campaign_of);
    each("price", spec.prices, rules_per_kind_max, price_of);
    each("full_reduction", spec.reductions, rules_per_kind_max, reduction_of);
    each("coupon", spec.coupons, rules_per_kind_max, coupon_of);
    table.finish();
    return spec;
}

RuleMistakes too_long(std::size_t bytes, std::string_view what) {
    return {{"", 0,
             fmt::format("{} has {} bytes; at most {}", what, bytes, limits::rule_book_bytes_max)}};
}

}  // namespace

std::uint32_t promised_notice_days(std::string_view text) {
    try {
        const toml::table document = toml::parse(text);
        if (!document.contains("notice_days")) return notice_days_usual;
        const std::int64_t promised =
            document["notice_days"].value_exact<std::int64_t>().value_or(notice_days_max);
        return static_cast<std::uint32_t>(promised < 0 ? notice_days_max
                                                       : std::min(promised, notice_days_max));
    } catch (const toml::parse_error&) {
        return notice_days_max;
    }
}

std::expected<RuleSpec, RuleMistakes> parse_rules(std::string_view text) {
    if (text.size() > limits::rule_book_bytes_max) {
        return std::unexpected(too_long(text.size(), "the file"));
    }
    try {
        const toml::table document = toml::parse(text);
        RuleMistakes mistakes;
        RuleTable table(document, "", mistakes);
        RuleSpec spec = spec_of(table);
        if (mistakes.empty()) check_rules(spec, mistakes);
        if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
        const std::size_t bytes = text_of(spec).size();
        if (bytes > limits::rule_book_bytes_max) {
            return std::unexpected(too_long(bytes, "what the file says, written out in full,"));
        }
        return spec;
    } catch (const toml::parse_error& error) {
        return std::unexpected(
            RuleMistakes{{"", static_cast<std::uint32_t>(error.source().begin.line),
                          fmt::format("not valid TOML: {}", one_line(error.description()))}});
    }
}

}  // namespace suanpan::rules
