#include "client/backoff.h"

#include <gmock/gmock.h>

#include <set>

namespace suanpan::client {
namespace {

constexpr BackoffOptions options{.first = milliseconds(10), .longest = milliseconds(100)};

TEST(Backoff, DoublesUpToItsLongest) {
    std::minstd_rand random(1);
    const std::int64_t full_ms[] = {10, 20, 40, 80, 100, 100, 100};
    for (std::uint32_t attempt = 1; attempt <= 7; ++attempt) {
        for (int i = 0; i < 100; ++i) {
            const auto delay = backoff_delay(options, attempt, random).count();
            EXPECT_GE(delay, full_ms[attempt - 1] * 500'000);
            EXPECT_LE(delay, full_ms[attempt - 1] * 1'000'000);
        }
    }
}

TEST(Backoff, NeverOverflowsHoweverOftenItIsTried) {
    std::minstd_rand random(1);
    EXPECT_LE(backoff_delay(options, 4'000'000'000U, random).count(), 100'000'000);
}

TEST(Backoff, SpreadsClientsThatFailTogether) {
    std::minstd_rand random(1);
    std::set<std::int64_t> delays;
    for (int i = 0; i < 50; ++i) delays.insert(backoff_delay(options, 3, random).count());
    EXPECT_GT(delays.size(), 40U);
}

}  // namespace
}  // namespace suanpan::client
