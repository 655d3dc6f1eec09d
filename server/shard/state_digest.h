// StateDigest: what a set of ledgers comes to, whatever their number (INV-12).
#pragma once

#include "server/ledger/ledger.h"

#include <memory>
#include <span>
#include <string>

namespace suanpan::shard {

// A plain value: equal states have equal digests, on any number of shards.
struct StateDigest {
    ledger::HashSum accounts;
    ledger::HashSum programs;
    ledger::HashSum house;
    friend bool operator==(const StateDigest&, const StateDigest&) = default;
    [[nodiscard]] std::string text() const;  // 32 hexadecimal digits: the sum of the three
};
[[nodiscard]] StateDigest digest_of(std::span<const std::unique_ptr<ledger::Ledger>> ledgers);

}  // namespace suanpan::shard
