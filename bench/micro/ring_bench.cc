// The ring between two shards: the cost of a value on one thread, and between two.
#include "protocol/base/assert.h"
#include "protocol/command.h"
#include "server/shard/ring.h"

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <thread>

namespace suanpan::bench {
namespace {

using shard::SpscRing;

// Push a batch, drain it, on one thread: without the other core's cache.
void PushAndDrain(benchmark::State& state) {
    SpscRing<Command> ring(1024);
    const std::int64_t batch = state.range(0);
    std::uint64_t sum = 0;
    for (auto _ : state) {
        for (std::int64_t i = 0; i < batch; ++i) {
            SUANPAN_ASSERT(ring.try_push(Command{}));
        }
        ring.drain(ring.capacity(), [&](Command&& command) { sum += command.head.body_hash; });
    }
    benchmark::DoNotOptimize(sum);
    state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(PushAndDrain)->Arg(1)->Arg(64);

// One thread pushes, another drains, both without sleeping.
void BetweenThreads(benchmark::State& state) {
    SpscRing<Command> ring(8192);
    std::atomic<bool> stop{false};
    std::uint64_t taken = 0;
    std::thread consumer([&] {
        for (;;) {
            const bool stopping = stop.load(std::memory_order_acquire);
            const std::size_t count = ring.drain(ring.capacity(), [](Command&&) {});
            taken += count;
            if (count == 0) {
                if (stopping) return;
                std::this_thread::yield();
            }
        }
    });
    std::uint64_t pushed = 0;
    for (auto _ : state) {
        while (!ring.try_push(Command{})) std::this_thread::yield();
        ++pushed;
    }
    stop.store(true, std::memory_order_release);
    consumer.join();
    SUANPAN_ASSERT(taken == pushed);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BetweenThreads)->UseRealTime();

}  // namespace
}  // namespace suanpan::bench
