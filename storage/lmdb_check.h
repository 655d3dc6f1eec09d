// Checks the pages of an LMDB file before LMDB, which trusts every number in them, follows any.
#pragma once

#include "storage/volume.h"

#include <cstdint>
#include <string>

namespace suanpan::storage {

enum class LmdbCheck : std::uint8_t {
    tree,        // meta pages, branches, leaves, the list of free pages; values are not read
    every_page,  // and the first page of each value that has pages of its own
};

// Reads the file with pread alone, so that damage becomes a sentence, on any thread, and the
// process goes on. Sound means that LMDB can read and write the file without leaving it: all page
// numbers and offsets lie inside, each page is used once, free ones not at all, keys are 8 bytes
// and rise, and what the meta page counts is there. It says nothing about the bytes of values: they
// have checksums of their own.
//
// Nobody may write the file meanwhile. Memory: one bit per page of the file. Time: one read for
// each page of the tree.
[[nodiscard]] StoreResult<void> check_lmdb_file(const std::string& path, LmdbCheck check);

}  // namespace suanpan::storage
