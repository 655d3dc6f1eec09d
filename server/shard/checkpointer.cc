#include "server/shard/checkpointer.h"

#include "protocol/base/canary.h"
#include "server/shard/checkpoint_record.h"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace suanpan::shard {
namespace {

constexpr auto idle_sleep = std::chrono::milliseconds(20);
constexpr auto slice_sleep = std::chrono::microseconds(200);

}  // namespace

Checkpointer::Checkpointer(const storage::DataDirectory& directory, const storage::Journal& journal,
                           const Committer& committer, std::vector<SliceLane*> lanes,
                           StorageMetrics& metrics, const CheckpointerOptions& options, Hooks hooks)
    : directory_(directory),
      journal_(journal),
      committer_(committer),
      lanes_(std::move(lanes)),
      metrics_(metrics),
      options_(options),
      hooks_(std::move(hooks)) {}

Checkpointer::~Checkpointer() {
    stop();
}

bool Checkpointer::is_due() const {
    if (asked_.load(std::memory_order_acquire)) return true;
    const storage::Journal::Counters counters = journal_.counters();
    return counters.entry_bytes - bytes_at_last_round_ >= options_.every_bytes ||
           counters.entries - entries_at_last_round_ >= options_.every_entries;
}

bool Checkpointer::step() {
    if (writer_ == nullptr) {
        // A slice of a round that was given up may still come back.
        if (asked_for_slice_) {
            take_slice();
            slice_.reset();
            return false;
        }
        if (!is_due()) return false;
        begin_round();
        return true;
    }
    if (slice_ != nullptr) {
        if (slice_->records.highest > committer_.durable() &&
            !SUANPAN_CANARY(slice_before_its_lsn_is_durable))
            return false;
        write_slice();
        return true;
    }
    if (lane_ == lanes_.size()) {
        finish_round();
        return true;
    }
    if (!asked_for_slice_) {
        SliceLane::Ask ask{.slice = std::make_unique<Slice>(),
                           .bytes = options_.slice_bytes,
                           .first = !begun_[lane_]};
        if (!lanes_[lane_]->try_ask(std::move(ask))) return false;
        asked_for_slice_ = true;
        begun_[lane_] = true;
        hooks_.wake(ShardIndex{static_cast<std::uint16_t>(lane_)});
        return true;
    }
    take_slice();
    return slice_ != nullptr;
}

void Checkpointer::begin_round() {
    asked_.store(false, std::memory_order_release);
    const storage::Journal::Counters counters = journal_.counters();
    bytes_at_last_round_ = counters.entry_bytes;
    entries_at_last_round_ = counters.entries;
    // What is durable has been applied: an entry is staged after it was applied.
    const Lsn start = committer_.durable();
    auto writer = storage::CheckpointWriter::begin(directory_, start);
    if (!writer.has_value()) return fail_round(writer.error().detail);
    writer_ = std::move(*writer);
    round_began_ = std::chrono::steady_clock::now();
    lane_ = 0;
    begun_.assign(lanes_.size(), false);
    ended_.assign(lanes_.size(), false);
    end_lsn_ = start;
}

void Checkpointer::take_slice() {
    lanes_[std::min(lane_, lanes_.size() - 1)]->drain_answers(
        [this](std::unique_ptr<Slice>&& slice) {
            slice_ = std::move(slice);
            asked_for_slice_ = false;
        });
}

void Checkpointer::write_slice() {
    const std::unique_ptr<Slice> slice = std::move(slice_);
    const CheckpointRecordHead head{.shard = static_cast<std::uint16_t>(lane_),
                                    .shards = static_cast<std::uint16_t>(lanes_.size())};
    end_lsn_ = std::max(end_lsn_, slice->records.highest);
    const auto added = add_records(*writer_, head, slice->records, scratch_);
    if (!added.has_value()) return fail_round(added.error().detail);
    ended_[lane_] = slice->is_last;
    lane_ = next_lane();
}

std::size_t Checkpointer::next_lane() const {
    for (std::size_t i = 1; i <= lanes_.size(); ++i) {
        const std::size_t lane = (lane_ + i) % lanes_.size();
        if (!ended_[lane]) return lane;
    }
    return lanes_.size();
}

void Checkpointer::finish_round() {
    const auto round = writer_->finish(end_lsn_);
    if (!round.has_value()) return fail_round(round.error().detail);
    writer_.reset();
    metrics_.checkpoint_rounds.add();
    metrics_.checkpoint_lsn.set(round->start_lsn.value);
    const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - round_began_;
    metrics_.checkpoint_round_ns.set(static_cast<std::uint64_t>(took.count()));
    metrics_.checkpoint_finished_unix.set(static_cast<std::uint64_t>(std::time(nullptr)));
    rounds_.fetch_add(1, std::memory_order_release);
}

void Checkpointer::fail_round(const std::string& why) {
    writer_.reset();
    slice_.reset();
    metrics_.checkpoint_failures.add();
    hooks_.complain(why);
}

void Checkpointer::start() {
    thread_ = std::thread([this] { run(); });
}

void Checkpointer::stop() {
    if (!thread_.joinable()) return;
    stopping_.store(true, std::memory_order_release);
    thread_.join();
    writer_.reset();
}

void Checkpointer::run() {
    using std::chrono::steady_clock;
    std::uint64_t bytes_before = 0;
    while (!stopping_.load(std::memory_order_acquire)) {
        if (!step()) {
            std::this_thread::sleep_for(writer_ == nullptr ? idle_sleep : slice_sleep);
            continue;
        }
        if (writer_ == nullptr) {
            bytes_before = 0;
            continue;
        }
        // The pace spares the flushes of commits, which go to the same disk.
        const std::uint64_t bytes = writer_->bytes_written();
        if (bytes > bytes_before && !unpaced_.load(std::memory_order_relaxed)) {
            const std::uint64_t ns =
                (bytes - bytes_before) * 1'000'000'000 / options_.bytes_per_second;
            bytes_before = bytes;
            std::this_thread::sleep_for(std::chrono::nanoseconds(ns));
        }
    }
}

}  // namespace suanpan::shard
