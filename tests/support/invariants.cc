#include "tests/support/invariants.h"

namespace suanpan::testing {

std::string broken_invariant(const std::vector<const ledger::Ledger*>& shards, Instant now) {
    for (const ledger::Ledger* ledger : shards) {
        const auto broken = ledger->check_invariants(now);
        const bool is_sum_of_one_shard =
            broken.has_value() &&
            (broken->starts_with("INV-3: issued") || broken->starts_with("INV-3: the eff"));
        if (broken.has_value() && !is_sum_of_one_shard) return *broken;
    }
    for (const auto& program : shards.front()->programs().all()) {
        ledger::Totals posted;
        ledger::Totals effective;
        for (const ledger::Ledger* ledger : shards) {
            posted.add(ledger->posted_totals(program->spec().id));
            effective.add(ledger->effective_totals(program->spec().id, now));
        }
        if (!posted.balance()) return "INV-3: the posted totals of all shards do not add up";
        if (!effective.balance()) return "INV-3: the effective totals of all shards do not add up";
    }
    return {};
}

}  // namespace suanpan::testing
