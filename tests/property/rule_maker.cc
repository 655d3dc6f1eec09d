#include "tests/property/rule_maker.h"

#include "server/rules/rule_check.h"

#include <algorithm>
#include <type_traits>

namespace suanpan::testing {

using namespace rules;
using rules::testing::at;

namespace {

constexpr std::int64_t day_seconds = 86'400;

Money money(std::int64_t value) {
    return Money{value};
}

}  // namespace

Quoted<Quote> RandomOrder::ask(const RuleBook& book) const {
    Purse mine = purse;
    mine.runs = runs;
    const Order order{.lines = lines,
                      .coupons = coupons,
                      .merchant = merchant,
                      .channel = channel,
                      .wanted = wanted};
    return rules::quote(book, order, mine, usage, now);
}

std::uint64_t RuleMaker::next() {  // splitmix64
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

std::int64_t RuleMaker::between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
}

std::int64_t RuleMaker::sized(std::int64_t low, std::int64_t high) {
    return between(low, std::max(low, high / smaller_));
}

template <typename Id>
std::vector<Id> RuleMaker::some_ids(std::int64_t low, std::int64_t high) {
    std::vector<Id> ids;
    for (std::int64_t id = low; id <= high; ++id) {
        if (chance(2)) ids.push_back(static_cast<Id>(id));
    }
    if (ids.empty()) ids.push_back(static_cast<Id>(between(low, high)));
    return ids;
}

Match RuleMaker::order_match() {
    Match match;
    if (chance(4)) match.merchants = some_ids<MerchantId>(1, 2);
    if (chance(4)) match.channels = some_ids<ChannelId>(1, 2);
    if (chance(4)) match.levels = some_ids<LevelId>(0, 2);
    return match;
}

Match RuleMaker::line_match() {
    Match match = order_match();
    if (chance(2)) {
        match.categories = some_ids<CategoryId>(1, 3);
    } else {
        match.products = some_ids<ProductId>(1, 5);
    }
    return match;
}

Window RuleMaker::window() {
    const std::int64_t start = between(-5, 5);
    return {at(start * day_seconds), at((start + between(1, 20)) * day_seconds)};
}

DeductionRule RuleMaker::deduction(std::uint32_t id, bool fine) {
    DeductionRule rule;
    rule.id = DeductionId{id};
    if (!chance(3)) rule.match = order_match();
    rule.ratio = fine ? Ratio{1, between(2, 6)} : Ratio{between(1, 9), between(1, 9)};
    rule.step = Points{fine ? 1 : between(1, 12)};
    if (chance(3)) rule.mode = DeductionMode::fill;
    if (chance(4)) rule.minimum_order = money(sized(1, 300));
    if (chance(4)) rule.order_money_max = money(sized(1, 200));
    if (chance(4)) rule.order_percent_max = Percent{static_cast<std::int32_t>(between(1, 10'000))};
    if (chance(4)) rule.order_points_max = Points{sized(1, 300)};
    if (chance(2)) {
        std::vector<Tier> rows;
        std::int64_t from = sized(0, 100);
        std::int32_t percent = 1;
        for (std::int64_t n = between(1, 3); n > 0; --n) {
            percent = static_cast<std::int32_t>(between(percent, 9000));
            rows.push_back({Points{from}, Percent{percent}});
            from += sized(1, 300);
        }
        rule.tiers = TierTable(rows);
    }
    return rule;
}

LimitRule RuleMaker::limit(std::uint32_t id) {
    LimitRule rule;
    rule.id = LimitId{id};
    rule.scope = static_cast<LimitScope>(between(0, 3));
    rule.match = chance(3) ? order_match() : line_match();
    const bool is_of_member = rule.scope == LimitScope::day || rule.scope == LimitScope::month;
    rule.money_max = money(sized(0, 150));
    if (!is_of_member && chance(3)) {
        rule.percent_max = Percent{static_cast<std::int32_t>(between(0, 10'000))};
        if (chance(2)) rule.money_max.reset();
    }
    if (chance(3) && !(is_of_member && rule.match.names_lines())) {
        rule.points_max = Points{sized(0, 300)};
    }
    return rule;
}

Campaign RuleMaker::campaign(std::uint32_t id) {
    Campaign campaign;
    campaign.id = CampaignId{id};
    campaign.window = window();
    campaign.match = order_match();
    if (chance(3)) campaign.segments = static_cast<std::uint64_t>(between(1, 3));
    if (!chance(3)) campaign.multiplier = chance(2) ? Ratio{3, 2} : Ratio{between(2, 4), 1};
    if (chance(2)) campaign.raise = chance(2) ? Ratio{5, 2} : Ratio{between(2, 4), 1};
    if (chance(3)) campaign.order_money_max = money(sized(1, 200));
    if (chance(3)) campaign.budget = money(sized(1, 400));
    if (chance(3)) campaign.member_money_max = money(sized(1, 200));
    if (chance(4)) campaign.member_orders_max = between(1, 3);
    return campaign;
}

PriceRule RuleMaker::price(std::uint32_t id) {
    PriceRule rule;
    rule.id = PriceRuleId{id};
    rule.stage = static_cast<PriceStage>(between(0, 2));
    rule.match = line_match();
    if (rule.stage == PriceStage::wholesale) rule.quantity_from = between(2, 3);
    if (rule.stage == PriceStage::level) rule.match.levels = some_ids<LevelId>(0, 2);
    if (rule.stage == PriceStage::activity) rule.window = window();
    if (chance(2)) {
        rule.unit_price = money(sized(0, 100));
    } else {
        rule.off = Percent{static_cast<std::int32_t>(between(1, 10'000))};
    }
    return rule;
}

FullReduction RuleMaker::reduction(std::uint32_t id) {
    FullReduction rule;
    rule.id = ReductionId{id};
    if (chance(2)) rule.match = line_match();
    if (chance(2)) rule.window = window();
    std::int64_t from = sized(20, 100);
    std::int64_t minus = sized(1, 20);
    rule.steps.push_back({money(from), money(minus)});
    rule.repeats = chance(3);
    while (!rule.repeats && chance(2)) {
        from += sized(20, 200);
        minus += sized(1, 20);
        rule.steps.push_back({money(from), money(minus)});
    }
    return rule;
}

CouponRule RuleMaker::coupon(std::uint32_t id) {
    CouponRule rule;
    rule.id = CouponId{id};
    if (chance(2)) rule.match = line_match();
    rule.from = money(chance(2) ? 0 : sized(1, 100));
    if (chance(2)) {
        rule.minus = money(sized(1, 60));
    } else {
        rule.off = Percent{static_cast<std::int32_t>(between(1, 10'000))};
        if (chance(2)) rule.off_max = money(sized(1, 60));
    }
    if (chance(3)) rule.total_max = between(1, 5);
    if (chance(3)) rule.member_max = between(1, 3);
    return rule;
}

ExpiryTerms RuleMaker::expiry() {
    ExpiryTerms terms{.policy = static_cast<ExpiryPolicy>(between(0, 5))};
    switch (terms.policy) {
        case ExpiryPolicy::never:
            return terms;
        case ExpiryPolicy::on_date:
            terms.date = LocalDate{static_cast<std::int32_t>(between(20'000, 23'000))};
            return terms;
        case ExpiryPolicy::after_years:
            terms.count = static_cast<std::uint32_t>(between(1, 3));
            break;
        case ExpiryPolicy::after_months:
            terms.count = static_cast<std::uint32_t>(between(1, 30));
            break;
        default:
            terms.count = static_cast<std::uint32_t>(between(1, 400));
    }
    if (terms.policy != ExpiryPolicy::sliding_days && chance(2)) {
        terms.rounding = static_cast<ExpiryRounding>(between(0, 4));
    }
    return terms;
}

RuleSpec RuleMaker::spec(std::int64_t richness) {
    RuleSpec spec;
    spec.program = ProgramId{1};
    spec.version = 1;
    spec.author = "ops \"one\" \\ 王";
    spec.effective_from = at(0);
    spec.notice_days = static_cast<std::uint32_t>(between(0, 60));
    spec.expiry = expiry();
    if (chance(3)) spec.refund.grace_days = 7;
    if (chance(3)) spec.refund.within_days = static_cast<std::uint32_t>(between(1, 400));
    if (chance(3)) spec.refund.late_payment = LatePayment::reacquire;
    const auto many = [&](std::int64_t most) {
        return between(0, richness == 0 ? most / 2 : most);
    };
    if (richness >= 2) {
        for (std::uint16_t id = 1; id <= 2; ++id) {
            if (chance(2)) continue;
            RestrictionSet set{.id = Restriction{id}};
            set.products = {ProductId{id * 2U - 1}};
            if (chance(2)) set.categories = {CategoryId{id}};
            spec.restrictions.push_back(set);
        }
    }
    const bool fine = chance(2);
    for (auto id = static_cast<std::uint32_t>(between(1, 2)); id > 0; --id) {
        spec.deductions.push_back(deduction(id, fine));
    }
    for (auto id = static_cast<std::uint32_t>(many(4)); id > 0; --id) {
        spec.limits.push_back(limit(id));
    }
    for (auto id = static_cast<std::uint32_t>(many(2)); id > 0; --id) {
        spec.campaigns.push_back(campaign(id));
    }
    if (richness >= 1) {
        for (auto id = static_cast<std::uint32_t>(many(3)); id > 0; --id) {
            spec.prices.push_back(price(id));
        }
    }
    if (richness >= 3) {
        for (auto id = static_cast<std::uint32_t>(many(2)); id > 0; --id) {
            spec.reductions.push_back(reduction(id));
        }
        for (auto id = static_cast<std::uint32_t>(many(3)); id > 0; --id) {
            spec.coupons.push_back(coupon(id));
        }
    }
    return spec;
}

template <typename Amount>
void RuleMaker::change(std::optional<Amount>& limit, std::int64_t high) {
    if (limit.has_value() && chance(4)) {
        limit.reset();
    } else if constexpr (std::is_same_v<Amount, Percent>) {
        limit = Percent{static_cast<std::int32_t>(between(1, 10'000))};
    } else if constexpr (std::is_same_v<Amount, std::int64_t>) {
        limit = between(1, high);
    } else {
        limit = Amount{between(1, high)};
    }
}

void RuleMaker::change(DeductionRule& rule) {
    switch (between(0, 7)) {
        case 0:
            rule.ratio.num += between(0, 2);
            break;
        case 1:
            rule.ratio.den = std::max<std::int64_t>(1, rule.ratio.den - between(-1, 2));
            break;
        case 2:
            rule.step = Points{chance(2) ? 1 : between(1, 12)};
            break;
        case 3:
            rule.mode = chance(3) ? DeductionMode::exact : DeductionMode::fill;
            break;
        case 4:
            change(rule.order_money_max, 300);
            break;
        case 5:
            change(rule.order_percent_max, 0);
            break;
        case 6:
            change(rule.order_points_max, 400);
            break;
        default:
            rule.tiers = deduction(1, true).tiers;
            if (chance(3)) rule.minimum_order = money(between(0, 200));
    }
}

void RuleMaker::change(LimitRule& rule) {
    if (rule.percent_max.has_value()) {
        change(rule.percent_max, 0);
    } else if (rule.points_max.has_value() && chance(2)) {
        rule.points_max->value += between(-20, 60);
        rule.points_max = std::max(*rule.points_max, Points{0});
    } else if (rule.money_max.has_value()) {
        rule.money_max = money(std::max<std::int64_t>(0, rule.money_max->value + between(-20, 60)));
    }
}

void RuleMaker::change(Campaign& campaign) {
    switch (between(0, 6)) {
        case 0:
            campaign.multiplier.num += between(0, 1);
            break;
        case 1:
            campaign.raise.num += between(0, 1);
            break;
        case 2:
            change(campaign.order_money_max, 300);
            break;
        case 3:
            change(campaign.budget, 500);
            break;
        case 4:
            campaign.window.end = campaign.window.end + hours(24 * between(-1, 3));
            break;
        case 5:
            campaign.segments |= static_cast<std::uint64_t>(between(0, 3));
            break;
        default:
            change(campaign.member_orders_max, 4);
    }
}

void RuleMaker::change(ExpiryTerms& terms) {
    if (chance(3)) {
        terms = expiry();
    } else if (terms.policy == ExpiryPolicy::on_date) {
        terms.date.days += static_cast<std::int32_t>(between(-10, 40));
    } else if (terms.policy == ExpiryPolicy::after_years && chance(2)) {
        terms.policy = ExpiryPolicy::after_months;  // the same, longer or shorter
        terms.count = terms.count * 12 + static_cast<std::uint32_t>(between(-1, 2));
    } else if (terms.policy != ExpiryPolicy::never) {
        terms.count += static_cast<std::uint32_t>(between(0, 3));
        if (chance(4)) terms.count = terms.count > 4 ? terms.count - 4 : 1;
        const bool rounds = terms.policy != ExpiryPolicy::sliding_days;
        if (rounds && chance(2)) terms.rounding = static_cast<ExpiryRounding>(between(0, 4));
    }
}

// Wider or narrower in one of its lists.
void RuleMaker::change(Match& match) {
    const auto turn = [&](auto& ids, std::int64_t low, std::int64_t high) {
        using Id = std::remove_reference_t<decltype(ids)>::value_type;
        if (!ids.empty() && chance(2)) {
            ids.clear();
        } else {
            for (const Id id : some_ids<Id>(low, high)) ids.push_back(id);
            std::ranges::sort(ids);
            ids.erase(std::ranges::unique(ids).begin(), ids.end());
        }
    };
    switch (between(0, match.names_lines() ? 4 : 2)) {
        case 0:
            return turn(match.merchants, 1, 2);
        case 1:
            return turn(match.channels, 1, 2);
        case 2:
            return turn(match.levels, 0, 2);
        case 3:
            return turn(match.products, 1, 5);
        default:
            return turn(match.categories, 1, 3);
    }
}

void RuleMaker::change(Window& window) {
    if (window.end == instant_never || chance(4)) {
        window = this->window();
    } else if (chance(2)) {
        window.end = window.end + hours(24 * between(-2, 5));
    } else {
        window.start = window.start + hours(24 * between(-5, 2));
    }
}

void RuleMaker::change(PriceRule& rule) {
    if (chance(3)) {
        if (rule.stage == PriceStage::activity || chance(2)) return change(rule.window);
        return change(rule.match);
    }
    if (rule.stage == PriceStage::wholesale && chance(3)) {
        rule.quantity_from = between(2, 4);
    } else if (rule.unit_price.has_value()) {
        rule.unit_price->value = std::max<std::int64_t>(0, rule.unit_price->value - 5);
    } else {
        rule.off = std::min(percent_whole, Percent{rule.off.hundredths + 300});
    }
}

void RuleMaker::change(FullReduction& rule) {
    switch (between(0, 4)) {
        case 0:
            return change(rule.window);
        case 1:
            if (rule.steps.size() == 1) rule.repeats = !rule.repeats;
            return;
        case 2:
            rule.steps.back().minus =
                std::max(money(1), rule.steps.back().minus + money(between(-1, 3)));
            return;
        case 3: {
            const ReductionStep last = rule.steps.back();
            rule.steps.push_back({last.from + money(between(1, 50)), last.minus + money(1)});
            return;
        }
        default:
            rule.steps.back().from.value += between(-5, 1);
    }
}

void RuleMaker::change(CouponRule& rule) {
    switch (between(0, 6)) {
        case 0:
            return change(rule.window);
        case 1:
            rule.from = money(std::max<std::int64_t>(0, rule.from.value + between(-20, 5)));
            return;
        case 2:
            return change(rule.total_max, 8);
        case 3:
            return change(rule.member_max, 5);
        case 4:
            if (!rule.minus.has_value()) change(rule.off_max, 80);
            return;
        case 5:
            return change(rule.match);
        default:
            if (rule.minus.has_value()) {
                rule.minus->value += between(0, 9);
            } else {
                rule.off = std::min(
                    percent_whole,
                    Percent{rule.off.hundredths + static_cast<std::int32_t>(between(0, 900))});
            }
    }
}

// What stands above the rules: how long things live.
void RuleMaker::change_head(RuleSpec& spec) {
    const auto part = [&](Duration& time) {
        time = seconds(std::max<std::int64_t>(1, time.ns / seconds(1).ns + between(-30, 90)));
    };
    switch (between(0, 8)) {
        case 0:
            spec.refund.within_days = static_cast<std::uint32_t>(
                std::clamp<std::int64_t>(spec.refund.within_days + between(-5, 20), 1, 3650));
            return;
        case 1:
            spec.refund.grace_days = static_cast<std::uint16_t>(
                std::clamp<std::int64_t>(spec.refund.grace_days + between(-3, 9), 0, 3650));
            return;
        case 2:
            spec.refund.late_payment = static_cast<LatePayment>(between(0, 1));
            return;
        case 3:
            return part(spec.quote_valid);
        case 4:
            return part(spec.pay_within);
        default:
            return change(spec.expiry);
    }
}

// Which rules there are, and what kind of rule one is.
void RuleMaker::change_kind(RuleSpec& spec) {
    const auto id = static_cast<std::uint32_t>(between(50, 10'000));
    switch (between(0, 6)) {
        case 0:
            spec.deductions.push_back(deduction(id, chance(2)));
            return;
        case 1:
            if (spec.deductions.size() > 1) {
                std::swap(spec.deductions[0], spec.deductions[1]);
            } else {
                change(spec.deductions[0].match);
            }
            return;
        case 2:
            if (!spec.limits.empty()) {
                spec.limits.back().scope = static_cast<LimitScope>(between(0, 3));
            }
            return;
        case 3:
            if (!spec.limits.empty()) change(spec.limits.back().match);
            return;
        case 4:
            if (!spec.campaigns.empty()) change(spec.campaigns.back().match);
            return;
        case 5:
            if (!spec.campaigns.empty()) change(spec.campaigns.back().window);
            return;
        default:
            if (spec.restrictions.empty()) {
                spec.restrictions.push_back({.id = Restriction{1}, .products = {ProductId{1}}});
            } else {
                spec.restrictions.back().products = some_ids<ProductId>(3, 5);
            }
    }
}

void RuleMaker::change_one(RuleSpec& spec) {
    const auto pick = [&](auto& rules) -> auto& {
        return rules[static_cast<std::size_t>(
            between(0, static_cast<std::int64_t>(rules.size()) - 1))];
    };
    // One of them, or a new one where there is none.
    const auto change_or_add = [&](auto& rules, auto make) {
        if (rules.empty() || chance(5)) {
            rules.push_back(make(static_cast<std::uint32_t>(between(50, 10'000))));
        } else {
            change(pick(rules));
        }
    };
    switch (between(0, 15)) {
        case 0:
        case 1:
        case 2:
            return change(pick(spec.deductions));
        case 3:
        case 4:
            if (!spec.limits.empty()) change(pick(spec.limits));
            return;
        case 5:
            if (!spec.limits.empty()) spec.limits.erase(spec.limits.begin());
            return;
        case 6:
        case 7:
            return change_or_add(spec.campaigns, [&](std::uint32_t id) { return campaign(id); });
        case 8:
        case 9:
            return change_or_add(spec.prices, [&](std::uint32_t id) { return price(id); });
        case 10:
            return change_or_add(spec.reductions, [&](std::uint32_t id) { return reduction(id); });
        case 11:
        case 12:
            return change_or_add(spec.coupons, [&](std::uint32_t id) { return coupon(id); });
        case 13:
            return change_kind(spec);
        default:
            return change_head(spec);
    }
}

RuleSpec RuleMaker::changed(const RuleSpec& before) {
    while (true) {
        RuleSpec after = before;
        after.version = before.version + 1;
        after.effective_from = before.effective_from + hours(24 * between(0, 3));
        for (std::int64_t n = between(1, 2); n > 0; --n) change_one(after);
        RuleMistakes mistakes;
        check_rules(after, mistakes);
        if (mistakes.empty()) return after;
    }
}

RandomOrder RuleMaker::order(const RuleSpec& spec) {
    RandomOrder order;
    for (std::int64_t n = between(1, 5); n > 0; --n) {
        order.lines.push_back({.product = ProductId{static_cast<std::uint64_t>(between(1, 6))},
                               .category = CategoryId{static_cast<std::uint32_t>(between(1, 4))},
                               .quantity = between(1, 4),
                               .unit_price = money(sized(0, 120))});
    }
    for (const CouponRule& coupon : spec.coupons) {
        if (chance(4)) order.coupons.push_back(coupon.id);
    }
    std::int64_t balance = 0;
    for (std::int64_t n = between(0, 4); n > 0; --n) {
        const auto restriction = spec.restrictions.empty() ? 0 : between(0, 3);
        order.runs.push_back({static_cast<Restriction>(restriction), Points{sized(0, 400)}});
        balance += order.runs.back().points.value;
    }
    for (const LimitRule& rule : spec.limits) {
        if (chance(2)) order.usage.limits[rule.id] = {money(sized(0, 80)), Points{sized(0, 80)}};
    }
    for (const Campaign& campaign : spec.campaigns) {
        if (chance(2)) order.usage.budgets[campaign.id] = money(sized(0, 300));
        if (chance(2)) {
            order.usage.campaigns[campaign.id] = {money(sized(0, 100)), {}, between(0, 2)};
        }
    }
    for (const CouponRule& rule : spec.coupons) {
        if (chance(3)) order.usage.coupons[rule.id] = between(0, 5);
        if (chance(3)) order.usage.coupons_of_member[rule.id] = between(0, 3);
    }
    order.purse.level = static_cast<LevelId>(between(0, 2));
    order.purse.segments = static_cast<std::uint64_t>(between(0, 3));
    order.purse.balance = Points{balance};
    order.purse.spendable = Points{chance(4) ? between(0, balance) : balance};
    order.merchant = static_cast<MerchantId>(between(1, 2));
    order.channel = static_cast<ChannelId>(between(1, 2));
    if (chance(4)) order.wanted = Points{sized(0, 500)};
    order.now = spec.effective_from + hours(between(0, 24 * 12));
    return order;
}

}  // namespace suanpan::testing
