// The reads of a Shard, and what waits for the journal.
#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/base/probe.h"
#include "server/ledger/entry_format.h"
#include "server/ledger/explain.h"
#include "server/shard/shard.h"

namespace suanpan::shard {
namespace {

// The lookup's answer about a request that was executed is its first result; about a refused one:
// `refused`, with the code as detail.
Outcome as_lookup(Outcome outcome) {
    if (outcome.code == Code::ok) return outcome;
    return {.code = Code::refused,
            .entry_id = outcome.entry_id,
            .time = outcome.time,
            .detail = static_cast<std::int64_t>(outcome.code)};
}

}  // namespace

// True where something that a read shows could be taken back by a crash (P4).
bool Shard::sees_undurable() const {
    if (SUANPAN_CANARY(read_before_commit)) return false;
    return batch_.has_entries() || last_reserved_ > around_.committer.durable();
}

void Shard::read(const Command& command, const ReplyTo& to) {
    const CommandHead& head = command.head;
    switch (head.kind) {
        case CommandKind::balance: {
            Reply reply{.to = to, .outcome = ledger_->balances(head.member, head.program, now_)};
            if (sees_undurable()) return batch_.add_read(std::move(reply));
            return deliver(std::move(reply));
        }
        case CommandKind::expiring: {
            Reply reply = reply_with(
                to, ledger_->expiring(head.member, head.program,
                                      std::get<ReadExpiring>(command.body).within, now_));
            if (sees_undurable()) return batch_.add_read(std::move(reply));
            return deliver(std::move(reply));
        }
        case CommandKind::statement:
            return read_statement(command, to);
        case CommandKind::quote:
            return answer_read(reply_with(to, checkout_.quote(command, now_)));
        case CommandKind::order:
            return answer_read(reply_with(to, checkout_.order(command, now_)));
        case CommandKind::terms:
            return answer_read(reply_with(to, checkout_.terms(command, now_)));
        case CommandKind::offers:
            return answer_read(reply_with(to, shop_.offers(command, now_)));
        case CommandKind::vouchers:
            return answer_read(reply_with(to, shop_.vouchers(command, now_)));
        default:
            return lookup(command, to);
    }
}

void Shard::answer_read(Reply&& reply) {
    if (sees_undurable()) return batch_.add_read(std::move(reply));
    deliver(std::move(reply));
}

void Shard::read_statement(const Command& command, const ReplyTo& to) {
    if (sees_undurable()) return batch_.add_follow_up(command, to);
    const CommandHead& head = command.head;
    const auto& wanted = std::get<ReadStatement>(command.body);
    const Lsn newest = ledger_->last_lsn(head.member, head.program);
    park({.what = ReadJob::What::statement,
          .from = newest,
          .before = wanted.before,
          .member = head.member,
          .program = head.program,
          .lines_max = wanted.lines_max},
         {.command = command, .to = to});
}

void Shard::lookup(const Command& command, const ReplyTo& to) {
    const CommandHead& head = command.head;
    const std::int64_t id_ms = head.request_id.unix_ms();
    const Hash128 digest = ledger_->digest_of(head);
    const ledger::RequestFound found = ledger_->request_log().find(digest, id_ms, 0);
    if (found.kind != ledger::RequestFound::Kind::absent) {
        if (found.lsn.value == 0 || found.lsn > around_.committer.durable())
            return batch_.add_follow_up(command, to);
        return park({.what = ReadJob::What::entry, .from = found.lsn},
                    {.command = command, .to = to, .digest = digest});
    }
    // An id at or above the floor that is durable could still run, now or after a crash. Where the
    // floor has risen past it, a commit of its own makes that durable: an idle server has no other.
    if (id_ms >= around_.committer.durable_floor_ms()) {
        if (id_ms >= around_.committer.floor_ms() || not_now() != Code::ok)
            return refuse(to, Code::unknown_yet);
        floor_commit_wanted_ = true;
        return batch_.add_follow_up(command, to);
    }
    if (sees_undurable()) return batch_.add_follow_up(command, to);
    const Lsn newest = ledger_->last_lsn(head.member, head.program);
    if (newest.value == 0) return refuse(to, Code::not_executed);
    park({.what = ReadJob::What::find,
          .from = newest,
          .request_id = head.request_id,
          .partner = head.partner},
         {.command = command, .to = to, .digest = digest});
}

void Shard::park(const ReadJob& job, Parked&& parked) {
    ReadJob ticketed = job;
    ticketed.ticket = next_ticket_;
    if (!around_.reader.try_ask(index_, ticketed)) return refuse(parked.to, Code::busy);
    if (parked.is_change) open_steps_.open(parked.command.head.member);
    parked_.emplace(next_ticket_++, std::move(parked));
}

void Shard::resume(ReadDone&& done) {
    if (take_chunk(done)) return;
    const auto at = parked_.find(done.ticket);
    SUANPAN_ASSERT(at != parked_.end());
    Parked parked = std::move(at->second);
    parked_.erase(at);
    if (parked.is_change) return resume_change(parked, done);
    if (parked.command.head.kind == CommandKind::statement)
        return resume_statement(parked, std::move(done));
    resume_repeat(parked, done);
}

// The original of a refund or revoke has arrived: decide, then whoever of this member waited.
void Shard::resume_change(Parked& parked, const ReadDone& done) {
    const MemberId member = parked.command.head.member;
    open_steps_.resume(member);
    const bool found = done.code == Code::ok && ledger::decode(done.entry, original_).has_value();
    // The floor may have risen while the journal was read, and the log forgotten what it knew.
    const bool is_too_old = parked.command.head.request_id.unix_ms() < around_.committer.floor_ms();
    // An original that a retention has removed will never come back: no trace of the attempt
    // either.
    if (done.code == Code::unavailable || done.code == Code::history_ends)
        refuse(parked.to, done.code);
    else if (is_too_old)
        refuse(parked.to, Code::request_too_old);
    else if (const Code code = not_now(); code != Code::ok)
        refuse(parked.to, code);
    else
        decide(parked.command, parked.to, parked.digest, found ? &original_ : nullptr);
    serve_queue(member);
}

// Whoever of this member queued behind a step that is over.
void Shard::serve_queue(const MemberId& member) {
    open_steps_.serve(member, [this](const OpenSteps::Waiting& next) {
        admit(next.command, next.to);
        close_full_batch();
    });
}

// A repeat, a lookup or an explanation: the entry or the block of refusals that the log named.
void Shard::resume_repeat(const Parked& parked, const ReadDone& done) {
    if (done.code != Code::ok) return refuse(parked.to, done.code);
    const CommandHead& head = parked.command.head;
    const bool is_explain = head.kind == CommandKind::explain;
    const bool is_lookup = head.kind == CommandKind::lookup || is_explain;
    if (!ledger::decode(done.entry, original_).has_value())
        return refuse(parked.to, Code::unavailable);
    Outcome outcome;
    if (original_.kind == ledger::EntryKind::refusals) {
        const auto refusal = std::ranges::find_if(
            original_.refusals,
            [&](const ledger::RefusalRecord& record) { return record.digest == parked.digest; });
        if (refusal == original_.refusals.end()) return refuse(parked.to, Code::unavailable);
        if (!is_lookup && refusal->body_hash != head.body_hash)
            return refuse(parked.to, Code::request_id_reused);
        outcome = ledger::outcome_of_refusal(original_.lsn, original_.time, *refusal);
    } else {
        if (!is_lookup && original_.body_hash != head.body_hash)
            return refuse(parked.to, Code::request_id_reused);
        if (is_explain)
            return deliver(reply_with(parked.to, ledger::explain(original_, done.entry)));
        outcome = ledger::outcome_of(original_);
        if (!is_lookup)
            return deliver({.to = parked.to, .outcome = outcome, .body = body_of(original_)});
    }
    deliver({.to = parked.to, .outcome = is_lookup ? as_lookup(outcome) : outcome});
}

void Shard::resume_statement(const Parked& parked, ReadDone&& done) {
    if (done.code == Code::unavailable) return refuse(parked.to, Code::unavailable);
    const CommandHead& head = parked.command.head;
    Statement statement{.outcome = ledger_->balances(head.member, head.program, now_),
                        .lines = std::move(done.lines),
                        .next = done.next};
    statement.outcome.code = done.code;
    Reply reply = reply_with(parked.to, std::move(statement));
    if (sees_undurable()) return batch_.add_read(std::move(reply));
    deliver(std::move(reply));
}

}  // namespace suanpan::shard
