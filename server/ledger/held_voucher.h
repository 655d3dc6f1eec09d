// HeldVoucher: a voucher as the ledger keeps it.
#pragma once

#include "protocol/command.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace suanpan::ledger {

// One voucher: a record of its own, kept beside the account of who bought it (docs/decisions/0016).
// What it says only server/cards can read.
//
// Immutable; each entry that changes a voucher puts a whole new one in its place. `last_ordinal`,
// of the account's entry that put it, tells a replay that the record has the entry already.
struct HeldVoucher {
    VoucherNumber number;
    std::uint32_t last_ordinal = 0;
    std::vector<std::byte> bytes;
    friend bool operator==(const HeldVoucher&, const HeldVoucher&) = default;
};

using VoucherPtr = std::shared_ptr<const HeldVoucher>;

}  // namespace suanpan::ledger
