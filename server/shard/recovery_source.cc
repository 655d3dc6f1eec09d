#include "server/shard/recovery_source.h"

#include "protocol/base/hash.h"
#include "server/ledger/entry_format.h"
#include "server/ledger/record.h"
#include "server/shard/checkpoint_record.h"
#include "storage/open_error.h"

#include <string>

namespace suanpan::shard {
namespace {

bool is_requests_record(StoredBytes record) {
    return !record.empty() &&
           record.front() == static_cast<std::byte>(ledger::RecordType::requests);
}

}  // namespace

bool CheckpointSource::claim(Piece& piece) {
    if (next_ == reader_.packs()) return false;
    piece.pack = next_++;
    return true;
}

void CheckpointSource::fetch(Piece& piece) {
    piece.clear(shards_);
    const auto totals = reader_.read_pack(
        piece.pack, piece.bytes,
        [&](const storage::CheckpointRecord& record) { deal(piece, record.bytes); });
    if (!totals) throw DamagedCheckpoint();
    if (ahead_ != nullptr) ahead_->consumed(piece.bytes.size());
    const std::lock_guard lock(mutex_);
    totals_ += *totals;
}

void CheckpointSource::deal(Piece& piece, StoredBytes stored) const {
    const auto record = CheckpointRecordView::of(stored);
    if (!record) throw DamagedCheckpoint();
    if (const auto member = ledger::account_record_member(record->bytes))
        return piece.give(static_cast<std::uint16_t>(member_hash(*member, hash_seed_) % shards_),
                          stored);
    // With another number of shards nobody knows whose an id is, so everybody takes it.
    if (is_requests_record(record->bytes) && record->shards == shards_)
        return piece.give(record->shard, stored);
    piece.give_all(stored);
}

void JournalSource::fetch(Piece& piece) const {
    piece.clear(shards_);
    if (const auto fetched = feed_.fetch(piece.run); !fetched.has_value())
        throw storage::OpenError(storage::OpenFault::damaged, fetched.error().sentence);
    if (ahead_ != nullptr)
        for (const storage::CommitView& commit : piece.run.commits)
            ahead_->consumed(storage::commit_value_bytes(commit.header().body_bytes));
    for (const storage::CommitView& commit : piece.run.commits) {
        for (std::uint32_t i = 0; i < commit.count(); ++i) {
            const Lsn lsn = commit.first_lsn() + i;
            if (lsn <= after_) continue;
            const StoredBytes bytes = commit.entry(i);
            const auto header = ledger::EntryHeaderView::of(bytes);
            if (!header || header->lsn() != lsn) refuse_entry(lsn, "its header is unreadable");
            if (header->member().is_zero())
                piece.give_all(bytes);
            else
                piece.give(
                    static_cast<std::uint16_t>(member_hash(header->member(), hash_seed_) % shards_),
                    bytes);
        }
    }
}

void refuse_entry(Lsn lsn, const std::string& why) {
    throw storage::OpenError(storage::OpenFault::damaged,
                             "journal entry " + std::to_string(lsn.value) +
                                 " cannot be replayed: " + why +
                                 "; run suanpan-verify, and restore from a backup or start the "
                                 "release that wrote it");
}

}  // namespace suanpan::shard
