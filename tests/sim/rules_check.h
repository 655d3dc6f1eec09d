// RulesCheck: whether every quote and every look at the terms goes by the right version of the
// rules.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/ledger/entry.h"
#include "tests/sim/workload.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace suanpan::sim {

// Is told each accepted rule book in order of LSN. A read rests on a version that was durable when
// it was answered and had taken effect, and on no older one than anybody had been told of when it
// was asked, as far as that was in force (P4). An adverse version comes with its notice.
class RulesCheck {
public:
    explicit RulesCheck(const Workload& workload) : workload_(workload) {}

    // Throw Violation.
    void add(const ledger::Entry& entry);
    void finish() const;

private:
    struct Version {
        Lsn lsn;
        Instant effective_from;
        std::string text;
        RuleFacts facts;
    };
    void check(const Read& read) const;

    const Workload& workload_;
    std::map<ProgramId, std::map<std::uint32_t, Version>> versions_;
};

}  // namespace suanpan::sim
