// History: what the journal says happened, checked against what the clients were told.
#pragma once

#include "protocol/base/hash.h"
#include "storage/journal.h"
#include "tests/model/model.h"
#include "tests/sim/workload.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace suanpan::sim {

// An entry for each LSN, from the first, as its bytes.
using EntryBytes = std::vector<std::vector<std::byte>>;

// Brings `archive` up to the journal's last entry, with the chain checked (INV-2); what a retention
// has removed stands only there. `compares`: what both have must be equal. Throws Violation.
void read_entries(const storage::Journal& journal, EntryBytes& archive, bool compares);

// What the server's digests are keyed with.
struct Secrets {
    std::uint64_t body_hash_key = 0;
    std::uint64_t digest_seed = 0;
    // For entries after that LSN: each restore makes another, under which no older quote settles.
    std::map<Lsn, Sha256> quote_secrets;
    Sha256 code_secret{};
    std::string master_keys;  // the file
};

// For each restore of a copy: its newest entry, and the request-log floor that it had to raise.
using Restores = std::map<Lsn, std::int64_t>;

// Checks every op and read of the workload: acknowledged is done exactly once, refused is not done,
// unknown is what lookup says (INV-7); every executed command came to what the model comes to
// (INV-3 to INV-6, INV-8, INV-10); an account's entries form a chain; reads show what read_check.h
// and rules_check.h say (P4).
// Leaves `model` in the state after the last entry. Throws Violation.
void check_history(const EntryBytes& entries, const Workload& workload, const Secrets& secrets,
                   const Restores& restores, model::Model& model);

}  // namespace suanpan::sim
