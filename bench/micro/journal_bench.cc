// One journal commit, durably, on the disk under the current directory.
#include "bench/load/scratch_folder.h"
#include "protocol/base/hash.h"
#include "storage/data_directory.h"
#include "storage/journal.h"
#include "storage/lmdb_volume.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace suanpan::bench {
namespace {

using storage::Bytes;
using storage::DataDirectory;
using storage::Journal;
using storage::Volume;

constexpr std::uint32_t entry_bytes = 208;  // of a spend from one lot
constexpr std::uint64_t segment_bytes = std::uint64_t{128} << 20U;

// Chain, checksum, LMDB transaction in full sync. Segments are built between the commits, outside
// of the measured time, as the builder's thread does it beside them.
void Commit(benchmark::State& state) {
    const load::ScratchFolder folder(".");
    const std::unique_ptr<Volume> volume = storage::open_lmdb_volume(folder.path().string());
    const DataDirectory directory = DataDirectory::open(*volume, {});
    const std::unique_ptr<Journal> journal =
        Journal::open(directory, {.segment_bytes = segment_bytes, .successors = 1});
    const auto count = static_cast<std::uint32_t>(state.range(0));
    std::vector<std::byte> entries(std::size_t{count} * entry_bytes);
    fill_random(entries);
    const std::vector<std::uint32_t> lengths(count, entry_bytes);
    const Bytes run = entries;
    std::uint64_t next_lsn = 1;
    for (auto _ : state) {
        while (!journal->has_room(entries.size())) {
            state.PauseTiming();
            const auto built = journal->build_ahead();
            state.ResumeTiming();
            if (!built) return state.SkipWithError(built.error().sentence.c_str());
            if (!*built && !journal->has_room(entries.size())) {
                return state.SkipWithError("the journal has no room");
            }
        }
        const auto appended =
            journal->append({.first_lsn = next_lsn,
                             .count = count,
                             .time = Instant{static_cast<std::int64_t>(next_lsn)}},
                            std::span(&run, 1), lengths);
        if (!appended) return state.SkipWithError(appended.error().sentence.c_str());
        next_lsn += count;
    }
    state.SetItemsProcessed(state.iterations() * count);
    state.counters["disk_bytes_per_event"] = static_cast<double>(journal->counters().disk_bytes) /
                                             static_cast<double>(journal->counters().entries);
}
BENCHMARK(Commit)->Arg(1)->Arg(16)->Arg(256)->Arg(1024)->Arg(4096)->UseRealTime()->Unit(
    benchmark::kMicrosecond);

}  // namespace
}  // namespace suanpan::bench
