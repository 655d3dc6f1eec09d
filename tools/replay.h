// Replay: every entry applied to empty ledgers, and asked on the way whether it may be there.
#pragma once

#include "protocol/base/ids.h"
#include "server/ledger/entry.h"
#include "server/ledger/ledger.h"
#include "server/shard/state_digest.h"
#include "storage/checkpoint.h"
#include "storage/data_directory.h"
#include "storage/journal_format.h"
#include "tools/counter_audit.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace suanpan::tools {

using shard::digest_of;
using shard::StateDigest;

// Derives every balance from the journal alone, on one thread. Memory: that of the accounts and of
// the request ids above the journal's floor.
class Replay {
public:
    Replay(const storage::DataDirectory& directory, std::uint16_t shards);

    // Before the first entry: the state of a baseline. Expects one shard. False where a record is
    // damaged.
    [[nodiscard]] bool load(const storage::CheckpointReader& baseline);

    // Applies one entry. A sentence where it is wrong; then nothing may follow. Checks its own LSN
    // and link (INV-2), its postings (INV-1), that its request id is new (INV-7), and that the
    // account has afterwards what the entry says, and that no shared counter leaves its limit
    // (INV-11).
    [[nodiscard]] std::optional<std::string> take(std::span<const std::byte> bytes, Lsn lsn,
                                                  std::int64_t floor_ms);
    // Forgets the request ids below the floor.
    void raise_floor(std::int64_t floor_ms);

    [[nodiscard]] std::span<const std::unique_ptr<ledger::Ledger>> ledgers() const {
        return ledgers_;
    }
    [[nodiscard]] const CounterAudit& counters() const { return counters_; }

private:
    [[nodiscard]] ledger::Ledger& owner_of(const MemberId& member);
    [[nodiscard]] std::optional<std::string> take_account_entry(std::int64_t floor_ms);
    [[nodiscard]] std::optional<std::string> check_request_id(const ledger::Ledger& owner) const;

    std::uint64_t hash_seed_;
    std::int64_t floor_ms_ = 0;
    std::vector<std::unique_ptr<ledger::Ledger>> ledgers_;
    CounterAudit counters_;
    ledger::Entry entry_;
};

}  // namespace suanpan::tools
