// Journal: all entries, in order. Segments on a Volume, one value per commit, a hash chain through
// all.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "storage/data_directory.h"
#include "storage/journal_format.h"
#include "storage/open_error.h"
#include "storage/read_ahead.h"
#include "storage/segment.h"
#include "storage/volume.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace suanpan::storage {

struct JournalOptions {
    std::uint64_t segment_bytes = std::uint64_t{1} << 30U;
    // Finished empty segments kept ready. Two, so that a rotation leaves one: with none ready,
    // writes are refused (has_room).
    std::uint32_t successors = 2;
    // Speed limit of building a segment while another one stands ready; 0: none. A commit's flush
    // shares the disk with it.
    std::uint64_t build_pace_bytes_per_second = 256U << 20U;
    // Sealed segments held open for readers.
    std::uint32_t open_segments_max = 8;
    // After a failed flush the page cache may show bytes that the disk never got. The operator says
    // that he has checked the disk and wants to go on from what can be read now.
    bool trust_after_failed_flush = false;
    // The operator gives up the last commit, which LMDB says was flushed but which fails its check.
    bool drop_damaged_last_commit = false;
    // For tools: changes nothing on disk, repairs nothing, flushes nothing.
    bool read_only = false;
};

// What opening found and did, for the log and the start record.
struct JournalOpenReport {
    bool clean_stop = false;            // the last process closed the journal in order
    std::uint32_t rescued_commits = 0;  // in the raw file but not in LMDB's tree; appended again
    std::uint32_t dropped_commits = 0;  // incomplete last commit
    std::vector<std::string> notes;     // one sentence each
};

enum class JournalFault : std::uint8_t {
    storage_full,  // nothing was written; has_room() said so
    flush_failed,  // stop the process at once; the next start asks for a flag
    damaged,
    history_ends,  // below the oldest entry that is kept
    not_found,     // above the last entry
    disk,          // the operating system refused; try again later
    refused,       // the caller may not do this now
};

struct JournalError {
    JournalFault fault = JournalFault::damaged;
    std::string sentence;  // what, where (segment, LSN), what to do
};
template <typename T>
using JournalResult = std::expected<T, JournalError>;

// Names a complete checkpoint at one LSN (baseline.h), which allows older segments to go.
struct SealedBaseline {
    Lsn lsn;
    Sha256 chain{};
};

// One commit, copied out of the journal. Moves, since the view points into the bytes.
struct CommitCopy {
    CommitCopy() = default;
    CommitCopy(CommitCopy&&) = default;
    CommitCopy& operator=(CommitCopy&&) = default;
    CommitCopy(const CommitCopy&) = delete;
    CommitCopy& operator=(const CommitCopy&) = delete;

    std::vector<std::byte> bytes;
    CommitView view;  // into bytes
};

// How much for_each_commit checks.
enum class CommitCheck : std::uint8_t {
    crc,    // each commit by itself, LSNs without gaps (INV-2)
    chain,  // and the hash chain
};

// Owned by main. append(): one thread at a time, whoever holds the commit token. build_ahead() and
// close(): one thread at a time, another than the appending one if you like; retire_before():
// likewise, and neither of the two if you like. Everything else: any thread.
//
// An entry that append() accepted is there after any crash, in its place, unchanged (P1, INV-2).
// Bounds: one commit at most limits::commit_bytes_max of entries and commit_entries_max of them;
// open_segments_max + 1 + successors files open.
class Journal {
public:
    // Checks, repairs and makes durable what is there; makes the first segment where there is none.
    // Throws OpenError.
    [[nodiscard]] static std::unique_ptr<Journal> open(const DataDirectory& directory,
                                                       const JournalOptions& options);
    ~Journal();

    // Appends one commit, durably. `runs` are the entries' bytes in LSN order, in as many
    // contiguous pieces as the caller likes (an entry may not cross two runs' end only by
    // convention; nothing here cares); `lengths` has one length per entry. The bytes are copied
    // once, into LMDB's page. Expects info.first_lsn == last_lsn() + 1 and has_room() for it.
    JournalResult<void> append(const CommitInfo& info, std::span<const Bytes> runs,
                               std::span<const std::uint32_t> lengths);

    // True while entries of `bytes` together, of at least 32 bytes each, can be appended in
    // `commits` commits: a finished successor exists, and they fit into it or into the active
    // segment. Count in what is staged already. False after the very first open until build_ahead()
    // has made a successor, and whenever the disk is full; heals by itself. A few loads; any
    // thread.
    [[nodiscard]] bool has_room(std::uint64_t bytes, std::uint32_t commits = 1) const;

    [[nodiscard]] Lsn last_lsn() const { return Lsn{last_lsn_.load(std::memory_order_acquire)}; }
    // The oldest entry that is kept; 1 unless a retention removed segments.
    [[nodiscard]] Lsn oldest_lsn() const;
    // Of the commit before it; genesis where nothing was removed.
    [[nodiscard]] Sha256 chain_before_oldest() const;
    // Of the last commit; genesis (or what retention kept) where there is none. Appending thread
    // only.
    [[nodiscard]] const Sha256& chain() const { return chain_; }
    // The last commit's time and floor; the start of time where there is none. Appending thread
    // only.
    [[nodiscard]] Instant last_time() const { return last_time_; }
    [[nodiscard]] std::int64_t request_floor_ms() const { return request_floor_ms_; }

    struct Counters {
        std::uint64_t commits = 0;  // since open, as are all here
        std::uint64_t entries = 0;
        std::uint64_t entry_bytes = 0;
        std::uint64_t disk_bytes = 0;  // growth of the segments
        std::uint64_t rotations = 0;
    };
    [[nodiscard]] Counters counters() const;
    // Bytes that can still be appended, roughly; for metrics.
    [[nodiscard]] std::uint64_t bytes_free() const;

    // The commit that contains `lsn`, its CRC checked.
    JournalResult<CommitCopy> read(Lsn lsn) const;
    // Only the bytes of entry `lsn`, copied into `out`; the commit's CRC is checked.
    JournalResult<void> read_entry(Lsn lsn, std::vector<std::byte>& out) const;

    // Calls `fn` for each commit from the one that contains `from` to the last, in order. Stops
    // early, without an error, when fn returns false. The view is valid during the call only. With
    // CommitCheck::chain the chain is followed from the commit before `from`.
    JournalResult<void> for_each_commit(Lsn from, CommitCheck check,
                                        const std::function<bool(const CommitView&)>& fn) const;

    // Builds missing successors and writes missing trailers of sealed segments: everything slow
    // that append() must not do. ok(true): something was done, call again. storage_full: no space
    // now, call again later. The server runs it on a SegmentBuilder, the simulator between two
    // steps.
    JournalResult<bool> build_ahead();
    // Called (on the appending thread, briefly) whenever there is something for build_ahead() to
    // do.
    void on_work_for_builder(std::function<void()> wake);

    // Removes whole sealed segments that end below `before`. Refused unless `baseline` is an end of
    // a commit in this journal, at or after the end of each segment that goes. Returns how many
    // went.
    JournalResult<std::uint32_t> retire_before(Lsn before, const SealedBaseline& baseline);

    [[nodiscard]] const JournalOpenReport& open_report() const { return report_; }
    [[nodiscard]] std::vector<SegmentInfo> segments() const;
    // The files that hold the entries from `from` on; where in the first one is a guess.
    [[nodiscard]] std::vector<FileRange> files_from(Lsn from) const;

    // A stop in order: the next open need not search the raw file. Nothing may be appended after
    // it.
    JournalResult<void> close();

private:
    friend class CommitFeed;
    Journal(const DataDirectory& directory, const JournalOptions& options);

    struct OpenSegment {
        std::uint64_t ordinal = 0;
        std::shared_ptr<Store> store;
    };
    struct Candidate;  // a commit that a raw scan has found
    struct Files;      // what the directory holds, while opening

    // Opening (journal_open.cc), in this order. They throw OpenError.
    void check_flush_marker(const Files& files);
    void read_state_file(const Files& files);
    void check_sequence(const Files& files);
    void open_unsealed(const Files& files);
    void load_tail();
    void rescue_tail();
    void make_durable(const Files& files);
    bool take_clean_marker(const Files& files);
    void check_last_commit();
    void drop_last_commit(const OpenSegment& segment, Lsn first_lsn, const std::string& why);
    void set_tail(const CommitView& commit);
    [[nodiscard]] std::vector<Candidate> find_newer_commits() const;
    [[nodiscard]] std::shared_ptr<Store> open_or_throw(std::uint64_t ordinal, OpenMode mode) const;
    void write_state_file(std::uint64_t oldest_ordinal, Lsn oldest_lsn,
                          const Sha256& chain_before) const;

    // Reading (journal_read.cc).
    [[nodiscard]] JournalResult<std::shared_ptr<Store>> reader_of(std::uint64_t ordinal) const;
    [[nodiscard]] std::optional<SegmentInfo> segment_of(Lsn lsn) const;
    [[nodiscard]] JournalResult<void> visit_commit(
        Lsn lsn, const std::function<void(Bytes value, const CommitView&)>& fn) const;
    [[nodiscard]] JournalResult<Sha256> chain_before(Lsn first_lsn) const;
    [[nodiscard]] JournalError damage(std::uint64_t ordinal, Lsn lsn,
                                      const std::string& what) const;

    // Writing (journal.cc).
    JournalResult<void> rotate();
    JournalResult<void> fail_flush(const StoreFailure& failure, const CommitInfo& info);
    void publish_room();
    JournalResult<void> write_trailer(const SegmentInfo& segment);
    JournalResult<void> build_successor();

    Volume& volume_;
    const Uuid uuid_;
    const std::uint64_t incarnation_;
    const JournalOptions options_;
    JournalOpenReport report_;

    // Written by the appending thread only; active_ and active_ordinal_ under mutex_.
    std::shared_ptr<Store> active_;
    std::uint64_t active_ordinal_ = 0;
    Sha256 chain_{};
    Instant last_time_{};
    std::int64_t request_floor_ms_ = 0;
    bool failed_ = false;
    bool closed_ = false;
    std::vector<EntryDirectorySlot> directory_scratch_;
    std::vector<Bytes> pieces_scratch_;

    // Release-stored by the appending thread, acquire-loaded by readers: who sees an LSN may read
    // it.
    std::atomic<std::uint64_t> last_lsn_{0};
    // Hints for has_room(), relaxed: the caller's sum of what is staged moves meanwhile as well.
    std::atomic<std::uint64_t> room_in_active_{0};
    std::atomic<std::uint64_t> room_in_successor_{0};
    std::atomic<std::uint32_t> successors_ready_{0};
    std::uint64_t commit_worst_case_bytes_ = 0;  // of a commit without entries; set once, at open
    // Counters for metrics, relaxed.
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::uint64_t> entries_{0};
    std::atomic<std::uint64_t> entry_bytes_{0};
    std::atomic<std::uint64_t> disk_bytes_{0};
    std::atomic<std::uint64_t> rotations_{0};

    // Guards what follows; held for moments, never during a flush or the opening of a file.
    mutable std::mutex mutex_;
    std::vector<SegmentInfo> segments_;        // by ordinal, the active one last
    std::vector<OpenSegment> successors_;      // finished, empty, open for writing; by ordinal
    std::vector<OpenSegment> freshly_sealed_;  // still open for writing; no trailer yet
    Sha256 chain_before_oldest_{};
    Lsn oldest_lsn_{1};
    std::uint64_t oldest_ordinal_ = 1;
    std::function<void()> wake_builder_;
    std::uint64_t next_ordinal_ = 1;  // of the next successor to build; build_ahead's thread only

    // Guards the small cache of sealed segments. Taken before mutex_ where both are needed.
    mutable std::mutex readers_mutex_;
    mutable std::list<OpenSegment> readers_;  // most recently used first
    // A store that has left the cache may still be in some reader's hand: a file must not be open
    // twice in one process (lmdb_env.cc).
    mutable std::map<std::uint64_t, std::weak_ptr<Store>> known_;
};

}  // namespace suanpan::storage
