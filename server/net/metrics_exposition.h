// The metrics as Prometheus text, made from a snapshot of everybody's counters.
#pragma once

#include "server/shard/metrics.h"

#include <string>
#include <string_view>
#include <vector>

namespace suanpan {

// Whose numbers are printed. The pointers outlive the call; those that are null are left out.
struct MetricsSources {
    std::vector<const ShardMetrics*> shards;  // in order of shard number
    const CommitterMetrics* committer = nullptr;
    const StorageMetrics* storage = nullptr;
    const ProcessMetrics* process = nullptr;
    std::string_view version;
};

// One scrape. Callable on any thread; stops nobody. docs/operations.md lists what it prints.
[[nodiscard]] std::string expose_metrics(const MetricsSources& sources);

}  // namespace suanpan
