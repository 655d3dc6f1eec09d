// What a shard's record looks like inside a checkpoint: whose it was, then the ledger's bytes.
#pragma once

#include "server/ledger/record.h"
#include "storage/checkpoint.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::shard {

struct CheckpointRecordHead {
    std::uint16_t shard;   // that wrote it
    std::uint16_t shards;  // of the process at that time
};
static_assert(sizeof(CheckpointRecordHead) == 4);

struct CheckpointRecordView {
    std::uint16_t shard = 0;
    std::uint16_t shards = 1;
    std::span<const std::byte> bytes;  // of the ledger

    // Nothing where `stored` is too short or names no shard.
    [[nodiscard]] static std::optional<CheckpointRecordView> of(std::span<const std::byte> stored) {
        CheckpointRecordHead head{};
        if (stored.size() < sizeof head) return std::nullopt;
        std::memcpy(&head, stored.data(), sizeof head);
        if (head.shard >= head.shards) return std::nullopt;
        return CheckpointRecordView{
            .shard = head.shard, .shards = head.shards, .bytes = stored.subspan(sizeof head)};
    }
};

// Adds a slice of one shard's records. `scratch` is room to work in, kept between calls.
storage::StoreResult<void> add_records(storage::CheckpointWriter& writer, CheckpointRecordHead head,
                                       const ledger::RecordSlice& records,
                                       std::vector<std::byte>& scratch);

}  // namespace suanpan::shard
