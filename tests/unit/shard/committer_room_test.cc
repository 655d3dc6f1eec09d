// What shards may stage fits into the room that they were told there is.
#include "server/shard/committer.h"
#include "server/shard/staging.h"
#include "storage/data_directory.h"
#include "storage/journal.h"
#include "tests/unit/storage/memory_volume.h"
#include "tests/unit/storage/storage_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>

namespace suanpan::shard {
namespace {

constexpr std::uint64_t segment_bytes = 64U << 20U;
constexpr std::uint64_t room_bytes = segment_bytes / 2;

// A journal for which no more segments are built, and shards that stage large entries.
struct FullingJournal {
    explicit FullingJournal(std::uint16_t shards)
        : committer(*journal, shards, metrics, room_bytes) {
        committer.set_hooks({.wake = {},
                             .fail = [this](const std::string& why) { failure = why; },
                             .wake_commit_thread = {}});
        storage::build_all(*journal);
    }

    // Stages one entry; its length.
    std::uint64_t stage(ShardIndex shard, std::uint32_t entry_bytes) {
        StagedBatch& batch = batches.emplace_back();
        batch.first = committer.reserve(1);
        batch.bytes.resize(entry_bytes);
        batch.entry_bytes = {entry_bytes};
        committer.stage(shard, batch);
        return entry_bytes;
    }
    // As the commit thread does, until nothing is left or the process would have ended.
    void commit_all() {
        while (failure.empty() && committer.try_commit()) {
        }
        batches.clear();
    }

    storage::MemoryVolume volume;
    storage::DataDirectory directory = storage::DataDirectory::open(volume, {});
    std::unique_ptr<storage::Journal> journal =
        storage::Journal::open(directory, {.segment_bytes = segment_bytes});
    CommitterMetrics metrics;
    Committer committer;
    std::deque<StagedBatch> batches;
    std::string failure;
};

class CommitterRoom : public ::testing::TestWithParam<std::uint16_t> {};

// The disk is full, and the active segment nearly. All shards look, find room in its successor, and
// stage as much as they may, the last entry begun below the bound.
TEST_P(CommitterRoom, HoldsWhatAllShardsMayHaveStaged) {
    const std::uint16_t shards = GetParam();
    constexpr auto entry_bytes = static_cast<std::uint32_t>(limits::entry_bytes_max);
    FullingJournal full(shards);
    while (full.journal->bytes_free() > segment_bytes + (1U << 20U)) {
        full.stage(ShardIndex{0}, entry_bytes);
        full.commit_all();
    }
    ASSERT_TRUE(full.committer.has_room());
    const std::uint64_t each = Committer::staged_bytes_max(room_bytes, shards);
    ASSERT_GT(each, 0U);
    for (std::uint16_t i = 0; i < shards; ++i)
        for (std::uint64_t staged = 0; staged < each;)
            staged += full.stage(ShardIndex{i}, entry_bytes);
    full.commit_all();
    EXPECT_EQ(full.failure, "") << "the process would have ended";
    EXPECT_EQ(full.committer.durable(), full.journal->last_lsn());
}

INSTANTIATE_TEST_SUITE_P(Shards, CommitterRoom, ::testing::Values(1, 2, 4, 32));

}  // namespace
}  // namespace suanpan::shard
