// Tally: what has been taken back of one earlier entry.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"

namespace suanpan::ledger {

// Σ refunds of a spend or capture, or Σ revokes of an earning, by the original's LSN. Part of its
// account's record; made by the first refund or revoke, kept as long as the original may be
// refunded, and by then no further one is accepted (INV-6). Which lots the sum went to follows from
// the sum alone, since refunds go through the original's lots in reverse.
struct Tally {
    Lsn original;
    Points taken_back;
    Instant keep_until;
};

}  // namespace suanpan::ledger
