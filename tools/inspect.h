// The parts of suanpan-inspect: each prints one thing of a data directory to `out`.
#pragma once

#include "protocol/base/ids.h"
#include "tools/data_folder.h"

#include <cstdint>
#include <cstdio>
#include <optional>

namespace suanpan::tools {

struct JournalRange {
    Lsn from{1};
    Lsn to{UINT64_MAX};
    std::uint64_t entries_max = 100;
};

// All print what they find and throw storage::OpenError where the journal cannot be read. False:
// what was asked for is not there.
bool inspect_journal(DataFolder& folder, const JournalRange& range, std::FILE* out);
// All segments, or the commits of one.
bool inspect_segments(DataFolder& folder, std::optional<std::uint64_t> ordinal, std::FILE* out);
// The generations, and what records the newest finished one holds.
bool inspect_checkpoint(DataFolder& folder, std::FILE* out);
// The account's newest entries, and its lots, holds and tallies as the journal has them.
bool inspect_account(DataFolder& folder, const MemberId& member, ProgramId program,
                     std::uint64_t entries_max, std::FILE* out);
// The entry that a request made, or the refusal.
bool inspect_request(DataFolder& folder, const MemberId& member, const RequestId& request_id,
                     std::FILE* out);

}  // namespace suanpan::tools
