// What the world does to a real server: cut connections, SIGKILL and SIGSTOP in between, a full
// disk.
#include "tests/e2e/cut_proxy.h"
#include "tests/e2e/raw_client.h"
#include "tests/e2e/server_process.h"
#include "tests/model/model.h"
#include "tests/support/small_disk.h"
#include "tests/support/temporary_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace suanpan::e2e {
namespace {

using Clock = std::chrono::steady_clock;

constexpr PartnerId partner{1};
constexpr std::uint64_t members = 40;
constexpr auto pause = std::chrono::milliseconds(5);  // before a client connects again

struct Done {
    Command command;
    Outcome outcome;
};

bool is_answer(const Outcome& outcome) {
    // 4xx: not now; nothing was done, and the id is free.
    return static_cast<int>(outcome.code) < 400;
}

// A client that sends each batch again, under the same ids, until every event of it is answered.
// Own thread.
class StubbornClient {
public:
    StubbornClient(std::uint16_t port, std::uint64_t seed)
        : thread_([=, this] { run(port, seed); }) {}
    ~StubbornClient() {
        give_up_ = true;
        join();
    }
    // What is not answered yet is still repeated until it is; the destructor does not wait for
    // that.
    void end() { ending_ = true; }
    void join() {
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] bool has_ended() const { return ended_; }
    [[nodiscard]] std::uint64_t answered() const { return answered_; }
    // After join().
    [[nodiscard]] const std::vector<Done>& history() const { return history_; }
    [[nodiscard]] std::uint64_t retries() const { return retries_; }

private:
    Command next(std::mt19937_64& random) {
        // Members are shared by all clients, holds are one's own.
        const MemberId who = member(9'000 + random() % members);
        const auto points = static_cast<std::int64_t>(random() % 50 + 1);
        if (!holds_.empty() && random() % 4 == 0) {
            const auto [owner, hold] = holds_.back();
            holds_.pop_back();
            Command command = spend(owner, points);
            const bool captures = random() % 2 == 0;
            command.head.kind = captures ? CommandKind::capture : CommandKind::release;
            if (captures)
                command.body = CaptureHold{.hold = hold, .amount = {1}};
            else
                command.body = ReleaseHold{.hold = hold};
            return command;
        }
        const std::uint64_t kind = random() % 8;
        if (kind < 4) return earn(who, points);
        Command command = spend(who, points);
        if (kind == 4) {
            command.head.kind = CommandKind::hold;
            command.body = PlaceHold{.amount = {points}, .min_remaining = {}, .duration = hours(1)};
        }
        return command;
    }

    void run(std::uint16_t port, std::uint64_t seed) {
        std::mt19937_64 random(seed);
        std::unique_ptr<RawClient> client;
        while (!ending_ && !give_up_) {
            std::vector<Command> waiting{next(random)};
            while (waiting.size() < 8 && random() % 3 != 0) {
                Command more = next(random);
                if (more.head.kind != waiting.front().head.kind) break;
                waiting.push_back(more);
            }
            while (!waiting.empty() && !give_up_) {
                try {
                    if (!client) client = std::make_unique<RawClient>(port, partner);
                    const std::vector<Outcome> outcomes = client->call(waiting);
                    std::vector<Command> left;
                    for (std::size_t i = 0; i < waiting.size(); ++i) {
                        if (is_answer(outcomes.at(i)))
                            keep({waiting[i], outcomes[i]});
                        else
                            left.push_back(waiting[i]);
                    }
                    waiting = std::move(left);
                } catch (const std::exception&) {
                    // Cut, or nobody listens: the same ids again.
                    client.reset();
                    ++retries_;
                    std::this_thread::sleep_for(pause);
                }
            }
        }
        ended_ = true;
    }

    void keep(const Done& done) {
        if (done.command.head.kind == CommandKind::hold && done.outcome.code == Code::ok)
            holds_.emplace_back(done.command.head.member, static_cast<HoldId>(done.outcome.detail));
        history_.push_back(done);
        ++answered_;
    }

    std::atomic<bool> ending_ = false;
    std::atomic<bool> give_up_ = false;
    std::atomic<bool> ended_ = false;
    std::atomic<std::uint64_t> answered_ = 0;
    std::vector<Done> history_;
    std::vector<std::pair<MemberId, HoldId>> holds_;
    std::uint64_t retries_ = 0;
    std::thread thread_;
};

// Plays what succeeded through the model, in the order of LSNs, and compares each answer. A refusal
// is left out: those of a batch share one entry behind it, so that its LSN is not its moment; that
// it changed nothing shows in the answers of the others.
void replay_through_model(const std::vector<Done>& history, RawClient& client) {
    std::map<Lsn, const Done*> by_lsn;
    for (const Done& done : history) {
        if (done.outcome.code != Code::ok) continue;
        ASSERT_NE(done.outcome.entry_id.value, 0U);
        ASSERT_TRUE(by_lsn.emplace(done.outcome.entry_id, &done).second)
            << "two events were answered with LSN " << done.outcome.entry_id.value;
    }
    model::Model model;
    Instant now;
    for (const auto& [lsn, done] : by_lsn) {
        now = std::max(now, done->outcome.time);
        const HoldId hold = done->command.head.kind == CommandKind::hold
                                ? static_cast<HoldId>(done->outcome.detail)
                                : HoldId{};
        const Outcome expected = model.execute(done->command, now, {.entry = lsn, .hold = hold});
        ASSERT_EQ(expected.code, Code::ok)
            << "LSN " << lsn.value << ": the model refuses it as " << text_of(expected.code).name;
        EXPECT_EQ(expected.balances, done->outcome.balances) << "LSN " << lsn.value;
        EXPECT_EQ(expected.amount, done->outcome.amount) << "LSN " << lsn.value;
        EXPECT_EQ(expected.detail, done->outcome.detail) << "LSN " << lsn.value;
    }
    for (std::uint64_t i = 0; i < members; ++i) {
        const Outcome found = client.call(read_balance(member(9'000 + i)));
        EXPECT_EQ(found.balances,
                  model.balance(member(9'000 + i), test_program, found.time).balances);
    }
}

TEST(Faults, CutsKillsAndPausesLeaveAHistoryThatTheModelCanFollow) {
    const std::uint64_t seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "seed " << seed << '\n';
    std::mt19937_64 random(seed);
    ServerProcess server;
    server.start({"--shards", "2"});
    std::vector<Done> history;
    {
        const Command create = create_test_program();
        history.push_back({create, RawClient(server.port(), partner).call(create)});
        ASSERT_EQ(history.back().outcome.code, Code::ok);
    }
    CutProxy proxy(server.port(), seed);
    std::vector<std::unique_ptr<StubbornClient>> clients;
    for (std::uint64_t i = 0; i < 4; ++i)
        clients.push_back(std::make_unique<StubbornClient>(proxy.port(), random()));
    const auto wait_for_answers = [&](std::uint64_t more) {
        const auto sum = [&] {
            std::uint64_t all = 0;
            for (const auto& client : clients) all += client->answered();
            return all;
        };
        const std::uint64_t wanted = sum() + more;
        const auto until = Clock::now() + std::chrono::seconds(120);
        while (sum() < wanted && Clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        return sum() >= wanted;
    };
    for (int round = 0; round < 3; ++round) {
        ASSERT_TRUE(wait_for_answers(400)) << server.log();
        server.signal(SIGSTOP);
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        server.signal(SIGCONT);
        ASSERT_TRUE(wait_for_answers(100)) << server.log();
        server.kill();
        server.start({"--shards", round % 2 == 0 ? "3" : "1"});
        proxy.set_target(server.port());
    }
    ASSERT_TRUE(wait_for_answers(400)) << server.log();
    proxy.stop_cutting();
    ASSERT_TRUE(wait_for_answers(100)) << server.log();
    std::uint64_t retries = 0;
    for (const auto& client : clients) client->end();
    const auto until = Clock::now() + std::chrono::seconds(60);
    for (const auto& client : clients) {
        while (!client->has_ended() && Clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        ASSERT_TRUE(client->has_ended()) << "events that are never answered\n" << server.log();
        client->join();
        retries += client->retries();
        history.insert(history.end(), client->history().begin(), client->history().end());
    }
    EXPECT_GT(proxy.cuts(), 10U);
    EXPECT_GT(retries, 10U);
    RawClient direct(server.port(), partner);
    replay_through_model(history, direct);
    EXPECT_EQ(server.stop(), 0);
}

TEST(Faults, AFullDiskRefusesChangesAnswersReadsAndHealsByItself) {
    const TemporaryFolder folder;
    const SmallDisk disk(folder.path() / "data", "size=5m");
    if (!disk.is_mounted()) GTEST_SKIP() << "a tmpfs cannot be mounted here: " << disk.reason();
    // Segments of 1 MiB: the disk has room for a few.
    ::setenv("SUANPAND", SUANPAN_SMALL_SERVER_PATH, 1);
    ServerProcess server(folder.path());
    server.start();
    ::unsetenv("SUANPAND");
    auto client = std::make_unique<RawClient>(server.port(), partner);
    ASSERT_EQ(client->call(create_test_program()).code, Code::ok);

    std::int64_t earned = 0;
    const auto earn_until = [&](Code wanted, std::chrono::seconds patience) {
        const auto until = Clock::now() + patience;
        while (Clock::now() < until) {
            std::vector<Command> commands;
            for (int i = 0; i < 64; ++i) commands.push_back(earn(member(1), 1));
            bool seen = false;
            for (const Outcome& outcome : client->call(commands)) {
                earned += outcome.code == Code::ok ? 1 : 0;
                seen = seen || outcome.code == wanted;
            }
            if (seen) return true;
        }
        return false;
    };
    // Not for a moment only, while the next segment is still being written.
    const auto stays_full = [&] {
        for (int i = 0; i < 50; ++i) {
            const Code code = client->call(earn(member(1), 1)).code;
            earned += code == Code::ok ? 1 : 0;
            if (code != Code::storage_full) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return true;
    };
    do ASSERT_TRUE(earn_until(Code::storage_full, std::chrono::seconds(120))) << server.log();
    while (!stays_full());
    EXPECT_GT(earned, 64);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client->call(earn(member(1), 1)).code, Code::storage_full);
        const Outcome balance = client->call(read_balance(member(1)));
        EXPECT_EQ(balance.code, Code::ok);
        EXPECT_EQ(balance.balances.available.value, earned);
    }
    EXPECT_TRUE(server.is_running());
    EXPECT_EQ(server.readiness(), "503 storage_full");

    ASSERT_TRUE(disk.resize("size=64m"));
    ASSERT_TRUE(earn_until(Code::ok, std::chrono::seconds(30))) << server.log();
    EXPECT_EQ(server.readiness(), "200 ready");
    server.kill();
    ::setenv("SUANPAND", SUANPAN_SMALL_SERVER_PATH, 1);
    server.start();
    ::unsetenv("SUANPAND");
    client = std::make_unique<RawClient>(server.port(), partner);
    EXPECT_EQ(client->call(read_balance(member(1))).balances.available.value, earned);
    EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace suanpan::e2e
