// Restore: makes a copied data directory one that may be served, under a new incarnation.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "storage/volume.h"

#include <cstdint>
#include <string>
#include <vector>

namespace suanpan::shard {

struct RestoreOptions {
    std::uint64_t segment_bytes = std::uint64_t{256} << 20U;  // what the server runs with
    Instant now;                                              // by the wall clock
};

struct RestoreReport {
    std::uint64_t incarnation = 0;
    Lsn last_lsn;  // of the copy, before the restore's own entry
    Instant last_time;
    std::int64_t request_floor_ms = 0;
    std::vector<std::string> notes;
};

// Raises the incarnation, and, in a commit of its own, the request-log floor to 60 s from now (or
// from the journal's last entry, where that is later). A request that was acknowledged after the
// copy was made is lost; its id, and every id made before the floor, can never run again here, so
// that a repeat is not a second execution (INV-7): it is request_too_old, and lookup tells.
//
// Throws storage::OpenError with one line that says what to do. No process may use the directory;
// the lock sees to that. Doing it twice costs one more incarnation and nothing else.
[[nodiscard]] RestoreReport restore(storage::Volume& volume, const RestoreOptions& options);

}  // namespace suanpan::shard
