#include "server/shard/committer.h"

#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/limits.h"

#include <algorithm>
#include <chrono>

namespace suanpan::shard {
namespace {

bool starts_later(const StagedBatch* a, const StagedBatch* b) {
    return a->first > b->first;
}

}  // namespace

Committer::Committer(storage::Journal& journal, std::uint16_t shards, CommitterMetrics& metrics,
                     std::uint64_t room_bytes)
    : journal_(journal),
      metrics_(metrics),
      room_bytes_(room_bytes),
      next_(journal.last_lsn().value + 1),
      durable_(journal.last_lsn().value),
      floor_ms_(SUANPAN_CANARY(floor_lowered_on_recovery) ? 0 : journal.request_floor_ms()),
      durable_floor_ms_(floor_ms_.load(std::memory_order_relaxed)),
      last_time_(journal.last_time()) {
    staged_.reserve(shards);
    // A batch holds at least one entry, so as many slots as entries can never be full.
    for (std::uint16_t i = 0; i < shards; ++i)
        staged_.push_back(
            std::make_unique<SpscRing<const StagedBatch*>>(limits::staged_entries_max * 2));
}

void Committer::stage(ShardIndex shard, const StagedBatch& batch) {
    const bool pushed = staged_[static_cast<std::size_t>(shard)]->try_push(&batch);
    SUANPAN_ASSERT(pushed);
}

bool Committer::has_staged() const {
    if (waiting_count_.load(std::memory_order_relaxed) > 0) return true;
    return std::ranges::any_of(staged_, [](const auto& ring) { return !ring->empty(); });
}

bool Committer::has_room() const {
    return journal_.has_room(room_bytes_);
}

void Committer::raise_floor(std::int64_t floor_ms) {
    std::int64_t seen = floor_ms_.load(std::memory_order_relaxed);
    // It only rises. Release: whoever reads the new floor sees why it was raised.
    while (seen < floor_ms &&
           !floor_ms_.compare_exchange_weak(seen, floor_ms, std::memory_order_release,
                                            std::memory_order_relaxed)) {
    }
}

bool Committer::try_commit() {
    // Acquire and release, here and below: whoever finds the token taken has staged before, and the
    // one that gives it back sees that in has_staged(). A plain store would leave it to chance.
    if (token_.exchange(true, std::memory_order_acq_rel)) return false;
    collect();
    const bool committed = commit_run();
    waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
    token_.exchange(false, std::memory_order_acq_rel);
    if (committed && hooks_.wake) {
        for (std::uint16_t i = 0; i < staged_.size(); ++i) hooks_.wake(ShardIndex{i});
    }
    return committed;
}

// Under the token: takes what the shards have staged into the heap.
void Committer::collect() {
    for (const auto& ring : staged_) {
        ring->drain(ring->capacity(), [this](const StagedBatch* batch) {
            waiting_.push_back(batch);
            std::ranges::push_heap(waiting_, starts_later);
        });
    }
}

// Under the token: commits the gapless run at the bottom of the heap, if there is one.
bool Committer::commit_run() {
    run_.clear();
    pieces_.clear();
    entry_bytes_.clear();
    const Lsn first = durable() + 1;
    Lsn next = first;
    std::size_t bytes = 0;
    // Shards read the clock each for itself, so a later LSN may carry an earlier time; the
    // journal's time never goes back.
    Instant time = last_time_;
    while (!waiting_.empty() && waiting_.front()->first == next) {
        const StagedBatch* batch = waiting_.front();
        if (!run_.empty() && (entry_bytes_.size() + batch->count() > limits::commit_entries_max ||
                              bytes + batch->bytes.size() > limits::commit_bytes_max))
            break;
        std::ranges::pop_heap(waiting_, starts_later);
        waiting_.pop_back();
        run_.push_back(batch);
        pieces_.emplace_back(batch->bytes);
        entry_bytes_.insert(entry_bytes_.end(), batch->entry_bytes.begin(),
                            batch->entry_bytes.end());
        bytes += batch->bytes.size();
        time = std::max(time, batch->time);
        next = batch->last() + 1;
    }
    if (run_.empty()) return false;

    const std::int64_t floor_ms = floor_ms_.load(std::memory_order_acquire);
    const storage::CommitInfo info{.first_lsn = first.value,
                                   .count = static_cast<std::uint32_t>(entry_bytes_.size()),
                                   .time = time,
                                   .request_floor_ms = floor_ms};
    const auto started = std::chrono::steady_clock::now();
    const auto appended = journal_.append(info, pieces_, entry_bytes_);
    if (!appended.has_value()) {
        metrics_.failures.add();
        hooks_.fail(appended.error().sentence);
        return false;
    }
    const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - started;
    last_flush_ns_.store(took.count(), std::memory_order_relaxed);
    metrics_.note_commit(entry_bytes_.size(), bytes, Duration{took.count()});
    metrics_.durable_lsn.set(next.value - 1);
    last_time_ = time;
    durable_floor_ms_.store(floor_ms, std::memory_order_release);
    // Release: a shard that sees the new value sees the entries on disk, and may let go of the
    // batches.
    durable_.store(next.value - 1, std::memory_order_release);
    return true;
}

}  // namespace suanpan::shard
