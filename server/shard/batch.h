// The batch that a shard is deciding: entries, refusals and reads since the last look at the clock.
#pragma once

#include "server/ledger/ledger.h"
#include "server/shard/committer.h"
#include "server/shard/pending_replies.h"
#include "server/shard/staging.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace suanpan::shard {

// Collects until close(), which reserves the LSNs of all entries at once and writes them, and the
// link to the entry before of the same account, into their bytes.
//
// One shard's, on its thread only. Refused requests share one entry, the batch's last. Bounded by
// ShardOptions::batch_commands_max and batch_bytes_max, which the shard keeps to: a batch is
// committed as a whole.
class Batch {
public:
    Batch(ShardIndex shard, ledger::Ledger& ledger, Committer& committer)
        : shard_(shard), ledger_(ledger), committer_(committer) {}

    // An applied entry; `ref` as apply() returned it. With `request`: who asked, and what for.
    struct Asked {
        ledger::RequestRef log_ref;
        Hash128 digest;
        ReplyTo to;
    };
    // With `body`: what the request gets beside the outcome.
    void add_entry(const ledger::Entry& entry, ledger::AccountRef ref, const Asked* asked,
                   std::unique_ptr<ReplyBody> body = nullptr);
    // A refusal that consumes its id. With a message: of a rule book, for the first answer only.
    void add_refusal(const ledger::RefusalRecord& refusal, const Asked& asked, Instant now,
                     const std::string& message = {});
    // The answer of a read that could see everything decided so far; or a command that is to be
    // looked at again once all that is durable.
    void add_read(Reply&& reply);
    void add_follow_up(const Command& command, const ReplyTo& to);
    // Joins a repeat to its first attempt in this batch. False: too many wait, or it is not here.
    [[nodiscard]] bool attach(const Hash128& digest, const ReplyTo& to);

    // Numbers the entries, stages them for the committer and queues the answers.
    // Returns the highest LSN that this shard has ever reserved.
    Lsn close(Instant now, StagingPool& staging, PendingReplies& pending);

    [[nodiscard]] bool empty() const { return commands_ == 0; }
    [[nodiscard]] std::size_t commands() const { return commands_; }
    // True where something was decided that is not numbered yet.
    [[nodiscard]] bool has_entries() const { return !numbering_.empty() || !refusals_.empty(); }
    [[nodiscard]] std::size_t entry_count() const { return numbering_.size(); }
    // Of the first entry that the last close() has staged.
    [[nodiscard]] Lsn first_staged() const { return first_staged_; }
    // Of its entries, but for the refusals.
    [[nodiscard]] std::size_t entry_bytes() const { return bytes_.size(); }

private:
    // What close() has to do for one entry.
    struct Numbering {
        ledger::AccountRef account{};
        ledger::RequestRef log_ref;
        bool has_request = false;
    };
    struct Answer {
        std::size_t entries_before = 0;  // entries of the batch that it rests on, its own the last
        PendingReply pending;
    };
    void stage_refusals(Instant now, StagedBatch& staged);
    void number(StagedBatch& staged);

    ShardIndex shard_;
    ledger::Ledger& ledger_;
    Committer& committer_;
    std::vector<std::byte> bytes_;
    std::vector<std::uint32_t> entry_bytes_;
    std::vector<Numbering> numbering_;
    std::vector<Answer> answers_;
    std::vector<ledger::RefusalRecord> refusals_;
    std::vector<ledger::RequestRef> refusal_refs_;
    std::vector<PendingReply> refusal_answers_;
    std::vector<PendingReply> follow_ups_;
    struct Joined {
        Hash128 digest;
        ReplyTo to;
    };
    std::vector<Joined> joined_;
    ledger::Entry refusal_block_;
    std::size_t commands_ = 0;
    Lsn last_reserved_;
    Lsn first_staged_;
};

}  // namespace suanpan::shard
