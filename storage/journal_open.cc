// Journal: opening. What is there is checked, repaired where nothing promised can be lost by it,
// made durable, and otherwise refused with a sentence that says what to do.
#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/base/probe.h"
#include "storage/journal.h"
#include "storage/journal_files.h"
#include "storage/text_file.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

namespace suanpan::storage {
namespace {

constexpr std::uint64_t segment_bytes_min = 256U << 10U;
// Commits beyond LMDB's last that a raw scan keeps in memory. A crash leaves one.
constexpr std::size_t candidates_max = 16;
constexpr std::size_t sector_bytes = 512;
// Fewer zeros at the end of a commit may be an entry's own.
constexpr std::size_t tail_bytes_min = 256;

[[noreturn]] void refuse_start(OpenFault fault, const std::string& sentence) {
    throw OpenError(fault, sentence);
}

[[noreturn]] void refuse_start(const StoreFailure& failure, const std::string& advice) {
    const OpenFault fault = failure.error == StoreError::damaged     ? OpenFault::damaged
                            : failure.error == StoreError::not_found ? OpenFault::missing
                                                                     : OpenFault::disk;
    throw OpenError(fault, failure.detail + "; " + advice);
}

template <typename T>
T value_or_refuse(StoreResult<T> result, const std::string& advice) {
    if (!result) refuse_start(result.error(), advice);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

constexpr const char* restore_advice = "restore this file from a backup";
constexpr const char* disk_advice = "look at the disk and at the directory's permissions";

std::string lsn_text(std::uint64_t lsn) {
    return "LSN " + std::to_string(lsn);
}

// A segment is written ahead with zeros, so that a sector which a crash kept from being written
// shows: it is all zeros, within bytes that carry a checksum.
bool has_unwritten_sector(Bytes value) {
    const auto all_zero = [](Bytes bytes) {
        return std::all_of(bytes.begin(), bytes.end(),
                           [](std::byte b) { return b == std::byte{0}; });
    };
    // The value starts behind LMDB's page header, so its first sector is that much shorter.
    constexpr std::size_t first = sector_bytes - page_header_bytes;
    if (all_zero(value.first(std::min(first, value.size())))) return true;
    const std::size_t end = std::min(value.size(), commit_bytes_claimed(value));
    for (std::size_t at = first; at < end; at += sector_bytes) {
        const Bytes sector = value.subspan(at, std::min(sector_bytes, end - at));
        if (sector.size() >= tail_bytes_min && all_zero(sector)) return true;
    }
    return false;
}

}  // namespace

struct Journal::Candidate {
    std::uint64_t ordinal = 0;  // of the segment where it was found
    std::uint64_t first_lsn = 0;
    std::vector<std::byte> bytes;  // header and body
};

struct Journal::Files {
    std::set<std::string> names;
    std::set<std::uint64_t> segments;
    std::set<std::uint64_t> trailers;
    [[nodiscard]] bool has(const char* name) const { return names.contains(name); }
};

std::unique_ptr<Journal> Journal::open(const DataDirectory& directory,
                                       const JournalOptions& options) {
    if (options.segment_bytes < segment_bytes_min)
        refuse_start(OpenFault::disk, "segments of " + std::to_string(options.segment_bytes) +
                                          " bytes are too small; give them at least " +
                                          std::to_string(segment_bytes_min));
    std::unique_ptr<Journal> journal(new Journal(directory, options));
    Journal& j = *journal;

    Files files;
    for (std::string& name : value_or_refuse(j.volume_.list(), disk_advice)) {
        if (name.ends_with(".tmp")) {
            if (!options.read_only) value_or_refuse(j.volume_.remove(name), disk_advice);
            continue;
        }
        if (const auto ordinal = segment_ordinal(name)) files.segments.insert(*ordinal);
        if (const auto ordinal = trailer_ordinal(name)) files.trailers.insert(*ordinal);
        files.names.insert(std::move(name));
    }

    j.check_flush_marker(files);
    j.chain_before_oldest_ = genesis_chain(j.uuid_);
    j.read_state_file(files);
    if (files.segments.empty()) {
        if (options.read_only)
            refuse_start(OpenFault::missing,
                         j.volume_.describe() + ": holds no journal yet; start the server once");
        JournalResult<void> built = j.build_successor();
        if (!built)
            refuse_start(OpenFault::disk, built.error().sentence + "; make room on the disk");
        j.successors_.clear();
        files.segments.insert(1);
    }
    j.report_.clean_stop = j.take_clean_marker(files);
    j.check_sequence(files);
    j.open_unsealed(files);
    j.load_tail();
    if (!j.report_.clean_stop) j.rescue_tail();
    if (!options.read_only) j.make_durable(files);
    j.commit_worst_case_bytes_ = j.active_->bytes_worst_case(sizeof(CommitHeader));
    j.publish_room();
    return journal;
}

void Journal::check_flush_marker(const Files& files) {
    if (!files.has(flush_failed_name)) return;
    if (!options_.trust_after_failed_flush && !options_.read_only)
        refuse_start(
            OpenFault::failed_flush,
            volume_.describe() +
                ": the last process could not flush its journal (file FLUSH_FAILED); check "
                "the disk and the kernel's log, then start once with "
                "--trust-after-failed-flush");
    report_.notes.emplace_back("going on after a failed flush, from what the disk has");
    SUANPAN_PROBE("opened after a failed flush");
    for (const std::uint64_t ordinal : files.segments)
        if (!files.trailers.contains(ordinal) && !SUANPAN_CANARY(cache_trusted_after_failed_flush))
            value_or_refuse(volume_.forget_cached(segment_name(ordinal)), disk_advice);
}

void Journal::read_state_file(const Files& files) {
    if (!files.has(state_file_name)) {
        if (files.segments.empty()) {
            for (const std::string& name : files.names)
                if (name.starts_with("checkpoint-"))
                    refuse_start(OpenFault::missing,
                                 volume_.describe() + ": holds " + name +
                                     " but no journal; restore the journal's files from a backup");
            return;
        }
        // The very first start may have been cut off between the first segment and this file.
        if (files.segments != std::set<std::uint64_t>{1})
            refuse_start(OpenFault::missing,
                         volume_.describe() + ": has no file JOURNAL; restore it from a backup");
        return;
    }
    const std::vector<std::byte> content =
        value_or_refuse(volume_.read_file(state_file_name), disk_advice);
    const JournalState state = decode_state(content, uuid_);
    chain_before_oldest_ = state.chain_before;
    oldest_lsn_ = state.oldest_lsn;
    oldest_ordinal_ = state.oldest_ordinal;
    if (files.segments.empty())
        refuse_start(OpenFault::missing,
                     volume_.describe() + "/" + segment_name(state.oldest_ordinal) +
                         ": is missing, as is every other segment; restore them from a backup");
}

bool Journal::take_clean_marker(const Files& files) {
    if (!files.has(clean_stop_name)) return false;
    const std::vector<std::byte> content =
        value_or_refuse(volume_.read_file(clean_stop_name), disk_advice);
    if (!options_.read_only) value_or_refuse(volume_.remove(clean_stop_name), disk_advice);
    const std::expected<TextFile, std::string> file = TextFile::decode(content);
    // load_tail() sees whether it fits what is there.
    if (!file || !file->bytes("chain", chain_)) return false;
    const std::optional<std::uint64_t> last = file->number("last_lsn");
    if (!last) return false;
    last_lsn_.store(*last, std::memory_order_relaxed);
    return true;
}

void Journal::check_sequence(const Files& files) {
    const std::uint64_t oldest = oldest_ordinal_;
    // A retention that was cut off.
    for (const std::uint64_t ordinal : files.segments)
        if (ordinal < oldest && !options_.read_only)
            for (const std::string& name : {trailer_name(ordinal), segment_name(ordinal)})
                value_or_refuse(volume_.remove(name), disk_advice);

    const std::uint64_t newest = *files.segments.rbegin();
    for (std::uint64_t ordinal = oldest; ordinal <= newest; ++ordinal)
        if (!files.segments.contains(ordinal))
            refuse_start(OpenFault::missing, volume_.describe() + "/" + segment_name(ordinal) +
                                                 ": is missing; restore it from a backup");
    // A segment is sealed only when its successor stands ready.
    if (files.trailers.contains(newest) || newest < oldest)
        refuse_start(OpenFault::missing,
                     volume_.describe() + "/" + segment_name(std::max(newest + 1, oldest)) +
                         ": is missing, though the segment before it is sealed; restore it from a "
                         "backup");

    Lsn expected = oldest_lsn_;
    for (std::uint64_t ordinal = oldest; ordinal <= newest; ++ordinal) {
        if (!files.trailers.contains(ordinal)) {
            expected = Lsn{0};  // its end is not known from a trailer
            continue;
        }
        const std::string name = trailer_name(ordinal);
        const SegmentTrailer trailer =
            decode_trailer(name, value_or_refuse(volume_.read_file(name), disk_advice));
        if (trailer.uuid != uuid_)
            refuse_start(OpenFault::foreign,
                         name + ": belongs to data directory " + to_string(trailer.uuid) +
                             ", not to this one (" + to_string(uuid_) +
                             "); put the right segment and trailer in their place");
        if (trailer.ordinal != ordinal)
            refuse_start(OpenFault::foreign, name + ": is the trailer of segment " +
                                                 std::to_string(trailer.ordinal) +
                                                 "; put the right file in its place");
        if (expected.value != 0 && trailer.first_lsn != expected)
            refuse_start(OpenFault::damaged,
                         name + ": begins with " + lsn_text(trailer.first_lsn.value) + " where " +
                             lsn_text(expected.value) +
                             " is due; restore the journal's files from a backup");
        segments_.push_back({.ordinal = ordinal,
                             .first_lsn = trailer.first_lsn,
                             .last_lsn = trailer.last_lsn,
                             .has_trailer = true});
        expected = trailer.last_lsn + 1;
    }
    next_ordinal_ = newest + 1;
}

std::shared_ptr<Store> Journal::open_or_throw(std::uint64_t ordinal, OpenMode mode) const {
    std::shared_ptr<Store> store = value_or_refuse(
        volume_.open(segment_name(ordinal), mode, options_.segment_bytes), restore_advice);
    std::vector<std::byte> header;
    value_or_refuse(store->read_at_or_before(0, header), restore_advice);
    check_segment_header(header, ordinal, uuid_);
    return store;
}

void Journal::open_unsealed(const Files& files) {
    std::vector<OpenSegment> unsealed;
    for (std::uint64_t ordinal = oldest_ordinal_; ordinal < next_ordinal_; ++ordinal) {
        if (files.trailers.contains(ordinal)) continue;
        // Without a stop in order the tree is not trusted: where it is broken, a child dies of it.
        if (!report_.clean_stop)
            value_or_refuse(volume_.check_suspect(segment_name(ordinal)), restore_advice);
        unsealed.push_back(
            {.ordinal = ordinal,
             .store = open_or_throw(
                 ordinal, options_.read_only ? OpenMode::read_only : OpenMode::read_write)});
    }

    // The active one is the last that holds a commit, or else the first after the sealed ones.
    std::size_t active = 0;
    std::vector<std::uint64_t> last_keys;
    for (std::size_t i = 0; i < unsealed.size(); ++i) {
        const std::optional<std::uint64_t> key =
            value_or_refuse(unsealed[i].store->last_key(), restore_advice);
        last_keys.push_back(key.value_or(0));
        if (last_keys.back() != 0) active = i;
    }
    for (std::size_t i = 0; i < unsealed.size(); ++i) {
        OpenSegment& segment = unsealed[i];
        if (i > active) {
            successors_.push_back(std::move(segment));
            continue;
        }
        SegmentInfo info{.ordinal = segment.ordinal};
        std::vector<std::byte> value;
        if (last_keys[i] != 0) {
            const auto first =
                value_or_refuse(segment.store->read_at_or_after(1, value), restore_advice);
            info.first_lsn = Lsn{*first};
        } else if (i < active) {
            refuse_start(OpenFault::damaged,
                         volume_.describe() + "/" + segment_name(segment.ordinal) +
                             ": holds no commits, but a later segment does; restore it from a "
                             "backup");
        }
        if (i < active) {
            // Sealed, but the process ended before it wrote the trailer.
            value_or_refuse(segment.store->read_at_or_before(UINT64_MAX, value), restore_advice);
            const auto last = parse_commit(value);
            if (!last)
                refuse_start(OpenFault::damaged,
                             volume_.describe() + "/" + segment_name(segment.ordinal) + ": " +
                                 lsn_text(last_keys[i]) + ": the last commit " +
                                 describe(last.error()) + "; " + restore_advice);
            info.last_lsn = last->last_lsn();
            freshly_sealed_.push_back(std::move(segment));
        } else {
            active_ = std::move(segment.store);
            active_ordinal_ = segment.ordinal;
        }
        segments_.push_back(info);
    }
    std::sort(segments_.begin(), segments_.end(),
              [](const SegmentInfo& a, const SegmentInfo& b) { return a.ordinal < b.ordinal; });
    SUANPAN_ASSERT(active_ != nullptr);
    if (segments_.back().ordinal != active_ordinal_)
        refuse_start(OpenFault::damaged, volume_.describe() + "/" +
                                             trailer_name(segments_.back().ordinal) +
                                             ": a sealed segment follows one that is not; restore "
                                             "the journal's files from a backup");

    Lsn expected = oldest_lsn_;
    for (SegmentInfo& segment : segments_) {
        if (segment.first_lsn.value == 0) segment.first_lsn = expected;  // the active one, empty
        if (segment.first_lsn != expected)
            refuse_start(OpenFault::damaged,
                         volume_.describe() + "/" + segment_name(segment.ordinal) +
                             ": begins with " + lsn_text(segment.first_lsn.value) + " where " +
                             lsn_text(expected.value) + " is due; restore it from a backup");
        expected = segment.last_lsn + 1;
    }
    if (!successors_.empty()) {
        const Store& next = *successors_.front().store;
        room_in_successor_.store(next.bytes_capacity() - next.bytes_used(),
                                 std::memory_order_relaxed);
    }
    successors_ready_.store(static_cast<std::uint32_t>(successors_.size()),
                            std::memory_order_relaxed);
}

void Journal::set_tail(const CommitView& commit) {
    chain_ = commit.chain();
    last_time_ = commit.time();
    request_floor_ms_ = commit.header().request_floor_ms;
    last_lsn_.store(commit.last_lsn().value, std::memory_order_release);
}

// Finds the last commit and sees that it is intact; an incomplete one is dropped.
void Journal::load_tail() {
    const Sha256 clean_chain = chain_;
    const std::uint64_t clean_lsn = last_lsn_.load(std::memory_order_relaxed);
    check_last_commit();
    if (!report_.clean_stop) return;
    // Somebody may have put another file in the active segment's place since that stop.
    if (clean_lsn != last_lsn().value || clean_chain != chain_) {
        report_.clean_stop = false;
        report_.notes.push_back("CLEAN_STOP says " + lsn_text(clean_lsn) +
                                ", the journal ends with " + lsn_text(last_lsn().value) +
                                "; searching the raw file");
    }
}

void Journal::check_last_commit() {
    const std::string name = volume_.describe() + "/" + segment_name(active_ordinal_);
    for (bool dropped = false;; dropped = true) {
        std::vector<std::byte> value;
        const std::uint64_t key =
            value_or_refuse(active_->read_at_or_before(UINT64_MAX, value), restore_advice)
                .value_or(0);
        const SegmentInfo active = segments_.back();
        if (key == 0) {  // empty: the journal ends with the segment before, or has not begun
            chain_ = chain_before_oldest_;
            last_lsn_.store(active.first_lsn.value - 1, std::memory_order_release);
            if (segments_.size() > 1) {
                const JournalResult<void> read = visit_commit(
                    last_lsn(), [this](Bytes, const CommitView& commit) { set_tail(commit); });
                if (!read) refuse_start(OpenFault::damaged, read.error().sentence);
            }
            return;
        }

        // visit_commit() looks at what is at or below the last LSN only.
        last_lsn_.store(key - 1, std::memory_order_relaxed);
        const JournalResult<Sha256> before = chain_before(Lsn{key});
        std::expected<CommitView, CommitFault> commit =
            before ? verify_commit(value, *before) : parse_commit(value);
        if (commit && commit->first_lsn().value != key)
            commit = std::unexpected(CommitFault::damaged);
        if (commit && before) {
            set_tail(*commit);
            return;
        }
        if (!before) refuse_start(OpenFault::damaged, before.error().sentence);
        if (commit.error() == CommitFault::unknown_format)
            refuse_start(OpenFault::unknown_format,
                         name + ": " + lsn_text(key) + ": the commit " + describe(commit.error()) +
                             "; use the release that wrote it, or a later one");

        const bool torn =
            commit.error() != CommitFault::chain_broken && has_unwritten_sector(value);
        for (const Candidate& later : find_newer_commits())
            if (later.first_lsn > key)
                refuse_start(OpenFault::damaged,
                             name + ": " + lsn_text(key) + ": the commit " +
                                 describe(commit.error()) + ", and a sound one follows at " +
                                 lsn_text(later.first_lsn) + "; " + restore_advice);
        if (dropped || (!torn && !options_.drop_damaged_last_commit))
            refuse_start(OpenFault::damaged, name + ": " + lsn_text(key) + ": the last commit " +
                                                 describe(commit.error()) +
                                                 ", though it had been flushed; " + restore_advice +
                                                 ", or give this commit up by starting once with "
                                                 "--drop-damaged-last-commit");
        drop_last_commit({.ordinal = active_ordinal_, .store = active_}, Lsn{key},
                         torn ? "incomplete" : "damaged, given up by the operator");
        if (options_.read_only) {
            // Nothing is changed on disk: the reader stops before it.
            if (key == active.first_lsn.value) {
                chain_ = *before;
                return;
            }
            const JournalResult<void> read = visit_commit(
                Lsn{key - 1}, [this](Bytes, const CommitView& last) { set_tail(last); });
            if (!read) refuse_start(OpenFault::damaged, read.error().sentence);
            return;
        }
    }
}

void Journal::drop_last_commit(const OpenSegment& segment, Lsn first_lsn, const std::string& why) {
    SUANPAN_PROBE("an incomplete last commit was dropped");
    ++report_.dropped_commits;
    report_.notes.push_back(segment_name(segment.ordinal) + ": the last commit, from " +
                            lsn_text(first_lsn.value) + " on, is " + why + " and has been dropped");
    if (!options_.read_only)
        value_or_refuse(segment.store->remove_after(first_lsn.value - 1), disk_advice);
}

// Sound commits above the last LSN, wherever they lie in the raw files: by LSN, at most a few.
std::vector<Journal::Candidate> Journal::find_newer_commits() const {
    std::map<std::uint64_t, Candidate> found;
    const std::uint64_t last = last_lsn().value;
    const auto look_into = [&](std::uint64_t ordinal, const Store& store) {
        const auto wanted = [last](Bytes head) -> std::size_t {
            CommitHeader header;
            const std::size_t claimed = commit_bytes_claimed(head);
            if (claimed == 0) return 0;
            std::memcpy(&header, head.data(), sizeof header);
            return header.first_lsn > last ? claimed : 0;
        };
        const auto take = [&](Bytes value) {
            const auto commit = parse_commit(value);
            if (!commit) return;
            const std::uint64_t first = commit->first_lsn().value;
            found.try_emplace(first, Candidate{.ordinal = ordinal,
                                               .first_lsn = first,
                                               .bytes = {value.begin(), value.end()}});
            if (found.size() > candidates_max) found.erase(std::prev(found.end()));
        };
        value_or_refuse(store.scan_raw(commit_magic, wanted, take), disk_advice);
    };
    look_into(active_ordinal_, *active_);
    for (const OpenSegment& segment : successors_) look_into(segment.ordinal, *segment.store);

    std::vector<Candidate> candidates;
    for (auto& [lsn, candidate] : found) candidates.push_back(std::move(candidate));
    return candidates;
}

// A valid commit that LMDB does not know of is appended again: where a meta page was lost, an
// acknowledged one would be lost with it. LMDB starts from the state it had before that commit, so
// it puts the same bytes into the same pages; a crash in the middle of this harms nothing.
void Journal::rescue_tail() {
    for (Candidate& candidate : find_newer_commits()) {
        const Lsn due = last_lsn() + 1;
        const std::string where = volume_.describe() + "/" + segment_name(candidate.ordinal);
        if (candidate.first_lsn != due.value)
            refuse_start(OpenFault::damaged,
                         where + ": a sound commit lies at " + lsn_text(candidate.first_lsn) +
                             ", but what should come before it, from " + lsn_text(due.value) +
                             " on, is lost; " + restore_advice);
        const auto commit = verify_commit(candidate.bytes, chain_);
        if (!commit)
            refuse_start(OpenFault::damaged, where + ": " + lsn_text(candidate.first_lsn) +
                                                 ": a commit " + describe(commit.error()) + "; " +
                                                 restore_advice);
        SUANPAN_PROBE("a commit that LMDB had lost was appended again");
        ++report_.rescued_commits;
        report_.notes.push_back(segment_name(candidate.ordinal) + ": the commit from " +
                                lsn_text(due.value) + " on was missing from the tree, " +
                                (options_.read_only ? "start the server once to repair it"
                                                    : "and has been appended again"));
        if (options_.read_only) return;
        while (active_ordinal_ < candidate.ordinal) {
            const JournalResult<void> rotated = rotate();
            if (!rotated) refuse_start(OpenFault::damaged, rotated.error().sentence);
        }
        const CommitInfo info = commit->info();
        const Sha256 chain = commit->chain();
        candidate.bytes.resize(
            static_cast<std::size_t>(commit_value_bytes(commit->header().body_bytes)));
        const Bytes value(candidate.bytes);
        value_or_refuse(active_->append(info.first_lsn, Pieces(&value, 1)), disk_advice);
        chain_ = chain;
        last_time_ = info.time;
        request_floor_ms_ = info.request_floor_ms;
        last_lsn_.store(info.first_lsn + info.count - 1, std::memory_order_release);
    }
}

void Journal::make_durable(const Files& files) {
    for (const OpenSegment& segment : freshly_sealed_)
        value_or_refuse(segment.store->flush(), disk_advice);
    value_or_refuse(active_->flush(), disk_advice);
    for (const OpenSegment& segment : successors_)
        value_or_refuse(segment.store->flush(), disk_advice);
    if (!files.has(state_file_name)) {
        if (last_lsn().value != 0)
            refuse_start(OpenFault::missing,
                         volume_.describe() + ": has no file JOURNAL; restore it from a backup");
        value_or_refuse(
            volume_.write_file_durably(
                state_file_name, as_bytes(encode_state({.uuid = uuid_,
                                                        .oldest_ordinal = active_ordinal_,
                                                        .oldest_lsn = Lsn{1},
                                                        .chain_before = chain_before_oldest_}))),
            disk_advice);
    }
    if (files.has(flush_failed_name))
        value_or_refuse(volume_.remove(flush_failed_name), disk_advice);
    value_or_refuse(volume_.flush_directory(), disk_advice);
}

}  // namespace suanpan::storage
