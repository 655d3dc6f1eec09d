// What one command costs in the ledger (decide, apply, encode), and what an account weighs.
#include "bench/micro/ledger_driver.h"
#include "bench/micro/resident.h"

#include <benchmark/benchmark.h>

#include <random>

namespace suanpan::bench {
namespace {

using load::member_id;

// One spend of one point, from an account that owns so many lots: the cost must not grow with them.
void SpendFromAccountWithLots(benchmark::State& state) {
    LedgerDriver driver;
    driver.earn_lots(member_id(0), state.range(0), 1'000'000'000'000);
    for (auto _ : state) driver.spend(member_id(0), 1);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SpendFromAccountWithLots)->Arg(1)->Arg(10)->Arg(1000);

// One spend that empties so many lots: the cost grows with the lots it drains.
void SpendThatDrainsLots(benchmark::State& state) {
    LedgerDriver driver;
    const std::int64_t lots = state.range(0);
    const auto accounts = static_cast<std::uint64_t>(state.max_iterations);
    for (std::uint64_t account = 0; account < accounts; ++account) {
        driver.earn_lots(member_id(account), lots, 1);
    }
    std::uint64_t account = 0;
    for (auto _ : state) driver.spend(member_id(account++), lots);
    state.SetItemsProcessed(state.iterations() * lots);
    state.SetLabel("items: lots");
}
// A fixed number, since each spend empties an account that was made before.
BENCHMARK(SpendThatDrainsLots)->Arg(1)->Iterations(20'000);
BENCHMARK(SpendThatDrainsLots)->Arg(10)->Iterations(10'000);
BENCHMARK(SpendThatDrainsLots)->Arg(1000)->Iterations(300);

// One spend of a random member among so many: what the caches make of it.
void SpendOfRandomMember(benchmark::State& state) {
    LedgerDriver driver;
    const auto members = static_cast<std::uint64_t>(state.range(0));
    for (std::uint64_t i = 0; i < members; ++i) driver.earn(member_id(i), 1'000'000'000);
    std::mt19937_64 random(1);
    for (auto _ : state) driver.spend(member_id(random() % members), 1);
    state.SetItemsProcessed(state.iterations());
    state.counters["entry_bytes"] = static_cast<double>(driver.entry_bytes());
}
BENCHMARK(SpendOfRandomMember)->Arg(1000)->Arg(1'000'000);

void EarnOfNewMember(benchmark::State& state) {
    LedgerDriver driver;
    std::uint64_t account = 0;
    for (auto _ : state) driver.earn(member_id(++account), 1);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(EarnOfNewMember);

void HoldAndRelease(benchmark::State& state) {
    LedgerDriver driver;
    driver.earn(member_id(0), 1'000'000'000);
    std::uint32_t ordinal = 1;  // of the account's entries; a hold's number is its entry's
    for (auto _ : state) {
        driver.run(CommandKind::hold, member_id(0), PlaceHold{.amount = Points{5}});
        driver.run(CommandKind::release, member_id(0), ReleaseHold{.hold = HoldId{++ordinal}});
        ++ordinal;
    }
    state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(HoldAndRelease);

void BalanceOfRandomMember(benchmark::State& state) {
    LedgerDriver driver;
    constexpr std::uint64_t members = 1'000'000;
    for (std::uint64_t i = 0; i < members; ++i) driver.earn(member_id(i), 10);
    std::mt19937_64 random(1);
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            driver.ledger().balances(member_id(random() % members), driven_program, driven_now));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BalanceOfRandomMember);

// Bytes per account with one lot: goal <= 96, account, inline first lot and index.
void MemoryOfAccounts(benchmark::State& state) {
    const auto members = static_cast<std::uint64_t>(state.range(0));
    const std::size_t before = resident_bytes();
    for (auto _ : state) {
        LedgerDriver driver;
        for (std::uint64_t i = 0; i < members; ++i) driver.earn(member_id(i), 10);
        const auto count = static_cast<double>(members);
        state.counters["bytes_per_account"] =
            static_cast<double>(driver.ledger().account_bytes()) / count;
        state.counters["resident_per_account"] =
            static_cast<double>(resident_bytes() - before) / count;
        state.counters["resident_peak_mib"] =
            static_cast<double>(resident_bytes_peak()) / (1024 * 1024);
    }
}
BENCHMARK(MemoryOfAccounts)->Arg(1'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace suanpan::bench
