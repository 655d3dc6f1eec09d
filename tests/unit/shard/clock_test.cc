#include "server/shard/clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace suanpan::shard {
namespace {

TEST(RealClock, TellsTheWallsTimeAtTheStart) {
    const auto wall_ns = [] {
        const auto since = std::chrono::system_clock::now().time_since_epoch();
        return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
    };
    const std::int64_t before_ns = wall_ns();
    const RealClock clock{Instant{}};
    const Instant told = clock.now();
    EXPECT_TRUE(clock.is_safe());
    const std::int64_t after_ns = wall_ns();
    // The clock read the wall at some moment in between, and cannot be further off than that.
    EXPECT_GE(told.ns, before_ns - (after_ns - before_ns));
    EXPECT_LE(told.ns, after_ns + (after_ns - before_ns));
}

TEST(RealClock, IsUnsafeWhenTheJournalIsAheadOfTheWall) {
    const Instant wall = RealClock{Instant{}}.now();
    const RealClock clock{wall + hours(1)};
    EXPECT_FALSE(clock.is_safe());
    EXPECT_GE(clock.now(), wall + hours(1));  // never before the last entry
}

TEST(RealClock, IsUnsafeWhenTheWallIsADayAheadOfTheJournal) {
    const Instant wall = RealClock{Instant{}}.now();
    EXPECT_FALSE(RealClock{wall - hours(25)}.is_safe());
    EXPECT_TRUE(RealClock{wall - hours(23)}.is_safe());
}

// The start record would otherwise carry the wall's time, and the next start find nothing wrong.
TEST(RealClock, JournalsNothingOfAWallThatNobodyHasAccepted) {
    const Instant wall = RealClock{Instant{}}.now();
    const Instant last = wall - days(400);
    RealClock clock{last};
    EXPECT_GE(clock.now(), last);
    EXPECT_LT(clock.now(), last + hours(1));
    clock.watch();
    EXPECT_FALSE(clock.is_safe());
    const RealClock restarted{clock.now()};
    EXPECT_FALSE(restarted.is_safe());
    EXPECT_LT(restarted.now(), last + hours(1));

    clock.accept_wall_clock();
    EXPECT_TRUE(clock.is_safe());
    EXPECT_GE(clock.now(), wall);
    clock.watch();
    EXPECT_TRUE(clock.is_safe());
}

// Set back by an operator before it was accepted: the clock goes on, it does not wait for a time
// that only the wrong wall had.
TEST(RealClock, DoesNotStandStillForAWallThatWasWrongAtTheStart) {
    const Instant wall = RealClock{Instant{}}.now();
    RealClock clock{wall - days(2), days(30)};  // a sandbox's offset: the wall is 32 days ahead
    EXPECT_FALSE(clock.is_safe());
    EXPECT_LT(clock.now(), wall - days(1));
}

TEST(RealClock, IsUnsafeWhereTheWallLeavesItBehind) {
    RealClock clock{Instant{}, Duration{0}, Duration{-1}};  // any distance is too far
    clock.watch();
    EXPECT_FALSE(clock.is_safe());
    clock.accept_wall_clock();
    EXPECT_TRUE(clock.is_safe());
}

TEST(RealClock, GoesOnWhenAnOperatorAcceptsTheWall) {
    const Instant wall = RealClock{Instant{}}.now();
    RealClock clock{wall + hours(1)};
    clock.accept_wall_clock();
    EXPECT_TRUE(clock.is_safe());
    EXPECT_GE(clock.now(), wall + hours(1));
    clock.watch();
    EXPECT_TRUE(clock.is_safe());
}

TEST(RealClock, AdvancesWhereASandboxAsks) {
    RealClock clock{Instant{}};
    const Instant before = clock.now();
    clock.advance(days(31));
    EXPECT_GE(clock.now(), before + days(31));
    clock.watch();
    EXPECT_TRUE(clock.is_safe());
}

}  // namespace
}  // namespace suanpan::shard
