#include "server/ledger/explain.h"

namespace suanpan::ledger {
namespace {

LotMovement movement_of(const LotKey& lot, Points delta, Cause cause, HoldId hold) {
    return {.expires_at = lot.expires_at,
            .active_from = lot.active_from,
            .delta = delta,
            .rule_version = lot.rule_version,
            .hold = static_cast<std::uint32_t>(hold),
            .restriction = lot.restriction,
            .origin = lot.origin,
            .cause = static_cast<MovementCause>(cause)};
}

// Takes from the effects what a member would ask about; the house's counters mirror the rest.
struct Collect {
    Explanation& into;

    void operator()(const LotDelta& effect) const {
        into.lots.push_back(movement_of(effect.lot, effect.delta, effect.cause, HoldId{}));
    }
    void operator()(const HoldSliceDelta& effect) const {
        into.lots.push_back(movement_of(effect.lot, effect.delta, effect.cause, effect.hold));
    }
    void operator()(const DaySpent& effect) const {
        into.limits.push_back({.kind = CountedLimit::account_day,
                               .period = effect.date,
                               .money = {},
                               .points = effect.delta});
    }
    void operator()(const UseAdd& effect) const {
        into.limits.push_back({.kind = static_cast<std::uint8_t>(effect.key.kind),
                               .id = effect.key.id,
                               .period = effect.period,
                               .money = effect.delta.money,
                               .points = effect.delta.points,
                               .count = effect.delta.count});
    }
    template <typename Other>
    void operator()(const Other&) const {}
};

}  // namespace

Explanation explain(const Entry& entry, std::span<const std::byte> bytes) {
    Explanation told;
    told.outcome = outcome_of(entry);
    told.previous_entry = entry.prev_lsn;
    told.reference = entry.reference;
    told.local_date = entry.local_date;
    told.partner = entry.partner;
    told.principal = entry.principal;
    told.kind = static_cast<std::uint16_t>(entry.kind);
    told.reason = entry.reason;
    told.policy_version = entry.config_version;
    told.entry_hash = sha256(bytes);
    if (!entry.orders.empty()) {
        told.rule_version = entry.orders.back()->terms.rule_version;
        told.terms_hash = entry.orders.back()->terms.terms_hash;
    }
    for (const Effect& effect : entry.effects) std::visit(Collect{told}, effect);
    return told;
}

}  // namespace suanpan::ledger
