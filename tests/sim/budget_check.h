// BudgetCheck: whether budgets of campaigns and totals of coupons hold at every instant (INV-11).
#pragma once

#include "protocol/base/ids.h"
#include "protocol/order.h"
#include "server/ledger/counter.h"
#include "server/ledger/entry.h"
#include "tests/sim/rule_facts.h"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace suanpan::sim {

// Is told every entry in order of LSN. Throws Violation.
class BudgetCheck {
public:
    void add_rules(const ledger::Entry& entry, const RuleFacts& facts);
    // What the entry takes or gives back: never more than a limit that held. Its request was sent
    // after that entry.
    void add(const ledger::Entry& entry, Lsn sent_after);
    // True where, at some moment after `sent_after` and up to `lsn`, the terms did not fit into
    // what was left of some budget or total; of `only` that one.
    [[nodiscard]] bool was_used_up(const OrderTerms& terms, Lsn sent_after, Lsn lsn,
                                   std::optional<UseKind> only) const;
    // Of a program's budget or total, what is granted now.
    [[nodiscard]] std::int64_t given(ProgramId program, ledger::CounterKind kind) const;

private:
    using Key = std::pair<ProgramId, ledger::CounterKind>;
    struct Version {
        Lsn lsn;
        Instant effective_from;
        RuleFacts facts;
    };
    // Granted from the entry `lsn` on.
    struct Moment {
        Lsn lsn;
        Instant time;
        std::int64_t given = 0;
    };
    struct Counter {
        std::vector<Moment> moments;
        std::int64_t granted_under = 0;  // the highest limit, since the newest rules
    };
    // The lowest limit of versions first..last (places); nothing where none has one.
    [[nodiscard]] std::optional<std::int64_t> lowest(const Key& key, std::size_t first,
                                                     std::size_t last) const;
    // The place of the version in force then, of those up to `lsn`; and how many there are.
    [[nodiscard]] std::size_t in_force(ProgramId program, Instant time, Lsn lsn) const;
    [[nodiscard]] std::size_t count(ProgramId program, Lsn lsn) const;
    [[nodiscard]] bool is_plausible(const Key& key, std::int64_t limit, Instant time,
                                    Lsn sent_after, Lsn lsn) const;
    [[nodiscard]] bool was_used_up(const Key& key, std::int64_t units, std::int64_t quoted,
                                   Lsn sent_after, Lsn lsn) const;

    std::map<ProgramId, std::vector<Version>> versions_;
    std::map<Key, Counter> counters_;
};

}  // namespace suanpan::sim
