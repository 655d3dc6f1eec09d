// OwnerStep: a command that is decided and waits for units of counters that other shards own.
#pragma once

#include "protocol/command.h"
#include "protocol/offer.h"
#include "protocol/order.h"
#include "server/cards/offer.h"
#include "server/ledger/entry.h"
#include "server/ledger/ledger.h"
#include "server/shard/owner_mail.h"
#include "server/shard/reply.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace suanpan::shard {

// Nothing of it has happened yet: the entry is neither applied nor staged, and says the instant at
// which it was decided. Meanwhile nothing else applies to its member's accounts: changes of the
// member queue behind the step (OpenSteps), and the sweeper leaves them alone. One shard's, on its
// thread only; counts as an entry in flight, so that its room is there when the owners have
// answered.
struct OwnerStep {
    Command command;
    ReplyTo to;
    Hash128 digest;
    Instant decided_at;
    ledger::Entry entry;
    std::optional<OrderTerms> terms;  // what a settlement's command points to
    // The same of a redemption, and the offer that it was decided under. Null: it is not decided
    // yet, its origin is asked for first.
    std::optional<RedeemTerms> redeem_terms;
    std::shared_ptr<const cards::Offer> offer;
    OwnerAnswer granted;  // to a redemption, by the owner of the stock
    // One for each counter, ascending by owner, then by key: nobody who holds a unit waits for one
    // who waits for it.
    std::vector<OwnerAsk> asks;
    std::size_t taken = 0;  // of them
};

// What the entry has to take before it may be applied, in no order.
[[nodiscard]] inline std::vector<OwnerAsk> asks_of(const ledger::Entry& entry) {
    std::vector<OwnerAsk> asks;
    if (!entry.has_counters) return asks;
    for (const ledger::Effect& effect : entry.effects)
        if (const auto* add = std::get_if<ledger::CounterAdd>(&effect);
            add != nullptr && add->takes())
            asks.push_back({.key = {.program = entry.program, .kind = add->kind, .id = add->id},
                            .units = add->delta.given(),
                            .limit = add->limit,
                            .unpaid = add->delta.reserved > 0,
                            .times_out = add->times_out,
                            .member = entry.member});
    return asks;
}

}  // namespace suanpan::shard
