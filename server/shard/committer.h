// The committer: packs what all shards have staged into one journal commit after the other.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/limits.h"
#include "server/shard/metrics.h"
#include "server/shard/reply.h"
#include "server/shard/ring.h"
#include "server/shard/staging.h"
#include "storage/journal.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace suanpan::shard {

// Numbers entries, commits them in the order of their numbers, and says which are durable.
//
// reserve() and stage() are called by the shards, each on its own thread; try_commit() by whoever
// finds the commit token free: a shard that is idle (two sleeping wake-ups would cost half of an
// idle round trip) or the commit thread. The token is tried, never waited for. A commit is the
// longest gapless run of staged batches, bounded by limits::commit_entries_max and
// commit_bytes_max.
class Committer {
public:
    struct Hooks {
        // Entries up to durable() are on disk: look, shard. Called by the thread that committed.
        std::function<void(ShardIndex)> wake;
        // The journal failed; nothing that was not durable may be answered any more. Must not
        // return to a process that goes on: the real server exits, the simulator ends this life.
        std::function<void(const std::string&)> fail;
        // What the commit thread sleeps on; empty where there is none.
        std::function<void()> wake_commit_thread;
    };

    static constexpr std::uint64_t room_bytes_usual = 4 * limits::commit_bytes_max;
    // What each shard may have staged, so that it all fits into the room that has_room() has seen,
    // with the entry that passes the bound and what the commits' pages take: else a disk that is
    // full ended the process.
    [[nodiscard]] static constexpr std::size_t staged_bytes_max(std::uint64_t room_bytes,
                                                                std::uint16_t shards) {
        const std::uint64_t pages =
            std::min<std::uint64_t>(limits::commit_bytes_max, room_bytes / 4);
        const std::uint64_t share = (room_bytes - pages) / shards;
        return share - std::min<std::uint64_t>(limits::entry_bytes_max, share / 2);
    }

    // `room_bytes`: has_room() asks for so much; less than usual where segments are smaller.
    Committer(storage::Journal& journal, std::uint16_t shards, CommitterMetrics& metrics,
              std::uint64_t room_bytes = room_bytes_usual);

    void set_hooks(Hooks hooks) { hooks_ = std::move(hooks); }

    // `count` consecutive LSNs that are the caller's to stage, soon: later ones wait for them.
    [[nodiscard]] Lsn reserve(std::uint32_t count) {
        // Relaxed: the numbers need no order with other memory; the rings order the entries.
        return Lsn{next_.fetch_add(count, std::memory_order_relaxed)};
    }
    // `batch` stays as it is until durable() has passed its last LSN.
    void stage(ShardIndex shard, const StagedBatch& batch);

    // Commits once, if the token is free and a gapless run is staged. True where it committed.
    bool try_commit();
    // Asks the commit thread to do it.
    void ask_commit_thread() const {
        if (hooks_.wake_commit_thread) hooks_.wake_commit_thread();
    }
    // True where something staged waits for a commit. Any thread.
    [[nodiscard]] bool has_staged() const;

    // Every entry up to here is durable. The acquire pairs with the release in try_commit().
    [[nodiscard]] Lsn durable() const { return Lsn{durable_.load(std::memory_order_acquire)}; }

    // How long the commit took that made durable() what it is. For the metrics.
    [[nodiscard]] Duration last_flush() const {
        return Duration{last_flush_ns_.load(std::memory_order_relaxed)};
    }

    // The request-log floor: ids older than this many milliseconds since 1970 are refused. Raised
    // by any shard, written with the next commit, in force for dropping ids once it is durable.
    void raise_floor(std::int64_t floor_ms);
    [[nodiscard]] std::int64_t floor_ms() const {
        return floor_ms_.load(std::memory_order_acquire);
    }
    [[nodiscard]] std::int64_t durable_floor_ms() const {
        return durable_floor_ms_.load(std::memory_order_acquire);
    }

    // False: not one more entry until there is room again (storage_full). Any thread.
    [[nodiscard]] bool has_room() const;

private:
    void collect();
    [[nodiscard]] bool commit_run();

    storage::Journal& journal_;
    CommitterMetrics& metrics_;
    const std::uint64_t room_bytes_;
    Hooks hooks_;
    std::vector<std::unique_ptr<SpscRing<const StagedBatch*>>> staged_;  // one per shard

    alignas(64) std::atomic<std::uint64_t> next_;
    alignas(64) std::atomic<std::uint64_t> durable_;
    std::atomic<std::int64_t> last_flush_ns_{0};
    std::atomic<std::int64_t> floor_ms_;
    std::atomic<std::int64_t> durable_floor_ms_;

    // Acquired by exchange(true), released by store(false): what follows is the holder's alone, and
    // the next holder sees what the last one left.
    alignas(64) std::atomic<bool> token_{false};
    std::vector<const StagedBatch*> waiting_;  // a heap, lowest LSN on top
    Instant last_time_;                        // of the last commit
    std::vector<const StagedBatch*> run_;
    std::vector<std::span<const std::byte>> pieces_;
    std::vector<std::uint32_t> entry_bytes_;
    std::atomic<std::size_t> waiting_count_{0};  // waiting_.size(), for has_staged()
};

}  // namespace suanpan::shard
