#include "server/shard/clock.h"

#include <gtest/gtest.h>

namespace suanpan::shard {
namespace {

TEST(RealClock, TellsTheWallsTimeAtTheStart) {
    const RealClock clock{Instant{}};
    EXPECT_TRUE(clock.is_safe());
    EXPECT_LT(std::abs(clock.wall_ahead().ns), milliseconds(100).ns);
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
