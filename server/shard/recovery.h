// From the files of a data directory to the ledgers of all shards.
#pragma once

#include "protocol/base/time.h"
#include "server/ledger/ledger.h"
#include "server/shard/code_pools.h"
#include "storage/data_directory.h"
#include "storage/journal.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace suanpan::shard {

struct RecoveryOptions {
    std::uint16_t shards = 1;
    bool threads = true;  // one thread per shard; false: one after the other, in the simulator
};

struct Recovered {
    std::vector<std::unique_ptr<ledger::Ledger>> ledgers;  // one per shard
    CodesAtStart codes;                                    // of all pools
    Lsn checkpoint_lsn;              // replay began after it; 0: from the journal's beginning
    std::uint64_t replayed = 0;      // entries after the checkpoint
    std::vector<std::string> notes;  // sentences for the log
};

// Loads the newest sound checkpoint, then replays the journal after it, every shard for itself.
//
// Replay goes record by record and skips what a record has already (the checkpoint's records are of
// different moments). The number of shards may be another than at the last run: accounts go by
// their member's hash, house counters of old shards are added up on shard 0 (INV-12). The hash
// chain is followed on the way (INV-2). Throws storage::OpenError with one line: what is wrong, at
// which LSN, what to do. Main thread only.
[[nodiscard]] Recovered recover(const storage::DataDirectory& directory,
                                const storage::Journal& journal, const RecoveryOptions& options);

// The secret that card codes are told apart by.
[[nodiscard]] const Sha256& code_secret(const storage::DataDirectory& directory);
// The secret that request digests are keyed with.
[[nodiscard]] std::uint64_t digest_seed(const storage::DataDirectory& directory);
// The secret that body hashes are keyed with.
[[nodiscard]] std::uint64_t body_hash_key(const storage::DataDirectory& directory);

}  // namespace suanpan::shard
