#include "tests/power/traced_load.h"

#include "tests/e2e/raw_client.h"
#include "tests/e2e/server_process.h"
#include "tests/power/traced_shopper.h"

#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>

namespace suanpan::power {
namespace {

using e2e::RawClient;

constexpr PartnerId partner{1};
constexpr std::uint64_t members = 150;
constexpr std::uint64_t start_records = 20;  // fewer than any start makes

Command next_command(std::mt19937_64& random) {
    const MemberId who = e2e::member(random() % members);
    const auto points = static_cast<std::int64_t>(random() % 40 + 1);
    switch (random() % 8) {
        case 0:
        case 1:
        case 2:
        case 3:
            return e2e::earn(who, points);
        case 4:
            return e2e::read_balance(who);
        case 5: {
            Command command = e2e::spend(who, points);
            command.head.kind = CommandKind::hold;
            command.body =
                PlaceHold{.amount = {points}, .min_remaining = {}, .duration = seconds(2)};
            return command;
        }
        default:
            return e2e::spend(who, points);
    }
}

// One connection that sends until the server is gone or it is told to end. Own thread.
class Worker {
public:
    // A shopper where `shopper` is not 0: its number.
    Worker(std::uint16_t port, std::uint64_t seed, std::uint32_t batch_events_max,
           std::uint64_t shopper)
        : thread_([=, this] {
              if (shopper == 0)
                  run(port, seed, batch_events_max);
              else
                  shop(port, seed, shopper);
          }) {}
    ~Worker() {
        end();
        if (thread_.joinable()) thread_.join();
    }
    void end() { ending_ = true; }
    [[nodiscard]] std::uint64_t answered() const { return answered_; }
    [[nodiscard]] std::uint64_t bought() const { return bought_; }

private:
    void run(std::uint16_t port, std::uint64_t seed, std::uint32_t batch_events_max) try {
        std::mt19937_64 random(seed);
        RawClient client(port, partner);
        while (!ending_) {
            // A frame holds commands of one kind.
            const Command first = next_command(random);
            std::vector<Command> commands{first};
            const std::uint64_t wanted =
                random() % 4 == 0 ? random() % batch_events_max + 1 : random() % 3 + 1;
            while (commands.size() < wanted) {
                const Command next = next_command(random);
                if (next.head.kind == first.head.kind) commands.push_back(next);
            }
            if (!client.send(e2e::frame_of(commands)) || !client.receive()) return;
            answered_ += commands.size();
        }
    } catch (const std::exception&) {
        // The server was killed in the middle of an answer.
    }

    void shop(std::uint16_t port, std::uint64_t seed, std::uint64_t number) try {
        std::mt19937_64 random(seed);
        RawClient client(port, partner);
        Shopper shopper(client, number);
        while (!ending_ && shopper.act(random)) {
            ++answered_;
            bought_ = shopper.bought();
        }
    } catch (const std::exception&) {
        // As above.
    }

    std::atomic<bool> ending_ = false;
    std::atomic<std::uint64_t> answered_ = 0;
    std::atomic<std::uint64_t> bought_ = 0;
    std::thread thread_;
};

void set(const char* name, const std::string& value) {
    ::setenv(name, value.c_str(), 1);
}

// What the shim reads; for the server that is started while this lives.
class ShimEnvironment {
public:
    ShimEnvironment(const TracedLoadOptions& options, std::uint32_t life, std::uint64_t kill_at) {
        set("SUANPAND", options.server.string());
        set("ASAN_OPTIONS", "verify_asan_link_order=0:quarantine_size_mb=8:detect_leaks=0");
        if (options.shim.empty()) return;
        set("SUANPAN_POWER_ROOT", (options.folder / "data").string());
        set("SUANPAN_POWER_TRACE", (options.folder / ("trace." + std::to_string(life))).string());
        set("SUANPAN_POWER_KILL_AT", std::to_string(kill_at));
        set("LD_PRELOAD", options.shim.string());
    }
    ~ShimEnvironment() {
        for (const char* name : {"SUANPAN_POWER_ROOT", "SUANPAN_POWER_TRACE",
                                 "SUANPAN_POWER_KILL_AT", "SUANPAND", "LD_PRELOAD"})
            ::unsetenv(name);
    }
    ShimEnvironment(const ShimEnvironment&) = delete;
    ShimEnvironment& operator=(const ShimEnvironment&) = delete;
};

std::uint64_t answered_by(const std::vector<std::unique_ptr<Worker>>& workers) {
    std::uint64_t sum = 0;
    for (const auto& worker : workers) sum += worker->answered();
    return sum;
}

}  // namespace

void run_traced_load(const TracedLoadOptions& options) {
    std::mt19937_64 random(options.seed);
    e2e::ServerProcess server(options.folder);
    write_master_keys(options.folder);
    std::vector<std::string> flags = options.server_flags;
    flags.insert(flags.end(), {"--master-keys-file", master_keys_in(options.folder).string()});
    std::uint32_t traces = 0;
    std::uint64_t bought = 0;
    for (std::uint32_t life = 0; life < options.lives; ++life) {
        if (life > 0) {
            // Dies within its start, while it repairs what the life before has left.
            const ShimEnvironment environment(options, traces++, random() % start_records + 1);
            if (server.run_refused(flags) != 128 + SIGKILL)
                throw std::runtime_error("the start was not killed:\n" + server.log());
        }
        const bool is_last = life + 1 == options.lives;
        // The last life is stopped after about as much work as the others.
        const std::uint64_t kill_at =
            is_last ? 0 : options.records_per_life / 2 + random() % options.records_per_life;
        {
            const ShimEnvironment environment(options, traces++, kill_at);
            server.start(flags);
        }
        if (life == 0) {
            RawClient client(server.port(), partner);
            if (client.call(e2e::create_test_program()).code != Code::ok)
                throw std::runtime_error("the program was not created");
            open_shop(client);
        }
        std::vector<std::unique_ptr<Worker>> workers;
        for (std::uint32_t i = 0; i < options.connections; ++i)
            workers.push_back(
                std::make_unique<Worker>(server.port(), random(), options.batch_events_max, 0));
        for (std::uint32_t i = 0; i < options.shoppers; ++i)
            workers.push_back(std::make_unique<Worker>(server.port(), random(), 1,
                                                       1 + life * options.shoppers + i));
        const std::uint64_t wanted = options.records_per_life;
        const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(5);
        while (server.is_running() && !(is_last && answered_by(workers) >= wanted)) {
            if (std::chrono::steady_clock::now() > until)
                throw std::runtime_error("the load does not come to an end:\n" + server.log());
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        for (const auto& worker : workers) {
            worker->end();
            bought += worker->bought();
        }
        workers.clear();
        if (is_last && !server.is_running())
            throw std::runtime_error("the server has ended by itself:\n" + server.log());
        if (is_last && options.kill_at_end)
            server.kill();
        else if (is_last && server.stop() != 0)
            throw std::runtime_error("the server did not stop in order:\n" + server.log());
    }
    if (options.shoppers > 0 && bought == 0)
        throw std::runtime_error("nobody has bought anything:\n" + server.log());
}

}  // namespace suanpan::power
