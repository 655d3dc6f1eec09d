// Stops, restarts, signals and locks of a real server: what was acknowledged stays.
#include "tests/e2e/raw_client.h"
#include "tests/e2e/server_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <span>
#include <thread>

namespace suanpan::e2e {
namespace {

constexpr PartnerId partner{1};
constexpr PartnerId leaver{2};
constexpr std::size_t lookups_per_frame = 512;

// What a client was promised.
struct Promise {
    MemberId member;
    RequestId request_id;
    Lsn entry_id;
};

// Earns in batches on one connection until the server refuses or closes; own thread.
class Worker {
public:
    Worker(std::uint16_t port, std::uint64_t number)
        : thread_([this, port, number] { run(port, number); }) {}
    ~Worker() { join(); }
    void join() {
        if (thread_.joinable()) thread_.join();
    }
    void end() { ending_ = true; }

    // Counts acknowledged events; any thread.
    [[nodiscard]] std::size_t acknowledged() const { return acknowledged_; }
    // After join().
    [[nodiscard]] const std::vector<Promise>& promises() const { return promises_; }
    [[nodiscard]] bool was_told_of_the_stop() const { return told_; }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
    void run(std::uint16_t port, std::uint64_t number) try {
        RawClient client(port, partner);
        while (!ending_) {
            std::vector<Command> commands;
            for (std::uint64_t i = 0; i < 16; ++i)
                commands.push_back(earn(member(number * 100 + i), 1));
            if (!client.send(frame_of(commands))) return;
            const auto reply = client.receive();
            if (!reply) return;
            const std::vector<Outcome> outcomes = reply->outcomes();
            for (std::size_t i = 0; i < outcomes.size(); ++i) {
                const Command& command = commands.at(i);
                if (outcomes[i].code == Code::ok) {
                    promises_.push_back(
                        {command.head.member, command.head.request_id, outcomes[i].entry_id});
                    ++acknowledged_;
                } else if (outcomes[i].code == Code::shutting_down) {
                    told_ = true;
                } else {
                    trouble_ = text_of(outcomes[i].code).name;
                }
            }
        }
    } catch (const std::exception& error) {
        trouble_ = error.what();
    }

    std::atomic<bool> ending_ = false;
    std::atomic<std::size_t> acknowledged_ = 0;
    std::vector<Promise> promises_;
    bool told_ = false;
    std::string trouble_;
    std::thread thread_;
};

void wait_until_all_have(const std::array<std::unique_ptr<Worker>, 4>& workers,
                         std::size_t events) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (const auto& worker : workers)
        while (worker->acknowledged() < events && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

std::size_t lost_of(std::uint16_t port, const std::vector<Promise>& promises) {
    RawClient client(port, partner);
    std::size_t lost = 0;
    for (std::size_t at = 0; at < promises.size(); at += lookups_per_frame) {
        std::vector<Command> commands;
        for (const Promise& promise :
             std::span(promises).subspan(at, std::min(lookups_per_frame, promises.size() - at)))
            commands.push_back(lookup(promise.member, promise.request_id));
        const std::vector<Outcome> found = client.call(commands);
        for (std::size_t i = 0; i < commands.size(); ++i)
            if (found.at(i).code != Code::ok || found[i].entry_id != promises[at + i].entry_id)
                ++lost;
    }
    return lost;
}

// One data directory for all tests of this file; each starts the server as it needs it.
class Lifecycle : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        server_ = std::make_unique<ServerProcess>();
        server_->write_partners({{.id = partner}, {.id = leaver}});
        server_->start({"--shards", "2"});
        RawClient client(server_->port(), partner);
        ASSERT_EQ(client.call(create_test_program()).code, Code::ok);
        ASSERT_EQ(server_->stop(), 0);
    }
    static void TearDownTestSuite() { server_.reset(); }
    void TearDown() override {
        if (server_->is_running()) server_->kill();
    }

    static std::array<std::unique_ptr<Worker>, 4> start_workers() {
        std::array<std::unique_ptr<Worker>, 4> workers;
        for (std::size_t i = 0; i < workers.size(); ++i)
            workers[i] = std::make_unique<Worker>(server_->port(), i);
        return workers;
    }
    static std::unique_ptr<ServerProcess> server_;
};

std::unique_ptr<ServerProcess> Lifecycle::server_;

TEST_F(Lifecycle, SigtermUnderLoadRefusesNewWorkAndKeepsEveryPromise) {
    server_->start({"--shards", "2"});
    auto workers = start_workers();
    wait_until_all_have(workers, 64);
    EXPECT_EQ(server_->stop(), 0);
    std::vector<Promise> promises;
    bool told = false;
    for (const auto& worker : workers) {
        worker->join();
        EXPECT_EQ(worker->trouble(), "");
        told = told || worker->was_told_of_the_stop();
        promises.insert(promises.end(), worker->promises().begin(), worker->promises().end());
    }
    EXPECT_TRUE(told) << "nobody was answered shutting_down";
    EXPECT_GE(promises.size(), 256U);

    server_->start({"--shards", "2"});
    EXPECT_LE(server_->metric("suanpan_recovered_entries").value_or(1e9), 2)
        << "the checkpoint of the stop was not used";
    EXPECT_EQ(lost_of(server_->port(), promises), 0U);
    EXPECT_EQ(server_->stop(), 0);
}

TEST_F(Lifecycle, SighupClosesTheSessionOfARemovedPartner) {
    server_->start();
    RawClient stays(server_->port(), partner);
    RawClient leaves(server_->port(), leaver);
    EXPECT_EQ(leaves.call(earn(member(1), 1)).code, Code::ok);
    server_->write_partners({{.id = partner}});
    server_->signal(SIGHUP);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (server_->metric("suanpan_partner_reloads_total") != 1 &&
           std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(leaves.ask(frame_of(earn(member(1), 1))), Code::authentication_failed);
    EXPECT_TRUE(leaves.is_closed());
    EXPECT_EQ(stays.call(earn(member(1), 1)).code, Code::ok);
    server_->write_partners({{.id = partner}, {.id = leaver}});
    EXPECT_EQ(server_->stop(), 0);
}

TEST_F(Lifecycle, AServerThatStoodStillForTwoSecondsLosesNothing) {
    server_->start({"--shards", "2"});
    auto workers = start_workers();
    wait_until_all_have(workers, 32);
    server_->signal(SIGSTOP);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    server_->signal(SIGCONT);
    std::array<std::size_t, 4> before{};
    for (std::size_t i = 0; i < 4; ++i) before[i] = workers[i]->acknowledged();
    std::vector<Promise> promises;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (workers[i]->acknowledged() < before[i] + 32 &&
               std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        EXPECT_GE(workers[i]->acknowledged(), before[i] + 32);
        workers[i]->end();
        workers[i]->join();
        EXPECT_EQ(workers[i]->trouble(), "");
        promises.insert(promises.end(), workers[i]->promises().begin(),
                        workers[i]->promises().end());
    }
    EXPECT_EQ(lost_of(server_->port(), promises), 0U);
    EXPECT_EQ(server_->stop(), 0);
}

TEST_F(Lifecycle, ASecondServerOnTheSameDirectoryIsRefusedAndNamesTheFirst) {
    server_->start();
    EXPECT_EQ(server_->run_refused(), 1);
    const std::string log = server_->log();
    EXPECT_NE(log.rfind(std::to_string(server_->pid())), std::string::npos) << log;
    EXPECT_EQ(RawClient(server_->port(), partner).call(earn(member(2), 1)).code, Code::ok);
    EXPECT_EQ(server_->stop(), 0);
}

TEST_F(Lifecycle, BalancesAreTheSameOnOneTwoAndFourShards) {
    constexpr std::uint64_t members = 200;
    std::vector<Balances> expected;
    for (const char* shards : {"1", "2", "4", "1"}) {
        server_->start({"--shards", shards});
        RawClient client(server_->port(), partner);
        std::vector<Command> earnings;
        std::vector<Command> spends;
        std::vector<Command> reads;
        for (std::uint64_t i = 0; i < members; ++i) {
            earnings.push_back(earn(member(5000 + i), static_cast<std::int64_t>(i) + 5));
            spends.push_back(spend(member(5000 + i), 2));
            reads.push_back(read_balance(member(5000 + i)));
        }
        if (expected.empty()) {
            for (const Outcome& outcome : client.call(earnings)) EXPECT_EQ(outcome.code, Code::ok);
            for (const Outcome& outcome : client.call(spends)) EXPECT_EQ(outcome.code, Code::ok);
        }
        std::vector<Balances> found;
        for (const Outcome& outcome : client.call(reads)) found.push_back(outcome.balances);
        if (expected.empty()) expected = found;
        EXPECT_EQ(found, expected) << shards << " shards";
        EXPECT_EQ(found.at(10).available.value, 13);
        // Once by the checkpoint of a stop in order, once by replay.
        if (*shards == '2')
            server_->kill();
        else
            EXPECT_EQ(server_->stop(), 0);
    }
}

TEST(Sandbox, ItsClockCanBeAdvancedAndItsJournalIsForNothingElse) {
    ServerProcess server;
    server.start({"--sandbox"});
    {
        RawClient client(server.port(), partner);
        EXPECT_EQ(client.call(create_test_program()).code, Code::ok);
        Command short_lived = earn(member(1), 30);
        const std::int64_t now_ms = short_lived.head.request_id.unix_ms();
        std::get<Earn>(short_lived.body).expires_at = Instant{} + milliseconds(now_ms) + days(1);
        EXPECT_EQ(client.call(short_lived).code, Code::ok);
        EXPECT_EQ(client.call(earn(member(1), 7)).code, Code::ok);
        EXPECT_EQ(client.call(read_balance(member(1))).balances.available.value, 37);
        Command advance = earn({}, 1);
        advance.head.kind = CommandKind::clock_advance;
        advance.head.program = {};
        advance.body = AdvanceClock{.by = days(2)};
        EXPECT_EQ(client.call(advance).code, Code::ok);
        EXPECT_EQ(client.call(read_balance(member(1))).balances.available.value, 7);
    }
    EXPECT_EQ(server.stop(), 0);
    EXPECT_EQ(server.run_refused(), 1);
    EXPECT_NE(server.log().rfind("sandbox"), std::string::npos) << server.log();
    server.start({"--sandbox"});
    EXPECT_EQ(RawClient(server.port(), partner).call(read_balance(member(1))).balances.available,
              Points{7});
    EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace suanpan::e2e
