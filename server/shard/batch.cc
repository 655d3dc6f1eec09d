#include "server/shard/batch.h"

#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "server/ledger/entry_format.h"

namespace suanpan::shard {

void Batch::add_entry(const ledger::Entry& entry, ledger::AccountRef ref, const Asked* asked,
                      std::unique_ptr<ReplyBody> body) {
    const std::size_t length = ledger::encode(entry, bytes_);
    entry_bytes_.push_back(static_cast<std::uint32_t>(length));
    Numbering numbering{.account = ref};
    if (asked != nullptr) {
        numbering.log_ref = asked->log_ref;
        numbering.has_request = true;
        answers_.push_back({.entries_before = numbering_.size() + 1,
                            .pending = {.digest = asked->digest,
                                        .reply = {.to = asked->to,
                                                  .outcome = ledger::outcome_of(entry),
                                                  .body = std::move(body)}}});
    }
    numbering_.push_back(numbering);
    ++commands_;
}

void Batch::add_refusal(const ledger::RefusalRecord& refusal, const Asked& asked, Instant now,
                        const std::string& message) {
    refusals_.push_back(refusal);
    refusal_refs_.push_back(asked.log_ref);
    // The block's LSN is filled in by close().
    refusal_answers_.push_back(
        {.digest = asked.digest,
         .reply = {.to = asked.to, .outcome = outcome_of_refusal(Lsn{}, now, refusal)}});
    if (!message.empty())
        refusal_answers_.back().reply.body =
            std::make_unique<ReplyBody>(RulesAnswer{.outcome = {}, .message = message});
    ++commands_;
}

void Batch::add_read(Reply&& reply) {
    answers_.push_back(
        {.entries_before = numbering_.size(), .pending = {.reply = std::move(reply)}});
    ++commands_;
}

void Batch::add_follow_up(const Command& command, const ReplyTo& to) {
    follow_ups_.push_back({.reply = {.to = to}, .follow_up = std::make_unique<Command>(command)});
    ++commands_;
}

bool Batch::attach(const Hash128& digest, const ReplyTo& to) {
    const auto join = [&](PendingReply& pending) {
        if (pending.waiters >= limits::repeat_waiters_max) return false;
        ++pending.waiters;
        joined_.push_back({digest, to});
        return true;
    };
    for (Answer& answer : answers_)
        if (answer.pending.digest == digest) return join(answer.pending);
    for (PendingReply& pending : refusal_answers_)
        if (pending.digest == digest) return join(pending);
    return false;
}

void Batch::stage_refusals(Instant now, StagedBatch& staged) {
    refusal_block_.reset();
    refusal_block_.kind = ledger::EntryKind::refusals;
    refusal_block_.time = now;
    refusal_block_.refusals = refusals_;
    const std::size_t length = ledger::encode(refusal_block_, staged.bytes);
    staged.entry_bytes.push_back(static_cast<std::uint32_t>(length));
}

// Writes the LSNs into the entries, into the accounts that they touched and into the request log.
void Batch::number(StagedBatch& staged) {
    std::span<std::byte> rest(staged.bytes);
    for (std::size_t i = 0; i < staged.count(); ++i) {
        const Lsn lsn = staged.first + i;
        Lsn previous{};
        if (i < numbering_.size()) {
            const Numbering& numbering = numbering_[i];
            if (numbering.account != ledger::no_account)
                previous = ledger_.exchange_last_lsn(numbering.account, lsn);
            if (numbering.has_request) ledger_.request_log().set_lsn(numbering.log_ref, lsn, false);
        }
        if (SUANPAN_CANARY(account_chain_broken)) previous = {};
        ledger::patch_lsn(rest.first(staged.entry_bytes[i]), lsn, previous);
        rest = rest.subspan(staged.entry_bytes[i]);
    }
    for (const ledger::RequestRef& ref : refusal_refs_)
        ledger_.request_log().set_lsn(ref, staged.last(), true);
}

Lsn Batch::close(Instant now, StagingPool& staging, PendingReplies& pending) {
    if (commands_ == 0) return last_reserved_;
    const Lsn reserved_before = last_reserved_;
    Lsn first{};
    if (has_entries()) {
        StagedBatch& staged = staging.open();
        std::swap(staged.bytes, bytes_);
        std::swap(staged.entry_bytes, entry_bytes_);
        if (!refusals_.empty()) stage_refusals(now, staged);
        first = committer_.reserve(staged.count());
        staged.first = first;
        first_staged_ = first;
        staged.time = now;
        last_reserved_ = staged.last();
        number(staged);
        committer_.stage(shard_, staging.close());
    }
    for (Answer& answer : answers_) {
        const bool is_read = answer.pending.digest == Hash128{};
        // A read before the batch's first entry could see what was reserved earlier.
        answer.pending.lsn =
            answer.entries_before == 0 ? reserved_before : first + (answer.entries_before - 1);
        if (!is_read) {
            Reply& reply = answer.pending.reply;
            reply.outcome.entry_id = answer.pending.lsn;
            if (reply.body != nullptr) set_outcome(*reply.body, reply.outcome);
        }
        if (SUANPAN_CANARY(reply_before_commit)) answer.pending.lsn = reserved_before;
        pending.push(std::move(answer.pending));
    }
    for (PendingReply& refusal : refusal_answers_) {
        refusal.lsn = last_reserved_;
        refusal.reply.outcome.entry_id = last_reserved_;
        refusal.reply.outcome.time = now;  // the block's, which a repeat will read (P2)
        if (refusal.reply.body != nullptr)
            std::get<RulesAnswer>(*refusal.reply.body).outcome = refusal.reply.outcome;
        pending.push(std::move(refusal));
    }
    for (PendingReply& follow_up : follow_ups_) {
        follow_up.lsn = last_reserved_;
        pending.push(std::move(follow_up));
    }
    for (const Joined& joined : joined_) pending.add_waiter(joined.digest, joined.to);

    bytes_.clear();
    entry_bytes_.clear();
    numbering_.clear();
    answers_.clear();
    refusals_.clear();
    refusal_refs_.clear();
    refusal_answers_.clear();
    follow_ups_.clear();
    joined_.clear();
    commands_ = 0;
    return last_reserved_;
}

}  // namespace suanpan::shard
