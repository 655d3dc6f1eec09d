#include "server/shard/ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace suanpan::shard {
namespace {

TEST(SpscRing, RefusesWhatDoesNotFitAndLosesNothing) {
    SpscRing<int> ring(4);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(ring.try_push(int{i}));
    EXPECT_FALSE(ring.try_push(99));
    std::vector<int> taken;
    EXPECT_EQ(ring.drain(3, [&](int value) { taken.push_back(value); }), 3U);
    EXPECT_TRUE(ring.try_push(4));
    ring.drain(10, [&](int value) { taken.push_back(value); });
    EXPECT_THAT(taken, testing::ElementsAre(0, 1, 2, 3, 4));
    EXPECT_TRUE(ring.empty());
}

TEST(SpscRing, HasRoomForTheNextValueWhileOneIsTaken) {
    SpscRing<int> ring(2);
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(ring.try_push(int{i}));
    std::vector<bool> had_room;
    ring.drain(2, [&](int value) { had_room.push_back(ring.try_push(value + 2)); });
    EXPECT_THAT(had_room, testing::ElementsAre(true, true));
    std::vector<int> taken;
    ring.drain(2, [&](int value) { taken.push_back(value); });
    EXPECT_THAT(taken, testing::ElementsAre(2, 3));
}

TEST(SpscRing, MovesWhatCannotBeCopied) {
    SpscRing<std::unique_ptr<int>> ring(2);
    ASSERT_TRUE(ring.try_push(std::make_unique<int>(7)));
    int seen = 0;
    ring.drain(1, [&](std::unique_ptr<int>&& value) { seen = *value; });
    EXPECT_EQ(seen, 7);
}

TEST(SpscRing, KeepsOrderBetweenTwoThreads) {
    constexpr std::uint64_t count = 200'000;
    SpscRing<std::uint64_t> ring(64);
    std::thread producer([&ring] {
        for (std::uint64_t i = 0; i < count;) {
            if (ring.try_push(std::uint64_t{i}))
                ++i;
            else
                std::this_thread::yield();
        }
    });
    std::uint64_t expected = 0;
    bool in_order = true;
    while (expected < count) {
        const std::size_t taken = ring.drain(16, [&](std::uint64_t value) {
            in_order = in_order && value == expected;
            ++expected;
        });
        if (taken == 0) std::this_thread::yield();
    }
    producer.join();
    EXPECT_TRUE(in_order);
}

}  // namespace
}  // namespace suanpan::shard
