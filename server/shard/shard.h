// Shard: one thread's worth of members. Puts commands through the ledger and answers them when they
// are durable.
#pragma once

#include "server/ledger/ledger.h"
#include "server/shard/batch.h"
#include "server/shard/card_vault.h"
#include "server/shard/checkout.h"
#include "server/shard/clock.h"
#include "server/shard/code_pools.h"
#include "server/shard/command_port.h"
#include "server/shard/committer.h"
#include "server/shard/exchange.h"
#include "server/shard/journal_reader.h"
#include "server/shard/metrics.h"
#include "server/shard/open_steps.h"
#include "server/shard/owner_lanes.h"
#include "server/shard/owner_step.h"
#include "server/shard/owner_table.h"
#include "server/shard/pending_replies.h"
#include "server/shard/program_installer.h"
#include "server/shard/shop.h"
#include "server/shard/slices.h"
#include "server/shard/staging.h"
#include "server/shard/stock_table.h"
#include "server/shard/voucher_desk.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <thread>

namespace suanpan::shard {

// Bounds and times that an operator, a test or the simulator chooses.
struct ShardOptions {
    std::uint64_t hash_seed = 0;
    std::vector<QuoteKey> quote_keys{QuoteKey{}};          // that quote tokens are sealed with
    Sha256 code_secret{};                                  // that card codes are told apart by
    std::shared_ptr<const cards::MasterKeys> master_keys;  // null: no codes are imported or shown
    std::uint64_t first_quote = 0;  // number of this shard's first quote; 0: drawn at random
    Duration request_log_window = limits::request_log_window;
    std::uint64_t request_log_ids_max = limits::request_log_ids_max;  // of the whole process
    // Staged together, at most. Few, so that the commit thread has work while this thread decides
    // what comes next: with as many to a batch as are in flight the two would take turns
    // (docs/performance.md).
    std::size_t batch_commands_max = limits::batch_commands_max;
    // A batch that has as many bytes takes no more. One command may still add several entries, with
    // what it has to post first, and the whole has to fit into one commit.
    std::size_t batch_bytes_max = limits::commit_bytes_max / 4;
    // Decided but not durable; more are answered `busy`, so that an overload does not grow the
    // wait.
    std::size_t staged_entries_max = limits::staged_entries_max;
    std::size_t staged_bytes_max = limits::staged_bytes_max;
    // The same by time: with this many in flight and the oldest waiting for longer than this, or
    // than a few commits usually take, the server is behind, and more work would only wait as well.
    std::size_t behind_entries_min = 2048;
    Duration behind_wait_min = milliseconds(2);
    // At most this many entries in flight: the shard commits by itself, on its own thread.
    std::size_t inline_commit_entries_max = 16;
    std::size_t sweep_accounts = 512;  // looked at in one slice
    Duration sweep_every = milliseconds(10);
    bool unsafe_reply_before_commit = false;
};

// What all shards of a process share. Outlives them.
struct ShardSurroundings {
    Committer& committer;
    Clock& clock;
    JournalReader& reader;
    Exchange& exchange;
    OwnerLanes& owners;
    // Wakes another shard's thread.
    std::function<void(ShardIndex)> wake;
};

// The coordinator of one shard: nothing of it is ever touched by another thread; between threads go
// plain values through bounded rings.
//
// A turn is begin_turn(), any number of submit()s, then step(). The clock is read once per turn.
// Every command gets exactly one Reply, through the ReplySink of the thread that its session lives
// on. Bounded: commands in flight by ShardOptions, reads by limits::parked_reads_max; over a bound
// the answer is `busy`, and nothing waits.
class Shard final : public CommandPort {
public:
    Shard(ShardIndex index, std::unique_ptr<ledger::Ledger> ledger,
          const ShardSurroundings& surroundings, const ShardOptions& options,
          ShardMetrics& metrics);

    // From now on this is the shard's thread, and `sink` takes the answers for sessions on it.
    void adopt_thread(ReplySink& sink);

    void begin_turn();
    // CommandPort: a command of a session on this thread, for whichever shard has its member.
    void submit(const Command& asked, const ReplyTo& to) override;
    [[nodiscard]] bool is_behind() const override;
    [[nodiscard]] std::int64_t request_floor_ms() const override {
        return around_.committer.floor_ms();
    }
    // Takes what came from elsewhere, stages, commits if that is cheaper here, releases answers.
    // True where it did anything.
    bool step();

    // True where enough has been submitted in this turn: a step now lets its commit begin and sends
    // the answers that are ready.
    [[nodiscard]] bool turn_is_full() const { return turn_is_full_; }
    // True where a step would find something to do. Called before the thread sleeps.
    [[nodiscard]] bool has_news() const;
    // Changes are refused as shutting_down from now on. On the shard's thread.
    void refuse_new_work() { draining_ = true; }
    // True where nothing is in flight. On the shard's thread.
    [[nodiscard]] bool is_quiet() const;

    // Any thread: journals that an operator has accepted the wall clock.
    void journal_clock_decision() { clock_decided_.store(true, std::memory_order_release); }

    [[nodiscard]] ShardIndex index() const { return index_; }
    [[nodiscard]] SliceLane& slice_lane() { return slice_lane_; }
    // For a stopped shard: tests, and the final checkpoint.
    [[nodiscard]] ledger::Ledger& ledger() { return *ledger_; }
    // What it knows as an owner, for tests; on the shard's thread.
    [[nodiscard]] const StockTable& stocks() const { return stocks_; }
    [[nodiscard]] const OwnerTable& counters() const { return owned_; }
    [[nodiscard]] const CodePools& pools() const { return pools_; }

private:
    // A command whose journal read is under way.
    struct Parked {
        Command command;
        ReplyTo to;
        Hash128 digest;
        bool is_change = false;  // refund, revoke: goes on when its original is there
    };

    // Accepting: shard.cc
    void send(const Command& command, const ReplyTo& to);
    void decide_inbox();
    void accept(const Command& command, const ReplyTo& to);
    void change(const Command& command, const ReplyTo& to);
    void admit(const Command& command, const ReplyTo& to);
    void decide(const Command& command, const ReplyTo& to, const Hash128& digest,
                const ledger::Entry* original);
    void repeat(const ledger::RequestFound& found, const Command& command, const ReplyTo& to,
                const Hash128& digest);
    void decide_and_stage(const Command& command, const ReplyTo& to, const Hash128& digest,
                          const ledger::Entry* original);
    void settle(const Command& command, const ReplyTo& to, const Hash128& digest);
    void put_rules(const Command& command, const ReplyTo& to, const Hash128& digest);
    void update_program(const Command& command, const ReplyTo& to, const Hash128& digest);

    // Offers: shard_redeem.cc
    void redeem(const Command& command, const ReplyTo& to, const Hash128& digest);
    void decide_counted(const Command& command, const ReplyTo& to, const Hash128& digest);
    void decide_redemption(const Command& command, const ReplyTo& to, const Hash128& digest);
    [[nodiscard]] bool complete_redemption(OwnerStep& step);
    [[nodiscard]] bool complete_late_payment(OwnerStep& step);
    void note_counters();
    void pass_velocity(const Command& command, const ReplyTo& to, const Hash128& digest,
                       cards::VelocityKind kind);
    void put_offers(const Command& command, const ReplyTo& to, const Hash128& digest);
    void open_offers();

    // Card codes: shard_cards.cc
    void import_codes(const Command& command, const ReplyTo& to, const Hash128& digest);
    void add_imported_codes();
    void recall(const Command& command, const ReplyTo& to, const Hash128& digest);
    void complete_recall(OwnerStep& step);
    [[nodiscard]] bool withdraw_recalled(const Command& command);
    void want_chunk(Lsn lsn);
    [[nodiscard]] bool take_chunk(const ReadDone& done);
    void decide_reveal(const Command& command, const ReplyTo& to, const Hash128& digest);

    // The life of vouchers: shard_vouchers.cc
    [[nodiscard]] ShardIndex home_of(const Command& command) const;
    void change_voucher(const Command& command, const ReplyTo& to);
    [[nodiscard]] bool find_code(const Command& command, Verify& verify, const ReplyTo& to);
    void decide_voucher(const Command& command, const ReplyTo& to, const Hash128& digest);
    [[nodiscard]] std::unique_ptr<ReplyBody> body_of(const ledger::Entry& entry);

    void conclude(const Command& command, const ReplyTo& to, const Hash128& digest,
                  const ledger::Decision& decision, const std::string& message = {});
    bool post_due_first(const CommandHead& head, int round);
    void stage(const Batch::Asked* asked);
    void advance_clock(const Command& command, const ReplyTo& to, const Hash128& digest);
    [[nodiscard]] Code not_now() const;
    [[nodiscard]] bool batch_is_full() const;
    void close_full_batch();
    [[nodiscard]] std::uint64_t request_log_share() const {
        return options_.request_log_ids_max / around_.exchange.shards();
    }
    void refuse(const ReplyTo& to, Code code, std::int64_t detail = 0);
    void deliver(Reply&& reply);
    [[nodiscard]] ShardIndex owner_of(const Command& command) const;

    // Counters that all members share, asking and owning: shard_owners.cc
    void take_units(const Command& command, const ReplyTo& to, const Hash128& digest,
                    std::vector<OwnerAsk>&& asks);
    bool ask_owners(OwnerStep& step);
    bool take_answer(OwnerStep& step, const OwnerAnswer& answer);
    [[nodiscard]] std::optional<OwnerAnswer> ask_own(const OwnerAsk& ask);
    void tell_own(const OwnerNotice& notice);
    void owner_answered(const OwnerAnswer& answer);
    void refuse_step(OwnerStep& step, const OwnerAnswer& answer);
    void give_back(const OwnerStep& step);
    void tell_owner(const OwnerNotice& notice);
    void tell_owners_of_batch();
    void wake_owners();
    void note_count(const PublishedCount& count);
    [[nodiscard]] bool serve_owners();
    void learn_counts();
    void refresh_limits(std::optional<ProgramId> installed);
    void serve_queue(const MemberId& member);

    // Reads: shard_reads.cc
    void read(const Command& command, const ReplyTo& to);
    void answer_read(Reply&& reply);
    void read_statement(const Command& command, const ReplyTo& to);
    void lookup(const Command& command, const ReplyTo& to);
    void park(const ReadJob& job, Parked&& parked);
    void resume(ReadDone&& done);
    void resume_change(Parked& parked, const ReadDone& done);
    void resume_repeat(const Parked& parked, const ReadDone& done);
    void resume_statement(const Parked& parked, ReadDone&& done);
    [[nodiscard]] bool sees_undurable() const;

    // A turn: shard_turn.cc
    void install(const Mail& mail);
    void end_batch();
    void add_floor_entry();
    void commit();
    [[nodiscard]] bool release();
    void raise_floor();
    bool sweep();
    bool hand_over_slices();
    void follow_advances();
    void note_durable(Lsn durable);
    void publish_metrics();

    const ShardIndex index_;
    std::unique_ptr<ledger::Ledger> ledger_;
    ShardSurroundings around_;
    const ShardOptions options_;
    ShardMetrics& metrics_;
    ReplySink* sink_ = nullptr;
    std::thread::id thread_;

    Instant now_{0};
    // When each batch in flight was staged, for the metrics.
    struct StagedAt {
        Lsn last;
        Instant at;
        std::size_t commands = 0;
    };
    std::deque<StagedAt> staged_at_;
    Duration flush_mean_;  // of the last commits
    Instant turn_began_{0};
    Duration advanced_;  // of the sandbox's clock, as far as the two above follow it
    bool room_ = true;
    bool clock_safe_ = true;
    bool draining_ = false;
    bool turn_is_full_ = false;
    bool floor_commit_wanted_ = false;  // a follow-up of this batch waits for a higher floor
    // Taken from the sockets, not looked at yet; at most inbox_commands_max.
    struct Inboxed {
        Command command;
        ReplyTo to;
    };
    std::vector<Inboxed> inbox_;
    Instant inbox_since_;  // when its first was taken
    Batch batch_;
    StagingPool staging_;
    PendingReplies pending_;
    Lsn last_reserved_;
    ledger::Entry entry_;     // the one being decided
    ledger::Entry original_;  // the one it is about
    ledger::Entry due_entry_;
    Checkout checkout_;
    CardVault vault_;
    CodePools pools_;
    Shop shop_;
    VoucherDesk desk_;

    std::map<std::uint64_t, Parked> parked_;
    std::uint64_t next_ticket_ = 1;
    OpenSteps open_steps_;

    // As one who asks owners.
    std::map<std::uint64_t, std::unique_ptr<OwnerStep>> owner_steps_;  // that wait for an answer
    std::uint64_t next_owner_step_ = 1;
    // What the batch does to shared counters: place of the entry, and what its owner will be told.
    struct Noted {
        std::size_t entry = 0;
        OwnerNotice notice;
    };
    std::vector<Noted> noted_;
    std::vector<bool> owners_to_wake_;
    // As an owner.
    OwnerTable owned_;
    StockTable stocks_;
    Instant limits_hold_until_{0};

    ProgramInstaller installer_;
    // Imports of the batch: place of the entry, and what it imports.
    struct Imported {
        std::size_t entry = 0;
        ChunkPtr chunk;
    };
    std::vector<Imported> imports_;
    std::map<std::uint64_t, Lsn> wanted_chunks_;  // being read, by ticket
    std::vector<OwnerAsk> closed_;                // offers that wait for what is being installed
    SliceLane slice_lane_;
    ledger::RecordCursor slice_cursor_;
    PoolCursor pool_cursor_;
    Instant next_sweep_{0};
    Instant next_floor_{0};
    Instant next_slow_metrics_{0};
    // Set by any thread, taken by this one: an operator's decision about the clock, to be
    // journaled.
    std::atomic<bool> clock_decided_{false};
};

}  // namespace suanpan::shard
