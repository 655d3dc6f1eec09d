// Program: one version of a brand's policies, with what follows from them.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/code.h"
#include "protocol/command.h"
#include "server/ledger/calendar.h"
#include "server/ledger/lot.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace suanpan::ledger {

// The number (from 0) of the first field of `spec` that is wrong, in the order of ProgramSpec.
[[nodiscard]] std::optional<std::int64_t> invalid_field(const ProgramSpec& spec);

// An immutable version of a program. Belongs to its ledger; single-threaded, since it keeps the
// last dates that it worked out.
class Program {
public:
    // Expects a spec without an invalid field.
    explicit Program(const ProgramSpec& spec);

    [[nodiscard]] const ProgramSpec& spec() const { return spec_; }
    [[nodiscard]] const Calendar& calendar() const { return calendar_; }
    [[nodiscard]] bool is_sliding() const { return spec_.expiry == ExpiryPolicy::sliding_days; }

    // When points end whose life began on `anchor`: the local midnight after the last good day,
    // instant_never, or expires_sliding. Nothing where the calendar ends before.
    [[nodiscard]] Instant expires_at(LocalDate anchor) const;
    // The midnight after `date` + n days: the end of a grace, and of a sliding life.
    [[nodiscard]] Instant end_after_days(LocalDate date, std::uint32_t n) const;

private:
    ProgramSpec spec_;
    Calendar calendar_;
    mutable LocalDate cached_anchor_{INT32_MIN};
    mutable Instant cached_expires_at_;
};

// All versions of all programs, as every shard has them. Few; kept for ever, since an entry is
// refunded under the version that it was made under.
class ProgramTable {
public:
    // Adds a version, or replaces it by an equal one. Versions of a program come in any order.
    void install(const ProgramSpec& spec);
    // The newest version, or null.
    [[nodiscard]] const Program* find(ProgramId id) const;
    // That version; the newest where it is unknown; null where the program is.
    [[nodiscard]] const Program* find(ProgramId id, std::uint32_t version) const;
    // Every version, ordered by (id, version).
    [[nodiscard]] const std::vector<std::unique_ptr<Program>>& all() const { return programs_; }

private:
    std::vector<std::unique_ptr<Program>> programs_;  // by (id, version)
    mutable const Program* last_found_ = nullptr;     // newest of its program
};

}  // namespace suanpan::ledger
