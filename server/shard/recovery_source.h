// What recovery reads: the records of a checkpoint and the entries of a journal, dealt out to
// shards.
#pragma once

#include "storage/checkpoint.h"
#include "storage/commit_feed.h"
#include "storage/journal.h"
#include "storage/read_ahead.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

namespace suanpan::shard {

using StoredBytes = std::span<const std::byte>;

// Records or entries, by the shard that they concern; those that concern several are in several
// lists. Each list is in the order of the file. The bytes live as long as the piece is not reused.
struct DealtPiece {
    std::vector<std::vector<StoredBytes>> of_shard;

    explicit DealtPiece(std::size_t shards = 0) : of_shard(shards) {}
    void clear(std::size_t shards) {
        of_shard.resize(shards);
        for (auto& list : of_shard) list.clear();
    }
    void give(std::uint16_t shard, StoredBytes bytes) { of_shard[shard].push_back(bytes); }
    void give_all(StoredBytes bytes) {
        for (auto& list : of_shard) list.push_back(bytes);
    }
};

// The packs of a checkpoint, for a Relay. Every record is checked before it is dealt; what comes of
// all of them together, is_complete() says at the end.
class CheckpointSource {
public:
    struct Piece : DealtPiece {
        std::uint64_t pack = 0;
        std::vector<std::byte> bytes;
    };
    // `ahead` may be null, here and below.
    CheckpointSource(const storage::CheckpointReader& reader, std::uint64_t hash_seed,
                     std::uint16_t shards, storage::ReadAhead* ahead)
        : reader_(reader), hash_seed_(hash_seed), shards_(shards), ahead_(ahead) {}

    [[nodiscard]] bool claim(Piece& piece);
    // Throws DamagedCheckpoint.
    void fetch(Piece& piece);
    // True where the records are those that the round was ended with. Once nothing runs any more.
    [[nodiscard]] bool is_complete() const { return totals_ == reader_.round().totals; }

private:
    void deal(Piece& piece, StoredBytes stored) const;

    const storage::CheckpointReader& reader_;
    const std::uint64_t hash_seed_;
    const std::uint16_t shards_;
    storage::ReadAhead* ahead_;
    std::uint64_t next_ = 0;
    std::mutex mutex_;  // guards totals_
    storage::CheckpointTotals totals_;
};

// Thrown in place of a record that cannot be used: the checkpoint before should be tried.
struct DamagedCheckpoint {};

// The entries after an LSN, for a Relay: each commit is checked, the chain included.
class JournalSource {
public:
    struct Piece : DealtPiece {
        storage::CommitRun run;
    };
    JournalSource(const storage::Journal& journal, Lsn after, std::uint64_t hash_seed,
                  std::uint16_t shards, storage::ReadAhead* ahead)
        : feed_(journal, after + 1),
          after_(after),
          hash_seed_(hash_seed),
          shards_(shards),
          ahead_(ahead) {}

    [[nodiscard]] bool claim(Piece& piece) { return feed_.claim(piece.run); }
    // Throws storage::OpenError: what is damaged, where, and what to do.
    void fetch(Piece& piece) const;

private:
    storage::CommitFeed feed_;
    const Lsn after_;
    const std::uint64_t hash_seed_;
    const std::uint16_t shards_;
    storage::ReadAhead* ahead_;
};

// A journal entry that cannot be replayed. Throws storage::OpenError.
[[noreturn]] void refuse_entry(Lsn lsn, const std::string& why);

}  // namespace suanpan::shard
