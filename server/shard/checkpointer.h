// Writes checkpoint rounds: the state's image, from slices that the shards hand over.
#pragma once

#include "server/shard/committer.h"
#include "server/shard/metrics.h"
#include "server/shard/slices.h"
#include "storage/checkpoint.h"
#include "storage/journal.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace suanpan::shard {

struct CheckpointerOptions {
    std::uint64_t every_bytes = 1ULL << 30U;  // of journal entries between two rounds
    std::uint64_t every_entries = 5'000'000;  // and at most so many, which bounds the replay
    std::size_t slice_bytes = 64U << 10U;
    std::uint64_t bytes_per_second = 48ULL << 20U;  // pace of a round under load
};

// A round takes slices from all shards in turn (so that a start, which reads them in this order,
// has work for every shard at all times), writes each once everything in it is durable, and ends
// with the round record; only then the generation before the last may go.
//
// step() does one small piece of work; the server runs it on a thread of its own, the simulator
// between two steps of its shards.
class Checkpointer {
public:
    struct Hooks {
        std::function<void(ShardIndex)> wake;              // a slice is asked for
        std::function<void(const std::string&)> complain;  // a round failed; the next one follows
    };
    Checkpointer(const storage::DataDirectory& directory, const storage::Journal& journal,
                 const Committer& committer, std::vector<SliceLane*> lanes, StorageMetrics& metrics,
                 const CheckpointerOptions& options, Hooks hooks);
    ~Checkpointer();

    // Does one piece of work; returns whether there was any. Starts a round when one is due.
    bool step();
    // A round begins with the next step, due or not.
    void ask_for_round() { asked_.store(true, std::memory_order_release); }
    // The same without a pace, since there is no traffic any more that a round could disturb.
    void ask_for_last_round() {
        unpaced_.store(true, std::memory_order_relaxed);
        ask_for_round();
    }
    // Rounds finished since the start; any thread.
    [[nodiscard]] std::uint64_t rounds() const { return rounds_.load(std::memory_order_acquire); }

    void start();
    // Ends the thread; a round that is under way is given up (its generation is removed).
    void stop();

private:
    [[nodiscard]] bool is_due() const;
    void begin_round();
    void take_slice();
    void write_slice();
    [[nodiscard]] std::size_t next_lane() const;
    void finish_round();
    void fail_round(const std::string& why);
    void run();

    const storage::DataDirectory& directory_;
    const storage::Journal& journal_;
    const Committer& committer_;
    std::vector<SliceLane*> lanes_;
    StorageMetrics& metrics_;
    const CheckpointerOptions options_;
    Hooks hooks_;

    std::unique_ptr<storage::CheckpointWriter> writer_;  // set while a round is under way
    std::size_t lane_ = 0;     // whose slice is next; lanes_.size(): all of them have ended
    std::vector<bool> begun_;  // by lane, in this round
    std::vector<bool> ended_;
    bool asked_for_slice_ = false;
    std::unique_ptr<Slice> slice_;  // taken, waits until its LSN is durable
    Lsn end_lsn_;
    std::chrono::steady_clock::time_point round_began_;  // for the metrics only
    std::uint64_t bytes_at_last_round_ = 0;
    std::uint64_t entries_at_last_round_ = 0;
    std::vector<std::byte> scratch_;

    std::atomic<bool> unpaced_{false};
    std::atomic<bool> asked_{false};
    std::atomic<std::uint64_t> rounds_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace suanpan::shard
