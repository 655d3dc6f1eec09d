// What a quote costs in CPU: five lines, tiers and a campaign, by a small book and by one of a
// thousand rules.
#include "protocol/base/assert.h"
#include "server/rules/quote.h"
#include "server/rules/rule_book.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

namespace suanpan::bench {
namespace {

using namespace rules;

constexpr Instant now{1'800'000'000'000'000'000};

// A ratio, tiers, one campaign, and so many other rules, a fifth of each kind: limits of products,
// categories and merchants, prices, coupons.
RuleSpec spec_of(std::uint32_t rule_count) {
    RuleSpec spec;
    spec.program = ProgramId{1};
    spec.version = 1;
    spec.author = "bench";
    DeductionRule deduction{.id = DeductionId{1}, .ratio = {1, 1}};
    deduction.tiers = TierTable(
        {{Points{100}, Percent{100}}, {Points{500}, Percent{200}}, {Points{1000}, Percent{500}}});
    spec.deductions.push_back(deduction);
    spec.campaigns.push_back({.id = CampaignId{1},
                              .window = {now - hours(1), now + hours(1)},
                              .segments = 1,
                              .multiplier = {2, 1},
                              .raise = {2, 1},
                              .budget = Money{1'000'000'000}});
    for (std::uint32_t i = 2; i < rule_count; ++i) {
        LimitRule limit{.id = LimitId{i}, .money_max = Money{300}};
        switch (i % 5) {
            case 0:
                limit.match.products = {ProductId{i}};
                break;
            case 1:
                limit.match.categories = {CategoryId{i}};
                break;
            case 2:
                limit.match.merchants = {MerchantId{i}};
                break;
            case 3:
                spec.prices.push_back(
                    {.id = PriceRuleId{i},
                     .stage = PriceStage::level,
                     .match = {.products = {ProductId{i}}, .levels = {LevelId{2}}},
                     .off = Percent{500}});
                continue;
            default:
                spec.coupons.push_back({.id = CouponId{i}, .minus = Money{5}});
                continue;
        }
        spec.limits.push_back(limit);
    }
    return spec;
}

void QuoteOfFiveLines(benchmark::State& state) {
    const RuleBook book(spec_of(static_cast<std::uint32_t>(state.range(0))));
    const auto restricted = static_cast<Restriction>(state.range(1));
    std::vector<OrderLine> lines;
    for (std::uint32_t i = 0; i < 5; ++i) {
        // Products and categories that have rules of their own.
        lines.push_back({.product = ProductId{500 + 5 * i + (i % 2) * 3},
                         .category = CategoryId{501 + 5 * i},
                         .quantity = 1 + i,
                         .unit_price = Money{4000}});
    }
    const std::vector<PointRun> runs{{restricted, Points{400}}, {unrestricted, Points{4600}}};
    const NoUsage usage;
    const Order order{.lines = lines, .merchant = MerchantId{502}, .channel = ChannelId{1}};
    const Purse purse{.level = LevelId{2},
                      .segments = 1,
                      .balance = Points{5000},
                      .spendable = Points{5000},
                      .runs = runs};
    for (auto _ : state) {
        const Quoted<Quote> answer = quote(book, order, purse, usage, now);
        SUANPAN_ASSERT(answer.has_value());
        SUANPAN_ASSERT(answer->campaign == CampaignId{1});
        benchmark::DoNotOptimize(answer->value);
    }
}
BENCHMARK(QuoteOfFiveLines)
    ->ArgNames({"rules", "restriction"})
    ->Args({2, 0})
    ->Args({1000, 0})
    ->Args({1000, 1})
    ->Args({10'000, 0});

void QuoteOfThousandLines(benchmark::State& state) {
    const RuleBook book(spec_of(1000));
    std::vector<OrderLine> lines;
    for (std::uint32_t i = 0; i < order_lines_max; ++i) {
        lines.push_back({.product = ProductId{i},
                         .category = CategoryId{i},
                         .quantity = 1,
                         .unit_price = Money{4000}});
    }
    const std::vector<PointRun> runs{{unrestricted, Points{500'000}}};
    const NoUsage usage;
    const Order order{.lines = lines};
    const Purse purse{
        .segments = 1, .balance = Points{500'000}, .spendable = Points{500'000}, .runs = runs};
    for (auto _ : state) {
        const Quoted<Quote> answer = quote(book, order, purse, usage, now);
        SUANPAN_ASSERT(answer.has_value());
        benchmark::DoNotOptimize(answer->value);
    }
}
BENCHMARK(QuoteOfThousandLines)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace suanpan::bench
