// suanpan-sim: runs simulations from the command line.
#include "protocol/base/canary.h"
#include "protocol/base/probe.h"
#include "tests/sim/replay_line.h"
#include "tests/sim/run.h"
#include "tests/sim/simulator.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

namespace {

// How often each rare path was taken; a probe in a template counts once for each of its instances.
std::map<std::string_view, std::uint64_t> probe_visits() {
    std::map<std::string_view, std::uint64_t> visits;
#ifdef SUANPAN_PROBES
    for (const suanpan::Probe* probe : suanpan::all_probes())
        visits[probe->sentence] += probe->visits.load();
#endif
    return visits;
}

void print_probes() {
    for (const auto& [sentence, visits] : probe_visits())
        fmt::print("{:>10}  {}\n", visits, sentence);
}

// The paths that the simulator can reach and has not, one a line. False where it cannot be written.
bool write_missed_probes(const std::string& path) {
    std::ofstream file(path);
    for (const auto& [sentence, visits] : probe_visits())
        if (visits == 0 && !suanpan::sim::may_be_missed(sentence)) file << sentence << '\n';
    file.close();
    if (!file) fmt::print(stderr, "{}: cannot be written\n", path);
    return file.good();
}

void print_canaries() {
#ifdef SUANPAN_CANARIES
    for (const std::string& name : suanpan::Canary::names()) fmt::print("{}\n", name);
#endif
}

bool choose_canary([[maybe_unused]] const std::string& name) {
#ifdef SUANPAN_CANARIES
    return suanpan::Canary::choose(name);
#else
    return false;
#endif
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Simulates a whole server with its clients, crashes and repairs, out of a seed."};
    suanpan::sim::SimOptions options;
    options.seed =
        static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    std::uint64_t seeds = 1;
    bool shows_probes = false;
    std::string missed_probes;
    bool shows_canaries = false;
    std::string canary;
    app.add_option("--seed", options.seed, "The first seed; a fresh one where it is left out");
    app.add_option("--seeds", seeds, "How many seeds, one after the other");
    app.add_option("--events", options.events, "Requests that the clients make in each");
    app.add_flag("--trace", options.traces, "Tell what happens, step by step");
    app.add_flag("--probes", shows_probes, "Print how often each rare path was taken");
    app.add_option("--missed-probes", missed_probes,
                   "Write the rare paths that were never taken to this file");
    app.add_option("--canary", canary, "Have this planted bug (builds with SUANPAN_CANARIES only)");
    app.add_flag("--canaries", shows_canaries, "Print the names of the planted bugs, and end");
    CLI11_PARSE(app, argc, argv);

    if (shows_canaries) {
        print_canaries();
        return 0;
    }
    if (!canary.empty() && !choose_canary(canary)) {
        fmt::print(stderr, "this build has no planted bug of the name {}\n", canary);
        return 2;
    }
    const std::uint64_t first = options.seed;
    fmt::print("seeds {} to {}\n", first, first + seeds - 1);
    const suanpan::sim::SimPartners partners;
    suanpan::sim::SimReport sum;
    for (; options.seed < first + seeds; ++options.seed) {
        const suanpan::sim::ReplayLine replay(options, canary.empty() ? "" : " --canary=" + canary);
        try {
            sum.add(suanpan::sim::Simulator{options, partners.directory()}.run());
        } catch (const std::exception& violation) {
            fmt::print("seed {}: {}\n{}", options.seed, violation.what(), replay.text());
            return 1;
        }
    }
    fmt::print(
        "{} seeds: {} requests, {} entries, {} steps, {} starts, {} crashes, {} power losses, {} "
        "failed flushes, {} rotten bytes, {} retentions, {} restores, {} cuts, {} client deaths, "
        "{} "
        "checkpoints, {} replays, {} repeats, {} reads, {} lookups; history {:016x}\n",
        seeds, sum.requests, sum.entries, sum.steps, sum.lives, sum.crashes, sum.power_losses,
        sum.failed_flushes, sum.rotten_bytes, sum.retired, sum.restores, sum.cuts,
        sum.client_deaths, sum.checkpoints, sum.replays, sum.repeats, sum.reads, sum.looked_up,
        sum.history_hash);
    if (shows_probes) print_probes();
    return missed_probes.empty() || write_missed_probes(missed_probes) ? 0 : 2;
}
