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

JournalReader::JournalReader(const storage::Journal& journal, std::uint16_t shards,
                             std::uint32_t walk_turn_max)
    : journal_(journal), walk_turn_max_(walk_turn_max) {
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
        std::size_t here =
            lane.jobs.drain(lane.jobs.capacity(), [&](ReadJob&& job) { serve(lane, begin(job)); });
        if (!lane.walks.empty()) {
            Walk walk = std::move(lane.walks.front());
            lane.walks.pop_front();
            serve(lane, std::move(walk));
            ++here;
        }
        if (wake_ && !lane.answers.empty()) wake_(ShardIndex{i});
        count += here;
    }
    return count;
}

void JournalReader::serve(Lane& lane, Walk&& walk) {
    if (!go_on(walk)) {
        lane.walks.push_back(std::move(walk));
        return;
    }
    const bool pushed = lane.answers.try_push(std::move(walk.done));
    SUANPAN_ASSERT(pushed);
}

void JournalReader::start() {
    thread_ = std::thread([this] {
        while (true) {
            const std::uint32_t asked = asked_.load(std::memory_order_acquire);
            const bool worked = run_once() > 0;
            if (stopping_.load(std::memory_order_acquire)) {
                run_once();  // what was asked for before stop()
                return;
            }
            if (worked) continue;
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

JournalReader::Walk JournalReader::begin(const ReadJob& job) {
    Walk walk{.job = job, .done = {.ticket = job.ticket}, .at = job.from};
    if (job.what != ReadJob::What::statement || job.before.value == 0 || job.before >= job.from)
        return walk;
    // A page goes on at the entry where the last one ended, if that is one of this account's.
    ledger::Entry entry;
    if (!read_decoded(job.before, walk.done, entry)) return walk;
    if (entry.member == job.member && entry.program == job.program) walk.at = entry.prev_lsn;
    return walk;
}

bool JournalReader::go_on(Walk& walk) {
    if (walk.done.code != Code::ok) return true;
    switch (walk.job.what) {
        case ReadJob::What::entry: {
            const auto bytes = read_entry(walk.at, walk.done);
            walk.done.entry.assign(bytes.begin(), bytes.end());
            return true;
        }
        case ReadJob::What::statement:
            return walk_statement(walk);
        case ReadJob::What::find:
            return find_request(walk);
    }
    return true;
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

bool JournalReader::walk_statement(Walk& walk) {
    ledger::Entry entry;
    ReadDone& done = walk.done;
    for (std::uint32_t walked = 0; walk.at.value != 0; ++walked) {
        if (done.lines.size() == walk.job.lines_max) {
            done.next = done.lines.empty() ? walk.at + 1 : done.lines.back().entry_id;
            return true;
        }
        if (walked == walk_turn_max_) return false;
        if (!read_decoded(walk.at, done, entry)) return true;
        if (walk.job.before.value == 0 || walk.at < walk.job.before)
            done.lines.push_back(ledger::statement_line_of(entry));
        walk.at = entry.prev_lsn;
    }
    return true;
}

bool JournalReader::find_request(Walk& walk) {
    ledger::Entry entry;
    const ReadJob& job = walk.job;
    for (std::uint32_t walked = 0; walk.at.value != 0; ++walked) {
        if (walked == walk_turn_max_) return false;
        if (!read_decoded(walk.at, walk.done, entry)) return true;
        const bool found = entry.request_id == job.request_id && entry.partner == job.partner &&
                           ledger::is_client_kind(entry.kind);
        if (found) {
            const auto bytes = read_entry(walk.at, walk.done);
            walk.done.entry.assign(bytes.begin(), bytes.end());
            return true;
        }
        const Instant id_made{job.request_id.unix_ms() * 1'000'000};
        if (entry.time + id_ahead_max < id_made) break;
        walk.at = entry.prev_lsn;
    }
    walk.done.code = Code::not_executed;
    return true;
}

}  // namespace suanpan::shard
