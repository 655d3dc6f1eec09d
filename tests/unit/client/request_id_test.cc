#include "client/request_id.h"

#include <gmock/gmock.h>

#include <chrono>
#include <set>
#include <thread>
#include <vector>

namespace suanpan::client {
namespace {

TEST(RequestIdMaker, WritesTheLayoutOfUuidVersion7) {
    RequestIdMaker maker;
    for (int i = 0; i < 1000; ++i) {
        const RequestId id = maker.make();
        EXPECT_EQ(id.high >> 12U & 0xfU, 7U);
        EXPECT_EQ(id.low >> 62U, 2U);
    }
}

TEST(RequestIdMaker, StartsWithTheWallClock) {
    RequestIdMaker maker;
    EXPECT_EQ(maker.make_at(1'700'000'000'123).unix_ms(), 1'700'000'000'123);
    const auto now_ms = [] {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    };
    const std::int64_t before_ms = now_ms();
    const std::int64_t made_ms = RequestIdMaker().make().unix_ms();
    EXPECT_GE(made_ms, before_ms);
    EXPECT_LE(made_ms, now_ms());
}

TEST(RequestIdMaker, RisesWithinAMillisecondAndWhenTheClockStepsBack) {
    RequestIdMaker maker;
    RequestId last = maker.make_at(1'700'000'000'000);
    for (int i = 0; i < 10'000; ++i) {
        const RequestId next = maker.make_at(1'700'000'000'000 - i);
        EXPECT_GT(next.high, last.high);
        last = next;
    }
    EXPECT_EQ(last.unix_ms(), 1'700'000'000'002) << "ran ahead by what did not fit";
}

TEST(RequestIdMaker, FollowsAClockThatStepsFarBack) {
    RequestIdMaker maker;
    static_cast<void>(maker.make_at(1'700'000'000'000));
    EXPECT_EQ(maker.make_at(1'699'999'000'000).unix_ms(), 1'699'999'000'000);
}

TEST(RequestIdMaker, GivesThreadsDifferentIds) {
    RequestIdMaker maker;
    std::vector<std::vector<RequestId>> made(4);
    {
        std::vector<std::jthread> threads;
        for (auto& ids : made) {
            threads.emplace_back([&maker, &ids] {
                for (int i = 0; i < 5000; ++i) ids.push_back(maker.make());
            });
        }
    }
    std::set<RequestId> all;
    for (const auto& ids : made) all.insert(ids.begin(), ids.end());
    EXPECT_EQ(all.size(), 20'000U);
}

}  // namespace
}  // namespace suanpan::client
