// What remembering a request id costs, in time and memory.
#include "bench/micro/resident.h"
#include "protocol/base/assert.h"
#include "server/ledger/request_log.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>

namespace suanpan::bench {
namespace {

using ledger::RequestFound;
using ledger::RequestLog;
using ledger::RequestRef;

constexpr std::int64_t begin_ms = 1'800'000'000'000;

Hash128 digest_of(std::uint64_t number) {
    // As well mixed as the keyed hash that the ledger uses.
    const std::uint64_t words[2]{number, ~number};
    return xxh3_128(std::as_bytes(std::span(words)), 5);
}

void insert(RequestLog& log, std::uint64_t number, std::int64_t request_ms) {
    const RequestRef ref = log.insert(digest_of(number), request_ms, number);
    log.set_lsn(ref, Lsn{number + 1}, false);
}

// Look, insert, number: what each executed request does. Half a million ids a second, as in the
// goal; the oldest second is dropped when a minute is full.
void LookThenInsert(benchmark::State& state) {
    RequestLog log;
    std::uint64_t number = 0;
    constexpr std::uint64_t per_second = 500'000;
    constexpr std::int64_t kept_ms = 8'000;
    for (auto _ : state) {
        const std::int64_t now_ms =
            begin_ms + static_cast<std::int64_t>(number * 1000 / per_second);
        const Hash128 digest = digest_of(number);
        benchmark::DoNotOptimize(log.find(digest, now_ms, number));
        log.set_lsn(log.insert(digest, now_ms, number), Lsn{number + 1}, false);
        if (++number % per_second == 0) log.drop_below(now_ms - kept_ms);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(LookThenInsert);

// A repeat: the id is there.
void FindAmongMillions(benchmark::State& state) {
    RequestLog log;
    const auto ids = static_cast<std::uint64_t>(state.range(0));
    for (std::uint64_t i = 0; i < ids; ++i) {
        insert(log, i, begin_ms + static_cast<std::int64_t>(i * 8000 / ids));
    }
    std::mt19937_64 random(1);
    for (auto _ : state) {
        const std::uint64_t number = random() % ids;
        const RequestFound found = log.find(
            digest_of(number), begin_ms + static_cast<std::int64_t>(number * 8000 / ids), number);
        SUANPAN_ASSERT(found.kind == RequestFound::Kind::same);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(FindAmongMillions)->Arg(4'000'000);

// Bytes per id: goal <= 40. Arguments: ids, and over how many seconds they spread.
void MemoryOfIds(benchmark::State& state) {
    const auto ids = static_cast<std::uint64_t>(state.range(0));
    const auto spread_ms = state.range(1) * 1000;
    const std::size_t before = resident_bytes();
    for (auto _ : state) {
        RequestLog log;
        for (std::uint64_t i = 0; i < ids; ++i) {
            insert(log, i,
                   begin_ms +
                       static_cast<std::int64_t>(i) * spread_ms / static_cast<std::int64_t>(ids));
        }
        SUANPAN_ASSERT(log.size() == ids);
        const auto count = static_cast<double>(ids);
        state.counters["bytes_per_id"] = static_cast<double>(log.bytes()) / count;
        state.counters["resident_per_id"] = static_cast<double>(resident_bytes() - before) / count;
        state.counters["resident_peak_mib"] =
            static_cast<double>(resident_bytes_peak()) / (1024 * 1024);
    }
}
BENCHMARK(MemoryOfIds)
    ->Args({4'000'000, 8})
    ->Args({4'000'000, 60})
    ->Args({100'000, 60})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace suanpan::bench
