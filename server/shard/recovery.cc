#include "server/shard/recovery.h"

#include "protocol/base/hash.h"
#include "server/ledger/entry_format.h"
#include "server/shard/checkpoint_record.h"
#include "storage/checkpoint.h"

#include <cstring>
#include <exception>
#include <map>
#include <thread>
#include <utility>

namespace suanpan::shard {
namespace {

using storage::OpenError;
using storage::OpenFault;

bool is_requests_record(std::span<const std::byte> record) {
    return !record.empty() &&
           record.front() == static_cast<std::byte>(ledger::RecordType::requests);
}

// One shard's share of the work, on one thread.
class ShardRecovery {
public:
    ShardRecovery(const storage::DataDirectory& directory, const storage::Journal& journal,
                  const storage::CheckpointReader* checkpoint, std::uint16_t shard,
                  std::uint16_t shards)
        : journal_(journal),
          checkpoint_(checkpoint),
          hash_seed_(directory.hash_seed()),
          shard_(shard),
          shards_(shards),
          ledger_(std::make_unique<ledger::Ledger>(ledger::LedgerOptions{
              .seed = digest_seed(directory), .shard = shard, .shard_count = shards})) {}

    // False: the checkpoint is damaged, and the one before should be tried.
    [[nodiscard]] bool load() {
        if (checkpoint_ == nullptr) return true;
        bool sound = true;
        const auto totals = checkpoint_->for_each(
            0, checkpoint_->packs(),
            [&](const storage::CheckpointRecord& record) { sound = sound && load(record.bytes); });
        return sound && totals.has_value() && *totals == checkpoint_->round().totals;
    }

    void replay(Lsn after) {
        if (after >= journal_.last_lsn()) return;
        // One thread follows the chain for all; the others check each commit by itself.
        const auto check = shard_ == 0 ? storage::CommitCheck::chain : storage::CommitCheck::crc;
        const auto done =
            journal_.for_each_commit(after + 1, check, [&](const storage::CommitView& commit) {
                for (std::uint32_t i = 0; i < commit.count(); ++i) {
                    const Lsn lsn = commit.first_lsn() + i;
                    if (lsn > after) replay_entry(commit.entry(i), lsn);
                }
                return true;
            });
        if (!done.has_value()) throw OpenError(OpenFault::damaged, done.error().sentence);
    }

    [[nodiscard]] std::unique_ptr<ledger::Ledger> take() { return std::move(ledger_); }

private:
    [[nodiscard]] bool is_mine(std::uint64_t hash) const { return hash % shards_ == shard_; }

    bool load(std::span<const std::byte> stored) {
        const auto record = CheckpointRecordView::of(stored);
        if (!record) return false;
        old_shards_ = record->shards;
        if (const auto info = ledger::house_record_info(record->bytes)) {
            house_lsn_[{info->program, info->shard}] = info->lsn;
            return shard_ != 0 || ledger_->load_record(record->bytes).has_value();
        }
        if (const auto member = ledger::account_record_member(record->bytes)) {
            if (!is_mine(member_hash(*member, hash_seed_))) return true;
        } else if (is_requests_record(record->bytes) && record->shards == shards_ &&
                   record->shard != shard_) {
            // With another number of shards nobody knows whose an id is, so everybody takes it.
            return true;
        }
        return ledger_->load_record(record->bytes).has_value();
    }

    void replay_entry(std::span<const std::byte> bytes, Lsn lsn) {
        const auto header = ledger::EntryHeaderView::of(bytes);
        if (!header || header->lsn() != lsn) damaged(lsn, "its header is unreadable");
        const bool has_member = !header->member().is_zero();
        std::uint64_t hash = 0;
        if (has_member) {
            hash = member_hash(header->member(), hash_seed_);
            if (!is_mine(hash)) return;
        }
        if (const auto decoded = ledger::decode(bytes, entry_); !decoded.has_value())
            damaged(lsn, std::string(ledger::text_of(decoded.error())));
        const bool is_mine_alone = has_member || shard_ == 0;
        if (has_member) {
            const auto house = house_lsn_.find({static_cast<std::uint32_t>(entry_.program),
                                                static_cast<std::uint32_t>(hash % old_shards_)});
            ledger_->apply(entry_, {.account = ledger_->account_lacks(entry_),
                                    .house = house == house_lsn_.end() || house->second < lsn});
        } else if (entry_.spec) {
            ledger_->install(*entry_.spec);
        }
        if (entry_.kind == ledger::EntryKind::refusals)
            ledger_->remember(entry_, journal_.request_floor_ms(),
                              [this](std::uint64_t of_member) { return is_mine(of_member); });
        else if (is_mine_alone && ledger::is_client_kind(entry_.kind))
            ledger_->remember(entry_, journal_.request_floor_ms(),
                              [](std::uint64_t) { return true; });
    }

    [[noreturn]] void damaged(Lsn lsn, const std::string& why) const {
        throw OpenError(OpenFault::damaged,
                        "journal entry " + std::to_string(lsn.value) +
                            " cannot be replayed: " + why +
                            "; run suanpan-verify, and restore from a backup or start the "
                            "release that wrote it");
    }

    const storage::Journal& journal_;
    const storage::CheckpointReader* checkpoint_;
    const std::uint64_t hash_seed_;
    const std::uint16_t shard_;
    const std::uint16_t shards_;
    std::uint16_t old_shards_ = 1;  // when the checkpoint was written
    // How far each house record of the checkpoint has been applied: (program, old shard).
    std::map<std::pair<std::uint32_t, std::uint32_t>, Lsn> house_lsn_;
    std::unique_ptr<ledger::Ledger> ledger_;
    ledger::Entry entry_;
};

// Runs `work(shard)` for every shard, each on its own thread; throws what the first one threw.
template <typename Work>
void for_each_shard(const RecoveryOptions& options, Work&& work) {
    std::vector<std::exception_ptr> failures(options.shards);
    const auto guarded = [&](std::uint16_t shard) {
        try {
            work(shard);
        } catch (...) {
            failures[shard] = std::current_exception();
        }
    };
    std::vector<std::thread> threads;
    for (std::uint16_t i = 0; i < options.shards; ++i) {
        if (options.threads && options.shards > 1)
            threads.emplace_back(guarded, i);
        else
            guarded(i);
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

std::uint64_t key_part(const storage::DataDirectory& directory, std::size_t offset) {
    std::uint64_t part = 0;
    std::memcpy(&part, directory.body_hash_key().data() + offset, sizeof part);
    return part;
}

}  // namespace

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
        std::vector<std::unique_ptr<ShardRecovery>> shards;
        for (std::uint16_t i = 0; i < options.shards; ++i)
            shards.push_back(std::make_unique<ShardRecovery>(directory, journal, checkpoint.get(),
                                                             i, options.shards));
        std::vector<char> sound(options.shards, 1);
        for_each_shard(options, [&](std::uint16_t shard) { sound[shard] = shards[shard]->load(); });
        if (std::ranges::find(sound, 0) != sound.end()) {
            before = checkpoint->round().generation;
            recovered.notes.push_back("checkpoint generation " + std::to_string(before) +
                                      " is damaged; the one before it is used");
            continue;
        }
        const Lsn after = checkpoint ? checkpoint->round().start_lsn : Lsn{};
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
        for_each_shard(options, [&](std::uint16_t shard) { shards[shard]->replay(after); });
        for (auto& shard : shards) recovered.ledgers.push_back(shard->take());
        recovered.checkpoint_lsn = after;
        recovered.replayed = journal.last_lsn().value - after.value;
        return recovered;
    }
}

}  // namespace suanpan::shard
