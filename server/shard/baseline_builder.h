// Builds a baseline: the oldest state there is, and the journal's entries up to one LSN, replayed.
#pragma once

#include "protocol/base/ids.h"
#include "storage/baseline.h"
#include "storage/data_directory.h"
#include "storage/journal.h"

#include <atomic>
#include <cstdint>
#include <expected>
#include <string>

namespace suanpan::shard {

struct BaselineOptions {
    // The accounts are taken in so many parts, one after the other, each with a pass over the
    // entries: memory is that of one part.
    std::uint16_t parts = 1;
    std::uint64_t bytes_per_second = 0;           // of writing; 0: no pace
    const std::atomic<bool>* stopping = nullptr;  // looked at on the way; true: given up
};

// Derives the state at `lsn`, an end of a commit, from the baseline that the journal begins after
// (or from nothing, where it begins with LSN 1), and seals it. Shards and checkpoints have no part
// in it, so that a wrong checkpoint cannot become history. The hash chain and every CRC are checked
// on the way.
//
// The request log is left out: the ids in it are older than the floor by the time that anybody
// starts from a baseline, since a retention is longer than the log's window. A sentence where it
// failed; then nothing counts that it wrote. Any thread; one at a time.
[[nodiscard]] std::expected<storage::BaselineSeal, std::string> build_baseline(
    const storage::DataDirectory& directory, const storage::Journal& journal, Lsn lsn,
    const BaselineOptions& options);

}  // namespace suanpan::shard
