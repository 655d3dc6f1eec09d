// What a recall makes of vouchers, and of orders that wait: by the ledger's list alone (docs/
// decisions/0021).
#pragma once

#include "server/cards/voucher.h"
#include "server/ledger/ledger.h"
#include "server/ledger/order.h"

namespace suanpan::shard {

// The voucher as it is at `now`; void where its code's batch was recalled and it had not ended
// before. No entry says so: the next one of the voucher, if there ever is one, has the state in it.
[[nodiscard]] cards::Voucher as_recalled(cards::Voucher&& voucher, const ledger::Ledger& ledger,
                                         Instant now);

// True where a code that was set aside for the order is of a recalled batch.
[[nodiscard]] bool has_recalled_codes(const ledger::Order& order, ProgramId program,
                                      const ledger::Ledger& ledger);

}  // namespace suanpan::shard
