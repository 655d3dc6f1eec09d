#include "server/shard/recovery.h"

#include "protocol/base/hash.h"
#include "server/ledger/entry_format.h"
#include "server/shard/checkpoint_record.h"
#include "server/shard/owner_lanes.h"
#include "server/shard/recovery_source.h"
#include "server/shard/relay.h"
#include "storage/checkpoint.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <thread>
#include <utility>

namespace suanpan::shard {
namespace {

using storage::OpenError;
using storage::OpenFault;

// Pieces in memory at once, for each thread.
constexpr std::size_t pieces_per_thread = 8;
// Records or entries that are prepared together before the first of them is applied.
constexpr std::size_t row_max = 32;

// One shard's share of the work. On one thread at a time.
class ShardRecovery {
public:
    ShardRecovery(const storage::DataDirectory& directory, const storage::Journal& journal,
                  std::uint16_t shard, std::uint16_t shards)
        : floor_ms_(journal.request_floor_ms()),
          hash_seed_(directory.hash_seed()),
          shard_(shard),
          shards_(shards),
          ledger_(std::make_unique<ledger::Ledger>(ledger::LedgerOptions{
              .seed = digest_seed(directory), .shard = shard, .shard_count = shards})) {}

    // Throws DamagedCheckpoint.
    void load(std::span<const StoredBytes> records) {
        in_rows(records, [this](std::span<const StoredBytes> row) {
            for (const StoredBytes stored : row)
                if (const auto record = CheckpointRecordView::of(stored))
                    ledger_->warm_record(record->bytes);
            for (const StoredBytes stored : row) load(stored);
        });
    }
    // Before a load of so many records.
    void reserve(std::uint64_t records) {
        ledger_->reserve_accounts(
            static_cast<std::uint32_t>(std::min<std::uint64_t>(records, UINT32_MAX)));
    }
    // Throws OpenError.
    void replay(std::span<const StoredBytes> entries) {
        in_rows(entries, [this](std::span<const StoredBytes> row) {
            warm(row);
            for (std::size_t i = 0; i < row.size(); ++i) replay(row[i], refs_[i]);
        });
    }

    [[nodiscard]] std::unique_ptr<ledger::Ledger> take() { return std::move(ledger_); }
    // All of them at the first shard.
    [[nodiscard]] CodesAtStart take_codes() { return std::move(codes_); }

private:
    void load(StoredBytes stored) {
        const auto record = CheckpointRecordView::of(stored);
        if (!record) throw DamagedCheckpoint();
        old_shards_ = record->shards;
        if (const auto info = ledger::house_record_info(record->bytes)) {
            house_lsn_[{info->program, info->shard}] = info->lsn;
            if (shard_ != 0) return;
        }
        if (is_codes_record(record->bytes)) {
            if (shard_ == 0 && !codes_.take_record(record->bytes)) throw DamagedCheckpoint();
            return;
        }
        if (!ledger_->load_record(record->bytes).has_value()) throw DamagedCheckpoint();
    }

    template <typename Work>
    static void in_rows(std::span<const StoredBytes> all, Work&& work) {
        for (; all.size() > row_max; all = all.subspan(row_max)) work(all.first(row_max));
        work(all);
    }

    // Brings the accounts of a row of entries into the CPU's caches, each step for all of them:
    // their cache misses, most of what a replay takes, overlap.
    void warm(std::span<const StoredBytes> row) {
        std::array<std::optional<ledger::EntryHeaderView>, row_max> heads;
        for (std::size_t i = 0; i < row.size(); ++i) {
            heads[i] = ledger::EntryHeaderView::of(row[i]);
            if (heads[i]) ledger_->warm_index(heads[i]->member(), heads[i]->program());
        }
        for (std::size_t i = 0; i < row.size(); ++i)
            refs_[i] = heads[i] ? ledger_->warm_account(heads[i]->member(), heads[i]->program())
                                : ledger::no_account;
        for (std::size_t i = 0; i < row.size(); ++i) ledger_->warm_tail(refs_[i]);
        for (std::size_t i = 0; i < row.size(); ++i) ledger_->warm_lots(refs_[i]);
    }

    void replay(StoredBytes bytes, ledger::AccountRef found) {
        const auto decoded = ledger::decode(bytes, entry_);
        if (!decoded.has_value()) {
            const auto header = ledger::EntryHeaderView::of(bytes);
            refuse_entry(header ? header->lsn() : Lsn{},
                         std::string(ledger::text_of(decoded.error())));
        }
        if (entry_.member.is_zero()) return replay_common();
        entry_.account_hint = found;
        const auto house = house_lsn_.find(
            {static_cast<std::uint32_t>(entry_.program),
             static_cast<std::uint32_t>(member_hash(entry_.member, hash_seed_) % old_shards_)});
        ledger_->apply(entry_, {.account = ledger_->account_lacks(entry_),
                                .house = house == house_lsn_.end() || house->second < entry_.lsn});
        if (ledger::is_client_kind(entry_.kind))
            ledger_->remember(entry_, floor_ms_, [](std::uint64_t) { return true; });
    }

    // An entry about no account: every shard sees it.
    void replay_common() {
        ledger_->apply(entry_);
        if (entry_.codes != nullptr && shard_ == 0) {
            const auto chunk = chunk_of(entry_.codes->bytes);
            if (!chunk) refuse_entry(entry_.lsn, "its card codes are malformed");
            codes_.take(*chunk, entry_.lsn);
        }
        if (entry_.kind == ledger::EntryKind::refusals)
            ledger_->remember(entry_, floor_ms_, [this](std::uint64_t of_member) {
                return of_member % shards_ == shard_;
            });
        else if (is_mine(entry_) && ledger::is_client_kind(entry_.kind))
            ledger_->remember(entry_, floor_ms_, [](std::uint64_t) { return true; });
    }

    // Of entries about no member: which shard was asked for it.
    [[nodiscard]] bool is_mine(const ledger::Entry& entry) const {
        if (entry.kind == ledger::EntryKind::codes_import)
            return offers_owner_hash(entry.program) % shards_ == shard_;
        return shard_ == 0;
    }

    const std::int64_t floor_ms_;
    const std::uint64_t hash_seed_;
    const std::uint16_t shard_;
    const std::uint16_t shards_;
    std::uint16_t old_shards_ = 1;  // when the checkpoint was written
    // How far each house record of the checkpoint has been applied: (program, old shard).
    std::map<std::pair<std::uint32_t, std::uint32_t>, Lsn> house_lsn_;
    std::unique_ptr<ledger::Ledger> ledger_;
    CodesAtStart codes_;
    ledger::Entry entry_;
    std::array<ledger::AccountRef, row_max> refs_{};  // of the row that is replayed
};

using ShardRecoveries = std::vector<std::unique_ptr<ShardRecovery>>;

// Threads of a Relay: one per shard, and on a machine with more cores one more each that checks.
std::uint16_t threads_for(const RecoveryOptions& options) {
    if (!options.threads) return 0;
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    return static_cast<std::uint16_t>(
        std::clamp<unsigned>(cores, options.shards, 2U * options.shards));
}

template <typename Source, typename Take>
void relay(Source& source, const RecoveryOptions& options, Take&& take) {
    const std::uint16_t threads = threads_for(options);
    Relay<Source>(source, options.shards, threads, pieces_per_thread * threads).run(take);
}

// In the order in which they are read.
std::vector<storage::FileRange> files_to_read(const storage::CheckpointReader* checkpoint,
                                              const storage::Journal& journal, Lsn from) {
    std::vector<storage::FileRange> files;
    if (checkpoint != nullptr) files.push_back(checkpoint->file());
    for (storage::FileRange& file : journal.files_from(from)) files.push_back(std::move(file));
    return files;
}

// False: the checkpoint is damaged, and the one before should be tried.
bool load(const storage::CheckpointReader& checkpoint, const storage::DataDirectory& directory,
          const RecoveryOptions& options, ShardRecoveries& shards, storage::ReadAhead* ahead) {
    CheckpointSource source(checkpoint, directory.hash_seed(), options.shards, ahead);
    for (const auto& shard : shards)
        shard->reserve(checkpoint.round().totals.count / options.shards);
    try {
        relay(source, options, [&](std::uint16_t shard, const DealtPiece& piece) {
            shards[shard]->load(piece.of_shard[shard]);
        });
    } catch (const DamagedCheckpoint&) {
        return false;
    }
    return source.is_complete();
}

std::uint64_t key_part(const storage::DataDirectory& directory, std::size_t offset) {
    std::uint64_t part = 0;
    std::memcpy(&part, directory.body_hash_key().data() + offset, sizeof part);
    return part;
}

}  // namespace

const Sha256& code_secret(const storage::DataDirectory& directory) {
    return directory.body_hash_key();
}
std::uint64_t body_hash_key(const storage::DataDirectory& directory) {
    return key_part(directory, 0);
}
std::uint64_t digest_seed(const storage::DataDirectory& directory) {
    return key_part(directory, 8);
}

Recovered recover(const storage::DataDirectory& directory, const storage::Journal& journal,
                  const RecoveryOptions& options) {
    Recovered recovered;
    std::uint64_t before = UINT64_MAX;
    while (true) {
        const auto checkpoint =
            storage::CheckpointReader::open_newest(directory, recovered.notes, before);
        // Older than what a retention has kept: the baseline, as generation 0, reaches further.
        if (checkpoint && checkpoint->round().generation > 0 &&
            checkpoint->round().start_lsn + 1 < journal.oldest_lsn()) {
            before = 1;
            continue;
        }
        ShardRecoveries shards;
        for (std::uint16_t i = 0; i < options.shards; ++i)
            shards.push_back(
                std::make_unique<ShardRecovery>(directory, journal, i, options.shards));
        const Lsn after = checkpoint ? checkpoint->round().start_lsn : Lsn{};
        std::optional<storage::ReadAhead> ahead;
        if (options.threads)
            ahead.emplace(directory.volume(), files_to_read(checkpoint.get(), journal, after + 1),
                          storage::read_ahead_window());
        storage::ReadAhead* const hints = ahead ? &*ahead : nullptr;
        if (checkpoint && !load(*checkpoint, directory, options, shards, hints)) {
            before = checkpoint->round().generation;
            recovered.notes.push_back("checkpoint generation " + std::to_string(before) +
                                      " is damaged; the one before it is used");
            continue;
        }
        if (checkpoint && checkpoint->round().end_lsn > journal.last_lsn())
            throw OpenError(
                OpenFault::missing,
                "the checkpoint reaches LSN " + std::to_string(checkpoint->round().end_lsn.value) +
                    " but the journal ends at " + std::to_string(journal.last_lsn().value) +
                    "; a segment is missing: restore it");
        if (after + 1 < journal.oldest_lsn())
            throw OpenError(OpenFault::missing,
                            "the journal begins at LSN " +
                                std::to_string(journal.oldest_lsn().value) +
                                " and no sound checkpoint reaches it; restore from a backup");
        JournalSource source(journal, after, directory.hash_seed(), options.shards, hints);
        relay(source, options, [&](std::uint16_t shard, const DealtPiece& piece) {
            shards[shard]->replay(piece.of_shard[shard]);
        });
        recovered.codes = shards.front()->take_codes();
        for (auto& shard : shards) recovered.ledgers.push_back(shard->take());
        recovered.checkpoint_lsn = after;
        recovered.replayed = journal.last_lsn().value - after.value;
        return recovered;
    }
}

}  // namespace suanpan::shard
