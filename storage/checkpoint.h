// Checkpoint: the state's image. A generation is one Store, "checkpoint-<n>.lmdb", written by a
// round.
//
//   key 0        header: uuid of the data directory, generation, start LSN
//   keys 1..m    packs of records; a record is length, CRC-32C, LSN, bytes
//   key m + 1    round record: start LSN, end LSN, count, hash; only a finished generation has it
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "storage/data_directory.h"
#include "storage/open_error.h"
#include "storage/read_ahead.h"
#include "storage/volume.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace suanpan::storage {

struct CheckpointRecord {
    Lsn lsn;      // the record holds the effects of entries up to here
    Bytes bytes;  // opaque
};

// Sum over records, in any order and in any split: equal sets of records have equal totals.
struct CheckpointTotals {
    std::uint64_t count = 0;
    std::uint64_t hash_high = 0;  // sums of XXH3-128 of the records' bytes, modulo 2^64 each
    std::uint64_t hash_low = 0;
    CheckpointTotals& operator+=(const CheckpointTotals& other);
    friend bool operator==(const CheckpointTotals&, const CheckpointTotals&) = default;
};

struct CheckpointRound {
    std::uint64_t generation = 0;
    Lsn start_lsn;  // replay begins after it
    Lsn end_lsn;    // highest LSN in any record; the journal must reach it
    std::uint64_t packs = 0;
    CheckpointTotals totals;
};

using CheckpointFailure = StoreFailure;

// Writes one generation, sequentially.
//
// Owned by the checkpoint thread, used there only. Until finish() returns ok the generations before
// it stay; a writer destroyed before that removes its own.
class CheckpointWriter {
public:
    struct Options {
        std::size_t pack_bytes = 64U << 10U;        // a pack is closed at this size
        std::size_t transaction_bytes = 1U << 20U;  // and written with others at this one
        std::uint64_t capacity_bytes = std::uint64_t{1} << 38U;  // address space, not disk
    };
    // `start_lsn`: every entry up to it will be in the records. Removes unfinished generations.
    [[nodiscard]] static StoreResult<std::unique_ptr<CheckpointWriter>> begin(
        const DataDirectory& directory, Lsn start_lsn, const Options& options);
    [[nodiscard]] static StoreResult<std::unique_ptr<CheckpointWriter>> begin(
        const DataDirectory& directory, Lsn start_lsn) {
        return begin(directory, start_lsn, Options());
    }
    // The same under another name and number 0, beside the generations: baseline.h.
    [[nodiscard]] static StoreResult<std::unique_ptr<CheckpointWriter>> begin_named(
        const DataDirectory& directory, const std::string& name, Lsn lsn, const Options& options);
    ~CheckpointWriter();

    // Adds records. Each record.lsn must be durable in the journal already. Writes to disk (and
    // flushes) once transaction_bytes have come together, so pace by calling it less often.
    StoreResult<void> add(std::span<const CheckpointRecord> records);
    // Writes the round record, durably, then removes all older generations but one.
    // `end_lsn`: at least every record's lsn.
    StoreResult<CheckpointRound> finish(Lsn end_lsn);

    [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }

private:
    CheckpointWriter(Volume& volume, const Options& options) : volume_(volume), options_(options) {}
    [[nodiscard]] static StoreResult<std::unique_ptr<CheckpointWriter>> begin_store(
        const DataDirectory& directory, const std::string& name, std::uint64_t generation,
        Lsn start_lsn, const Options& options);
    void close_pack();
    StoreResult<void> write_packs();

    Volume& volume_;
    Options options_;
    std::string name_;
    std::shared_ptr<Store> store_;
    CheckpointRound round_;
    std::vector<std::byte> pack_;  // being filled
    std::uint32_t pack_records_ = 0;
    std::vector<std::vector<std::byte>> packs_;  // closed, not yet written
    std::size_t packs_bytes_ = 0;
    std::uint64_t bytes_written_ = 0;
    bool replaces_older_ = false;
    bool finished_ = false;
};

// Reads one finished generation. Any number of threads may read at once.
class CheckpointReader {
public:
    // Opens the newest finished generation below `before` whose header and round record verify;
    // where there is none, the newest baseline, as generation 0; else nothing. A damaged one is
    // passed over, with a sentence in `notes`; one of another data directory throws
    // OpenError(foreign), an unknown format OpenError(unknown_format). Where a pack fails its check
    // later, open again with `before` = the bad one's generation.
    [[nodiscard]] static std::unique_ptr<CheckpointReader> open_newest(
        const DataDirectory& directory, std::vector<std::string>& notes,
        std::uint64_t before = UINT64_MAX);

    // Opens one store by its name. Nothing where it is damaged, `why` saying how, or unfinished,
    // `why` staying empty. Throws as open_newest() does.
    [[nodiscard]] static std::unique_ptr<CheckpointReader> open_file(const DataDirectory& directory,
                                                                     const std::string& name,
                                                                     std::uint64_t generation,
                                                                     std::string& why);

    [[nodiscard]] const CheckpointRound& round() const { return round_; }
    // The whole of it.
    [[nodiscard]] FileRange file() const;
    // Packs are numbered 0 .. packs - 1.
    [[nodiscard]] std::uint64_t packs() const { return round_.packs; }

    // Calls fn for every record of the packs [first, last), each CRC checked, and returns their
    // totals. The bytes are valid during the call only. Add up the totals of all ranges and compare
    // them with round().totals: only then is the image complete.
    StoreResult<CheckpointTotals> for_each(
        std::uint64_t first, std::uint64_t last,
        const std::function<void(const CheckpointRecord&)>& fn) const;

    // The same for one pack, copied into `bytes`; the records stay valid as long as these do.
    StoreResult<CheckpointTotals> read_pack(
        std::uint64_t pack, std::vector<std::byte>& bytes,
        const std::function<void(const CheckpointRecord&)>& fn) const;

private:
    CheckpointReader() = default;
    [[nodiscard]] StoreFailure damaged(std::uint64_t pack) const;
    std::string name_;
    std::shared_ptr<Store> store_;
    CheckpointRound round_;
};

// Removes every unfinished generation and those older than the two newest finished ones. At a
// start.
StoreResult<void> remove_stale_checkpoints(const DataDirectory& directory);

}  // namespace suanpan::storage
