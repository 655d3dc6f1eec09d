// What an order costs a shard in CPU: a quote with its token, a settlement of it, and the two.
#include "protocol/base/assert.h"
#include "server/ledger/entry_format.h"
#include "server/ledger/ledger.h"
#include "server/shard/checkout.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::bench {
namespace {

constexpr ProgramId program{1};
constexpr PartnerId partner{3};
constexpr std::uint64_t member_count = 1000;

// A ratio, tiers, a campaign, and so many limits and coupons besides that are for other orders.
std::string rules_of(std::uint32_t rule_count) {
    std::string text =
        "program = 1\nversion = 1\nauthor = \"bench\"\neffective_from = 2026-01-01T00:00:00Z\n"
        "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n"
        "tiers = [{from = 100, percent = 1}, {from = 500, percent = 2}, {from = 1000, percent = "
        "5}]\n"
        "[[campaign]]\nid = 1\nstart = 2026-01-01T00:00:00Z\nend = 2028-01-01T00:00:00Z\n"
        "multiplier = 2\nraise = 2\n";
    for (std::uint32_t id = 2; id < rule_count; ++id)
        text += id % 2 == 0 ? fmt::format(
                                  "[[limit]]\nid = {0}\nper = \"line\"\nproducts = [{0}]\n"
                                  "money_max = 300\n",
                                  id)
                            : fmt::format("[[coupon]]\nid = {}\nminus = 5\n", id);
    return text;
}

// A ledger with members that have two lots each, under a rule book.
class Counter {
public:
    explicit Counter(std::uint32_t rule_count)
        : ledger({.seed = 42}), checkout(ledger, shard::QuoteSeal(Sha256{})) {
        ProgramSpec spec;
        spec.id = program;
        spec.version = 1;
        std::string_view("Bench").copy(spec.name.bytes.data(), 5);
        std::string_view("CNY").copy(spec.currency.bytes.data(), 3);
        ledger.install(spec);
        CommandPayload payload;
        const std::string text = rules_of(rule_count);
        const auto bytes = std::as_bytes(std::span(text));
        payload.text.assign(bytes.begin(), bytes.end());
        run(0, CommandKind::rules_put, PutRules{.payload = &payload, .version = 1});
        for (std::uint64_t member = 1; member <= member_count; ++member)
            for (const std::int64_t days_more : {30, 60})
                run(member, CommandKind::earn,
                    Earn{.amount = Points{1'000'000'000}, .expires_at = now + days(days_more)});
        for (std::uint64_t i = 0; i < 5; ++i)
            order.order.lines.push_back(
                {.product = 10'000'000 + i, .unit_price = Money{4000}, .quantity = 1});
    }

    Command command(std::uint64_t member, CommandKind kind, const CommandBody& body) {
        return {.head = {.kind = kind,
                         .partner = partner,
                         .program = program,
                         .request_id = {.high = static_cast<std::uint64_t>(now.unix_ms()) << 16U,
                                        .low = ++next_id_},
                         .member = member == 0 ? MemberId{} : MemberId{.high = 9, .low = member}},
                .body = body};
    }
    QuoteAnswer quote(std::uint64_t member) {
        QuoteAnswer answer =
            checkout.quote(command(member, CommandKind::quote, AskQuote{.payload = &order}), now);
        SUANPAN_ASSERT(answer.outcome.code == Code::ok);
        return answer;
    }
    // Decides, applies and encodes, as a shard does before the commit.
    void run(std::uint64_t member, CommandKind kind, const CommandBody& body) {
        const ledger::Decision decision =
            ledger.decide(command(member, kind, body), now, nullptr, entry_);
        SUANPAN_ASSERT(decision.accepted());
        const ledger::AccountRef ref = ledger.apply(entry_);
        if (ref != ledger::no_account) ledger.exchange_last_lsn(ref, Lsn{++next_lsn_});
        bytes_.clear();
        ledger::encode(entry_, bytes_);
    }
    void settle(std::uint64_t member, const QuoteAnswer& quoted) {
        const auto terms = checkout.open_token(quoted.token, now);
        SUANPAN_ASSERT(terms.has_value());
        OrderId id;
        const std::string name = std::to_string(++next_order_);
        name.copy(id.bytes.data(), name.size());
        run(member, CommandKind::settle, Settle{.terms = &*terms, .order = id});
    }

    ledger::Ledger ledger;
    shard::Checkout checkout;
    Instant now{1'800'000'000'000'000'000};
    CommandPayload order;

private:
    std::uint64_t next_id_ = 0;
    std::uint64_t next_lsn_ = 0;
    std::uint64_t next_order_ = 0;
    ledger::Entry entry_;
    std::vector<std::byte> bytes_;
};

void CheckoutQuotesFiveLines(benchmark::State& state) {
    Counter counter(static_cast<std::uint32_t>(state.range(0)));
    std::uint64_t member = 0;
    for (auto _ : state) {
        member = member % member_count + 1;
        benchmark::DoNotOptimize(counter.quote(member).points);
    }
}
BENCHMARK(CheckoutQuotesFiveLines)->ArgName("rules")->Arg(2)->Arg(1000);

// Each order of a member is kept for as long as it can be refunded: time goes on, and they go.
void QuoteAndSettleFiveLines(benchmark::State& state) {
    auto counter = std::make_unique<Counter>(1000);
    std::uint64_t member = 0;
    std::uint64_t orders = 0;
    for (auto _ : state) {
        member = member % member_count + 1;
        counter->settle(member, counter->quote(member));
        if (++orders % (100 * member_count) != 0) continue;
        state.PauseTiming();
        counter = std::make_unique<Counter>(1000);
        state.ResumeTiming();
    }
}
BENCHMARK(QuoteAndSettleFiveLines);

void SpendOfTheSameMembers(benchmark::State& state) {
    Counter counter(2);
    std::uint64_t member = 0;
    for (auto _ : state) {
        member = member % member_count + 1;
        counter.run(member, CommandKind::spend, Spend{.amount = Points{1}});
    }
}
BENCHMARK(SpendOfTheSameMembers);

}  // namespace
}  // namespace suanpan::bench
