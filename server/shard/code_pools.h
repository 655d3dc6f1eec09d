// CodePools: the card codes of the programs that one shard owns, and what a start knows of them.
#pragma once

#include "server/cards/code_pool.h"
#include "server/cards/offer.h"
#include "server/ledger/record.h"
#include "server/shard/code_chunk.h"
#include "server/shard/reply.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace suanpan::shard {

// All imported codes, those of an offer in the order of their import, and which of them are with
// members. Filled by recovery and from the ledgers' vouchers; read by every shard when it is built,
// and forgotten when all are.
struct CodesAtStart {
    struct Code {
        cards::BatchId batch{};
        cards::CodeKey key;
        cards::CodeLocator locator;
        Instant expires_at;
    };
    struct Batch {
        cards::SealedPlace place;
        cards::WrappedKey wrapped{};
    };
    std::map<std::pair<std::uint32_t, cards::BatchId>, Batch> batches;
    std::map<std::uint32_t, std::vector<Code>> codes;  // by offer
    struct Issued {
        cards::CodeKey key;
        std::uint64_t home = 0;  // VoucherNumber::home of its voucher
    };
    std::map<std::uint32_t, std::vector<Issued>> issued;  // by offer

    void take(const CodeChunk& chunk, Lsn lsn);
    // A record of a checkpoint. False where it is damaged.
    [[nodiscard]] bool take_record(std::span<const std::byte> record);
    [[nodiscard]] bool empty() const { return batches.empty(); }
};

// True for a record that CodePools wrote, and the ledger makes nothing of.
[[nodiscard]] bool is_codes_record(std::span<const std::byte> record);

// Where a walk over all pools' codes stands.
struct PoolCursor {
    std::uint32_t offer = 0;
    std::uint32_t slot = 0;
    bool is_done = false;
};

// Belongs to the shard that owns the programs' stocks; on its thread only. Memory: that of the
// CodePools, and the sealed codes of some chunks, which are read from the journal when they are
// needed again: at most chunk_bytes_max of them.
class CodePools {
public:
    static constexpr std::size_t chunk_bytes_max = 16U << 20U;

    void restore(const CodesAtStart& start, std::uint32_t offer, ProgramId program,
                 cards::IssueOrder order, std::uint16_t shards);

    // After restore(): a batch that was recalled, where the pool has it.
    void restore_recalled(std::uint32_t offer, cards::BatchId batch);

    // Null where no codes of the offer were ever imported.
    [[nodiscard]] cards::CodePool* find(std::uint32_t offer) const;
    [[nodiscard]] cards::CodePool& find_or_make(std::uint32_t offer, ProgramId program,
                                                cards::IssueOrder order);
    // True where another offer of the program has the code.
    [[nodiscard]] bool is_elsewhere(ProgramId program, std::uint32_t offer,
                                    const cards::CodeKey& key) const;
    // Codes that are or can be with members: all but those that are void or expired.
    [[nodiscard]] std::int64_t usable(std::uint32_t offer) const;

    // Whose shard has the voucher of a code, while that is set aside or issued.
    struct HeldCode {
        cards::CodeKey key;
        ShardIndex home{};
    };
    void set_home(std::uint32_t offer, cards::CodeRef code, ShardIndex home);
    // The code of which one of the two is the key, the latter in pools of offers whose codes are
    // folded. Nothing where nobody has it.
    [[nodiscard]] std::optional<HeldCode> find_held(
        ProgramId program, const cards::CodeKey& exact, const cards::CodeKey& folded,
        const std::function<bool(std::uint32_t offer)>& is_folded) const;

    // The import's entry is `lsn`. Its codes may be taken at once: what takes them has a higher
    // LSN.
    void add(const ChunkPtr& chunk, Lsn lsn);

    // Of the oldest import; 0: none.
    [[nodiscard]] Lsn first_lsn() const { return first_lsn_; }
    // Sealed codes. Null: it must be read from the journal, and kept().
    [[nodiscard]] ChunkPtr chunk(Lsn lsn) const;
    void keep(const ChunkPtr& chunk, Lsn lsn);

    // Adds records to `out` until it has `byte_budget` bytes; false where the cursor is done.
    bool next_slice(PoolCursor& cursor, std::size_t byte_budget, ledger::RecordSlice& out) const;

private:
    struct Owned {
        Owned(ProgramId of, cards::IssueOrder order) : program(of), pool(order) {}
        ProgramId program;
        cards::CodePool pool;
        std::map<cards::BatchId, cards::WrappedKey> wrapped;
        std::vector<ShardIndex> homes;  // by code, as far as any was ever handed out
    };
    mutable std::map<std::uint32_t, Owned> owned_;
    std::map<Lsn, ChunkPtr> chunks_;
    std::deque<Lsn> kept_;  // of them, the oldest first
    std::size_t chunk_bytes_ = 0;
    Lsn first_lsn_;
};

}  // namespace suanpan::shard
