// Subject: whatever a story or a random sequence of commands is told to.
#pragma once

#include "protocol/command.h"

#include <cstdint>
#include <string>

namespace suanpan::testing {

// Sums of one program over all accounts, in the effective form.
struct SubjectTotals {
    std::int64_t issued = 0;
    std::int64_t available = 0;
    std::int64_t held = 0;
    std::int64_t pending = 0;
    std::int64_t spent = 0;
    std::int64_t expired = 0;
    std::int64_t revoked = 0;
    friend bool operator==(const SubjectTotals&, const SubjectTotals&) = default;
};

// The real ledger (LedgerWorld) or the model (ModelWorld), behind the same few words. One thread;
// `now` never goes back.
class Subject {
public:
    Subject() = default;
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;
    virtual ~Subject() = default;

    // A command that changes something. Its outcome's entry_id names it to later refunds.
    virtual Outcome submit(const Command& command, Instant now) = 0;
    [[nodiscard]] virtual Outcome balance(const MemberId& member, ProgramId program,
                                          Instant now) = 0;
    [[nodiscard]] virtual Expiring expiring(const MemberId& member, ProgramId program,
                                            Duration within, Instant now) = 0;
    [[nodiscard]] virtual SubjectTotals totals(ProgramId program, Instant now) = 0;
    // Ids made before it are refused as request_too_old from now on.
    virtual void raise_floor(std::int64_t floor_ms) = 0;
    // Posts what is due, where postings exist. Nothing that a client sees may change by it.
    virtual void sweep(Instant now) = 0;
    // The first broken invariant, in a sentence; empty where all hold.
    [[nodiscard]] virtual std::string broken_invariant(Instant now) = 0;
};

}  // namespace suanpan::testing
