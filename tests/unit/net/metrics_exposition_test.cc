#include "server/net/metrics_exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

namespace suanpan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsExposition, AddsShardsUpAndKeepsDepthsApart) {
    ShardMetrics first;
    ShardMetrics second;
    first.note_done(CommandKind::spend, 3);
    second.note_done(CommandKind::spend, 4);
    second.note_refused(Code::rate_limited, 2);
    first.note_stage(Stage::apply, microseconds(15));
    second.note_stage(Stage::apply, milliseconds(3));
    first.staged_entries.set(5);
    second.staged_entries.set(6);
    first.lots.set(9);
    first.note_stall(StallCause::flush, milliseconds(250));
    second.note_stall(StallCause::flush, milliseconds(50));
    const std::string text = expose_metrics({.shards = {&first, &second}});
    EXPECT_THAT(text, HasSubstr("suanpan_events_done_total{kind=\"spend\"} 7\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_events_refused_total{code=\"rate_limited\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_stage_seconds_count{stage=\"apply\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_staged_entries{shard=\"0\"} 5\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_staged_entries{shard=\"1\"} 6\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_lots{shard=\"0\"} 9\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_stalls_total{cause=\"flush\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_stall_seconds_max{cause=\"flush\"} 0.25\n"));
    EXPECT_THAT(text, HasSubstr("le=\"+Inf\"} 2\n"));
    EXPECT_THAT(text, Not(HasSubstr("suanpan_commits_total")));
}

TEST(MetricsExposition, PrintsCommitterStorageAndProcess) {
    CommitterMetrics committer;
    committer.note_commit(1'000, 90'000, microseconds(350));
    StorageMetrics storage;
    storage.bytes_free.set(123);
    ProcessMetrics process;
    process.ready.set(1);
    process.recovery_ns.set(1'500'000'000);
    const std::string text = expose_metrics({.shards = {},
                                             .committer = &committer,
                                             .storage = &storage,
                                             .process = &process,
                                             .version = "9.9"});
    EXPECT_THAT(text, HasSubstr("suanpan_info{version=\"9.9\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_commit_entries_total 1000\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_flush_seconds_count 1\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_journal_free_bytes 123\n"));
    EXPECT_THAT(text, HasSubstr("suanpan_recovery_seconds 1.5\n"));
    EXPECT_THAT(text, Not(HasSubstr("suanpan_accounts")));
}

TEST(MetricsExposition, NamesEveryCodeAndKindOnce) {
    const ShardMetrics shard;
    const std::string text = expose_metrics({.shards = {&shard}});
    for (const CodeText& row : all_codes()) {
        if (row.code == Code::ok) continue;
        EXPECT_THAT(text, HasSubstr("{code=\"" + std::string(row.name) + "\"} 0\n"));
    }
    std::set<std::string> seen;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("#")) continue;
        EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
    EXPECT_GT(seen.size(), 100U);
}

TEST(MetricsExposition, GivesHistogramsInSecondsWithRisingBuckets) {
    CommitterMetrics committer;
    for (int i = 1; i <= 1'000; ++i) committer.note_commit(1, 1, microseconds(i));
    const std::string text = expose_metrics({.shards = {}, .committer = &committer});
    const auto value_of = [&](const std::string& name) {
        const std::size_t at = text.find("\n" + name + " ");
        EXPECT_NE(at, std::string::npos) << name;
        return std::stod(text.substr(at + name.size() + 2));
    };
    EXPECT_NEAR(value_of("suanpan_flush_seconds_bucket{le=\"0.0005\"}"), 500, 35);
    EXPECT_NEAR(value_of("suanpan_flush_seconds_bucket{le=\"0.001\"}"), 1'000, 60);
    EXPECT_EQ(value_of("suanpan_flush_seconds_bucket{le=\"+Inf\"}"), 1'000);
    EXPECT_NEAR(value_of("suanpan_flush_seconds_sum"), 0.5005, 1e-9);
    EXPECT_EQ(value_of("suanpan_flush_seconds_max"), 0.001);
}

}  // namespace
}  // namespace suanpan
