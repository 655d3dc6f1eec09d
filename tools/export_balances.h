// Exports the balances of a data directory as the CSV that an import reads.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "tools/data_folder.h"

#include <cstdint>
#include <cstdio>
#include <optional>

namespace suanpan::tools {

struct ExportOptions {
    std::optional<ProgramId> program;  // nothing: all
    Instant at;                        // lots that have expired by then are left out
    bool with_held = false;            // also the points inside open holds, as if released
};

struct ExportSummary {
    Lsn last_lsn;
    std::uint64_t accounts = 0;  // that had a line
    std::uint64_t rows = 0;
    std::int64_t points = 0;
    std::int64_t held_points = 0;  // inside open holds; exported only with_held
    std::int64_t debt_points = 0;  // owed; a CSV of balances cannot say it
};

// One line per lot, from the newest checkpoint and the journal after it. Throws storage::OpenError,
// and std::runtime_error where `out` cannot be written.
ExportSummary export_balances(DataFolder& folder, const ExportOptions& options, std::FILE* out);

}  // namespace suanpan::tools
