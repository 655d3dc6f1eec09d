// Random books and orders: what holds of every quote, and of every change that is not adverse.
#include "server/rules/expiry.h"
#include "server/rules/rule_check.h"
#include "server/rules/rule_diff.h"
#include "server/rules/rule_file.h"
#include "server/rules/rule_text.h"
#include "tests/property/rule_maker.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace suanpan::testing {
namespace {

using namespace rules;

// The limits of the rules again, from the quote's lines alone.
void check_line_limits(const RuleSpec& spec, const RandomOrder& order, const Quote& quote) {
    const OrderPlace place{order.merchant, order.channel, order.purse.level};
    for (const LimitRule& rule : spec.limits) {
        if (!rule.match.allows(place)) continue;
        std::int64_t together = 0;
        std::int64_t payable = 0;
        for (std::size_t i = 0; i < order.lines.size(); ++i) {
            const OrderLine& line = order.lines[i];
            if (!rule.match.has_line(line.product, line.category)) continue;
            const QuotedLine& quoted = quote.lines[i];
            together += quoted.value.value;
            payable += quoted.price.payable.value;
            if (rule.scope != LimitScope::line) continue;
            if (rule.money_max) RC_ASSERT(quoted.value <= *rule.money_max);
            if (rule.percent_max) {
                RC_ASSERT(quoted.value.value * 10'000 <=
                          quoted.price.payable.value * rule.percent_max->hundredths);
            }
            if (rule.points_max) {
                RC_ASSERT(quoted.value.value * quote.ratio.den <=
                          rule.points_max->value * quote.ratio.num);
            }
        }
        if (rule.scope == LimitScope::line) continue;
        std::int64_t used = 0;
        std::int64_t used_points = 0;
        if (rule.scope != LimitScope::order) {
            used = order.usage.limit(rule.id, rule.scope).money.value;
            used_points = order.usage.limit(rule.id, rule.scope).points.value;
        }
        if (rule.money_max && together > 0) RC_ASSERT(used + together <= rule.money_max->value);
        if (rule.points_max && !rule.match.names_lines() && quote.points > Points{0}) {
            RC_ASSERT(used_points + quote.points.value <= rule.points_max->value);
        }
        if (rule.percent_max && rule.match.names_lines()) {
            RC_ASSERT(together * 10'000 <= payable * rule.percent_max->hundredths);
        }
    }
}

// INV-8, of each line and of the whole.
void check_inv_8(const Quote& quote) {
    Money list;
    Money payable;
    Money value;
    Points points;
    for (const QuotedLine& line : quote.lines) {
        const PricedLine& price = line.price;
        for (const Money part :
             {price.list, price.wholesale_off, price.level_off, price.activity_off,
              price.reduction_off, price.coupon_off, price.payable, line.value, line.cash()}) {
            RC_ASSERT(part >= Money{0});  // INV-8
        }
        RC_ASSERT(price.payable + price.wholesale_off + price.level_off + price.activity_off +
                      price.reduction_off + price.coupon_off ==
                  price.list);
        list += price.list;
        payable += price.payable;
        value += line.value;
        points += line.points;
        RC_ASSERT(line.value <= line.limit);
        RC_ASSERT(line.limit <= price.payable);
    }
    RC_ASSERT(list == quote.list);
    RC_ASSERT(payable == quote.payable);
    RC_ASSERT(value == quote.value);
    RC_ASSERT(points == quote.points);
    RC_ASSERT(quote.value >= Money{0});
    RC_ASSERT(quote.value <= quote.most);
    RC_ASSERT(quote.most <= quote.payable);
    RC_ASSERT(quote.coupons + quote.discounts + quote.value + quote.cash == quote.list);
    RC_ASSERT(quote.points <= Points{0} || quote.value > Money{0});
}

TEST(QuoteProperty, KeepsEveryLimitAndInvariant8) {
    EXPECT_TRUE(rc::check([] {
        RuleMaker maker(*rc::gen::arbitrary<std::uint64_t>());
        const RuleSpec spec = maker.spec(maker.between(0, 3));
        const RuleBook book(spec);
        for (int i = 0; i < 10; ++i) {
            const RandomOrder order = maker.order(spec);
            const Quoted<Quote> quote = order.ask(book);
            if (!quote.has_value()) {
                RC_ASSERT(quote.error().why >= QuoteRefusal::Why::coupon_unknown);
                continue;
            }
            check_inv_8(*quote);
            check_line_limits(spec, order, *quote);
            Points taken;
            for (std::size_t run = 0; run < order.runs.size(); ++run) {
                RC_ASSERT(quote->taken[run] <= order.runs[run].points);
                taken += quote->taken[run];
            }
            RC_ASSERT(taken == quote->points);
            RC_ASSERT(taken <= order.purse.spendable);
            if (order.wanted) RC_ASSERT(taken <= *order.wanted);
        }
    }));
}

TEST(QuoteProperty, TheCanonicalTextIsARuleFileOfTheSameRules) {
    EXPECT_TRUE(rc::check([] {
        RuleMaker maker(*rc::gen::arbitrary<std::uint64_t>());
        const RuleSpec spec = maker.spec(maker.between(0, 3));
        RuleMistakes mistakes;
        check_rules(spec, mistakes);
        RC_ASSERT(mistakes.empty());
        const std::string text = text_of(spec);
        const auto again = parse_rules(text);
        if (!again.has_value()) RC_FAIL(to_text(again.error().front()) + "\n" + text);
        RC_ASSERT(*again == spec);
        RC_ASSERT(text_of(*again) == text);
    }));
}

// More cash, or more points for the same cash; a quote that is good for a shorter time. A quote
// that was refused is never worse.
bool is_worse(const Quoted<Quote>& after, const Quoted<Quote>& before) {
    if (!before.has_value()) return false;
    if (!after.has_value()) return true;
    if (after->cash != before->cash) return after->cash > before->cash;
    if (after->points != before->points) return after->points > before->points;
    return after->valid_until < before->valid_until;
}

// An order of which `amount` came back: what its member has still paid for the rest.
struct Kept {
    std::int64_t cash = 0;
    std::int64_t points = 0;
};
Kept kept_after(const Quote& quote, std::int64_t amount) {
    const auto share = [&](std::int64_t of) {  // the largest that does not exceed of x amount / T
        std::int64_t part = 0;
        while (quote.payable.value > 0 && (part + 1) * quote.payable.value <= of * amount) ++part;
        return part;
    };
    return {quote.cash.value - (amount - share(quote.value.value)),
            quote.points.value - share(quote.points.value)};
}

// A purchase on some day whose points came from a lot that ends on another, and a return on a
// third: whether it is taken, and how long the points that come back are good for.
struct Return {
    bool is_taken = false;
    std::int64_t good_until = 0;  // a day
};
Return return_of(const RefundTerms& terms, std::int64_t bought, std::int64_t lot_ends,
                 std::int64_t returned) {
    Return back{.is_taken = returned <= bought + terms.within_days, .good_until = lot_ends};
    if (lot_ends <= returned) back.good_until = std::max(lot_ends, returned + terms.grace_days);
    return back;
}

// What follows the quote: the returns of an order, and the lives of lots and of orders.
void check_no_lot_is_worse(RuleMaker& maker, const RuleSpec& before, const RuleSpec& after) {
    RC_ASSERT(after.quote_valid >= before.quote_valid);
    RC_ASSERT(after.pay_within >= before.pay_within);
    RC_ASSERT(after.refund.late_payment == before.refund.late_payment);
    for (int n = 0; n < 30; ++n) {
        // Month ends and leap days among them, where months and roundings differ.
        LocalDate anchor{static_cast<std::int32_t>(maker.between(20'000, 23'000))};
        if (maker.chance(3)) {
            const auto month = static_cast<std::uint32_t>(maker.between(1, 12));
            const auto year = static_cast<std::int32_t>(maker.between(2026, 2033));
            anchor = LocalDate{local_date(year, month, 1).days + (maker.chance(2) ? -1 : 27)};
        }
        const LocalDate was = last_good_day(before.expiry, anchor);
        const LocalDate is = last_good_day(after.expiry, anchor);
        if (is < was) RC_FAIL("a lot ends earlier\n" + text_of(before) + "\n" + text_of(after));
        const std::int64_t bought = anchor.days + maker.between(0, 60);
        const std::int64_t returned = bought + maker.between(0, 500);
        const Return had = return_of(before.refund, bought, was.days + 1, returned);
        const Return has = return_of(after.refund, bought, is.days + 1, returned);
        RC_ASSERT(has.is_taken || !had.is_taken);
        // A lot that lives on needs no grace, though grace may reach further than its end.
        const bool lives_on = was.days + 1 <= returned && is.days + 1 > returned;
        if (!lives_on) RC_ASSERT(has.good_until >= had.good_until);
    }
}

// With the same to pay, no return of a part leaves a member with more cash paid.
void check_no_return_is_worse(RuleMaker& maker, const Quote& after, const Quote& before) {
    if (after.payable != before.payable) return;
    const std::int64_t amount = maker.between(0, before.payable.value);
    const Kept was = kept_after(before, amount);
    const Kept is = kept_after(after, amount);
    RC_ASSERT(is.cash <= was.cash);
    if (after.value == before.value) RC_ASSERT(is.points <= was.points);
}

TEST(RuleDiffProperty, NoOrderAndNoLotIsWorseOffAfterAChangeThatIsNotAdverse) {
    std::size_t compared = 0;
    std::size_t better = 0;
    EXPECT_TRUE(rc::check([&] {
        const auto seed = *rc::gen::arbitrary<std::uint64_t>();
        RuleMaker maker(seed);
        const RuleSpec before = maker.spec(maker.between(0, 3));
        const RuleBook old_book(before);
        for (int i = 0; i < 6; ++i) {
            const RuleSpec after = maker.changed(before);
            if (compare(before, after).is_adverse()) continue;
            ++compared;
            const RuleBook new_book(after);
            for (int n = 0; n < 40; ++n) {
                RandomOrder order = maker.order(before);
                order.now = after.effective_from + hours(maker.between(0, 24 * 12));
                const Quoted<Quote> was = order.ask(old_book);
                const Quoted<Quote> is = order.ask(new_book);
                if (is_worse(is, was)) {
                    RC_LOG() << "before:\n"
                             << text_of(before) << "\nafter:\n"
                             << text_of(after) << "\nchanges:\n";
                    for (const RuleChange& change : compare(before, after).changes) {
                        RC_LOG() << change.path << ": " << change.change << "\n";
                    }
                    for (const OrderLine& line : order.lines) {
                        RC_LOG() << "line product " << static_cast<std::uint64_t>(line.product)
                                 << " category " << static_cast<std::uint32_t>(line.category) << " "
                                 << line.quantity << " x " << line.unit_price.value << "\n";
                    }
                    for (const PointRun& run : order.runs) {
                        RC_LOG() << "run " << static_cast<std::uint16_t>(run.restriction) << ": "
                                 << run.points.value << "\n";
                    }
                    RC_LOG() << "level " << static_cast<std::uint16_t>(order.purse.level)
                             << " spendable " << order.purse.spendable.value << " was "
                             << was->points.value << " points, cash " << was->cash.value << "\n";
                    if (is.has_value()) {
                        RC_LOG() << "is " << is->points.value << " points, cash " << is->cash.value
                                 << "\n";
                    }
                    RC_FAIL("an order is worse off");
                }
                if (is_worse(was, is)) ++better;
                if (was.has_value() && is.has_value()) check_no_return_is_worse(maker, *is, *was);
            }
            check_no_lot_is_worse(maker, before, after);
        }
    }));
    // The property must not hold for want of cases.
    EXPECT_GT(compared, 50U);
    EXPECT_GT(better, 50U);
}

}  // namespace
}  // namespace suanpan::testing
