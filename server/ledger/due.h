// Due items: what time alone has done to an account, and no entry has posted yet.
#pragma once

#include "protocol/base/time.h"
#include "protocol/command.h"
#include "server/ledger/account.h"
#include "server/ledger/entry.h"
#include "server/ledger/program.h"

#include <cstddef>
#include <vector>

namespace suanpan::ledger {

// Appends to `out` the effects that post what is due at `now`: expired holds give their points back
// to their own lots (or, where those have ended before, to a grace or to `expired`), and expired
// lots end. Holds come first, by the instant of their expiry; debt is repaid out of what they
// return. `program` is the one the account belongs to.
//
// Posts at most `items_max` lots and slices (a hold is never cut: one that is alone larger is still
// posted). True where that was all; where false, what was appended is sound by itself.
bool post_due(const Account& account, const Program& program, Instant now, std::size_t items_max,
              Entry& out);

// The account's points at `now`, due items counted as if they were posted.
[[nodiscard]] Balances effective_balances(const Account& account, const Program& program,
                                          Instant now);

// Appends the effects that give back what an order counted for limits per member, and what was set
// aside for it of counters that all members share. Expects an order that has waited until now.
void give_back_uses(const Account& account, const Order& order, LocalDate today, Entry& out);

// The lot that points with `key` join: where lots merge, an equal one of the account or one that
// the entry is about to make; else the lot with that very key.
[[nodiscard]] LotKey target_lot(const Account& account, const Entry& entry, const LotKey& key,
                                bool merge);

}  // namespace suanpan::ledger
