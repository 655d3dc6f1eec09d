#include "server/cards/admission.h"

#include "protocol/base/assert.h"
#include "protocol/base/ratio.h"
#include "protocol/limits.h"

#include <algorithm>

namespace suanpan::cards {
namespace {

std::unexpected<NotAdmitted> no(Code code, std::int64_t detail = 0) {
    return std::unexpected(NotAdmitted{{code, detail}, std::nullopt});
}

// ceil(points * money / points): what `missing` points cost; nothing beyond amount_money_max.
std::optional<Money> cost_of(Points missing, const PointWorth& worth) {
    __extension__ using Wide = __int128;
    const Wide product = Wide{missing.value} * worth.money;
    const Wide cost = (product + worth.points - 1) / worth.points;
    if (cost > amount_money_max) return std::nullopt;
    return Money{static_cast<std::int64_t>(cost)};
}

std::optional<Money> in_range(std::optional<Money> sum) {
    return sum && sum->value <= amount_money_max ? sum : std::nullopt;
}

Decided<void> limits_allow(const Offer& offer, const MemberFacts& member, std::int64_t quantity) {
    std::int64_t left = offer.limits.per_order;
    if (offer.limits.per_day) left = std::min(left, *offer.limits.per_day - member.units_today);
    if (offer.limits.ever) left = std::min(left, *offer.limits.ever - member.units_ever);
    if (quantity > left)
        return refuse_with(Code::offer_limit_exceeded, std::max<std::int64_t>(left, 0));
    return {};
}

bool is_for(const Audience& audience, const MemberFacts& member) {
    const bool has_level =
        audience.levels.empty() || std::ranges::binary_search(audience.levels, member.level);
    return has_level && (audience.segments == 0 || (audience.segments & member.segments) != 0);
}

// The order's price where everything is paid with points, and cash only where the price has some.
OfferCost full_cost(const Offer& offer, std::int64_t quantity) {
    return {Points{offer.points.value * quantity}, Money{offer.cash.value * quantity}};
}

}  // namespace

std::expected<OfferCost, NotAdmitted> admits(const Offer& offer, const MemberFacts& member,
                                             const AskedUnits& asked, Instant now) {
    if (asked.quantity < 1 || asked.quantity > limits::offer_quantity_max)
        return no(Code::quantity_out_of_range, offer.limits.per_order);
    if (asked.cash.value < 0 || asked.cash.value > amount_money_max)
        return no(Code::amount_out_of_range);
    if (offer.stopped) return no(Code::offer_stopped);
    if (now < offer.window.start) return no(Code::offer_not_open, offer.window.start.ns);
    if (now >= offer.window.end) return no(Code::offer_over, offer.window.end.ns);
    if (now >= offer.voucher.valid_until)  // what it sells has ended
        return no(Code::offer_over, offer.voucher.valid_until.ns);
    if (!is_for(offer.audience, member)) return no(Code::offer_not_for_member);
    if (const auto allowed = limits_allow(offer, member, asked.quantity); !allowed)
        return std::unexpected(NotAdmitted{allowed.error(), std::nullopt});

    OfferCost cost = full_cost(offer, asked.quantity);
    const bool takes_cash = offer.top_up && member.worth.has_value();
    if (takes_cash) {
        SUANPAN_ASSERT(member.worth->points > 0);
        SUANPAN_ASSERT(member.worth->money > 0);
    }
    if (asked.cash < cost.cash || (asked.cash > cost.cash && !takes_cash))
        return no(Code::payment_differs, cost.cash.value);
    if (asked.cash > cost.cash) {
        // The most points that this much cash pays for, and what exactly those cost.
        const std::int64_t extra = asked.cash.value - cost.cash.value;
        const std::optional<std::int64_t> pays =
            mul_div_floor(extra, member.worth->points, member.worth->money);
        const Points paid{std::min(pays.value_or(cost.points.value), cost.points.value)};
        const std::optional<Money> due =
            in_range(checked_add(cost.cash, cost_of(paid, *member.worth).value_or(Money{})));
        SUANPAN_ASSERT(due.has_value());  // no more than what was asked
        if (*due != asked.cash) return no(Code::payment_differs, due->value);
        cost.points -= paid;
        cost.cash = *due;
    }
    if (member.available < cost.points) {
        const Points missing = cost.points - std::max(member.available, Points{0});
        NotAdmitted why{{Code::insufficient_points, missing.value}, std::nullopt};
        if (takes_cash) {
            // From the points there are, not from what the cash on offer has bought already.
            const Points short_of =
                full_cost(offer, asked.quantity).points - std::max(member.available, Points{0});
            const std::optional<Money> gap = cost_of(short_of, *member.worth);
            if (gap) why.gap = in_range(checked_add(full_cost(offer, asked.quantity).cash, *gap));
        }
        return std::unexpected(why);
    }
    return cost;
}

}  // namespace suanpan::cards
