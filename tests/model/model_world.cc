#include "tests/model/model_world.h"

#include "protocol/base/assert.h"

namespace suanpan::testing {

Outcome ModelWorld::submit(const Command& command, Instant now) {
    const model::Names names{.entry = Lsn{next_name_}, .hold = HoldId{next_name_}};
    ++next_name_;
    return model_.submit(command, now, names);
}

Outcome ModelWorld::balance(const MemberId& member, ProgramId program, Instant now) {
    return model_.balance(member, program, now);
}

Expiring ModelWorld::expiring(const MemberId& member, ProgramId program, Duration within,
                              Instant now) {
    return model_.expiring(member, program, within, now);
}

SubjectTotals ModelWorld::totals(ProgramId program, Instant now) {
    const model::Totals totals = model_.totals(program, now);
    SUANPAN_ASSERT(totals.balance());  // INV-3
    return {.issued = totals.sums.issued,
            .available = totals.available,
            .held = totals.held,
            .pending = totals.pending,
            .spent = totals.sums.spent,
            .expired = totals.sums.expired,
            .revoked = totals.sums.revoked};
}

}  // namespace suanpan::testing
