#include "server/shard/metrics.h"

#include "tests/support/comes_true.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

namespace suanpan {
namespace {

TEST(ShardMetrics, CountsDoneByKindAndTheRestByCode) {
    ShardMetrics metrics;
    metrics.note_answer(CommandKind::spend, Code::ok);
    metrics.note_answer(CommandKind::spend, Code::ok);
    metrics.note_answer(CommandKind::spend, Code::insufficient_points);
    metrics.note_refused(Code::busy, 7);
    EXPECT_EQ(metrics.done(CommandKind::spend), 2U);
    EXPECT_EQ(metrics.done(CommandKind::earn), 0U);
    EXPECT_EQ(metrics.refused(Code::insufficient_points), 1U);
    EXPECT_EQ(metrics.refused(Code::busy), 7U);
    EXPECT_EQ(metrics.refused_other(), 0U);
}

TEST(ShardMetrics, CountsNumbersOutsideTheTablesInOneSlot) {
    ShardMetrics metrics;
    metrics.note_done(static_cast<CommandKind>(60'000));
    metrics.note_done(static_cast<CommandKind>(ShardMetrics::kind_slots));
    metrics.note_refused(static_cast<Code>(60'000));
    EXPECT_EQ(metrics.done_other(), 2U);
    EXPECT_EQ(metrics.refused_other(), 1U);
}

TEST(ShardMetrics, HasASlotForEveryKindAndCode) {
    EXPECT_LT(static_cast<std::size_t>(CommandKind::clock_advance), ShardMetrics::kind_slots);
    for (const CodeText& row : all_codes()) {
        EXPECT_LT(static_cast<std::size_t>(row.code), ShardMetrics::code_slots) << row.name;
    }
}

TEST(ShardMetrics, CountsAStageOncePerEventAndANegativeTimeAsZero) {
    ShardMetrics metrics;
    metrics.note_stage(Stage::queue, microseconds(10), 3);
    metrics.note_stage(Stage::queue, Duration{-5});
    const HistogramSnapshot queue = metrics.stage(Stage::queue).snapshot();
    EXPECT_EQ(queue.count(), 4U);
    EXPECT_EQ(queue.min(), 0U);
    EXPECT_EQ(queue.max(), 10'000U);
    EXPECT_EQ(metrics.stage(Stage::reply).snapshot().count(), 0U);
}

TEST(StallMetrics, CountsOnlyWhatIsLongerThanTheBound) {
    ShardMetrics metrics;
    metrics.note_stall(StallCause::flush, stall_min);
    EXPECT_EQ(metrics.stalls(StallCause::flush).count(), 0U);
    metrics.note_stall(StallCause::flush, milliseconds(35));
    metrics.note_stall(StallCause::flush, milliseconds(21));
    EXPECT_EQ(metrics.stalls(StallCause::flush).count(), 2U);
    EXPECT_EQ(metrics.stalls(StallCause::flush).total_ns(), 56'000'000U);
    EXPECT_EQ(metrics.stalls(StallCause::flush).longest_ns(), 35'000'000U);
    EXPECT_EQ(metrics.stalls(StallCause::server).count(), 0U);
}

TEST(CommitterMetrics, AddsUpWhatEachCommitHeld) {
    CommitterMetrics metrics;
    metrics.note_commit(10, 1'000, microseconds(400));
    metrics.note_commit(30, 2'000, microseconds(900));
    EXPECT_EQ(metrics.commits.read(), 2U);
    EXPECT_EQ(metrics.entries.read(), 40U);
    EXPECT_EQ(metrics.bytes.read(), 3'000U);
    EXPECT_EQ(metrics.commit_entries.snapshot().max(), 30U);
    EXPECT_EQ(metrics.flush_ns.snapshot().count(), 2U);
    metrics.note_commit(1, 50, microseconds(500));
    EXPECT_EQ(metrics.flush_ns_max.read(), 900'000U);
    EXPECT_EQ(metrics.flush_ns_last.read(), 500'000U);
}

TEST(Gauge, GoesUpAndDownAndKeepsALargest) {
    Gauge gauge;
    gauge.add(5);
    gauge.subtract(2);
    EXPECT_EQ(gauge.read(), 3U);
    gauge.raise_to(2);
    EXPECT_EQ(gauge.read(), 3U);
    gauge.raise_to(9);
    EXPECT_EQ(gauge.read(), 9U);
}

TEST(ShardMetrics, CanBeReadWhileItsThreadCounts) {
    ShardMetrics metrics;
    constexpr std::uint64_t rounds = 20'000;
    std::thread writer([&] {
        for (std::uint64_t i = 0; i < rounds; ++i) {
            metrics.note_done(CommandKind::earn);
            metrics.note_stage(Stage::apply, Duration{static_cast<std::int64_t>(i)});
        }
    });
    std::uint64_t last = 0;
    EXPECT_TRUE(comes_true([&] {
        const std::uint64_t seen = metrics.done(CommandKind::earn);
        EXPECT_GE(seen, last);
        last = seen;
        const HistogramSnapshot snapshot = metrics.stage(Stage::apply).snapshot();
        EXPECT_LE(snapshot.percentile(0.5), rounds);
        return last == rounds;
    }));
    writer.join();
    EXPECT_EQ(metrics.stage(Stage::apply).snapshot().count(), rounds);
}

}  // namespace
}  // namespace suanpan
