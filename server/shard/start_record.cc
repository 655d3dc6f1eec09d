#include "server/shard/start_record.h"

#include "protocol/base/assert.h"
#include "server/ledger/entry_format.h"
#include "server/shard/staging.h"

namespace suanpan::shard {

void commit_start_record(Committer& committer, Instant now, std::uint64_t incarnation,
                         std::uint32_t shards) {
    ledger::Entry start;
    start.kind = ledger::EntryKind::start;
    start.time = now;
    start.reference = incarnation;
    start.detail = shards;
    StagedBatch staged;
    staged.entry_bytes.push_back(static_cast<std::uint32_t>(encode(start, staged.bytes)));
    staged.first = committer.reserve(1);
    staged.time = start.time;
    ledger::patch_lsn(staged.bytes, staged.first, Lsn{});
    committer.stage(ShardIndex{0}, staged);
    const bool committed = committer.try_commit();
    SUANPAN_ASSERT(committed);
}

}  // namespace suanpan::shard
