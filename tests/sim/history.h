// History: what the journal says happened, checked against what the clients were told.
#pragma once

#include "storage/journal.h"
#include "tests/model/model.h"
#include "tests/sim/workload.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace suanpan::sim {

// All entries of a journal, from the first, with the chain checked (INV-2). Throws Violation.
[[nodiscard]] std::vector<std::vector<std::byte>> read_entries(const storage::Journal& journal);

// What the server's digests are keyed with.
struct Secrets {
    std::uint64_t body_hash_key = 0;
    std::uint64_t digest_seed = 0;
};

// Checks every op and read of the workload: acknowledged is done exactly once, refused is not done,
// unknown is what lookup says (INV-7); every executed command came to what the model comes to
// (INV-3 to INV-6); an account's entries form a chain; reads show what read_check.h says (P4).
// Leaves `model` in the state after the last entry. Throws Violation.
void check_history(const std::vector<std::vector<std::byte>>& entries, const Workload& workload,
                   const Secrets& secrets, model::Model& model);

}  // namespace suanpan::sim
