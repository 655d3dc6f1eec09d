#include "bench/load/report.h"

#include "bench/load/crew.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace suanpan::load {
namespace {

std::unique_ptr<Tally> tally_of_ten() {
    auto tally = std::make_unique<Tally>();
    tally->elapsed_ns.set(2'000'000'000);
    tally->cpu_ns.set(5'000);
    tally->events_sent.set(12);
    tally->events_answered.set(10);
    tally->events_ok.set(8);
    tally->count_code(Code::ok, 8);
    tally->count_code(Code::busy, 2);
    tally->latency.record(1'000'000, 10);
    tally->longest_stall_ns.raise_to(7);
    return tally;
}

TEST(Report, AddsWorkersUp) {
    Report report;
    report.add(*tally_of_ten());
    report.add(*tally_of_ten());
    EXPECT_DOUBLE_EQ(report.ok_per_second(), 8);  // 16 in the same 2 s
    EXPECT_DOUBLE_EQ(report.offered_per_second(), 12);
    EXPECT_DOUBLE_EQ(report.ok_share(), 0.8);
    EXPECT_DOUBLE_EQ(report.cpu_us_per_event(), 0.5);
    EXPECT_EQ(report.count_of(Code::busy), 4U);
    EXPECT_EQ(report.latency.count(), 20U);
    EXPECT_EQ(report.longest_stall_ns, 7U);
}

TEST(Report, EveryColumnOfTheCsvHasItsValue) {
    Report report;
    report.add(*tally_of_ten());
    const std::string columns = csv_columns();
    const std::string row = print_csv(report);
    EXPECT_EQ(std::ranges::count(columns, ','), std::ranges::count(row, ','));
}

TEST(Report, NamesRefusalsAndWhatAnOpenLoopReallyOffered) {
    Report report;
    report.add(*tally_of_ten());
    report.mode = "open";
    report.asked_per_second = 100;
    const std::string text = print_text(report);
    EXPECT_THAT(text, testing::HasSubstr("busy"));
    EXPECT_THAT(text, testing::HasSubstr("really offered"));
    EXPECT_THAT(text, testing::HasSubstr("asked: 100 /s"));
    EXPECT_THAT(print_json(report), testing::HasSubstr("\"busy\":2"));
}

TEST(Report, HistogramEndsWithTheWholeShare) {
    Histogram latency;
    latency.record(5);
    latency.record(5'000, 3);
    const std::string text = print_histogram(latency.snapshot());
    EXPECT_THAT(text, testing::StartsWith("from_ns,to_ns,events,share_at_most\n5,5,1,0.250000\n"));
    EXPECT_THAT(text, testing::EndsWith(",3,1.000000\n"));
}

TEST(Report, RecentPercentileLooksOnlyAtWhatIsNew) {
    Histogram latency;
    latency.record(1'000'000, 100);
    const HistogramSnapshot before = latency.snapshot();
    latency.record(1'000, 100);
    const std::uint64_t recent = percentile_since(before, latency.snapshot(), 0.99);
    EXPECT_NEAR(static_cast<double>(recent), 1'000, 64);
    EXPECT_EQ(percentile_since(before, before, 0.99), 0U);
}

TEST(StallWatch, MeasuresFromTheFirstSendOrTheLastReply) {
    StallWatch stall;
    stall.start(100);
    EXPECT_EQ(stall.on_reply(130), 30);
    EXPECT_EQ(stall.on_reply(135), 5);
    EXPECT_EQ(stall.open_gap_ns(200), 65);
    stall.start(300);
    EXPECT_EQ(stall.on_reply(310), 10);
}

}  // namespace
}  // namespace suanpan::load
