// Due items: what time alone has done to an account, and no entry has posted yet.
#pragma once

#include "protocol/base/time.h"
#include "protocol/command.h"
#include "server/ledger/account.h"
#include "server/ledger/entry.h"
#include "server/ledger/program.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace suanpan::ledger {

// How much one entry may post. A hold is never cut, nor an order that ends with it.
struct DueBudget {
    std::size_t items_max = SIZE_MAX;  // lots and slices of holds
    std::size_t bytes_max = SIZE_MAX;  // as entry_format.h writes them
    bool takes_first = true;           // the first hold is posted even where it is alone larger
    HoldId withdrawn{};                // first of all: ends now, whenever it was to; 0: none
};

// An upper bound of the bytes that a hold's piece of one lot takes when it comes back: what leaves
// the hold, what enters the lot, and what repays debt out of it.
inline constexpr std::size_t returned_slice_bytes = 44 + 40 + 40;
// The same for an order that is put again with what its uses give back; its lots come on top.
[[nodiscard]] std::size_t order_entry_bytes(const Order& order);

// Appends to `out` the effects that post what is due at `now`: expired holds give their points back
// to their own lots (or, where those have ended before, to a grace or to `expired`), and expired
// lots end. Holds come first, by the instant of their expiry; debt is repaid out of what they
// return. `program` is the one the account belongs to.
//
// True where that was all; where false, what was appended is sound by itself.
bool post_due(const Account& account, const Program& program, Instant now, const DueBudget& budget,
              Entry& out);

// The account's points at `now`, due items counted as if they were posted.
[[nodiscard]] Balances effective_balances(const Account& account, const Program& program,
                                          Instant now);

// Appends the effects that give back what an order counted for limits per member, and what was set
// aside for it of counters that all members share. Expects an order that has waited until now.
// Those of `out` from `first_effect` on are not applied to `account` yet: what they give back is
// gone already.
void give_back_uses(const Account& account, const Order& order, LocalDate today,
                    std::size_t first_effect, Entry& out);

// The lot that points with `key` join: where lots merge, an equal one of the account or one that
// the entry is about to make; else the lot with that very key.
[[nodiscard]] LotKey target_lot(const Account& account, const Entry& entry, const LotKey& key,
                                bool merge);

}  // namespace suanpan::ledger
