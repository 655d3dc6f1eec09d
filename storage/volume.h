// Store and Volume: the seam between a real disk and a simulated one.
//
// Everything that knows what a journal or a checkpoint is (layout, rotation, retention, recovery)
// lies above these two and runs unchanged over LMDB (lmdb_volume.h), over memory (unit tests) and
// over the simulator's faulty disk.
#pragma once

#include "protocol/base/hash.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::storage {

using Bytes = std::span<const std::byte>;
// A value given as pieces that belong one after the other.
using Pieces = std::span<const Bytes>;

enum class StoreError : std::uint8_t {
    full,            // no room for it in the store or on the disk; nothing was written
    flush_failed,    // written or not, nobody knows: stop the process
    damaged,         // the structure of the file is broken
    not_found,       // no such file
    exists,          // a file of that name is there already
    locked,          // another process holds the lock
    key_not_rising,  // the caller's mistake; nothing was written
    read_only,
    disk,  // any other refusal of the operating system
};

struct StoreFailure {
    StoreError error = StoreError::disk;
    std::string detail;  // file and reason, for a log or an operator
};

template <typename T>
using StoreResult = std::expected<T, StoreFailure>;

[[nodiscard]] inline std::unexpected<StoreFailure> store_failure(StoreError error,
                                                                 std::string detail) {
    return std::unexpected(StoreFailure{.error = error, .detail = std::move(detail)});
}

struct KeyedValue {
    std::uint64_t key = 0;
    Pieces value;
};

// Called with a value where it lies; the bytes are valid during the call only. Keep it short (10 ms
// in a store that is being written: LMDB cannot reuse pages that a reader may still see), never
// call the store from inside it.
using ValueVisitor = std::function<void(std::uint64_t key, Bytes value)>;

// One append-only file of (key, value), keys rising.
//
// Owned by whoever opened it (shared with readers). append*, remove_after and flush: one thread at
// a time, which the caller guarantees (the commit token). Everything const: any thread, at any
// time. A value is durable when append returns ok, never half there after a crash, and never
// changed.
class Store {
public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    // One durable transaction: on return the value has been flushed. `key` above every key before
    // it. full: nothing happened. flush_failed: the store refuses every further append.
    virtual StoreResult<void> append(std::uint64_t key, Pieces value) = 0;
    // The same for several values: all or none.
    virtual StoreResult<void> append_many(std::span<const KeyedValue> values) = 0;
    // Removes every key above `key`, durably. For a damaged last value at a start.
    virtual StoreResult<void> remove_after(std::uint64_t key) = 0;
    // Makes durable what has been read from this file, whoever wrote it (fsync).
    virtual StoreResult<void> flush() = 0;

    // Visits the value with the greatest key <= `key`; ok(nullopt) where there is none.
    virtual StoreResult<std::optional<std::uint64_t>> visit_at_or_before(
        std::uint64_t key, const ValueVisitor& visitor) const = 0;
    // Visits the value with the smallest key >= `key`; ok(nullopt) where there is none.
    virtual StoreResult<std::optional<std::uint64_t>> visit_at_or_after(
        std::uint64_t key, const ValueVisitor& visitor) const = 0;
    [[nodiscard]] virtual StoreResult<std::optional<std::uint64_t>> last_key() const = 0;

    // Looks for values in the raw file, without trusting its index: each place where a value may
    // start with the 8 bytes `magic` (little-endian), in any order, old and torn ones included.
    // `wanted` gets the first bytes (at least 512 where the file is long enough) and says how many
    // the value should have, 0 for "no interest"; `found` gets that many, or fewer at the end of
    // the file.
    virtual StoreResult<void> scan_raw(std::uint64_t magic,
                                       const std::function<std::size_t(Bytes head)>& wanted,
                                       const std::function<void(Bytes value)>& found) const = 0;

    // Used so far, structure included; and how much may be used. Cheap; any thread.
    [[nodiscard]] virtual std::uint64_t bytes_used() const = 0;
    [[nodiscard]] virtual std::uint64_t bytes_capacity() const = 0;
    // The most that one transaction with values of `value_bytes` in total can add to bytes_used().
    [[nodiscard]] virtual std::uint64_t bytes_worst_case(std::uint64_t value_bytes) const = 0;
    // SHA-256 of the file's used bytes. Slow; for a file that is no longer written.
    [[nodiscard]] virtual StoreResult<Sha256> content_hash() const = 0;

    // The value with the greatest key <= `key`, copied into `out`.
    StoreResult<std::optional<std::uint64_t>> read_at_or_before(std::uint64_t key,
                                                                std::vector<std::byte>& out) const;
    // The value with the smallest key >= `key`, copied into `out`. For reading much in order:
    // leaves nothing of the file in the process's resident memory, where visiting would.
    virtual StoreResult<std::optional<std::uint64_t>> read_at_or_after(
        std::uint64_t key, std::vector<std::byte>& out) const;
};

struct StoreShape {
    // What bytes_capacity() will say.
    std::uint64_t capacity_bytes = 0;
    // Write every byte of the file ahead of its use, so that a commit only overwrites.
    bool written_ahead = false;
    // Upper bound of the speed of writing ahead; 0: none. Spares the flushes of commits meanwhile.
    std::uint64_t pace_bytes_per_second = 0;
};

enum class OpenMode : std::uint8_t { read_write, read_only };

// Holds the directory's lock while it lives.
class VolumeLock {
public:
    VolumeLock() = default;
    VolumeLock(const VolumeLock&) = delete;
    VolumeLock& operator=(const VolumeLock&) = delete;
    virtual ~VolumeLock() = default;
};

// A directory of small files and stores.
//
// Outlives everything opened from it. Thread-safe, except that two calls must not concern the same
// name at once (readers of one store excepted).
class Volume {
public:
    Volume() = default;
    Volume(const Volume&) = delete;
    Volume& operator=(const Volume&) = delete;
    virtual ~Volume() = default;

    // Where it is, for messages.
    [[nodiscard]] virtual std::string describe() const = 0;
    // Names of all files, sorted; the helper files of stores are left out.
    [[nodiscard]] virtual StoreResult<std::vector<std::string>> list() const = 0;

    // Makes a store that holds `first_value` under key 0, complete and durable, or nothing at all:
    // it is built as `<name>.tmp` and renamed. full: no space on the disk. exists: the name is
    // taken.
    virtual StoreResult<void> create_ahead(const std::string& name, const StoreShape& shape,
                                           Bytes first_value) = 0;
    // `capacity_bytes` as at its creation (a store does not remember it). At most one open
    // read_write Store per name at a time.
    virtual StoreResult<std::shared_ptr<Store>> open(const std::string& name, OpenMode mode,
                                                     std::uint64_t capacity_bytes) = 0;
    // Walks through a store whose structure is not trusted, in such a way that damage which would
    // kill the process becomes `damaged` instead. Not while the store is open.
    virtual StoreResult<void> check_suspect(const std::string& name) = 0;

    // A hint: these bytes of the file will be read soon. Begins to read them where there is a disk,
    // and may wait for a part of it; never fails.
    virtual void read_ahead(const std::string& name, std::uint64_t offset, std::uint64_t bytes) {
        static_cast<void>(name);
        static_cast<void>(offset);
        static_cast<void>(bytes);
    }

    // Forgets what is cached of a file, so that the next reading shows what the disk has. After a
    // failed flush, where the cache may show bytes that the disk never got. Not while it is open.
    virtual StoreResult<void> forget_cached(const std::string& name) = 0;

    // Durably; ok where there is none. A store must have been closed.
    virtual StoreResult<void> remove(const std::string& name) = 0;
    virtual StoreResult<std::vector<std::byte>> read_file(const std::string& name) const = 0;
    // Replaces the file as a whole or not at all, and durably (temporary file, fsync, rename, fsync
    // of the directory).
    virtual StoreResult<void> write_file_durably(const std::string& name, Bytes content) = 0;
    // Replaces it as a whole or not at all, but leaves the flush to the system: for a disk that
    // refuses one, and for whoever looks before the machine restarts.
    virtual StoreResult<void> write_file(const std::string& name, Bytes content) = 0;
    // Makes the directory's entries durable.
    virtual StoreResult<void> flush_directory() = 0;
    [[nodiscard]] virtual StoreResult<std::uint64_t> free_bytes() const = 0;
    // Refused as `locked`, with the holder's process id in the detail, while another holds it.
    virtual StoreResult<std::unique_ptr<VolumeLock>> lock() = 0;
};

}  // namespace suanpan::storage
