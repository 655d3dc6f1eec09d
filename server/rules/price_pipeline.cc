#include "server/rules/price_pipeline.h"

#include "protocol/base/assert.h"
#include "server/rules/allocation.h"
#include "server/rules/exchange.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace suanpan::rules {
namespace {

using Why = QuoteRefusal::Why;

std::unexpected<QuoteRefusal> refuse_quote(Why why, std::size_t place = 0) {
    return std::unexpected(QuoteRefusal{why, static_cast<std::uint32_t>(place)});
}

// One order on its way through the pipeline. Lives for one call.
class Pipeline {
public:
    Pipeline(const RuleBook& book, const Order& order, const OrderPlace& place, const Usage& usage,
             Instant now)
        : book_(book), order_(order), place_(place), usage_(usage), now_(now) {}

    Quoted<PricedOrder> run() {
        if (const auto refusal = find_list_prices()) return std::unexpected(*refusal);
        apply_prices();
        apply_reductions();
        for (std::size_t i = 0; i < order_.coupons.size(); ++i) {
            if (const auto refusal = apply_coupon(i)) return std::unexpected(*refusal);
        }
        for (const PricedLine& line : priced_.lines) {
            SUANPAN_ASSERT(line.payable >= Money{});  // INV-8
            priced_.payable += line.payable;
        }
        SUANPAN_ASSERT(priced_.discounts + priced_.coupons + priced_.payable ==
                       priced_.list);  // INV-8
        return std::move(priced_);
    }

private:
    std::optional<QuoteRefusal> find_list_prices() {
        priced_.lines.resize(order_.lines.size());
        for (std::size_t i = 0; i < order_.lines.size(); ++i) {
            const OrderLine& line = order_.lines[i];
            const auto place = static_cast<std::uint32_t>(i);
            if (line.quantity < 1) return QuoteRefusal{Why::quantity_not_positive, place};
            const Wide list = static_cast<Wide>(line.quantity) * line.unit_price.value;
            if (line.unit_price < Money{} || list > amount_money_max) {
                return QuoteRefusal{Why::amount_out_of_range, place};
            }
            priced_.lines[i].list = Money{static_cast<std::int64_t>(list)};
            priced_.lines[i].payable = priced_.lines[i].list;
            priced_.list += priced_.lines[i].list;
            if (priced_.list > Money{amount_money_max}) {
                return QuoteRefusal{Why::amount_out_of_range, place};
            }
        }
        return std::nullopt;
    }

    // What a line costs by `rule`, which a price `before` leads to. Never more than that.
    static Money price_by(const PriceRule& rule, const OrderLine& line, Money base, Money before) {
        if (!rule.unit_price.has_value()) return std::min(before, base - share_of(base, rule.off));
        const Wide price = static_cast<Wide>(line.quantity) * rule.unit_price->value;
        return price < before.value ? Money{static_cast<std::int64_t>(price)} : before;
    }

    void apply_prices() {
        if (book_.spec().prices.empty()) return;
        for (std::size_t i = 0; i < order_.lines.size(); ++i) {
            const OrderLine& line = order_.lines[i];
            PricedLine& priced = priced_.lines[i];
            found_.clear();
            book_.price_index().find_all(book_.spec().prices, line.product, line.category, place_,
                                         found_);
            const Money wholesale = lowest(PriceStage::wholesale, line, priced.list, priced.list);
            const Money level = lowest(PriceStage::level, line, wholesale, wholesale);
            const Money activity = lowest(PriceStage::activity, line, priced.list, level);
            priced.wholesale_off = priced.list - wholesale;
            priced.level_off = wholesale - level;
            priced.activity_off = level - activity;
            priced.payable = activity;
            priced_.discounts += priced.list - activity;
        }
    }

    Money lowest(PriceStage stage, const OrderLine& line, Money base, Money before) const {
        Money price = before;
        for (const std::uint32_t position : found_) {
            const PriceRule& rule = book_.spec().prices[position];
            if (rule.stage != stage || rule.quantity_from > line.quantity) continue;
            if (!rule.window.has(now_)) continue;
            price = std::min(price, price_by(rule, line, base, before));
        }
        return price;
    }

    // Σ payable of the lines that `match` has, which become the weights of an allocation.
    Money weigh(const Match& match) {
        weights_.assign(order_.lines.size(), 0);
        Money sum;
        for (std::size_t i = 0; i < order_.lines.size(); ++i) {
            const OrderLine& line = order_.lines[i];
            if (!match.has_line(line.product, line.category)) continue;
            weights_[i] = priced_.lines[i].payable.value;
            sum += priced_.lines[i].payable;
        }
        return sum;
    }

    // Takes `off` from the lines in weights_, in proportion.
    void take_off(Money off, Money PricedLine::* column) {
        shares_.assign(order_.lines.size(), 0);
        allocate(off.value, weights_, shares_);
        for (std::size_t i = 0; i < shares_.size(); ++i) {
            priced_.lines[i].*column += Money{shares_[i]};
            priced_.lines[i].payable -= Money{shares_[i]};
        }
    }

    void apply_reductions() {
        const auto& reductions = book_.spec().reductions;
        if (reductions.empty()) return;
        std::vector<Money> before;
        before.reserve(priced_.lines.size());
        for (const PricedLine& line : priced_.lines) before.push_back(line.payable);
        for (const FullReduction& rule : reductions) {
            if (!rule.window.has(now_) || !rule.match.allows(place_)) continue;
            Money reached;
            for (std::size_t i = 0; i < order_.lines.size(); ++i) {
                const OrderLine& line = order_.lines[i];
                if (rule.match.has_line(line.product, line.category)) reached += before[i];
            }
            const Money off = std::min(reduction_at(rule, reached), weigh(rule.match));
            take_off(off, &PricedLine::reduction_off);
            priced_.discounts += off;
        }
    }

    static Money reduction_at(const FullReduction& rule, Money reached) {
        Money minus;
        for (const ReductionStep& step : rule.steps) {
            if (reached < step.from) break;
            if (!rule.repeats) {
                minus = step.minus;
                continue;
            }
            const Wide often =
                static_cast<Wide>(reached.value / step.from.value) * step.minus.value;
            minus = Money{static_cast<std::int64_t>(std::min<Wide>(often, reached.value))};
        }
        return minus;
    }

    std::optional<QuoteRefusal> apply_coupon(std::size_t i) {
        const auto place = static_cast<std::uint32_t>(i);
        const CouponId id = order_.coupons[i];
        const CouponRule* rule = book_.find_coupon(id);
        if (rule == nullptr) return QuoteRefusal{Why::coupon_unknown, place};
        const auto earlier = order_.coupons.first(i);
        if (std::ranges::find(earlier, id) != earlier.end()) {
            return QuoteRefusal{Why::coupon_repeated, place};
        }
        if (!rule->window.has(now_)) return QuoteRefusal{Why::coupon_not_now, place};
        const bool has_line = std::ranges::any_of(order_.lines, [&](const OrderLine& line) {
            return rule->match.has_line(line.product, line.category);
        });
        if (!has_line || !rule->match.allows(place_)) {
            return QuoteRefusal{Why::coupon_not_for_order, place};
        }
        const Money sum = weigh(rule->match);
        if (sum < rule->from) return QuoteRefusal{Why::coupon_below_threshold, place};
        if (rule->total_max.has_value() && usage_.coupon(id) >= *rule->total_max) {
            return QuoteRefusal{Why::coupon_used_up, place};
        }
        if (rule->member_max.has_value() && usage_.coupon_of_member(id) >= *rule->member_max) {
            return QuoteRefusal{Why::coupon_used_up_by_member, place};
        }
        Money off = rule->minus.has_value() ? *rule->minus : share_of(sum, rule->off);
        if (rule->off_max.has_value()) off = std::min(off, *rule->off_max);
        off = std::min(off, sum);
        take_off(off, &PricedLine::coupon_off);
        priced_.coupons += off;
        return std::nullopt;
    }

    const RuleBook& book_;
    const Order& order_;
    const OrderPlace& place_;
    const Usage& usage_;
    Instant now_;
    PricedOrder priced_;
    RuleIndex::Positions found_;
    std::vector<std::int64_t> weights_;
    std::vector<std::int64_t> shares_;
};

}  // namespace

Quoted<PricedOrder> price_order(const RuleBook& book, const Order& order, const OrderPlace& place,
                                const Usage& usage, Instant now) {
    if (order.lines.empty()) return refuse_quote(Why::order_empty);
    if (order.lines.size() > order_lines_max) {
        return refuse_quote(Why::too_many_lines, order_lines_max);
    }
    if (order.coupons.size() > order_coupons_max) {
        return refuse_quote(Why::too_many_coupons, order_coupons_max);
    }
    return Pipeline(book, order, place, usage, now).run();
}

}  // namespace suanpan::rules
