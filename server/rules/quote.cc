#include "server/rules/quote.h"

#include "protocol/base/assert.h"
#include "server/rules/line_limits.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace suanpan::rules {
namespace {

using Why = QuoteRefusal::Why;

// As many as most orders have: room for them is made at once.
constexpr std::size_t usual_limits = 16;

// Where no rule lets points pay.
const DeductionRule no_deduction{};

template <typename Id>
std::uint32_t number_of(Id id) {
    return static_cast<std::uint32_t>(id);
}

template <typename Amount>
Amount left_of(Amount max, Amount used) {
    return used < max ? max - used : Amount{};
}

// One order on its way from its price before points to its quote. Lives for one call.
class Quoting {
public:
    Quoting(const RuleBook& book, const Order& order, const Purse& purse, const Usage& usage,
            Instant now, PricedOrder priced)
        : book_(book),
          order_(order),
          purse_(purse),
          usage_(usage),
          now_(now),
          place_{order.merchant, order.channel, purse.level},
          priced_(std::move(priced)),
          line_limits_(book, order, priced_, place_, usage) {}

    Quoted<Quote> run() {
        rule_ = book_.deduction_for(place_);
        if (rule_ == nullptr) rule_ = &no_deduction;
        find_fixed_limits();
        if (const auto refusal = try_campaign(nullptr)) return std::unexpected(*refusal);
        if (rule_ != &no_deduction) {
            RuleIndex::Positions found;
            book_.campaign_index().find_for_order(book_.spec().campaigns, place_, found);
            for (const std::uint32_t position : found) {
                const Campaign& campaign = book_.spec().campaigns[position];
                if (!is_open(campaign)) continue;
                if (const auto refusal = try_campaign(&campaign)) return std::unexpected(*refusal);
            }
        }
        return finish();
    }

private:
    struct Candidate {
        const Campaign* campaign = nullptr;
        Ratio ratio;
        Deduction deduction;
        LineLimits::Fitted fitted;
    };

    void add(LimitKind kind, std::int64_t value, std::uint32_t id = 0) {
        limits_.push_back({.kind = kind, .id = id, .value = value});
    }

    // The limits that no campaign changes.
    void find_fixed_limits() {
        limits_.reserve(usual_limits);
        add(LimitKind::payable, priced_.payable.value);
        if (rule_ == &no_deduction) add(LimitKind::no_deduction, 0);
        if (priced_.payable < rule_->minimum_order) add(LimitKind::minimum_order, 0);
        if (rule_->order_money_max) add(LimitKind::order_money, rule_->order_money_max->value);
        if (rule_->order_points_max) add(LimitKind::order_points, rule_->order_points_max->value);
        if (order_.wanted.has_value()) add(LimitKind::wanted, order_.wanted->value);
        add(LimitKind::spendable, purse_.spendable.value);
        for (const LimitRule* rule : line_limits_.order_rules()) {
            const std::uint32_t id = number_of(rule->id);
            if (rule->scope == LimitScope::order) {
                if (rule->money_max) add(LimitKind::order_money, rule->money_max->value, id);
                if (rule->points_max) add(LimitKind::order_points, rule->points_max->value, id);
                continue;
            }
            const bool is_day = rule->scope == LimitScope::day;
            const Usage::OfMember used = usage_.limit(rule->id, rule->scope);
            if (rule->money_max) {
                add(is_day ? LimitKind::member_day_money : LimitKind::member_month_money,
                    left_of(*rule->money_max, used.money).value, id);
            }
            if (rule->points_max) {
                add(is_day ? LimitKind::member_day_points : LimitKind::member_month_points,
                    left_of(*rule->points_max, used.points).value, id);
            }
        }
    }

    // Percent limits, which a campaign may raise, and the campaign's own.
    void add_limits_of(const Campaign* campaign) {
        const Ratio raise = campaign != nullptr ? campaign->raise : Ratio{};
        const Money eligible = line_limits_.eligible();
        if (rule_->order_percent_max) {
            add(LimitKind::order_percent,
                share_of(eligible, *rule_->order_percent_max, raise).value);
        }
        for (const LimitRule* rule : line_limits_.order_rules()) {
            if (rule->scope != LimitScope::order || !rule->percent_max) continue;
            add(LimitKind::order_percent, share_of(eligible, *rule->percent_max, raise).value,
                number_of(rule->id));
        }
        if (const auto percent = rule_->tiers.percent_at(purse_.balance)) {
            add(LimitKind::tier_percent, share_of(eligible, *percent, raise).value);
        }
        if (campaign == nullptr) return;
        const std::uint32_t id = number_of(campaign->id);
        if (campaign->order_money_max) {
            add(LimitKind::campaign_maximum, campaign->order_money_max->value, id);
        }
        if (campaign->budget) {
            const Money used = usage_.campaign_budget(campaign->id);
            add(LimitKind::campaign_budget, left_of(*campaign->budget, used).value, id);
        }
        if (campaign->member_money_max) {
            const Money used = usage_.campaign(campaign->id).money;
            add(LimitKind::campaign_member, left_of(*campaign->member_money_max, used).value, id);
        }
    }

    bool is_open(const Campaign& campaign) const {
        if (!campaign.window.has(now_)) return false;
        if (campaign.segments != 0 && (campaign.segments & purse_.segments) == 0) return false;
        return !campaign.member_orders_max.has_value() ||
               usage_.campaign(campaign.id).orders < *campaign.member_orders_max;
    }

    std::optional<QuoteRefusal> try_campaign(const Campaign* campaign) {
        Candidate candidate{.campaign = campaign, .ratio = rule_->ratio};
        if (campaign != nullptr) {
            const auto ratio = product(rule_->ratio, campaign->multiplier);
            SUANPAN_ASSERT(ratio.has_value());  // check_spec() has tried every pair
            candidate.ratio = *ratio;
        }
        const std::size_t fixed = limits_.size();
        add_limits_of(campaign);
        candidate.fitted = line_limits_.at(candidate.ratio);
        Result<Deduction> solved = solve({.ratio = candidate.ratio,
                                          .step = rule_->step,
                                          .mode = rule_->mode,
                                          .lines = candidate.fitted.lines,
                                          .runs = purse_.runs,
                                          .limits = limits_});
        limits_.resize(fixed);
        if (!solved.has_value()) return QuoteRefusal{Why::amount_out_of_range, 0};
        candidate.deduction = *std::move(solved);
        const Deduction& mine = candidate.deduction;
        const Deduction& best = best_.deduction;
        if (campaign == nullptr || mine.value > best.value ||
            (mine.value == best.value && mine.points < best.points)) {
            best_ = std::move(candidate);
        }
        return std::nullopt;
    }

    Quote finish() {
        Deduction& deduction = best_.deduction;
        Quote quote;
        quote.rule_version = book_.spec().version;
        quote.valid_until = now_ + book_.spec().quote_valid;
        quote.deduction = rule_->id;
        quote.campaign = best_.campaign != nullptr ? best_.campaign->id : CampaignId{};
        quote.ratio = best_.ratio;
        quote.tier = rule_->tiers.percent_at(purse_.balance).value_or(percent_whole);
        quote.list = priced_.list;
        quote.discounts = priced_.discounts;
        quote.coupons = priced_.coupons;
        quote.payable = priced_.payable;
        quote.eligible = line_limits_.eligible();
        quote.most = deduction.most;
        quote.points = deduction.points;
        quote.value = deduction.value;
        quote.cash = priced_.payable - deduction.value;
        quote.missing = deduction.missing;
        quote.gap = deduction.gap;
        Money value;
        Points points;
        quote.lines.reserve(priced_.lines.size());
        for (std::size_t i = 0; i < priced_.lines.size(); ++i) {
            const LimitRule* by = best_.fitted.limited_by[i];
            quote.lines.push_back({.price = priced_.lines[i],
                                   .value = deduction.shares[i].value,
                                   .points = deduction.shares[i].points,
                                   .limit = best_.fitted.lines[i].limit,
                                   .limited_by = by != nullptr ? number_of(by->id) : 0});
            value += deduction.shares[i].value;
            points += deduction.shares[i].points;
        }
        SUANPAN_ASSERT(value == quote.value);         // INV-8
        SUANPAN_ASSERT(points == quote.points);       // INV-8
        SUANPAN_ASSERT(quote.value <= quote.most);    // INV-8
        SUANPAN_ASSERT(quote.most <= quote.payable);  // INV-8
        SUANPAN_ASSERT(quote.coupons + quote.discounts + quote.value + quote.cash == quote.list);
        count(quote);
        quote.limits = std::move(deduction.limits);
        quote.taken = std::move(deduction.taken);
        return quote;
    }

    // What settling this quote uses up.
    void count(Quote& quote) const {
        if (quote.points > Points{}) {
            for (const LimitRule* rule : line_limits_.order_rules()) {
                count_member(quote, *rule, quote.value, quote.points);
            }
            for (const LineLimits::Group& group : line_limits_.groups()) {
                Money value;
                for (const std::uint32_t line : group.lines) value += quote.lines[line].value;
                if (value > Money{}) count_member(quote, *group.rule, value, Points{});
            }
        }
        if (best_.campaign != nullptr) {
            const Campaign& campaign = *best_.campaign;
            const std::uint32_t id = number_of(campaign.id);
            quote.consumptions.push_back({.counted = Counted::campaign_budget,
                                          .id = id,
                                          .money = quote.value,
                                          .money_max = campaign.budget});
            quote.consumptions.push_back({.counted = Counted::campaign_member,
                                          .id = id,
                                          .money = quote.value,
                                          .count = 1,
                                          .money_max = campaign.member_money_max,
                                          .count_max = campaign.member_orders_max});
        }
        for (const CouponId id : order_.coupons) {
            const CouponRule& rule = *book_.find_coupon(id);
            quote.consumptions.push_back({.counted = Counted::coupon_total,
                                          .id = number_of(id),
                                          .count = 1,
                                          .count_max = rule.total_max});
            quote.consumptions.push_back({.counted = Counted::coupon_member,
                                          .id = number_of(id),
                                          .count = 1,
                                          .count_max = rule.member_max});
        }
    }

    static void count_member(Quote& quote, const LimitRule& rule, Money value, Points points) {
        if (rule.scope != LimitScope::day && rule.scope != LimitScope::month) return;
        quote.consumptions.push_back(
            {.counted = rule.scope == LimitScope::day ? Counted::member_day : Counted::member_month,
             .id = number_of(rule.id),
             .money = value,
             .points = points,
             .money_max = rule.money_max,
             .points_max = rule.points_max});
    }

    const RuleBook& book_;
    const Order& order_;
    const Purse& purse_;
    const Usage& usage_;
    Instant now_;
    OrderPlace place_;
    PricedOrder priced_;
    LineLimits line_limits_;
    const DeductionRule* rule_ = nullptr;
    std::vector<LimitReport> limits_;
    Candidate best_;
};

}  // namespace

Quoted<Quote> quote(const RuleBook& book, const Order& order, const Purse& purse,
                    const Usage& usage, Instant now) {
    const OrderPlace place{order.merchant, order.channel, purse.level};
    Quoted<PricedOrder> priced = price_order(book, order, place, usage, now);
    if (!priced.has_value()) return std::unexpected(priced.error());
    return Quoting(book, order, purse, usage, now, *std::move(priced)).run();
}

}  // namespace suanpan::rules
