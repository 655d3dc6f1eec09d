#include "server/net/metrics_exposition.h"

#include "protocol/kind_name.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace suanpan {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Bounds of the latency histograms that are printed; finer than that stays in the server.
constexpr std::array<std::uint64_t, 20> latency_bounds_ns{
    10'000,     20'000,     50'000,      100'000,     200'000,       300'000,       500'000,
    700'000,    1'000'000,  1'500'000,   2'000'000,   3'000'000,     5'000'000,     10'000'000,
    20'000'000, 50'000'000, 100'000'000, 500'000'000, 1'000'000'000, 10'000'000'000};
constexpr std::array<std::uint64_t, 14> size_bounds{1,   2,   4,   8,    16,   32,   64,
                                                    128, 256, 512, 1024, 2048, 4096, 8192};

constexpr double ns_per_s = 1e9;

// Collects families in the order in which they are first named.
class Page {
public:
    void counter(std::string name, std::string help, std::uint64_t value, Labels labels = {}) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.counter.value = static_cast<double>(value);
        add(std::move(name), std::move(help), MetricType::Counter, std::move(metric));
    }
    void gauge(std::string name, std::string help, double value, Labels labels = {}) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.gauge.value = value;
        add(std::move(name), std::move(help), MetricType::Gauge, std::move(metric));
    }
    void gauge(std::string name, std::string help, const Gauge& gauge_, Labels labels = {}) {
        gauge(std::move(name), std::move(help), static_cast<double>(gauge_.read()),
              std::move(labels));
    }
    // `scale` turns what was recorded into what is printed (ns into seconds).
    void histogram(std::string name, std::string help, const HistogramSnapshot& values,
                   std::span<const std::uint64_t> bounds, double scale, Labels labels = {}) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.histogram.sample_count = values.count();
        metric.histogram.sample_sum = static_cast<double>(values.sum()) / scale;
        for (const std::uint64_t bound : bounds) {
            metric.histogram.bucket.push_back({.cumulative_count = values.count_at_most(bound),
                                               .upper_bound = static_cast<double>(bound) / scale});
        }
        metric.histogram.bucket.push_back({.cumulative_count = values.count(),
                                           .upper_bound = std::numeric_limits<double>::infinity()});
        add(std::move(name), std::move(help), MetricType::Histogram, std::move(metric));
    }
    [[nodiscard]] std::string text() const {
        return prometheus::TextSerializer().Serialize(families_);
    }

private:
    void add(std::string name, std::string help, MetricType type, ClientMetric metric) {
        for (MetricFamily& family : families_) {
            if (family.name != name) continue;
            family.metric.push_back(std::move(metric));
            return;
        }
        MetricFamily family;
        family.name = std::move(name);
        family.help = std::move(help);
        family.type = type;
        family.metric.push_back(std::move(metric));
        families_.push_back(std::move(family));
    }

    std::vector<MetricFamily> families_;
};

constexpr std::array<std::pair<Stage, std::string_view>, stage_count> stage_names{
    {{Stage::queue, "queue"},
     {Stage::apply, "apply"},
     {Stage::commit_wait, "commit_wait"},
     {Stage::reply, "reply"}}};
constexpr std::array<std::pair<StallCause, std::string_view>, stall_cause_count> stall_names{
    {{StallCause::flush, "flush"}, {StallCause::server, "server"}}};

Labels label(std::string_view name, std::string_view value) {
    return {{std::string(name), std::string(value)}};
}

using ShardList = std::vector<const ShardMetrics*>;

// The sum over all shards of what `read` says.
template <typename Read>
std::uint64_t sum_of(const ShardList& shards, Read read) {
    std::uint64_t sum = 0;
    for (const ShardMetrics* shard : shards) sum += read(*shard);
    return sum;
}

void add_events(Page& page, const ShardList& shards) {
    for (const KindName& row : all_kinds) {
        if (row.kind == CommandKind::challenge) continue;
        page.counter("suanpan_events_done_total", "Events answered ok, by kind.",
                     sum_of(shards, [&](const ShardMetrics& s) { return s.done(row.kind); }),
                     label("kind", row.name));
    }
    page.counter("suanpan_events_done_total", "Events answered ok, by kind.",
                 sum_of(shards, [](const ShardMetrics& s) { return s.done_other(); }),
                 label("kind", "other"));
    for (const CodeText& row : all_codes()) {
        if (row.code == Code::ok) continue;
        page.counter("suanpan_events_refused_total", "Events answered otherwise, by code.",
                     sum_of(shards, [&](const ShardMetrics& s) { return s.refused(row.code); }),
                     label("code", row.name));
    }
    page.counter("suanpan_events_refused_total", "Events answered otherwise, by code.",
                 sum_of(shards, [](const ShardMetrics& s) { return s.refused_other(); }),
                 label("code", "other"));
    page.counter("suanpan_repeats_total", "Events answered from the request log.",
                 sum_of(shards, [](const ShardMetrics& s) { return s.repeats.read(); }));
    page.counter("suanpan_attached_total", "Repeats that joined a first attempt in flight.",
                 sum_of(shards, [](const ShardMetrics& s) { return s.attached.read(); }));
    page.counter("suanpan_forwarded_total", "Events that arrived at another shard than their own.",
                 sum_of(shards, [](const ShardMetrics& s) { return s.forwarded.read(); }));
    page.counter("suanpan_expiries_posted_total", "Due lots and holds that were posted.",
                 sum_of(shards, [](const ShardMetrics& s) { return s.expiries_posted.read(); }));
}

void add_stages(Page& page, const ShardList& shards) {
    for (const auto& [stage, name] : stage_names) {
        HistogramSnapshot all;
        for (const ShardMetrics* shard : shards) all.merge(shard->stage(stage).snapshot());
        page.histogram("suanpan_stage_seconds", "Time that events spend in each stage.", all,
                       latency_bounds_ns, ns_per_s, label("stage", name));
    }
    HistogramSnapshot batches;
    for (const ShardMetrics* shard : shards) batches.merge(shard->batch_events.snapshot());
    page.histogram("suanpan_batch_events", "Events decided in one round of a shard.", batches,
                   size_bounds, 1.0);
}

void add_stalls(Page& page, const ShardList& shards) {
    for (const auto& [cause, name] : stall_names) {
        std::uint64_t longest_ns = 0;
        for (const ShardMetrics* shard : shards) {
            longest_ns = std::max(longest_ns, shard->stalls(cause).longest_ns());
        }
        page.counter("suanpan_stalls_total", "Times that a shard stood still for over 20 ms.",
                     sum_of(shards, [&](const ShardMetrics& s) { return s.stalls(cause).count(); }),
                     label("cause", name));
        const std::uint64_t total_ns =
            sum_of(shards, [&](const ShardMetrics& s) { return s.stalls(cause).total_ns(); });
        page.gauge("suanpan_stall_seconds_sum", "All stalls together.",
                   static_cast<double>(total_ns) / ns_per_s, label("cause", name));
        page.gauge("suanpan_stall_seconds_max", "The longest stall since the start.",
                   static_cast<double>(longest_ns) / ns_per_s, label("cause", name));
    }
}

void add_connections(Page& page, const ShardList& shards) {
    page.gauge("suanpan_connections_open", "Connections.",
               static_cast<double>(sum_of(
                   shards, [](const ShardMetrics& s) { return s.connections_open.read(); })));
    page.counter(
        "suanpan_connections_accepted_total", "Connections taken.",
        sum_of(shards, [](const ShardMetrics& s) { return s.connections_accepted.read(); }));
    page.counter(
        "suanpan_connections_refused_total", "Connections over connections_max.",
        sum_of(shards, [](const ShardMetrics& s) { return s.connections_refused.read(); }));
    page.counter(
        "suanpan_connections_dropped_total",
        "Connections that the server closed: unreadable, silent or not reading.",
        sum_of(shards, [](const ShardMetrics& s) { return s.connections_dropped.read(); }));
    page.counter("suanpan_frames_received_total", "Frames read from clients.",
                 sum_of(shards, [](const ShardMetrics& s) { return s.frames_received.read(); }));
    page.counter("suanpan_received_bytes_total", "Bytes read from clients.",
                 sum_of(shards, [](const ShardMetrics& s) { return s.bytes_received.read(); }));
    page.counter("suanpan_sent_bytes_total", "Bytes sent to clients.",
                 sum_of(shards, [](const ShardMetrics& s) { return s.bytes_sent.read(); }));
}

void add_shard(Page& page, const ShardMetrics& shard, std::size_t number) {
    const Labels of_shard = label("shard", std::to_string(number));
    page.counter("suanpan_batches_total", "Rounds in which a shard decided something.",
                 shard.batches.read(), of_shard);
    page.counter("suanpan_entries_staged_total", "Entries handed to the committer.",
                 shard.entries_staged.read(), of_shard);
    page.counter("suanpan_commits_inline_total", "Commits made on a shard's own thread.",
                 shard.commits_inline.read(), of_shard);
    page.gauge("suanpan_ring_depth", "Mail in the fullest ring into the shard.", shard.ring_depth,
               of_shard);
    page.gauge("suanpan_ring_depth_max", "Most mail seen in a ring since the start.",
               shard.ring_depth_max, of_shard);
    page.gauge("suanpan_staged_entries", "Entries waiting for their commit.", shard.staged_entries,
               of_shard);
    page.gauge("suanpan_parked_reads", "Reads waiting for the journal.", shard.parked_reads,
               of_shard);
    page.gauge("suanpan_accounts", "Accounts.", shard.accounts, of_shard);
    page.gauge("suanpan_lots", "Lots of all accounts.", shard.lots, of_shard);
    page.gauge("suanpan_request_log_ids", "Request ids remembered.", shard.request_log_ids,
               of_shard);
    page.gauge("suanpan_request_log_bytes", "Memory of the request log.", shard.request_log_bytes,
               of_shard);
    page.gauge("suanpan_request_log_floor_seconds",
               "Ids made before this (Unix time) are refused as request_too_old.",
               static_cast<double>(shard.request_log_floor_ms.read()) / 1e3, of_shard);
}

void add_committer(Page& page, const CommitterMetrics& committer) {
    page.counter("suanpan_commits_total", "Journal commits.", committer.commits.read());
    page.counter("suanpan_commit_entries_total", "Entries committed.", committer.entries.read());
    page.counter("suanpan_commit_bytes_total", "Bytes of entries committed.",
                 committer.bytes.read());
    page.histogram("suanpan_commit_entries", "Entries in one commit.",
                   committer.commit_entries.snapshot(), size_bounds, 1.0);
    page.histogram("suanpan_flush_seconds", "Time of one commit: write and flush.",
                   committer.flush_ns.snapshot(), latency_bounds_ns, ns_per_s);
    page.gauge("suanpan_flush_seconds_max", "The longest commit since the start.",
               static_cast<double>(committer.flush_ns_max.read()) / ns_per_s);
    page.counter("suanpan_flush_failures_total", "Failed flushes; the process ends after one.",
                 committer.failures.read());
    page.gauge("suanpan_durable_lsn", "The last entry that is safe on disk.",
               committer.durable_lsn);
}

void add_storage(Page& page, const StorageMetrics& storage) {
    page.gauge("suanpan_journal_room", "1 while changes can be appended.", storage.room);
    page.counter("suanpan_storage_full_total", "Times that there was no room.",
                 storage.storage_full.read());
    page.gauge("suanpan_journal_free_bytes", "Room in the segments that are written ahead.",
               storage.bytes_free);
    page.gauge("suanpan_segments", "Segments that hold commits.", storage.segments);
    page.gauge("suanpan_journal_bytes", "Size of all segments on disk.", storage.journal_bytes);
    page.counter("suanpan_rotations_total", "Segments sealed.", storage.rotations.read());
    page.counter("suanpan_commit_disk_bytes_total", "Pages of segments that commits have filled.",
                 storage.commit_disk_bytes.read());
    page.counter("suanpan_segments_retired_total", "Segments that the retention removed.",
                 storage.segments_retired.read());
    page.gauge("suanpan_baseline_lsn", "What the history begins after; 0: all of it is kept.",
               storage.baseline_lsn);
    page.gauge("suanpan_disk_free_bytes", "Free on the journal's file system.",
               storage.disk_bytes_free);
    page.counter("suanpan_checkpoint_rounds_total", "Checkpoint rounds finished.",
                 storage.checkpoint_rounds.read());
    page.counter("suanpan_checkpoint_failures_total", "Checkpoint rounds that failed.",
                 storage.checkpoint_failures.read());
    page.gauge("suanpan_checkpoint_lsn", "Start of the last finished round.",
               storage.checkpoint_lsn);
    page.gauge("suanpan_checkpoint_round_seconds", "Length of the last finished round.",
               static_cast<double>(storage.checkpoint_round_ns.read()) / ns_per_s);
    page.gauge("suanpan_checkpoint_finished_seconds", "When it was finished (Unix time).",
               storage.checkpoint_finished_unix);
}

void add_process(Page& page, const ProcessMetrics& process, std::string_view version) {
    page.gauge("suanpan_info", "The version that runs.", 1.0, label("version", version));
    page.gauge("suanpan_started_seconds", "When the process started (Unix time).",
               process.started_unix);
    page.gauge("suanpan_ready", "1 while requests are answered.", process.ready);
    page.gauge("suanpan_shards", "Shard threads.", process.shards);
    page.gauge("suanpan_recovery_seconds", "Time from the start to ready.",
               static_cast<double>(process.recovery_ns.read()) / ns_per_s);
    page.gauge("suanpan_recovered_entries", "Entries replayed at the start.",
               process.recovered_entries);
    page.gauge("suanpan_clock_unsafe", "1 while writes are refused as clock_unsafe.",
               process.clock_unsafe);
    page.gauge("suanpan_clock_offset_seconds_max",
               "Largest distance to the wall clock since the start.",
               static_cast<double>(process.clock_offset_ns_max.read()) / ns_per_s);
    page.counter("suanpan_partner_reloads_total", "Partners files taken over.",
                 process.partner_reloads.read());
    page.counter("suanpan_partner_reload_failures_total", "Partners files refused.",
                 process.partner_reload_failures.read());
}

}  // namespace

std::string expose_metrics(const MetricsSources& sources) {
    Page page;
    if (sources.process != nullptr) add_process(page, *sources.process, sources.version);
    if (!sources.shards.empty()) {
        add_events(page, sources.shards);
        add_stages(page, sources.shards);
        add_stalls(page, sources.shards);
        add_connections(page, sources.shards);
        for (std::size_t i = 0; i < sources.shards.size(); ++i) {
            add_shard(page, *sources.shards[i], i);
        }
    }
    if (sources.committer != nullptr) add_committer(page, *sources.committer);
    if (sources.storage != nullptr) add_storage(page, *sources.storage);
    return page.text();
}

}  // namespace suanpan
