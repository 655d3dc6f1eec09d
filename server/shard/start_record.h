// The start record: the first entry of every start of the process.
#pragma once

#include "protocol/base/time.h"
#include "server/shard/committer.h"

#include <cstdint>

namespace suanpan::shard {

// Commits the start record, and with it makes durable what the start has read: the first answer may
// rest on it. Call once, on the thread that starts the server, before any shard runs. Expects
// committer.has_room().
void commit_start_record(Committer& committer, Instant now, std::uint64_t incarnation,
                         std::uint32_t shards);

}  // namespace suanpan::shard
