// The quote against the oracle: whole rule books, every campaign and every k tried.
#include "tests/property/quote_oracle.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace suanpan::testing {
namespace {

using namespace rules;

// Prices, points and limits are so many times smaller than in the other properties.
constexpr std::int64_t smaller = 10;

// How often the orders came to what the property is about.
struct Seen {
    int paid = 0;
    int by_campaign = 0;
    int by_one_of_two = 0;
    int cut_by_line = 0;
    int below_minimum = 0;
    int restricted = 0;
    int filled = 0;
};

void count(Seen& seen, const RuleSpec& spec, const RandomOrder& order,
           const QuoteOracle::Answer& answer, const Quote& quote) {
    if (answer.value > 0) ++seen.paid;
    if (answer.value > 0 && answer.campaign != 0) ++seen.by_campaign;
    if (answer.value > 0 && answer.open > 1) ++seen.by_one_of_two;
    bool cut = false;
    for (std::size_t i = 0; i < answer.limit.size(); ++i) {
        if (answer.limit[i] > 0 && answer.limit[i] < quote.lines[i].price.payable.value) cut = true;
    }
    if (cut && answer.value > 0) ++seen.cut_by_line;
    for (std::size_t run = 0; run < order.runs.size(); ++run) {
        if (answer.taken[run] > 0 && order.runs[run].restriction != unrestricted) {
            ++seen.restricted;
            break;
        }
    }
    for (const DeductionRule& rule : spec.deductions) {
        if (rule.id != quote.deduction) continue;
        if (quote.payable < rule.minimum_order) ++seen.below_minimum;
        const Wide all = static_cast<Wide>(answer.points) * quote.ratio.num / quote.ratio.den;
        if (rule.mode == DeductionMode::fill && all > answer.value) ++seen.filled;
    }
}

TEST(QuoteProperty, IsTheOptimumOfItsRulesThatTryingEverythingFinds) {
    Seen seen;
    EXPECT_TRUE(rc::check([&] {
        const auto seed = *rc::gen::arbitrary<std::uint64_t>();
        RuleMaker maker(seed, smaller);
        const RuleSpec spec = maker.spec(maker.between(0, 3));
        const RuleBook book(spec);
        for (int i = 0; i < 3; ++i) {
            const RandomOrder order = maker.order(spec);
            const Quoted<Quote> quote = order.ask(book);
            if (!quote.has_value()) continue;  // by a coupon
            std::vector<std::int64_t> payable;
            for (const QuotedLine& line : quote->lines) payable.push_back(line.price.payable.value);
            const QuoteOracle::Answer expected = QuoteOracle(spec, order, payable).answer();
            RC_LOG() << "seed " << seed << ", order " << i << "\n";
            RC_ASSERT(quote->value.value == expected.value);
            RC_ASSERT(quote->points.value == expected.points);
            RC_ASSERT(static_cast<std::uint32_t>(quote->campaign) == expected.campaign);
            RC_ASSERT(quote->most.value == expected.most);
            RC_ASSERT(quote->eligible.value == expected.eligible);
            for (std::size_t line = 0; line < payable.size(); ++line) {
                RC_ASSERT(quote->lines[line].limit.value == expected.limit[line]);
            }
            for (std::size_t run = 0; run < order.runs.size(); ++run) {
                RC_ASSERT(quote->taken[run].value == expected.taken[run]);
            }
            count(seen, spec, order, expected, *quote);
        }
    }));
    // The property must not hold for want of cases.
    EXPECT_GT(seen.paid, 300);
    EXPECT_GT(seen.by_campaign, 30);
    EXPECT_GT(seen.by_one_of_two, 10);
    EXPECT_GT(seen.cut_by_line, 50);
    EXPECT_GT(seen.below_minimum, 10);
    EXPECT_GT(seen.restricted, 20);
    EXPECT_GT(seen.filled, 5);
}

}  // namespace
}  // namespace suanpan::testing
