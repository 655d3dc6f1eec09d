// Audit: is a data directory sound, and if not, which LSN is the first that is wrong?
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/ledger/ledger.h"
#include "tools/data_folder.h"
#include "tools/replay.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::tools {

// Where an audit is; lies in memory shared with the parent process, which reads it when the child
// that does the work dies of a damaged file.
struct AuditPlace {
    enum class Stage : std::uint32_t { opening, files, journal, ledgers, checkpoint };
    std::atomic<Stage> stage{Stage::opening};
    std::atomic<std::uint64_t> lsn{0};
};

struct AuditOptions {
    std::uint16_t shards = 1;  // of the replay; the checkpoint is loaded with another number too
    bool progress = false;     // a line on stderr that is written over
};

struct AuditProblem {
    Lsn lsn;             // first one that is wrong; 0: none in particular
    std::string file;    // segment or checkpoint; empty: none in particular
    std::string what;    // a sentence without its full stop
    std::string advice;  // what to do
};

struct ProgramAudit {
    ProgramId program{};
    ledger::Totals totals;        // effective, at the time of the last commit
    bool effective_holds = true;  // INV-3
    bool posted_holds = true;
};

struct CheckpointAudit {
    std::uint64_t generation = 0;
    Lsn start_lsn;
    Lsn end_lsn;
    std::uint64_t records = 0;
    bool same_state = false;
};

struct AuditReport {
    Lsn first_lsn;
    Lsn last_lsn;  // last sound one
    std::uint64_t commits = 0;
    std::uint64_t entries = 0;
    std::uint64_t refusals = 0;
    std::uint64_t segments = 0;
    std::uint64_t accounts = 0;
    Lsn baseline_lsn;               // that the replay began after; 0: it began with nothing
    bool balances_derived = false;  // false where the baseline is damaged or missing
    Instant last_time;
    std::string state_hash;
    std::vector<ProgramAudit> programs;
    ledger::CounterMap counters;  // that all members share, as far as anything is granted
    std::optional<CheckpointAudit> checkpoint;
    std::vector<AuditProblem> problems;  // the journal's in order of LSN, then the others
    std::vector<std::string> notes;

    [[nodiscard]] bool sound() const { return problems.empty(); }
};

// Reads everything in `folder`, in this order: the structure of each file, the segments' commits
// (CRC-32C, LSNs without gap, hash chain), each entry in a replay from zero (or from the baseline
// that the history begins after, whose records must come to its seal's state hash), the ledgers'
// invariants, the sealed segments' hashes, the newest checkpoint. Stops at the journal's first
// wrong LSN. Damage becomes a problem in the report; storage::OpenError with `disk`, `locked` or
// `unknown_format` is thrown, since nothing can be said then.
[[nodiscard]] AuditReport audit(DataFolder& folder, const AuditOptions& options, AuditPlace& place);

// "INV-11 program 1 budget of campaign 7: 800 granted, 100 of them set aside: holds"
[[nodiscard]] std::string counter_line(const ledger::CounterKey& key,
                                       const ledger::CounterUnits& units);
// "INV-3 program 1: issued 5 = available 1 + ... : holds"
[[nodiscard]] std::string identity_line(const ProgramAudit& program);

}  // namespace suanpan::tools
