#include "tests/sim/world.h"

#include <array>

namespace suanpan::sim {
namespace {

template <typename T, std::size_t N>
T pick(Random& random, const std::array<T, N>& choices) {
    return choices[random.below(N)];
}

using Rates = std::array<std::uint64_t, 4>;

}  // namespace

World draw_world(Random& random) {
    World world;
    world.clients = 1 + random.below(6);
    world.workload = {.members = pick(random, Rates{1, 3, 6, 20}),
                      .hot_one_in = pick(random, Rates{0, 2, 4, 4}),
                      .points_max = pick(random, std::array<std::int64_t, 3>{10, 100, 1000}),
                      .skewed_clock_one_in = pick(random, Rates{0, 15, 60, 60}),
                      .changes_one_in = pick(random, Rates{1, 1, 1, 6}),
                      .orders_one_in = pick(random, Rates{0, 2, 2, 4})};
    world.open_ops_max = pick(random, std::array<std::size_t, 4>{1, 3, 8, 30});
    world.disk = {.crash_one_in = pick(random, std::array<std::uint64_t, 5>{0, 15, 60, 200, 600}),
                  .failed_flush_one_in = pick(random, Rates{0, 50, 200, 1000}),
                  .power_loss_one_in = pick(random, Rates{0, 1, 2, 4}),
                  .rot_one_in = pick(random, Rates{0, 0, 20, 100})};
    world.page_bytes = pick(random, Rates{4096, 1U << 19U, 1U << 20U, 2U << 20U});
    world.cut_one_in = pick(random, Rates{0, 100, 400, 2000});
    world.stall_one_in = pick(random, Rates{0, 100, 1000, 1000});
    world.kill_one_in = pick(random, Rates{0, 0, 500, 5000});
    world.client_death_one_in = pick(random, Rates{0, 0, 1000, 5000});
    world.clock_jump_one_in = pick(random, Rates{0, 0, 1000, 4000});
    world.long_pause_one_in = pick(random, Rates{0, 3000, 3000, 10'000});
    world.exact_one_in = pick(random, Rates{0, 500, 2000, 10'000});
    world.disk_full_one_in = pick(random, Rates{0, 0, 1500, 10'000});
    world.disk_full_ends_one_in = pick(random, Rates{100, 1000, 5000, 5000});
    world.clean_stop_one_in = pick(random, Rates{0, 1000, 2000, 6000});
    world.backup_one_in = pick(random, Rates{0, 1, 1, 3});
    world.restore_one_in = pick(random, Rates{0, 2000, 5000, 20'000});
    world.keeps_all = random.one_in(3);
    world.slow_journal = pick(random, Rates{0, 1, 3, 30});
    world.workload.offers_one_in = pick(random, Rates{0, 1, 2, 3});
    world.workload.sells_codes = !random.one_in(3);
    world.step_max = pick(random, std::array{nanoseconds(20'000), milliseconds(1), milliseconds(20),
                                             milliseconds(200)});
    return world;
}

ServerShape draw_server(Random& random) {
    using Counts = std::array<std::size_t, 3>;
    ServerShape shape;
    shape.shards = static_cast<std::uint16_t>(1 + random.below(4));
    shape.ring_slots = pick(random, Counts{2, 8, 64});
    shape.inline_commit_entries_max = pick(random, Counts{0, 2, 16});
    shape.batch_commands_max = pick(random, Counts{1, 4, 64});
    shape.staged_entries_max = pick(random, Counts{4, 32, 4096});
    shape.request_log_window =
        pick(random, std::array{seconds(20), seconds(60), seconds(900), seconds(900)});
    shape.request_log_ids_max =
        pick(random, Rates{40, 1000, limits::request_log_ids_max, limits::request_log_ids_max});
    shape.checkpoint_every_entries = pick(random, Rates{8, 24, 80, 2000});
    shape.slice_bytes = pick(random, Counts{1, 1000, 20'000});
    shape.first_quote = random.next();
    // Longer than the request log's window, as the server's configuration sees to.
    shape.keep = seconds(random.between(1000, 8000));
    shape.accounts_per_part = pick(random, Rates{1, 3, 10, 1000});
    shape.newer_master_key = random.one_in(2);
    shape.frames_in_flight_max = pick(random, std::array<std::uint32_t, 2>{2, 16});
    return shape;
}

}  // namespace suanpan::sim
