// LoadOptions: what the command line of suanpan-load asks for.
#pragma once

#include "bench/load/mix.h"
#include "bench/load/schedule.h"
#include "bench/load/worker.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

namespace suanpan::load {

// A plain value; docs/performance.md explains how the options are used together.
struct LoadOptions {
    // Where to, and as whom.
    std::string server = "127.0.0.1:7433";
    std::string ready_file;  // not empty: names the port
    std::uint32_t partner = 1;
    std::string key_file;
    std::uint32_t program = 1;

    // How much at once.
    std::uint32_t threads = 1;
    std::uint32_t connections = 16;
    std::uint32_t in_flight = 64;  // frames per connection
    std::uint32_t batch = 1;       // events per frame

    // What.
    std::string mix = "spend=1";
    std::uint64_t members = 1'000'000;
    double zipf_s = 0;  // 0: uniform
    std::int64_t amount = 1;
    std::uint64_t seed = 1;

    // A flash sale instead of the mix.
    bool flash_sale = false;
    std::uint32_t offers = 1;
    double offer_zipf_s = 0.99;
    std::int64_t stock = 1'000'000;  // of each offer
    bool with_codes = false;

    // When.
    bool open_loop = false;
    double events_per_second = 0;  // open loop
    Arrivals arrivals = Arrivals::poisson;
    std::int64_t pace_us = 50;
    double seconds = 10;
    double warmup_seconds = 1;
    std::uint64_t events = 0;  // 0: until the time is over

    // Before the load.
    bool prepare = false;
    std::int64_t initial_points = 1'000'000;

    // Cuts, and what was promised.
    bool expect_cut = false;
    bool retry_unacked = false;
    double reconnect_seconds = 60;
    std::string ack_file;
    std::string check_ack_file;

    // Out.
    std::string csv_file;
    std::string json_file;
    std::string histogram_file;
    std::string label;
    bool quiet = false;
};

// Adds the options to `app`, with their help.
void add_load_options(CLI::App& app, LoadOptions& options);
// Throws std::runtime_error, with one line, for options that contradict each other.
void check_load_options(const LoadOptions& options);

}  // namespace suanpan::load
