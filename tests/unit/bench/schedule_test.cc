#include "bench/load/schedule.h"

#include <gtest/gtest.h>

namespace suanpan::load {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::uint64_t frames_before(OpenSchedule schedule, std::int64_t end_ns) {
    std::uint64_t count = 0;
    for (; schedule.next_due_ns() < end_ns; schedule.advance()) ++count;
    return count;
}

TEST(OpenSchedule, UniformGapsAddUpWithoutDrifting) {
    OpenSchedule schedule({.arrivals = Arrivals::uniform, .frames_per_second = 3}, 1);
    for (int i = 0; i < 3'000'000; ++i) schedule.advance();
    EXPECT_NEAR(static_cast<double>(schedule.next_due_ns()), 1e6 * second_ns, 100'000);
}

TEST(OpenSchedule, PhasesInterleaveStreams) {
    const OpenSchedule first({.arrivals = Arrivals::uniform, .frames_per_second = 10, .phase = 0},
                             1);
    const OpenSchedule second(
        {.arrivals = Arrivals::uniform, .frames_per_second = 10, .phase = 0.5}, 1);
    EXPECT_EQ(second.next_due_ns() - first.next_due_ns(), second_ns / 20);
}

TEST(OpenSchedule, PoissonKeepsItsRateAndItsSpread) {
    const OpenSchedule schedule({.frames_per_second = 1000, .start_ns = 5 * second_ns}, 42);
    EXPECT_GE(schedule.next_due_ns(), 5 * second_ns);
    EXPECT_NEAR(static_cast<double>(frames_before(schedule, 105 * second_ns)), 100'000, 6 * 316);
    // Gaps are exponential: e^-2 of them are longer than twice the mean.
    OpenSchedule walk = schedule;
    int longer = 0;
    for (int i = 0; i < 100'000; ++i) {
        const std::int64_t before_ns = walk.next_due_ns();
        walk.advance();
        if (walk.next_due_ns() - before_ns > 2'000'000) ++longer;
    }
    EXPECT_NEAR(longer, 13'534, 700);
}

TEST(OpenSchedule, CountsWhatIsDueWithoutMovingOn) {
    const OpenSchedule schedule({.arrivals = Arrivals::uniform, .frames_per_second = 100}, 1);
    EXPECT_EQ(schedule.backlog(second_ns - 1, 1000), 100U);
    EXPECT_EQ(schedule.backlog(second_ns - 1, 30), 30U);
    EXPECT_EQ(schedule.next_due_ns(), 0);
}

TEST(OpenSchedule, OneSeedIsOneSchedule) {
    OpenSchedule a({.frames_per_second = 10}, 9);
    OpenSchedule b({.frames_per_second = 10}, 9);
    const OpenSchedule other({.frames_per_second = 10}, 10);
    EXPECT_NE(a.next_due_ns(), other.next_due_ns());
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(a.next_due_ns(), b.next_due_ns());
        a.advance();
        b.advance();
    }
}

}  // namespace
}  // namespace suanpan::load
