// ImportState: how far an import has come, in a small file beside its CSV.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"

#include <cstdint>
#include <string>
#include <vector>

namespace suanpan::tools {

// What makes an import safe to interrupt at any moment.
//
// Lines are sent in chunks. Before the first line of a chunk leaves, the chunk's place in the file
// and the time of its request ids are on disk; so whoever resumes sends the same ids again. Where
// those have fallen below the server's floor, each line is looked up, and only lines that never ran
// get ids of a later time, which is written down first. `epochs_ms` are those times, oldest first.
struct ImportState {
    std::uint64_t id_high = 0;  // random, of this import
    std::uint64_t id_low = 0;
    std::uint64_t server_high = 0;  // uuid of the data directory that it goes to
    std::uint64_t server_low = 0;

    std::uint64_t offset = 0;       // of the chunk in the CSV, in bytes
    std::uint32_t prefix_crc = 0;   // CRC-32C of the CSV before it
    std::uint64_t line = 1;         // number of its first line
    std::uint64_t chunk_lines = 0;  // how many it has
    std::vector<std::int64_t> epochs_ms;

    // Of the chunks before it.
    std::uint64_t rows_done = 0;
    std::uint64_t rows_bad = 0;
    std::int64_t points_done = 0;
    bool finished = false;

    friend bool operator==(const ImportState&, const ImportState&) = default;
};

// The same line of the same import under the same epoch has the same id for ever.
[[nodiscard]] RequestId import_request_id(const ImportState& state, std::uint64_t line,
                                          std::int64_t epoch_ms);

// Replaces the file, durably, as a whole or not at all. Throws std::runtime_error.
void save_import_state(const std::string& path, const ImportState& state);
// False where there is no such file. Throws std::runtime_error where it is damaged.
[[nodiscard]] bool load_import_state(const std::string& path, ImportState& state);

}  // namespace suanpan::tools
