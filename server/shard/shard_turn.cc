// The turns of a Shard: what came from elsewhere, the commit, the release of answers, the chores.
#include "protocol/base/assert.h"
#include "protocol/base/probe.h"
#include "server/shard/shard.h"

#include <algorithm>

namespace suanpan::shard {
namespace {

constexpr std::size_t mail_per_turn_max = 1024;
constexpr Duration floor_every = milliseconds(100);
constexpr Duration floor_margin = seconds(2);
constexpr Duration slow_metrics_every = seconds(1);
// The newest commit's time weighs an eighth in the running mean.
constexpr std::int64_t flush_mean_weight = 8;

}  // namespace

void Shard::begin_turn() {
    now_ = std::max(now_, around_.clock.now());
    follow_advances();
    turn_began_ = now_;
    turn_is_full_ = false;
    room_ = around_.committer.has_room();
    clock_safe_ = around_.clock.is_safe();
    learn_counts();
}

// In a sandbox the clock is advanced by days; nothing has waited so long, and nobody has stalled.
void Shard::follow_advances() {
    const Duration by{around_.clock.advanced().ns - advanced_.ns};
    if (by.ns == 0) return;
    advanced_.ns += by.ns;
    turn_began_ = turn_began_ + by;
    inbox_since_ = inbox_since_ + by;
    for (StagedAt& staged : staged_at_) staged.at = staged.at + by;
}

bool Shard::step() {
    bool busy = !batch_.empty() || !inbox_.empty();
    decide_inbox();
    const auto shards = around_.exchange.shards();
    for (std::uint16_t i = 0; i < shards; ++i) {
        const ShardIndex other{i};
        if (other == index_) continue;
        busy |= around_.exchange.drain_replies(
                    index_, other, [this](Reply&& reply) { deliver(std::move(reply)); }) > 0;
        busy |= around_.exchange.drain_mail(other, index_, mail_per_turn_max, [this](Mail&& mail) {
            if (mail.install) return install(mail);
            metrics_.note_stage(Stage::queue, now_ - mail.sent_at);
            accept(mail.command, mail.to);
        }) > 0;
    }
    busy |= serve_owners();
    busy |= around_.reader.drain(index_, [this](ReadDone&& done) {
        resume(std::move(done));
        close_full_batch();
    }) > 0;
    installer_.tell([this](ShardIndex to, const Command& command) {
        const ReplyTo back{.shard = index_, .session = installer_session, .request = 1};
        if (!around_.exchange.try_send(index_, to,
                                       {.command = command, .to = back, .install = true}))
            return false;
        around_.wake(to);
        return true;
    });
    if (installer_.is_everywhere()) {
        ProgramInstaller::Finished finished = installer_.finish();
        entry_.reset();
        entry_.time = now_;
        entry_.program = finished.command.head.program;
        entry_.reference = finished.reply.outcome.entry_id.value;
        if (const auto* program = std::get_if<PutProgram>(&finished.command.body)) {
            entry_.kind = ledger::EntryKind::program_active;
            entry_.spec = program->spec;
            entry_.add(ledger::ProgramPut{});
        } else if (std::holds_alternative<RecallBatch>(finished.command.body)) {
            entry_.kind = ledger::EntryKind::recall_active;
        } else {
            const bool is_offers = std::holds_alternative<PutOffers>(finished.command.body);
            entry_.kind =
                is_offers ? ledger::EntryKind::offers_active : ledger::EntryKind::rules_active;
            entry_.detail = finished.reply.outcome.detail;
        }
        stage(nullptr);
        open_offers();
        batch_.add_read(std::move(finished.reply));
        busy = true;
    }
    if (clock_decided_.exchange(false, std::memory_order_acq_rel)) {
        entry_.reset();
        entry_.kind = ledger::EntryKind::clock_decision;
        entry_.time = now_;
        batch_.add_entry(entry_, ledger::no_account, nullptr);
    }
    busy |= sweep();
    end_batch();
    busy |= hand_over_slices();
    commit();
    busy |= release();
    raise_floor();
    publish_metrics();
    return busy;
}

void Shard::install(const Mail& mail) {
    if (const auto* program = std::get_if<PutProgram>(&mail.command.body))
        ledger_->install(program->spec);
    else if (const auto* offers = std::get_if<PutOffers>(&mail.command.body))
        ledger_->install_offers(ledger::offers_of(mail.command.head, *offers));
    else if (const auto* recall = std::get_if<RecallBatch>(&mail.command.body)) {
        // What was decided without it gets an LSN before that of "active".
        end_batch();
        ledger_->install(ledger::RecalledBatch{
            .program = mail.command.head.program, .offer = recall->offer, .batch = recall->batch});
    } else
        ledger_->install(
            ledger::rules_of(mail.command.head, std::get<PutRules>(mail.command.body)));
    shop_.refresh();
    refresh_limits(mail.command.head.program);
    deliver({.to = mail.to});
}

void Shard::end_batch() {
    if (batch_.empty()) return;
    if (floor_commit_wanted_ && !batch_.has_entries()) {
        SUANPAN_PROBE("a lookup made a raised floor durable");
        add_floor_entry();
    }
    floor_commit_wanted_ = false;
    metrics_.batches.add();
    metrics_.batch_events.record(batch_.commands());
    metrics_.entries_staged.add(batch_.entry_count());
    const std::size_t commands = batch_.commands();
    last_reserved_ = batch_.close(now_, staging_, pending_);
    add_imported_codes();
    tell_owners_of_batch();
    const Instant at = around_.clock.now();
    follow_advances();
    const Duration took = std::max(Duration{0}, at - turn_began_);
    metrics_.note_stage(Stage::apply, took, commands);
    // A turn takes microseconds; one that did not was the server's own doing.
    metrics_.note_stall(StallCause::server, took);
    staged_at_.push_back({.last = last_reserved_, .at = at, .commands = commands});
}

// Every commit carries the request-log floor; this entry says nothing else, a block of no refusals.
void Shard::add_floor_entry() {
    entry_.reset();
    entry_.kind = ledger::EntryKind::refusals;
    entry_.time = now_;
    batch_.add_entry(entry_, ledger::no_account, nullptr);
}

// How long what has become durable waited for it, and whose fault a long wait was.
void Shard::note_durable(Lsn durable) {
    if (staged_at_.empty() || staged_at_.front().last > durable) return;
    const Instant at = around_.clock.now();
    follow_advances();
    const Duration flush = around_.committer.last_flush();
    flush_mean_.ns += (flush.ns - flush_mean_.ns) / flush_mean_weight;
    while (!staged_at_.empty() && staged_at_.front().last <= durable) {
        const StagedAt& staged = staged_at_.front();
        const Duration waited = std::max(Duration{0}, at - staged.at);
        metrics_.note_stage(Stage::commit_wait, waited, staged.commands);
        const bool by_flush = flush.ns >= waited.ns / 2;
        metrics_.note_stall(by_flush ? StallCause::flush : StallCause::server, waited);
        staged_at_.pop_front();
    }
}

// Idle, it is cheapest to commit right here; under load the commit thread does, while this thread
// decides what comes next.
void Shard::commit() {
    if (staging_.entries_in_flight() == 0) return;
    const bool right_here = staging_.entries_in_flight() <= options_.inline_commit_entries_max;
    // With the unsafe flag replies must not profit from a commit that happens to come first.
    if (right_here && !options_.unsafe_reply_before_commit) {
        if (around_.committer.try_commit()) metrics_.commits_inline.add();
    }
    if (around_.committer.has_staged()) around_.committer.ask_commit_thread();
}

bool Shard::release() {
    const Lsn durable =
        options_.unsafe_reply_before_commit ? last_reserved_ : around_.committer.durable();
    staging_.release_durable(around_.committer.durable());
    note_durable(durable);
    const std::size_t count = pending_.release(durable, [this](PendingReply&& pending) {
        if (pending.follow_up != nullptr)
            accept(*pending.follow_up, pending.reply.to);
        else
            deliver(std::move(pending.reply));
    });
    return count > 0;
}

// The request log is bounded by time and by memory: over either, the floor rises, and what lies
// below it is dropped once the higher floor is durable.
void Shard::raise_floor() {
    if (now_ < next_floor_) return;
    next_floor_ = now_ + floor_every;
    ledger::RequestLog& log = ledger_->request_log();
    around_.committer.raise_floor((now_ - options_.request_log_window).unix_ms());
    if (const auto oldest = log.oldest_second(); log.size() > request_log_share() && oldest) {
        SUANPAN_PROBE("the request log was full before its window had passed");
        // Never so far that an honest client's fresh id would be too old: then it is `busy`
        // instead.
        const std::int64_t highest_ms = (now_ - floor_margin).unix_ms();
        around_.committer.raise_floor(std::min((*oldest + 1) * 1000, highest_ms));
    }
    log.drop_below(around_.committer.durable_floor_ms());
    // A full log refuses every change, and without a change no commit would make the higher floor
    // durable that empties it.
    const bool waits_for_commit =
        log.size() > request_log_share() &&
        around_.committer.durable_floor_ms() < around_.committer.floor_ms();
    if (waits_for_commit && !sees_undurable() && room_ && clock_safe_) {
        SUANPAN_PROBE("a full request log made its floor durable");
        add_floor_entry();
    }
}

bool Shard::sweep() {
    if (now_ < next_sweep_ || not_now() != Code::ok) return false;
    next_sweep_ = now_ + options_.sweep_every;
    bool posted = false;
    const auto post = [&](ledger::Entry&) {
        if (not_now() != Code::ok || batch_.entry_bytes() >= options_.batch_bytes_max) return false;
        stage(nullptr);
        metrics_.expiries_posted.add();
        posted = true;
        return true;
    };
    std::function<bool(const MemberId&)> is_busy;
    if (open_steps_.any())
        is_busy = [this](const MemberId& member) { return open_steps_.is_open(member); };
    ledger_->sweep(now_, options_.sweep_accounts, entry_, post, is_busy);
    return posted;
}

// Between two batches, when every account carries the LSN of its newest entry.
bool Shard::hand_over_slices() {
    return slice_lane_.drain_asks([this](SliceLane::Ask&& ask) {
        SUANPAN_ASSERT(batch_.empty());
        if (ask.first) {
            slice_cursor_ = {};
            pool_cursor_ = {};
        }
        ask.slice->records.clear();
        bool has_more = ledger_->next_slice(slice_cursor_, ask.bytes, ask.slice->records);
        if (!has_more) has_more = pools_.next_slice(pool_cursor_, ask.bytes, ask.slice->records);
        ask.slice->is_last = !has_more;
        if (ask.first || ask.slice->records.has_configuration)
            ask.slice->records.highest = std::max(ask.slice->records.highest, last_reserved_);
        slice_lane_.answer(std::move(ask.slice));
    }) > 0;
}

bool Shard::has_news() const {
    return !batch_.empty() || !inbox_.empty() || clock_decided_.load(std::memory_order_acquire) ||
           around_.exchange.has_news(index_) || around_.reader.has_answers(index_) ||
           slice_lane_.has_ask() || around_.owners.has_news(index_) ||
           owned_.has_news(around_.committer.durable()) ||
           stocks_.has_news(around_.committer.durable()) || !around_.owners.is_flushed(index_) ||
           (!pending_.empty() && pending_.first_lsn() <= around_.committer.durable());
}

bool Shard::is_quiet() const {
    return inbox_.empty() && batch_.empty() && pending_.empty() && parked_.empty() &&
           !installer_.is_busy() && staging_.entries_in_flight() == 0 && owner_steps_.empty() &&
           owned_.is_quiet() && stocks_.is_quiet() && around_.owners.is_flushed(index_);
}

void Shard::publish_metrics() {
    metrics_.staged_entries.set(staging_.entries_in_flight());
    metrics_.parked_reads.set(parked_.size());
    metrics_.request_log_floor_ms.set(
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, around_.committer.floor_ms())));
    const ledger::RequestLog& log = ledger_->request_log();
    metrics_.request_log_ids.set(log.size());
    metrics_.codes_since_lsn.set(pools_.first_lsn().value);
    metrics_.accounts.set(ledger_->account_count());
    metrics_.lots.set(ledger_->lot_count());
    const std::size_t depth = around_.exchange.mail_waiting(index_);
    metrics_.ring_depth.set(depth);
    metrics_.ring_depth_max.raise_to(depth);
    if (now_ < next_slow_metrics_) return;
    next_slow_metrics_ = now_ + slow_metrics_every;
    metrics_.request_log_bytes.set(log.bytes());
}

}  // namespace suanpan::shard
