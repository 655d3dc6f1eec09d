// The small files beside the segments: JOURNAL, CLEAN_STOP, FLUSH_FAILED.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "storage/data_directory.h"
#include "storage/volume.h"

#include <expected>
#include <string>

namespace suanpan::storage {

// Where the journal begins: written when its first segment has been made and by each retention.
inline constexpr const char* state_file_name = "JOURNAL";
// Written by a stop in order, removed by the next start.
inline constexpr const char* clean_stop_name = "CLEAN_STOP";
// Written when a flush failed, removed by a start that was told to go on.
inline constexpr const char* flush_failed_name = "FLUSH_FAILED";

// The content of JOURNAL.
struct JournalState {
    Uuid uuid{};
    std::uint64_t oldest_ordinal = 1;
    Lsn oldest_lsn{1};
    Sha256 chain_before{};  // of the commit before oldest_lsn
};
[[nodiscard]] std::string encode_state(const JournalState& state);
// Throws OpenError.
[[nodiscard]] JournalState decode_state(Bytes content, const Uuid& uuid);

}  // namespace suanpan::storage
