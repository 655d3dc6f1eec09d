// Reads entries back from the journal, on a thread of its own, so that no shard waits for a disk.
#pragma once

#include "protocol/command.h"
#include "protocol/limits.h"
#include "server/ledger/entry.h"
#include "server/shard/reply.h"
#include "server/shard/ring.h"
#include "storage/journal.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace suanpan::shard {

// What a shard wants read. Every LSN in it is durable already.
struct ReadJob {
    enum class What : std::uint8_t {
        entry,      // the entry `from` itself
        statement,  // walk back from `from`, the newest: up to lines_max lines below `before`
        find,  // walk back from `from`: the entry of (partner, request_id), not older than its time
    };
    What what{};
    std::uint64_t ticket = 0;  // the shard's own; comes back with the answer
    Lsn from;
    Lsn before;  // 0: no bound
    RequestId request_id;
    PartnerId partner{};
    MemberId member;  // statement: whose chain it must be
    ProgramId program{};
    std::uint16_t lines_max = 0;
};

// The answer to one ReadJob.
struct ReadDone {
    std::uint64_t ticket = 0;
    // ok; unavailable (the journal could not be read); history_ends; not_executed (find: not there)
    Code code = Code::ok;
    std::vector<std::byte> entry;  // entry, find
    std::vector<StatementLine> lines;
    Lsn next;  // statement: where to go on, 0: that was all
};

// One thread, between it and each shard two rings. A shard has at most limits::parked_reads_max
// jobs under way, so that the ring of answers is never full.
//
// A walk goes as far back as it must: it ends with what was asked for, with the account's first
// entry, or where a retention has removed the rest. It does so in turns of `walk_turn_max` entries,
// between which other jobs are done, so that a long one holds up the others by a turn.
class JournalReader {
public:
    JournalReader(const storage::Journal& journal, std::uint16_t shards,
                  std::uint32_t walk_turn_max = limits::walk_turn_max);

    // `wake(shard)`: an answer waits. `complain(sentence)`: a read failed, for the log.
    void set_hooks(std::function<void(ShardIndex)> wake,
                   std::function<void(const std::string&)> complain);

    // On the shard's thread. False: too many under way; the request is answered `busy`.
    [[nodiscard]] bool try_ask(ShardIndex shard, ReadJob job);
    // On the shard's thread: takes every answer that is there.
    template <typename Take>
    std::size_t drain(ShardIndex shard, Take&& take) {
        Lane& lane = *lanes_[static_cast<std::size_t>(shard)];
        const std::size_t count = lane.answers.drain(lane.answers.capacity(), take);
        lane.under_way -= count;
        return count;
    }
    [[nodiscard]] bool has_answers(ShardIndex shard) const {
        return !lanes_[static_cast<std::size_t>(shard)]->answers.empty();
    }

    // Does all jobs that are there and a turn of each shard's oldest walk. Returns how many that
    // were. The reader's thread, or the simulator between two steps.
    std::size_t run_once();

    // The thread: start() after set_hooks(); stop() answers what was asked, but for walks that have
    // not ended: the connections that asked for them are closed by then.
    void start();
    void stop();
    ~JournalReader() { stop(); }

private:
    // A job with how far it has come.
    struct Walk {
        ReadJob job;
        ReadDone done;
        Lsn at;  // the entry to look at next; 0: there is none
    };
    struct Lane {
        SpscRing<ReadJob> jobs{limits::parked_reads_max};
        SpscRing<ReadDone> answers{limits::parked_reads_max};
        std::deque<Walk> walks;     // the reader's own: those that have had a turn and not ended
        std::size_t under_way = 0;  // the shard's own
    };
    void serve(Lane& lane, Walk&& walk);
    [[nodiscard]] Walk begin(const ReadJob& job);
    // One turn. True: `done` is the answer.
    [[nodiscard]] bool go_on(Walk& walk);
    // The entry's bytes, valid until the next call; nothing where `done` says why.
    [[nodiscard]] std::span<const std::byte> read_entry(Lsn lsn, ReadDone& done);
    [[nodiscard]] const storage::CommitCopy* read_commit(Lsn lsn, ReadDone& done);
    [[nodiscard]] bool read_decoded(Lsn lsn, ReadDone& done, ledger::Entry& entry);
    [[nodiscard]] bool walk_statement(Walk& walk);
    [[nodiscard]] bool find_request(Walk& walk);

    const storage::Journal& journal_;
    const std::uint32_t walk_turn_max_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::function<void(ShardIndex)> wake_;
    std::function<void(const std::string&)> complain_;
    // Commits read last: look-ups after a crash, and the entries of one account, lie close
    // together.
    static constexpr std::size_t commits_kept = 8;
    std::array<storage::CommitCopy, commits_kept> commits_;
    std::size_t next_kept_ = 0;

    std::atomic<std::uint32_t> asked_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace suanpan::shard
