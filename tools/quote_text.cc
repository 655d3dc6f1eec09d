#include "tools/quote_text.h"

#include <fmt/format.h>

#include <iterator>

namespace suanpan::tools {

using namespace rules;

std::string_view name_of(LimitKind kind) {
    switch (kind) {
        case LimitKind::payable:
            return "payable";
        case LimitKind::lines:
            return "lines";
        case LimitKind::minimum_order:
            return "minimum order";
        case LimitKind::order_money:
            return "order, money";
        case LimitKind::order_percent:
            return "order, percent";
        case LimitKind::tier_percent:
            return "tier, percent";
        case LimitKind::campaign_maximum:
            return "campaign's maximum";
        case LimitKind::campaign_budget:
            return "campaign's budget";
        case LimitKind::campaign_member:
            return "campaign, per member";
        case LimitKind::member_day_money:
            return "member's day, money";
        case LimitKind::member_month_money:
            return "member's month, money";
        case LimitKind::no_deduction:
            return "no deduction";
        case LimitKind::wanted:
            return "wanted";
        case LimitKind::spendable:
            return "spendable";
        case LimitKind::placeable:
            return "placeable";
        case LimitKind::order_points:
            return "order, points";
        case LimitKind::member_day_points:
            return "member's day, points";
        case LimitKind::member_month_points:
            return "member's month, points";
    }
    return "unknown";
}

std::string_view reason_of(QuoteRefusal::Why why) {
    switch (why) {
        case QuoteRefusal::Why::order_empty:
            return "the order has no lines";
        case QuoteRefusal::Why::too_many_lines:
            return "the order has too many lines";
        case QuoteRefusal::Why::too_many_coupons:
            return "the order has too many coupons";
        case QuoteRefusal::Why::quantity_not_positive:
            return "the quantity is not positive";
        case QuoteRefusal::Why::amount_out_of_range:
            return "an amount is out of range";
        case QuoteRefusal::Why::coupon_unknown:
            return "there is no such coupon";
        case QuoteRefusal::Why::coupon_repeated:
            return "the coupon stands there twice";
        case QuoteRefusal::Why::coupon_not_now:
            return "the coupon is not valid now";
        case QuoteRefusal::Why::coupon_not_for_order:
            return "the coupon is not for this order";
        case QuoteRefusal::Why::coupon_below_threshold:
            return "the order is below the coupon's threshold";
        case QuoteRefusal::Why::coupon_used_up:
            return "the coupon is used up";
        case QuoteRefusal::Why::coupon_used_up_by_member:
            return "the member has used up the coupon";
        case QuoteRefusal::Why::too_many_uses:
            return "the order counts under too many limits";
    }
    return "unknown";
}

std::string text_of(const Quote& quote) {
    std::string text;
    const auto put = [&]<typename... Args>(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
    };
    put("list {}, discounts {}, coupons {}, payable {}\n", quote.list.value, quote.discounts.value,
        quote.coupons.value, quote.payable.value);
    put("points {} pay {}, cash {}\n", quote.points.value, quote.value.value, quote.cash.value);
    put("deduction {}, campaign {}, {} points are worth {}\n",
        static_cast<std::uint32_t>(quote.deduction), static_cast<std::uint32_t>(quote.campaign),
        quote.ratio.den, quote.ratio.num);
    if (quote.missing > Points{}) {
        put("{} points are missing; {} more in cash does instead\n", quote.missing.value,
            quote.gap.value);
    }
    for (std::size_t i = 0; i < quote.lines.size(); ++i) {
        const QuotedLine& line = quote.lines[i];
        put("line {}: list {}, payable {}, points {} pay {} of at most {}", i + 1,
            line.price.list.value, line.price.payable.value, line.points.value, line.value.value,
            line.limit.value);
        if (line.limited_by != 0) put(" (limit {})", line.limited_by);
        put(", cash {}\n", line.cash().value);
    }
    for (const LimitReport& limit : quote.limits) {
        put("{} {}", limit.bound ? "*" : " ", name_of(limit.kind));
        if (limit.id != 0) put(" {}", limit.id);
        put(": {}\n", limit.value);
    }
    return text;
}

}  // namespace suanpan::tools
