// TracedLoad: a real server under write_shim and under load, through several lives.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace suanpan::power {

struct TracedLoadOptions {
    std::filesystem::path folder;  // gets data, trace.0, trace.1, ..., partners.toml
    std::filesystem::path server;  // suanpan-small-server or suanpand
    std::filesystem::path shim;    // empty: no trace is made
    std::uint64_t seed = 1;
    std::uint32_t lives = 3;                 // each but the last ends with SIGKILL
    std::uint64_t records_per_life = 2'500;  // of the shim, about; moments where it may be killed
    std::uint32_t connections = 3;
    std::uint32_t shoppers = 2;
    std::uint32_t batch_events_max = 48;
    bool kill_at_end = false;  // the last life too
    std::vector<std::string> server_flags;
};

// Runs it to its end; the server of the last life is stopped in order. Throws std::runtime_error
// where the server does something that no kill explains.
void run_traced_load(const TracedLoadOptions& options);

}  // namespace suanpan::power
