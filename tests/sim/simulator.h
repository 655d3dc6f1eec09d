// Simulator: a whole server with its clients, on one thread, out of one seed.
#pragma once

#include "server/net/partners.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/trace.h"
#include "tests/sim/workload.h"
#include "tests/sim/world.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::sim {

struct SimOptions {
    std::uint64_t seed = 1;
    std::uint64_t events = 400;  // requests that the clients make
    bool traces = false;
};

// What a run came to.
struct SimReport {
    std::uint64_t steps = 0;
    std::uint64_t requests = 0;
    std::uint64_t entries = 0;
    std::uint64_t lives = 0;    // starts of the server
    std::uint64_t crashes = 0;  // of it
    std::uint64_t power_losses = 0;
    std::uint64_t failed_flushes = 0;
    std::uint64_t rotten_bytes = 0;  // of checkpoints
    std::uint64_t retired = 0;       // baselines that took the place of segments
    std::uint64_t restores = 0;      // of a copy, the machine being lost
    std::uint64_t cuts = 0;          // of connections
    std::uint64_t client_deaths = 0;
    std::uint64_t checkpoints = 0;
    std::uint64_t replays = 0;  // states compared with a replay from the first entry
    std::uint64_t repeats = 0;  // second answers, equal to the first
    std::uint64_t reads = 0;    // found among the model's states
    std::uint64_t looked_up = 0;
    std::uint64_t history_hash = 0;

    void add(const SimReport& other);
};

// The seed draws shards, limits, workload and fault rates; then every step draws who goes next and
// what goes wrong. First faults, then none, until every request has an answer (liveness). The
// history is then checked against journal and model. Throws Violation.
class Simulator {
public:
    Simulator(const SimOptions& options, const PartnerDirectory& partners);
    ~Simulator();

    SimReport run();

private:
    // A client's line to the server, with what is under way on it.
    struct Line {
        std::unique_ptr<SimClient> client;
        bool is_connected = false;
        std::uint64_t stalled_until = 0;  // step
        SimServer::Connection connection;
        bool is_split_to_server = false;  // some of what was sent has arrived, and some has not
        bool is_split_to_client = false;
        std::deque<std::byte> to_server;
        std::deque<std::byte> to_client;
    };
    void prepare_disk();
    void start_server();
    bool try_start();
    void end_life(const char* how);
    void note_shards();
    // simulator_backup.cc
    void take_backup();
    void restore_backup();
    bool try_restore();
    void draw_quote_secret();
    void step_retainer();
    // All that was ever durable, the journal compared with it; and only brought up to date.
    [[nodiscard]] const EntryBytes& entries();
    void archive_entries();
    void step();
    void act();
    void server_step();
    void step_any_shard();
    void network_step(Line& line);
    void carry(Line& line);
    void client_step(std::size_t number);
    void make_requests(std::size_t number);
    void cut(Line& line, const char* why);
    void pass_time();
    void jump_clock();
    void run_until_settled();
    [[nodiscard]] bool is_settled() const;
    [[nodiscard]] std::string unsettled() const;

    // simulator_sale.cc
    void final_sale();
    void post_what_is_due();
    void check_pools();
    void check_recovered_codes();
    void check_stocks(model::Model& model);
    void check_budgets(model::Model& model);

    // simulator_checks.cc
    void check_running();
    void check_history();
    void check_totals(model::Model& model);
    void check_uses(model::Model& model);
    [[nodiscard]] bool compares_states();
    void check_restart();
    void check_running_state();
    void check_replay(const std::string& what);
    [[nodiscard]] std::uint64_t hash_of(const EntryBytes& entries) const;

    // A copy of the data directory, made while the server was down.
    struct Backup {
        SimDisk::Files files;
        SimDisk::Stores stores;
        Lsn last;
        Workload::Told told;
    };

    const SimOptions options_;
    const PartnerDirectory& partners_;
    Trace trace_;
    Random random_;
    const World world_;
    SimDisk disk_;
    SimClock clock_;
    Workload workload_;
    std::vector<Line> lines_;
    std::unique_ptr<SimServer> server_;
    EntryBytes archive_;  // all entries that were ever durable, those of removed segments too
    std::optional<Backup> backup_;
    Restores restores_;
    std::map<Lsn, Sha256> quote_secrets_;  // as in Secrets
    bool trusts_disk_ = false;             // the operator has looked at it after a failed flush
    SimReport report_;
    bool are_programs_made_ = false;
    bool has_faults_ = true;
    std::uint64_t clock_stands_until_ = 0;  // step
    std::uint64_t turns_since_commit_ = 0;  // of shards
    std::uint16_t last_shards_ = 0;         // of the server; 0: there was none
};

}  // namespace suanpan::sim
