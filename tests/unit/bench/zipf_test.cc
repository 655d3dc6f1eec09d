#include "bench/load/zipf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace suanpan::load {
namespace {

// How often each rank comes in `draws` draws.
std::map<std::uint64_t, double> shares(const Zipf& zipf, int draws) {
    std::mt19937_64 random(7);
    std::map<std::uint64_t, double> counts;
    for (int i = 0; i < draws; ++i) counts[zipf.draw(random)] += 1.0 / draws;
    return counts;
}

TEST(Zipf, DrawsEachRankAsOftenAsItsWeightSays) {
    for (const double s : {0.5, 0.99, 1.0, 1.5}) {
        constexpr std::uint64_t n = 50;
        double sum = 0;
        for (std::uint64_t k = 1; k <= n; ++k) sum += std::pow(static_cast<double>(k), -s);
        const auto drawn = shares(Zipf(n, s), 400'000);
        for (const std::uint64_t k : {1ULL, 2ULL, 3ULL, 10ULL, 50ULL}) {
            const double expected = std::pow(static_cast<double>(k), -s) / sum;
            // Six standard deviations of a share of 400,000 draws.
            EXPECT_NEAR(drawn.at(k), expected, 6 * std::sqrt(expected / 400'000)) << s << " " << k;
        }
    }
}

TEST(Zipf, WithExponentZeroIsUniform) {
    const auto drawn = shares(Zipf(10, 0), 100'000);
    ASSERT_EQ(drawn.size(), 10U);
    for (const auto& [rank, share] : drawn) EXPECT_NEAR(share, 0.1, 0.006) << rank;
}

TEST(Zipf, NeverLeavesItsRange) {
    std::mt19937_64 random(3);
    for (const std::uint64_t n : {1ULL, 2ULL, 100'000'000ULL}) {
        const Zipf zipf(n, 1.2);
        for (int i = 0; i < 10'000; ++i) {
            const std::uint64_t rank = zipf.draw(random);
            ASSERT_GE(rank, 1U);
            ASSERT_LE(rank, n);
        }
    }
}

}  // namespace
}  // namespace suanpan::load
