// Journal: appending, rotation, what is built ahead, retention. Opening: journal_open.cc; reading:
// journal_read.cc.
#include "storage/journal.h"

#include "protocol/base/assert.h"
#include "protocol/base/probe.h"
#include "protocol/limits.h"
#include "storage/journal_files.h"
#include "storage/text_file.h"

#include <algorithm>
#include <array>

namespace suanpan::storage {
namespace {

constexpr std::array<std::byte, page_bytes> zeros{};

// has_room() is promised for entries of at least this size; it bounds the directory's share.
constexpr std::uint64_t entry_bytes_min = 32;

JournalError error_of(const StoreFailure& failure) {
    switch (failure.error) {
        case StoreError::full:
            return {.fault = JournalFault::storage_full, .sentence = failure.detail};
        case StoreError::damaged:
            return {.fault = JournalFault::damaged, .sentence = failure.detail};
        default:
            return {.fault = JournalFault::disk, .sentence = failure.detail};
    }
}

std::unexpected<JournalError> refusal(JournalFault fault, std::string sentence) {
    return std::unexpected(JournalError{.fault = fault, .sentence = std::move(sentence)});
}

}  // namespace

Journal::Journal(const DataDirectory& directory, const JournalOptions& options)
    : volume_(directory.volume()),
      uuid_(directory.uuid()),
      incarnation_(directory.incarnation()),
      options_(options) {}

Journal::~Journal() = default;

JournalResult<void> Journal::append(const CommitInfo& info, std::span<const Bytes> runs,
                                    std::span<const std::uint32_t> lengths) {
    SUANPAN_ASSERT(!options_.read_only);
    SUANPAN_ASSERT(!closed_);
    SUANPAN_ASSERT(info.first_lsn == last_lsn_.load(std::memory_order_relaxed) + 1);  // INV-2
    SUANPAN_ASSERT(info.count > 0);
    SUANPAN_ASSERT(info.count == lengths.size());
    SUANPAN_ASSERT(info.count <= limits::commit_entries_max);
    if (failed_) return refusal(JournalFault::flush_failed, "an earlier flush has failed");

    directory_scratch_.resize(info.count);
    std::uint64_t offset = commit_body_bytes(info.count, 0);
    for (std::uint32_t i = 0; i < info.count; ++i) {
        directory_scratch_[i] = {.offset_bytes = static_cast<std::uint32_t>(offset),
                                 .length_bytes = lengths[i]};
        offset += lengths[i];
    }
    const std::uint64_t body_bytes = offset;
    const std::uint64_t entry_bytes = body_bytes - commit_body_bytes(info.count, 0);
    std::uint64_t run_bytes = 0;
    for (const Bytes run : runs) run_bytes += run.size();
    SUANPAN_ASSERT(run_bytes == entry_bytes);
    SUANPAN_ASSERT(entry_bytes <= limits::commit_bytes_max + limits::entry_bytes_max);

    // Rotation is decided before the transaction, from its worst case, so that LMDB never runs
    // full.
    const std::uint64_t value_bytes = commit_value_bytes(body_bytes);
    const std::uint64_t worst_case = active_->bytes_worst_case(value_bytes);
    if (active_->bytes_used() + worst_case > active_->bytes_capacity())
        if (JournalResult<void> rotated = rotate(); !rotated) return rotated;
    if (active_->bytes_used() + worst_case > active_->bytes_capacity())
        return refusal(JournalFault::storage_full, "a commit of " + std::to_string(value_bytes) +
                                                       " bytes does not fit into a segment of " +
                                                       std::to_string(active_->bytes_capacity()));

    // pieces: header, directory, runs, zeros
    pieces_scratch_.clear();
    pieces_scratch_.emplace_back();
    pieces_scratch_.push_back(std::as_bytes(std::span(directory_scratch_)));
    pieces_scratch_.insert(pieces_scratch_.end(), runs.begin(), runs.end());
    const CommitHeader header =
        encode_commit_header(info, incarnation_, chain_, Pieces(pieces_scratch_).subspan(1));
    pieces_scratch_.front() = std::as_bytes(std::span(&header, 1));
    pieces_scratch_.push_back(
        Bytes(zeros).first(static_cast<std::size_t>(value_bytes - sizeof header - body_bytes)));

    const std::uint64_t used_before = active_->bytes_used();
    StoreResult<void> appended = active_->append(info.first_lsn, pieces_scratch_);
    // Room was checked above, so that even `full` means that the file is not what we think it is.
    if (!appended) return fail_flush(appended.error(), info);

    chain_ = header.chain;
    last_time_ = info.time;
    request_floor_ms_ = info.request_floor_ms;
    last_lsn_.store(info.first_lsn + info.count - 1, std::memory_order_release);
    commits_.fetch_add(1, std::memory_order_relaxed);
    entries_.fetch_add(info.count, std::memory_order_relaxed);
    entry_bytes_.fetch_add(entry_bytes, std::memory_order_relaxed);
    disk_bytes_.fetch_add(active_->bytes_used() - used_before, std::memory_order_relaxed);
    publish_room();
    return {};
}

JournalResult<void> Journal::fail_flush(const StoreFailure& failure, const CommitInfo& info) {
    failed_ = true;
    SUANPAN_PROBE("a commit's flush failed");
    const std::string sentence = "commit of LSN " + std::to_string(info.first_lsn) + " to " +
                                 std::to_string(info.first_lsn + info.count - 1) +
                                 " could not be flushed: " + failure.detail;
    TextFile file;
    file.remark("Written when a flush failed. What the page cache shows may not be on the disk.");
    file.remark("Check the disk (kernel log), then start once with --trust-after-failed-flush.");
    file.set("first_lsn", info.first_lsn);
    file.set("segment", segment_name(active_ordinal_));
    // The disk that refused a flush may well refuse this one too. The next start has to see the
    // file all the same, unless the machine restarts, and with it the page cache that it warns of.
    const std::string marker = file.encode();
    if (!volume_.write_file_durably(flush_failed_name, as_bytes(marker)))
        static_cast<void>(volume_.write_file(flush_failed_name, as_bytes(marker)));
    return refusal(JournalFault::flush_failed, sentence);
}

JournalResult<void> Journal::rotate() {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        if (successors_.empty())
            return refusal(JournalFault::storage_full,
                           segment_name(active_ordinal_) + " is full and no successor is ready");
        SUANPAN_ASSERT(successors_.front().ordinal == active_ordinal_ + 1);
        const Lsn last = last_lsn();
        freshly_sealed_.push_back({.ordinal = active_ordinal_, .store = std::move(active_)});
        segments_.back().last_lsn = last;
        active_ = std::move(successors_.front().store);
        active_ordinal_ = successors_.front().ordinal;
        successors_.erase(successors_.begin());
        segments_.push_back({.ordinal = active_ordinal_, .first_lsn = last + 1});
        successors_ready_.store(static_cast<std::uint32_t>(successors_.size()),
                                std::memory_order_relaxed);
        if (successors_.empty()) room_in_successor_.store(0, std::memory_order_relaxed);
        wake = wake_builder_;
    }
    rotations_.fetch_add(1, std::memory_order_relaxed);
    publish_room();
    if (wake) wake();
    return {};
}

void Journal::publish_room() {
    const std::uint64_t used = active_->bytes_used();
    const std::uint64_t capacity = active_->bytes_capacity();
    room_in_active_.store(used < capacity ? capacity - used : 0, std::memory_order_relaxed);
}

bool Journal::has_room(std::uint64_t bytes, std::uint32_t commits) const {
    if (successors_ready_.load(std::memory_order_relaxed) == 0) return false;
    const std::uint64_t need = bytes + bytes / entry_bytes_min * sizeof(EntryDirectorySlot) +
                               commits * commit_worst_case_bytes_;
    return need <= room_in_active_.load(std::memory_order_relaxed) ||
           need <= room_in_successor_.load(std::memory_order_relaxed);
}

std::uint64_t Journal::bytes_free() const {
    return room_in_active_.load(std::memory_order_relaxed) +
           successors_ready_.load(std::memory_order_relaxed) *
               room_in_successor_.load(std::memory_order_relaxed);
}

Journal::Counters Journal::counters() const {
    return {.commits = commits_.load(std::memory_order_relaxed),
            .entries = entries_.load(std::memory_order_relaxed),
            .entry_bytes = entry_bytes_.load(std::memory_order_relaxed),
            .disk_bytes = disk_bytes_.load(std::memory_order_relaxed),
            .rotations = rotations_.load(std::memory_order_relaxed)};
}

void Journal::on_work_for_builder(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_builder_ = std::move(wake);
}

JournalResult<bool> Journal::build_ahead() {
    SUANPAN_ASSERT(!options_.read_only);
    std::optional<SegmentInfo> untrailed;
    std::size_t successors = 0;
    {
        const std::lock_guard lock(mutex_);
        successors = successors_.size();
        const auto found =
            std::find_if(segments_.begin(), segments_.end(), [](const auto& segment) {
                return segment.last_lsn.value != 0 && !segment.has_trailer;
            });
        if (found != segments_.end()) untrailed = *found;
    }
    // Room before tidiness.
    if (successors < options_.successors) {
        JournalResult<void> built = build_successor();
        if (!built) return std::unexpected(std::move(built.error()));
        return true;
    }
    if (untrailed) {
        JournalResult<void> written = write_trailer(*untrailed);
        if (!written) return std::unexpected(std::move(written.error()));
        return true;
    }
    return false;
}

JournalResult<void> Journal::build_successor() {
    const std::uint64_t ordinal = next_ordinal_;
    const std::string name = segment_name(ordinal);
    const SegmentHeader header = make_segment_header(ordinal, uuid_);
    const bool urgent = successors_ready_.load(std::memory_order_relaxed) == 0;
    const StoreShape shape{
        .capacity_bytes = options_.segment_bytes,
        .written_ahead = true,
        .pace_bytes_per_second = urgent ? 0 : options_.build_pace_bytes_per_second};
    StoreResult<void> created =
        volume_.create_ahead(name, shape, std::as_bytes(std::span(&header, 1)));
    // It was built, but the directory's flush or the opening failed the last time.
    if (!created && created.error().error == StoreError::exists)
        created = volume_.flush_directory();
    if (!created) return std::unexpected(error_of(created.error()));
    StoreResult<std::shared_ptr<Store>> store =
        volume_.open(name, OpenMode::read_write, options_.segment_bytes);
    if (!store) return std::unexpected(error_of(store.error()));

    const std::lock_guard lock(mutex_);
    const std::uint64_t room = (*store)->bytes_capacity() - (*store)->bytes_used();
    successors_.push_back({.ordinal = ordinal, .store = std::move(*store)});
    next_ordinal_ = ordinal + 1;
    room_in_successor_.store(room, std::memory_order_relaxed);
    successors_ready_.store(static_cast<std::uint32_t>(successors_.size()),
                            std::memory_order_relaxed);
    return {};
}

JournalResult<void> Journal::write_trailer(const SegmentInfo& segment) {
    JournalResult<std::shared_ptr<Store>> store = reader_of(segment.ordinal);
    if (!store) return std::unexpected(std::move(store.error()));
    const StoreResult<Sha256> content_hash = (*store)->content_hash();
    if (!content_hash) return std::unexpected(error_of(content_hash.error()));
    SegmentTrailer trailer{.ordinal = segment.ordinal,
                           .uuid = uuid_,
                           .first_lsn = segment.first_lsn,
                           .last_lsn = segment.last_lsn,
                           .content_hash = *content_hash};
    JournalResult<void> read = visit_commit(
        segment.last_lsn,
        [&trailer](Bytes, const CommitView& commit) { trailer.chain = commit.chain(); });
    if (!read) return read;
    const StoreResult<void> written = volume_.write_file_durably(trailer_name(segment.ordinal),
                                                                 as_bytes(encode_trailer(trailer)));
    if (!written) return std::unexpected(error_of(written.error()));

    const std::scoped_lock lock(readers_mutex_, mutex_);
    for (SegmentInfo& each : segments_)
        if (each.ordinal == segment.ordinal) each.has_trailer = true;
    const auto sealed =
        std::find_if(freshly_sealed_.begin(), freshly_sealed_.end(),
                     [&](const OpenSegment& open) { return open.ordinal == segment.ordinal; });
    if (sealed != freshly_sealed_.end()) {
        known_[sealed->ordinal] = sealed->store;
        readers_.push_front(std::move(*sealed));
        freshly_sealed_.erase(sealed);
        while (readers_.size() > options_.open_segments_max) readers_.pop_back();
    }
    return {};
}

JournalResult<std::uint32_t> Journal::retire_before(Lsn before, const SealedBaseline& baseline) {
    SUANPAN_ASSERT(!options_.read_only);
    Sha256 chain_at_baseline{};
    Lsn commit_end;
    JournalResult<void> read = visit_commit(baseline.lsn, [&](Bytes, const CommitView& commit) {
        chain_at_baseline = commit.chain();
        commit_end = commit.last_lsn();
    });
    if (!read) return std::unexpected(std::move(read.error()));
    if (commit_end != baseline.lsn || chain_at_baseline != baseline.chain)
        return refusal(JournalFault::refused, "the baseline at LSN " +
                                                  std::to_string(baseline.lsn.value) +
                                                  " is not one of this journal");

    std::vector<SegmentInfo> going;
    SegmentInfo oldest_kept;
    {
        const std::lock_guard lock(mutex_);
        for (const SegmentInfo& segment : segments_) {
            oldest_kept = segment;
            if (segment.last_lsn.value == 0 || !segment.has_trailer) break;
            if (segment.last_lsn >= before || segment.last_lsn > baseline.lsn) break;
            going.push_back(segment);
        }
    }
    if (going.empty()) return 0U;

    // The state file goes first: from then on the older segments are not missed.
    Sha256 chain{};
    read = visit_commit(going.back().last_lsn,
                        [&](Bytes, const CommitView& commit) { chain = commit.chain(); });
    if (!read) return std::unexpected(std::move(read.error()));
    const StoreResult<void> written = volume_.write_file_durably(
        state_file_name, as_bytes(encode_state({.uuid = uuid_,
                                                .oldest_ordinal = oldest_kept.ordinal,
                                                .oldest_lsn = oldest_kept.first_lsn,
                                                .chain_before = chain})));
    if (!written) return std::unexpected(error_of(written.error()));
    {
        const std::scoped_lock lock(readers_mutex_, mutex_);
        chain_before_oldest_ = chain;
        oldest_lsn_ = oldest_kept.first_lsn;
        oldest_ordinal_ = oldest_kept.ordinal;
        std::erase_if(segments_, [&](const SegmentInfo& segment) {
            return segment.ordinal < oldest_kept.ordinal;
        });
        readers_.remove_if(
            [&](const OpenSegment& open) { return open.ordinal < oldest_kept.ordinal; });
        known_.erase(known_.begin(), known_.lower_bound(oldest_kept.ordinal));
    }
    // A reader that still has one of them open keeps its bytes until it is done.
    for (const SegmentInfo& segment : going)
        for (const std::string& name :
             {trailer_name(segment.ordinal), segment_name(segment.ordinal)})
            if (const StoreResult<void> removed = volume_.remove(name); !removed)
                return std::unexpected(error_of(removed.error()));
    return static_cast<std::uint32_t>(going.size());
}

JournalResult<void> Journal::close() {
    SUANPAN_ASSERT(!closed_);
    closed_ = true;
    if (options_.read_only || failed_) return {};
    TextFile file;
    file.remark("The last stop was in order; removed at the next start.");
    file.set("segment", segment_name(active_ordinal_));
    file.set("last_lsn", last_lsn().value);
    file.set("chain", Bytes(chain_));
    const StoreResult<void> written =
        volume_.write_file_durably(clean_stop_name, as_bytes(file.encode()));
    if (!written) return std::unexpected(error_of(written.error()));
    return {};
}

std::vector<SegmentInfo> Journal::segments() const {
    const std::lock_guard lock(mutex_);
    return segments_;
}

Sha256 Journal::chain_before_oldest() const {
    const std::lock_guard lock(mutex_);
    return chain_before_oldest_;
}

Lsn Journal::oldest_lsn() const {
    const std::lock_guard lock(mutex_);
    return oldest_lsn_;
}

}  // namespace suanpan::storage
