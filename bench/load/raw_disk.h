// Raw disk: LMDB alone, and the flush alone.
#pragma once

#include "bench/load/raw_report.h"

#include <cstdint>
#include <string>

namespace suanpan::load {

struct RawLmdbOptions {
    std::string directory = ".";     // a temporary folder is made in it, and removed
    std::uint32_t per_commit = 1;    // records packed into the one value of a commit
    std::uint32_t entry_bytes = 64;  // of each record
    double seconds = 5;
    std::uint64_t segment_bytes = std::uint64_t{256} << 20U;
    bool ahead = false;  // the file is written ahead, as the journal's segments are
};

// Commits as the journal does (one value under one rising key, one transaction in full sync), and
// nothing else: no chain, no checksum. When a file is full the clock stops until the next is made.
// Throws std::runtime_error.
[[nodiscard]] RawReport measure_raw_lmdb(const RawLmdbOptions& options);

struct RawFlushOptions {
    std::string directory = ".";
    std::uint32_t bytes = 4096;  // of each write
    double seconds = 3;
};

// pwrite and fdatasync, one after the other, in a file whose bytes have been written before.
// Throws std::runtime_error.
[[nodiscard]] RawReport measure_raw_flush(const RawFlushOptions& options);

}  // namespace suanpan::load
