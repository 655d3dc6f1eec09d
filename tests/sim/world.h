// World: everything that a seed decides before a simulation begins.
#pragma once

#include "protocol/base/time.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/workload.h"

#include <cstdint>

namespace suanpan::sim {

// How many of whom, and how often what goes wrong: once in so many steps (or operations); 0: never.
struct World {
    std::uint64_t clients = 1;
    WorkloadShape workload;
    std::size_t open_ops_max = 4;  // of one client
    DiskFaults disk;
    std::uint64_t page_bytes = 4096;
    std::uint64_t cut_one_in = 0;
    std::uint64_t stall_one_in = 0;  // a line carries nothing for a while
    std::uint64_t kill_one_in = 0;   // of the server, between two steps
    std::uint64_t client_death_one_in = 0;
    std::uint64_t clock_jump_one_in = 0;
    std::uint64_t long_pause_one_in = 0;  // hours pass
    std::uint64_t exact_one_in = 0;       // the clock stops where something ends or begins
    std::uint64_t disk_full_one_in = 0;
    std::uint64_t disk_full_ends_one_in = 100;
    std::uint64_t clean_stop_one_in = 0;
    std::uint64_t backup_one_in = 0;   // of the stops in order: then the directory is copied
    std::uint64_t restore_one_in = 0;  // the machine is lost, and the copy takes its place
    bool keeps_all = true;             // no retention
    std::uint64_t slow_journal = 0;    // the larger, the rarer a commit
    Duration step_max;                 // that passes with a step
};

[[nodiscard]] World draw_world(Random& random);
// What an operator may have chosen for the next life; bounds are mostly tiny.
[[nodiscard]] ServerShape draw_server(Random& random);

}  // namespace suanpan::sim
