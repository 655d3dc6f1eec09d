#include "server/shard/metrics.h"

namespace suanpan {

void StallMetrics::note(Duration length) {
    if (length <= stall_min) return;
    const auto ns = static_cast<std::uint64_t>(length.ns);
    count_.add();
    total_ns_.add(ns);
    longest_ns_.raise_to(ns);
}

void CommitterMetrics::note_commit(std::uint64_t commit_entry_count, std::uint64_t commit_bytes,
                                   Duration flush) {
    const std::uint64_t ns = flush.ns < 0 ? 0 : static_cast<std::uint64_t>(flush.ns);
    commits.add();
    entries.add(commit_entry_count);
    bytes.add(commit_bytes);
    commit_entries.record(commit_entry_count);
    flush_ns.record(ns);
    flush_ns_max.raise_to(ns);
    flush_ns_last.set(ns);
}

}  // namespace suanpan
