// Staged entries: decided and applied in memory, on their way to the journal.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace suanpan::shard {

// The entries of one small batch of one shard, one after the other, with consecutive LSNs.
//
// The shard fills it and hands it to the committer as a const pointer; from then until its last LSN
// is durable nobody writes to it. Owned by the shard's StagingPool.
struct StagedBatch {
    Lsn first;
    Instant time;
    std::vector<std::byte> bytes;
    std::vector<std::uint32_t> entry_bytes;  // length of each entry

    [[nodiscard]] std::uint32_t count() const {
        return static_cast<std::uint32_t>(entry_bytes.size());
    }
    [[nodiscard]] Lsn last() const { return Lsn{first.value + entry_bytes.size() - 1}; }
};

// Batches in use, oldest first, and batches to use again. One shard's, on its thread only.
class StagingPool {
public:
    // An empty batch to fill.
    StagedBatch& open() {
        if (free_.empty()) free_.push_back(std::make_unique<StagedBatch>());
        StagedBatch& batch = *free_.back();
        batch.bytes.clear();
        batch.entry_bytes.clear();
        return batch;
    }
    // The batch from open() is complete and stays until release_durable() has passed it.
    const StagedBatch& close() {
        in_flight_.push_back(std::move(free_.back()));
        free_.pop_back();
        entries_ += in_flight_.back()->count();
        bytes_ += in_flight_.back()->bytes.size();
        return *in_flight_.back();
    }
    // Takes back every batch that is durable whole.
    void release_durable(Lsn durable) {
        while (!in_flight_.empty() && in_flight_.front()->last() <= durable) {
            entries_ -= in_flight_.front()->count();
            bytes_ -= in_flight_.front()->bytes.size();
            free_.push_back(std::move(in_flight_.front()));
            in_flight_.pop_front();
        }
    }
    [[nodiscard]] std::size_t entries_in_flight() const { return entries_; }
    [[nodiscard]] std::size_t bytes_in_flight() const { return bytes_; }

private:
    std::deque<std::unique_ptr<StagedBatch>> in_flight_;
    std::vector<std::unique_ptr<StagedBatch>> free_;
    std::size_t entries_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace suanpan::shard
