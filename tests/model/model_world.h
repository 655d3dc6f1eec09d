// ModelWorld: the model as a Subject, which numbers entries and holds by itself.
#pragma once

#include "tests/model/model.h"
#include "tests/support/subject.h"

#include <cstdint>

namespace suanpan::testing {

class ModelWorld final : public Subject {
public:
    Outcome submit(const Command& command, Instant now) override;
    Outcome balance(const MemberId& member, ProgramId program, Instant now) override;
    Expiring expiring(const MemberId& member, ProgramId program, Duration within,
                      Instant now) override;
    SubjectTotals totals(ProgramId program, Instant now) override;
    void raise_floor(std::int64_t floor_ms) override { model_.raise_floor(floor_ms); }
    void sweep(Instant) override {}  // nothing is ever posted late here
    std::string broken_invariant(Instant) override { return {}; }

private:
    model::Model model_;
    std::uint32_t next_name_ = 1;
};

}  // namespace suanpan::testing
