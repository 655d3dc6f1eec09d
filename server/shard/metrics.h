// What the server counts about itself. Shards, the committer and storage write; the scraper reads.
//
// Every number has exactly one writing thread and is a relaxed atomic: counting costs a load and a
// store, never a locked instruction, and a scrape stops nobody. A scrape sees each number as it was
// at some moment during the scrape; two numbers need not be of the same moment.
#pragma once

#include "protocol/base/histogram.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/code.h"
#include "protocol/command.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace suanpan {

// Only rises. Written by one thread.
class Counter {
public:
    void add(std::uint64_t count = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

// Goes up and down. Written by one thread.
class Gauge {
public:
    void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
    void add(std::uint64_t by = 1) { set(read() + by); }
    void subtract(std::uint64_t by = 1) { set(read() - by); }
    // Keeps the largest value ever set.
    void raise_to(std::uint64_t value) {
        if (value > read()) set(value);
    }
    [[nodiscard]] std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

// The stretches of a request's life that are timed, each in ns:
//   queue        from the frame's last byte to the start of decide
//   apply        decide and apply
//   commit_wait  from staged until its LSN is durable
//   reply        from durable (or refused) until the reply is handed to the socket
enum class Stage : std::uint8_t { queue, apply, commit_wait, reply };
inline constexpr std::size_t stage_count = 4;

// Why requests stood still for longer than stall_min: the disk's flush, or the server itself.
enum class StallCause : std::uint8_t { flush, server };
inline constexpr std::size_t stall_cause_count = 2;
inline constexpr Duration stall_min = milliseconds(20);

// Counts stalls of one cause, with the longest of them.
class StallMetrics {
public:
    // A time at which nothing moved. Anything up to stall_min is no stall and is not counted.
    void note(Duration length);
    [[nodiscard]] std::uint64_t count() const { return count_.read(); }
    [[nodiscard]] std::uint64_t total_ns() const { return total_ns_.read(); }
    [[nodiscard]] std::uint64_t longest_ns() const { return longest_ns_.read(); }

private:
    Counter count_;
    Counter total_ns_;
    Gauge longest_ns_;
};

// The numbers of one shard and of the connections that live on it. Written by the shard's thread.
class ShardMetrics {
public:
    static constexpr std::size_t kind_slots = 64;
    static constexpr std::size_t code_slots = 600;

    // Stages.
    void note_stage(Stage stage, Duration took, std::uint64_t events = 1) {
        stage_[static_cast<std::size_t>(stage)].record(
            took.ns < 0 ? 0 : static_cast<std::uint64_t>(took.ns), events);
    }
    [[nodiscard]] const Histogram& stage(Stage stage) const {
        return stage_[static_cast<std::size_t>(stage)];
    }

    // Events that were answered ok, by kind, and all others, by code. An event is counted once, on
    // the shard that answers it. A number outside the tables is counted in the slot `other`.
    void note_done(CommandKind kind, std::uint64_t events = 1) {
        done_[slot_of(static_cast<std::size_t>(kind), kind_slots)].add(events);
    }
    void note_refused(Code code, std::uint64_t events = 1) {
        refused_[slot_of(static_cast<std::size_t>(code), code_slots)].add(events);
    }
    void note_answer(CommandKind kind, Code code) {
        if (code == Code::ok) {
            note_done(kind);
        } else {
            note_refused(code);
        }
    }
    [[nodiscard]] std::uint64_t done(CommandKind kind) const {
        return done_[slot_of(static_cast<std::size_t>(kind), kind_slots)].read();
    }
    [[nodiscard]] std::uint64_t refused(Code code) const {
        return refused_[slot_of(static_cast<std::size_t>(code), code_slots)].read();
    }
    [[nodiscard]] std::uint64_t done_other() const { return done_[kind_slots].read(); }
    [[nodiscard]] std::uint64_t refused_other() const { return refused_[code_slots].read(); }

    void note_stall(StallCause cause, Duration length) {
        stalls_[static_cast<std::size_t>(cause)].note(length);
    }
    [[nodiscard]] const StallMetrics& stalls(StallCause cause) const {
        return stalls_[static_cast<std::size_t>(cause)];
    }

    // Requests.
    Counter repeats;    // answered from the request log
    Counter attached;   // joined a first attempt still in flight
    Counter forwarded;  // sent on to the member's own shard
    Counter batches;    // rounds of the shard's loop that decided something
    Histogram batch_events;
    Counter entries_staged;
    Counter commits_inline;   // made here, on finding the token free
    Counter expiries_posted;  // due items that the sweeper or a request posted

    // Connections.
    Gauge connections_open;
    Counter connections_accepted;
    Counter connections_refused;  // over connections_max
    Counter connections_dropped;  // closed by the server: unreadable bytes, silence, unread replies
    Counter frames_received;
    Counter bytes_received;
    Counter bytes_sent;

    // Depths, set once per batch.
    Gauge ring_depth;  // the fullest of the rings into this shard
    Gauge ring_depth_max;
    Gauge staged_entries;
    Gauge parked_reads;

    // State, set once per batch or more rarely.
    Gauge codes_since_lsn;  // of the oldest import of card codes; 0: none
    Gauge accounts;
    Gauge lots;
    Gauge request_log_ids;
    Gauge request_log_bytes;
    Gauge request_log_floor_ms;  // Unix milliseconds

private:
    // Everything out of range shares one slot behind the others.
    static std::size_t slot_of(std::size_t number, std::size_t slots) {
        return number < slots ? number : slots;
    }

    std::array<Histogram, stage_count> stage_;
    std::array<Counter, kind_slots + 1> done_;
    std::array<Counter, code_slots + 1> refused_;
    std::array<StallMetrics, stall_cause_count> stalls_;
};

// The numbers of the commit path. Written by whoever holds the commit token, one thread at a time;
// handing the token on is what makes the next writer see the last value.
struct CommitterMetrics {
    Counter commits;
    Counter entries;
    Counter bytes;
    Histogram commit_entries;
    Histogram flush_ns;   // the transaction's commit: write and flush
    Gauge flush_ns_max;   // since the start
    Gauge flush_ns_last;  // of the newest commit: tells a stall of the disk from one of ours
    Counter failures;     // of a flush; the process ends after the first
    Gauge durable_lsn;

    void note_commit(std::uint64_t commit_entry_count, std::uint64_t commit_bytes, Duration flush);
};

// The numbers of segments and checkpoints. Each field has one writer, named behind it.
struct StorageMetrics {
    Gauge room;                 // main: 1 where changes can be appended
    Counter storage_full;       // main: times that there was no room
    Gauge bytes_free;           // main: in the active segment and its successors
    Gauge segments;             // main
    Gauge journal_bytes;        // main: all segments on disk, successors too
    Gauge rotations;            // main: segments sealed since the start
    Gauge commit_disk_bytes;    // main: by which commits have filled segments since the start
    Counter segments_retired;   // retention's thread
    Gauge baseline_lsn;         // retention's thread: what the history begins after; 0: all is kept
    Gauge disk_bytes_free;      // main: of the file system that holds the journal
    Counter checkpoint_rounds;  // checkpoint thread: finished
    Counter checkpoint_failures;     // checkpoint thread
    Gauge checkpoint_lsn;            // checkpoint thread: start LSN of the last finished round
    Gauge checkpoint_round_ns;       // checkpoint thread: how long the last one took
    Gauge checkpoint_finished_unix;  // checkpoint thread: seconds
};

// The numbers of the process. Each field has one writer: the main thread.
struct ProcessMetrics {
    Gauge started_unix;       // seconds
    Gauge recovery_ns;        // from the start to ready
    Gauge recovered_entries;  // replayed after the checkpoint
    Gauge shards;
    Gauge ready;                // 1: answers requests
    Gauge clock_unsafe;         // 1: writes are refused until an operator accepts the clock
    Gauge clock_offset_ns_max;  // largest distance seen between the server's clock and the wall's
    Counter partner_reloads;
    Counter partner_reload_failures;
};

}  // namespace suanpan
