#include "bench/load/worker.h"

#include "bench/load/check_traffic.h"
#include "bench/load/crew.h"
#include "bench/load/load_traffic.h"
#include "bench/load/prepare_traffic.h"
#include "bench/load/scratch_folder.h"
#include "tests/unit/bench/fake_server.h"

#include <gtest/gtest.h>

namespace suanpan::load {
namespace {

CrewShape shape_for(const FakeServer& server) {
    CrewShape shape;
    shape.target = server.target();
    shape.greeting = dial(shape.target, shape.target.port).greeting;
    shape.connections = 3;
    shape.in_flight = 4;
    shape.quiet = true;
    shape.plan.drain_max = seconds(20);
    return shape;
}

LoadShape spends() {
    LoadShape shape;
    shape.program = ProgramId{1};
    shape.members = 100;
    shape.mix = Mix::parse("spend=1");
    shape.seed = 5;
    return shape;
}

std::function<std::unique_ptr<Traffic>(std::uint32_t)> load_of(const LoadShape& shape) {
    return [shape](std::uint32_t) { return std::make_unique<LoadTraffic>(shape); };
}

CheckCounts check(const FakeServer& server, const std::string& path) {
    CrewShape shape = shape_for(server);
    CheckTraffic* traffic = nullptr;
    Crew crew(shape, [&](std::uint32_t) {
        auto made = std::make_unique<CheckTraffic>(
            CheckTraffic::Shape{.paths = {path}, .batch_events = 100, .map = {}});
        traffic = made.get();
        return made;
    });
    crew.run();
    EXPECT_EQ(crew.end(), WorkerEnd::done);
    EXPECT_TRUE(traffic->is_exhausted());
    return traffic->counts();
}

TEST(Worker, SendsSoManyEventsInAClosedLoopAndCountsEachAnswerOnce) {
    FakeServer server({});
    CrewShape shape = shape_for(server);
    shape.plan.events_max = 5000;
    Crew crew(shape, load_of(spends()));
    crew.run();
    const Report report = crew.report();
    EXPECT_EQ(crew.end(), WorkerEnd::done);
    EXPECT_EQ(report.events_sent, 5000U);
    EXPECT_EQ(report.count_of(Code::ok), 5000U);
    EXPECT_EQ(report.latency.count(), 5000U);
    EXPECT_EQ(report.unanswered, 0U);
    EXPECT_EQ(server.executed(), 5000U);
}

TEST(Worker, OpenLoopOffersItsRateAndNoMore) {
    FakeServer server({});
    CrewShape shape = shape_for(server);
    shape.plan.open_loop = true;
    shape.plan.arrivals = Arrivals::uniform;
    shape.plan.frames_per_second = 2000;
    shape.plan.run = milliseconds(500);
    Crew crew(shape, load_of(spends()));
    crew.run();
    const Report report = crew.report();
    // What was due is either on its way or counted as not sent: nothing disappears.
    const double due = report.elapsed_s * 2000;
    EXPECT_NEAR(static_cast<double>(report.events_sent + report.not_sent), due, 6);
    EXPECT_EQ(report.mode, "open");
}

TEST(Worker, SendsTheKindsThatNeedAnEarlierAnswer) {
    FakeServer server({});
    CrewShape shape = shape_for(server);
    shape.plan.events_max = 4000;
    LoadShape load = spends();
    load.mix = Mix::parse("spend=2,refund=1,hold=2,capture=1,release=1,earn=1,balance=1");
    Crew crew(shape, load_of(load));
    crew.run();
    EXPECT_EQ(crew.report().count_of(Code::ok), 4000U);
    for (const CommandKind kind : {CommandKind::spend, CommandKind::refund, CommandKind::hold,
                                   CommandKind::capture, CommandKind::release, CommandKind::earn}) {
        EXPECT_GT(server.count_of(kind), 100U) << static_cast<int>(kind);
    }
}

TEST(Worker, PausesWhereTheServerIsBusyAndGoesOn) {
    FakeServer server({.busy_first = 6});
    CrewShape shape = shape_for(server);
    shape.plan.events_max = 100;
    Crew crew(shape, load_of(spends()));
    crew.run();
    EXPECT_EQ(crew.report().count_of(Code::busy), 6U);
    EXPECT_EQ(crew.report().count_of(Code::ok), 94U);
}

TEST(Worker, AnExpectedCutEndsTheRunAndWhatWasAcknowledgedIsOnFile) {
    const ScratchFolder folder(".");
    const std::string path = (folder.path() / "acks").string();
    FakeServer server({.cut_after_events = 1000});
    CrewShape shape = shape_for(server);
    shape.plan.run = seconds(60);
    shape.plan.on_cut = OnCut::end;
    LoadShape load = spends();
    load.ack_path = path;
    std::uint64_t acked = 0;
    {
        const LoadTraffic* traffic = nullptr;
        Crew crew(shape, [&](std::uint32_t) {
            auto made = std::make_unique<LoadTraffic>(load);
            traffic = made.get();
            return made;
        });
        crew.run();
        EXPECT_EQ(crew.end(), WorkerEnd::cut);
        acked = traffic->acked().get();
    }
    EXPECT_GT(acked, 900U);
    EXPECT_LE(acked, server.executed());
    const CheckCounts counts = check(server, path);
    EXPECT_EQ(counts.acknowledged, acked);
    EXPECT_EQ(counts.lost, 0U);
}

TEST(Worker, AnUnexpectedCutIsAFailure) {
    FakeServer server({.cut_after_events = 100});
    CrewShape shape = shape_for(server);
    shape.plan.run = seconds(60);
    Crew crew(shape, load_of(spends()));
    crew.run();
    EXPECT_EQ(crew.end(), WorkerEnd::failed);
    EXPECT_FALSE(crew.failure().empty());
}

TEST(Worker, SendsWhatWasUnansweredAgainUnderTheSameIds) {
    FakeServer server({.cut_after_events = 500});
    CrewShape shape = shape_for(server);
    shape.plan.events_max = 3000;
    shape.plan.on_cut = OnCut::reconnect;
    Crew crew(shape, load_of(spends()));
    crew.run();
    const Report report = crew.report();
    EXPECT_EQ(crew.end(), WorkerEnd::done);
    EXPECT_EQ(report.cuts, 1U);
    EXPECT_EQ(report.count_of(Code::ok), 3000U);
    EXPECT_EQ(server.executed(), 3000U);  // none twice, although some were sent twice
    EXPECT_GT(report.repeated_events, 0U);
    EXPECT_EQ(report.differing_events, 0U);
}

TEST(Worker, NoticesARepeatWithAnotherOutcome) {
    FakeServer server({.cut_after_events = 500, .repeats_differ = true});
    CrewShape shape = shape_for(server);
    shape.plan.events_max = 1000;
    shape.plan.on_cut = OnCut::reconnect;
    LoadShape load = spends();
    load.batch_events = 10;
    Crew crew(shape, load_of(load));
    crew.run();
    EXPECT_GT(crew.report().differing_events, 0U);
}

TEST(CheckTraffic, ReportsEveryEventThatTheServerForgot) {
    const ScratchFolder folder(".");
    const std::string path = (folder.path() / "acks").string();
    FakeServer server({.forgets = true});
    {
        CrewShape shape = shape_for(server);
        shape.plan.events_max = 250;
        LoadShape load = spends();
        load.ack_path = path;
        Crew crew(shape, load_of(load));
        crew.run();
    }
    const CheckCounts counts = check(server, path);
    EXPECT_EQ(counts.acknowledged, 250U);
    EXPECT_EQ(counts.lost, 250U);
}

TEST(CheckTraffic, AnotherEntryIdCountsAsLost) {
    const ScratchFolder folder(".");
    const std::string path = (folder.path() / "acks").string();
    FakeServer server({});
    {
        CrewShape shape = shape_for(server);
        shape.plan.events_max = 20;
        LoadShape load = spends();
        load.ack_path = path;
        Crew crew(shape, load_of(load));
        crew.run();
    }
    std::vector<AckRecord> records;
    {
        AckReader reader(path);
        while (const auto record = reader.next()) records.push_back(*record);
    }
    {
        AckWriter writer(path, ProgramId{1});
        records.front().entry_id += 1;
        for (const AckRecord& record : records) writer.add(record);
    }
    const CheckCounts counts = check(server, path);
    EXPECT_EQ(counts.lost, 1U);
    EXPECT_EQ(counts.other_entry, 1U);
    EXPECT_EQ(counts.found, 19U);
}

TEST(PrepareTraffic, LetsEveryMemberEarnOnceAndAsksAgainWhereBusy) {
    FakeServer server({.busy_first = 300});
    CrewShape shape = shape_for(server);
    PrepareTraffic* traffic = nullptr;
    Crew crew(shape, [&](std::uint32_t) {
        auto made = std::make_unique<PrepareTraffic>(PrepareTraffic::Shape{.program = ProgramId{1},
                                                                           .first = 0,
                                                                           .last = 2500,
                                                                           .initial = Points{100},
                                                                           .batch_events = 128,
                                                                           .map = {}});
        traffic = made.get();
        return made;
    });
    crew.run();
    EXPECT_EQ(server.executed(), 2500U);
    EXPECT_EQ(traffic->refused(), 0U);
    EXPECT_TRUE(traffic->is_exhausted());
}

TEST(Dial, AWrongKeyIsOneSentence) {
    FakeServer server({});
    Target target = server.target();
    target.key.assign(32, std::byte{8});
    try {
        static_cast<void>(dial(target, target.port));
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("authentication_failed"), std::string::npos);
    }
}

TEST(Dial, ParsesAddresses) {
    Target target;
    parse_server("example.com:7433", target);
    EXPECT_EQ(target.host, "example.com");
    EXPECT_EQ(target.port, 7433);
    for (const char* wrong : {"", ":1", "host", "host:", "host:0", "host:70000", "host:7x"}) {
        EXPECT_THROW(parse_server(wrong, target), std::runtime_error) << wrong;
    }
}

}  // namespace
}  // namespace suanpan::load
