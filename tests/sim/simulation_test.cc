// The simulator's seeds in the ordinary build, with sanitizers and slow assertions. CI runs many
// more of them in a faster one (.ci/run, docs/testing.md).
#include "tests/sim/replay_line.h"
#include "tests/sim/run.h"
#include "tests/sim/simulator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>

namespace suanpan::sim {
namespace {

constexpr std::uint64_t standard_seeds = 24;
constexpr std::uint64_t fresh_seeds = 6;
constexpr std::uint64_t events = 300;

SimReport run_seeds(std::uint64_t first, std::uint64_t count) {
    const SimPartners partners;
    SimReport sum;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const SimOptions options{.seed = seed, .events = events};
        const ReplayLine replay(options);
        try {
            sum.add(Simulator{options, partners.directory()}.run());
        } catch (const std::exception& violation) {
            ADD_FAILURE() << violation.what() << "\n" << replay.text();
        }
    }
    return sum;
}

TEST(Simulation, LosesNothingItPromisedInTheStandardSeeds) {
    const SimReport sum = run_seeds(1, standard_seeds);
    // The seeds mean nothing where nothing goes wrong in them.
    EXPECT_GT(sum.crashes, standard_seeds);
    EXPECT_GT(sum.power_losses, standard_seeds / 2);
    EXPECT_GT(sum.failed_flushes, 0U);
    EXPECT_GT(sum.cuts, standard_seeds);
    EXPECT_GT(sum.checkpoints, standard_seeds / 4);
    EXPECT_GT(sum.retired, 0U);
    EXPECT_GT(sum.restores, 0U);
    EXPECT_GT(sum.repeats, standard_seeds);
    EXPECT_GT(sum.reads, standard_seeds);
    EXPECT_GT(sum.looked_up, standard_seeds);
}

TEST(Simulation, LosesNothingItPromisedInFreshSeeds) {
    const std::uint64_t first = std::random_device{}();
    std::printf("seeds %llu to %llu\n", static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(first + fresh_seeds - 1));
    std::fflush(stdout);  // an abort must not take them along
    run_seeds(first, fresh_seeds);
}

TEST(SimulationDeathTest, SaysHowToReplayASeedThatEndsTheProcess) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto abort_in_a_run = [] {
        dup2(STDERR_FILENO, STDOUT_FILENO);  // where a death test looks
        const ReplayLine replay({.seed = 4711, .events = 7});
        std::abort();
    };
    EXPECT_DEATH(abort_in_a_run(), "replay: suanpan-sim --seed=4711 --events=7");
}

TEST(Simulation, GivesTheSameHistoryForTheSameSeed) {
    const SimPartners partners;
    for (const std::uint64_t seed : {3U, 17U, 20U}) {
        const SimOptions options{.seed = seed, .events = events};
        const SimReport first = Simulator{options, partners.directory()}.run();
        const SimReport second = Simulator{options, partners.directory()}.run();
        EXPECT_EQ(first.history_hash, second.history_hash);
        EXPECT_EQ(first.steps, second.steps);
        const SimReport other =
            Simulator{{.seed = seed + 1, .events = events}, partners.directory()}.run();
        EXPECT_NE(first.history_hash, other.history_hash);
    }
}

}  // namespace
}  // namespace suanpan::sim
