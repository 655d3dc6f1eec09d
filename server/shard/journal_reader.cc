#include "server/shard/journal_reader.h"

#include "protocol/base/assert.h"
#include "server/ledger/entry.h"
#include "server/ledger/entry_format.h"

namespace suanpan::shard {
namespace {

// Clients' clocks are at most this far ahead of the server's, so that an entry older than its id by
// more cannot be the one that is looked for.
constexpr Duration id_ahead_max = limits::request_future_max;

}  // namespace

JournalReader::JournalReader(const storage::Journal& journal, std::uint16_t shards)
    : journal_(journal) {
    for (std::uint16_t i = 0; i < shards; ++i) lanes_.push_back(std::make_unique<Lane>());
}

void JournalReader::set_hooks(std::function<void(ShardIndex)> wake,
                              std::function<void(const std::string&)> complain) {
    wake_ = std::move(wake);
    complain_ = std::move(complain);
}

bool JournalReader::try_ask(ShardIndex shard, ReadJob job) {
    Lane& lane = *lanes_[static_cast<std::size_t>(shard)];
    if (lane.under_way >= limits::parked_reads_max) return false;
    const bool pushed = lane.jobs.try_push(std::move(job));
    SUANPAN_ASSERT(pushed);
    ++lane.under_way;
    // Release pairs with the acquire in start(): the job is seen after.
    asked_.fetch_add(1, std::memory_order_release);
    asked_.notify_one();
    return true;
}

std::size_t JournalReader::run_once() {
    std::size_t count = 0;
    for (std::uint16_t i = 0; i < lanes_.size(); ++i) {
        Lane& lane = *lanes_[i];
        const std::size_t here =
            lane.jobs.drain(lane.jobs.capacity(), [this, &lane](ReadJob&& job) {
                const bool pushed = lane.answers.try_push(read(job));
                SUANPAN_ASSERT(pushed);
            });
        if (here > 0 && wake_) wake_(ShardIndex{i});
        count += here;
    }
    return count;
}

void JournalReader::start() {
    thread_ = std::thread([this] {
        while (true) {
            const std::uint32_t asked = asked_.load(std::memory_order_acquire);
            if (run_once() > 0) continue;
            if (stopping_.load(std::memory_order_acquire)) return;
            asked_.wait(asked, std::memory_order_acquire);
        }
    });
}

void JournalReader::stop() {
    if (!thread_.joinable()) return;
    stopping_.store(true, std::memory_order_release);
    asked_.fetch_add(1, std::memory_order_release);
    asked_.notify_one();
    thread_.join();
}

ReadDone JournalReader::read(const ReadJob& job) {
    ReadDone done{.ticket = job.ticket};
    switch (job.what) {
        case ReadJob::What::entry: {
            const auto bytes = read_entry(job.from, done);
            done.entry.assign(bytes.begin(), bytes.end());
            break;
        }
        case ReadJob::What::statement:
            walk_statement(job, done);
            break;
        case ReadJob::What::find:
            find_request(job, done);
            break;
    }
    return done;
}

const storage::CommitCopy* JournalReader::read_commit(Lsn lsn, ReadDone& done) {
    for (const storage::CommitCopy& kept : commits_) {
        if (!kept.bytes.empty() && kept.view.first_lsn() <= lsn && lsn <= kept.view.last_lsn())
            return &kept;
    }
    auto read = journal_.read(lsn);
    if (!read.has_value()) {
        const bool gone = read.error().fault == storage::JournalFault::history_ends;
        done.code = gone ? Code::history_ends : Code::unavailable;
        if (!gone && complain_) complain_(read.error().sentence);
        return nullptr;
    }
    storage::CommitCopy& place = commits_[next_kept_++ % commits_kept];
    place = std::move(*read);
    return &place;
}

std::span<const std::byte> JournalReader::read_entry(Lsn lsn, ReadDone& done) {
    const storage::CommitCopy* commit = read_commit(lsn, done);
    if (commit == nullptr) return {};
    return commit->view.entry(lsn);
}

bool JournalReader::read_decoded(Lsn lsn, ReadDone& done, ledger::Entry& entry) {
    const auto bytes = read_entry(lsn, done);
    if (done.code != Code::ok) return false;
    if (ledger::decode(bytes, entry).has_value()) return true;
    done.code = Code::unavailable;
    if (complain_) complain_("entry " + std::to_string(lsn.value) + " is unreadable");
    return false;
}

void JournalReader::walk_statement(const ReadJob& job, ReadDone& done) {
    ledger::Entry entry;
    Lsn at = job.from;
    // A page goes on at the entry where the last one ended, if that is one of this account's.
    if (job.before.value != 0 && job.before < job.from) {
        if (!read_decoded(job.before, done, entry)) return;
        if (entry.member == job.member && entry.program == job.program) at = entry.prev_lsn;
    }
    for (std::uint32_t walked = 0; at.value != 0; ++walked) {
        if (done.lines.size() == job.lines_max || walked == limits::statement_walk_max) {
            done.next = at + 1;
            if (!done.lines.empty()) done.next = done.lines.back().entry_id;
            return;
        }
        if (!read_decoded(at, done, entry)) return;
        if (job.before.value == 0 || at < job.before)
            done.lines.push_back(ledger::statement_line_of(entry));
        at = entry.prev_lsn;
    }
}

void JournalReader::find_request(const ReadJob& job, ReadDone& done) {
    ledger::Entry entry;
    Lsn at = job.from;
    for (std::uint32_t walked = 0; at.value != 0; ++walked) {
        if (walked == limits::statement_walk_max) {
            done.code = Code::unavailable;
            return;
        }
        if (!read_decoded(at, done, entry)) return;
        const bool found = entry.request_id == job.request_id && entry.partner == job.partner &&
                           ledger::is_client_kind(entry.kind);
        if (found) {
            const auto bytes = read_entry(at, done);
            done.entry.assign(bytes.begin(), bytes.end());
            return;
        }
        const Instant id_made{job.request_id.unix_ms() * 1'000'000};
        if (entry.time + id_ahead_max < id_made) break;
        at = entry.prev_lsn;
    }
    done.code = Code::not_executed;
}

}  // namespace suanpan::shard
