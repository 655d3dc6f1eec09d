// What a client sends: batches, routes, bounds; and how it gives answers back.
#include "client/server_clock.h"
#include "client/suanpan_client.h"
#include "protocol/base/hash.h"
#include "tests/unit/client/fake_server.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <set>
#include <thread>

namespace suanpan::client {
namespace {

Target member(std::uint64_t number) {
    return {.member = MemberId{1, number}, .program = ProgramId{3}};
}

TEST(Client, BringsACallThereAndItsAnswerBack) {
    FakeServer server({});
    Client client(server.options());
    const Answer answer = client.spend(
        {.member = MemberId{1, 2}, .program = ProgramId{3}, .principal = PrincipalId{4}},
        {.amount = Points{60}, .up_to = true});
    EXPECT_EQ(answer.fate, Fate::done);
    EXPECT_EQ(answer.trouble, Trouble::none);
    EXPECT_EQ(answer.outcome.amount, Points{60});
    EXPECT_EQ(answer.attempts, 1U);
    const CommandHead head = server.received().at(0).events.at(0).command.head;
    EXPECT_EQ(head.kind, CommandKind::spend);
    EXPECT_EQ(head.member, (MemberId{1, 2}));
    EXPECT_EQ(head.program, ProgramId{3});
    EXPECT_EQ(head.principal, PrincipalId{4});
    EXPECT_EQ(head.request_id, answer.request_id);
}

TEST(Client, SpeaksEveryKind) {
    FakeServer server(
        {}, [](FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
            std::vector<std::byte> bytes;
            if (frame.kind == CommandKind::statement) {
                Statement statement{.outcome = {}, .lines = {}, .next = Lsn{9}};
                statement.lines.resize(2);
                encode_statement(bytes, header, statement);
                return peer.send(std::move(bytes));
            }
            if (frame.kind == CommandKind::expiring) {
                encode_expiring(bytes, header,
                                {.outcome = {}, .rows = {{.expires_at = {5}, .points = {6}}}});
                return peer.send(std::move(bytes));
            }
            FakeServer::answer_ok(peer, header, frame);
        });
    Client client(server.options());
    const Target alice = member(1);
    EXPECT_TRUE(client.earn(alice, {.amount = Points{1}}).is_done());
    EXPECT_TRUE(client.spend(alice, {.amount = Points{1}}).is_done());
    EXPECT_TRUE(client.hold(alice, {.amount = Points{1}}).is_done());
    EXPECT_TRUE(client.capture(alice, {.hold = HoldId{1}, .amount = Points{1}}).is_done());
    EXPECT_TRUE(client.release(alice, HoldId{1}).is_done());
    EXPECT_TRUE(client.refund(alice, {.original = Lsn{1}}).is_done());
    EXPECT_TRUE(client.revoke(alice, {.original = Lsn{1}}).is_done());
    EXPECT_TRUE(client.adjust(alice, {.delta = Points{-1}}).is_done());
    EXPECT_TRUE(client.freeze(alice, 1).is_done());
    EXPECT_TRUE(client.unfreeze(alice, 1).is_done());
    EXPECT_TRUE(client.set_limit(alice, {.spend_per_day_max = Points{5}}).is_done());
    EXPECT_TRUE(client.member_update(alice, {.level = 2}).is_done());
    EXPECT_TRUE(client.balance(alice).is_done());
    const Answer statement = client.statement(alice, {.lines_max = 10});
    EXPECT_EQ(statement.lines.size(), 2U);
    EXPECT_EQ(statement.next, Lsn{9});
    const Answer expiring = client.expiring(alice, hours(24));
    EXPECT_EQ(expiring.rows.at(0).points, Points{6});
    Target looked_up = alice;
    looked_up.request_id = Client::make_request_id();
    EXPECT_TRUE(client.lookup(looked_up).is_done());
    ProgramSpec spec;
    spec.id = ProgramId{3};
    spec.version = 1;
    EXPECT_TRUE(client.create_program(spec).is_done());
    EXPECT_TRUE(client.update_program(spec).is_done());
    EXPECT_TRUE(client.advance_clock(hours(1)).is_done());
    EXPECT_TRUE(client.ping().is_done());
    std::vector<int> kinds;
    for (const Received& frame : server.received()) kinds.push_back(static_cast<int>(frame.kind));
    EXPECT_THAT(kinds, testing::ElementsAre(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 30, 31,
                                            33, 32, 40, 41, 50, 3));
}

TEST(Client, PutsConcurrentCallsOfOneKindIntoOneFrame) {
    // The first frame is not answered before all other calls have been made: they must wait, since
    // one frame may be in flight, and go together.
    std::latch all_made(1);
    FakeServer server(
        {.frames_in_flight_max = 1},
        [&all_made](FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
            all_made.wait();
            FakeServer::answer_ok(peer, header, frame);
        });
    Client client(server.options());
    std::vector<std::future<Answer>> answers;
    answers.push_back(client.send(member(0), Spend{.amount = Points{1}}));
    EXPECT_EQ(server.wait_for_frames(1).size(), 1U);
    for (std::uint64_t i = 1; i <= 300; ++i)
        answers.push_back(client.send(member(i), Spend{.amount = Points{1}}));
    all_made.count_down();
    std::set<std::uint64_t> entries;
    for (auto& answer : answers) entries.insert(answer.get().outcome.entry_id.value);
    EXPECT_EQ(entries.size(), 301U) << "every call has its own result";
    // The calls reach the library's thread in a few handfuls at most.
    EXPECT_LT(server.received().size(), 20U);
}

TEST(Client, KeepsFramesWithinTheBatchBound) {
    FakeServer server({});
    Options options = server.options();
    options.batch_events_max = 7;
    Client client(options);
    std::vector<std::future<Answer>> answers;
    for (std::uint64_t i = 0; i < 100; ++i)
        answers.push_back(client.send(member(i), Earn{.amount = Points{1}}));
    for (auto& answer : answers) EXPECT_TRUE(answer.get().is_done());
    for (const Received& frame : server.received()) EXPECT_LE(frame.events.size(), 7U);
}

TEST(Client, SendsEveryMemberStraightToItsShard) {
    FakeServer server({.port_count = 4, .shard_count = 3, .hash_seed = 5});
    Client client(server.options());
    // The first answer may come through the entry; by then connections to all shards are asked for.
    while (server.connection_count() < 4) EXPECT_TRUE(client.balance(member(0)).is_done());
    // Connections are made; their greetings still have to pass. Every member is asked until it
    // comes in at its own shard's port.
    for (std::uint64_t i = 1; i < 40; ++i) {
        const std::size_t shard = member_hash(MemberId{1, i}, 5) % 3;
        Received last;
        do {
            ASSERT_TRUE(client.spend(member(i), {.amount = Points{1}}).is_done());
            last = server.received().back();
        } while (last.port_index == 0);
        EXPECT_EQ(last.port_index, shard + 1);
    }
}

TEST(Client, ServesAShardThroughTheEntryWhereItsOwnPortIsShut) {
    std::uint16_t shut_port = 0;
    {
        FakeServer gone({});
        shut_port = gone.options().endpoints[0].port;
    }
    FakeServer server({.hash_seed = 5, .last_shard_port = shut_port});
    Client client(server.options());
    ASSERT_EQ(client.connect()->shards, 2U);
    int of_shut_shard = 0;
    for (std::uint64_t i = 0; i < 20; ++i) {
        EXPECT_TRUE(client.spend(member(i), {.amount = Points{1}}).is_done());
        of_shut_shard += member_hash(MemberId{1, i}, 5) % 2 == 1 ? 1 : 0;
    }
    EXPECT_GT(of_shut_shard, 0);
}

TEST(Client, TakesAnswersInAnyOrder) {
    // Answers are kept back until four frames are there, then given in reverse.
    struct Kept {
        FrameHeader header;
        Received frame;
    };
    auto kept = std::make_shared<std::vector<Kept>>();
    FakeServer server(
        {}, [kept](FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
            kept->push_back({header, frame});
            if (kept->size() < 4) return;
            for (auto one = kept->rbegin(); one != kept->rend(); ++one)
                FakeServer::answer_ok(peer, one->header, one->frame);
            kept->clear();
        });
    Options options = server.options();
    options.batch_events_max = 1;
    Client client(options);
    std::vector<std::future<Answer>> answers;
    for (std::int64_t i = 1; i <= 4; ++i)
        answers.push_back(client.send(member(1), Spend{.amount = Points{i}}));
    for (std::int64_t i = 1; i <= 4; ++i)
        EXPECT_EQ(answers[static_cast<std::size_t>(i - 1)].get().outcome.amount, Points{i});
}

TEST(Client, IgnoresASecondAnswerToOneFrame) {
    FakeServer server({},
                      [](FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
                          FakeServer::answer_ok(peer, header, frame);
                          FakeServer::answer_ok(peer, header, frame);
                      });
    Client client(server.options());
    for (std::int64_t i = 1; i <= 20; ++i)
        EXPECT_EQ(client.spend(member(1), {.amount = Points{i}}).outcome.amount, Points{i});
}

TEST(Client, RunsCallbacksThatSendAgain) {
    FakeServer server({});
    Client client(server.options());
    std::promise<int> finished;
    std::function<void(int)> step = [&](int left) {
        if (left == 0) return finished.set_value(1);
        client.send(member(1), Spend{.amount = Points{1}}, [&step, left](const Answer& answer) {
            EXPECT_TRUE(answer.is_done());
            step(left - 1);
        });
    };
    step(50);
    finished.get_future().get();
    EXPECT_EQ(server.received().size(), 50U);
}

TEST(Client, RefusesACallThatWouldWaitForItsOwnThread) {
    FakeServer server({});
    Client client(server.options());
    std::promise<Answer> inner;
    client.send(member(1), ReadBalance{},
                [&](const Answer&) { inner.set_value(client.balance(member(1))); });
    const Answer answer = inner.get_future().get();
    EXPECT_EQ(answer.trouble, Trouble::called_inside_callback);
    EXPECT_EQ(answer.fate, Fate::refused);
}

TEST(Client, RefusesMoreCallsThanItMayHold) {
    FakeServer server({.is_mute = true});
    Options options = server.options();
    options.calls_max = 3;
    auto client = std::make_unique<Client>(options);
    std::vector<std::future<Answer>> held;
    for (int i = 0; i < 3; ++i) held.push_back(client->send(member(1), ReadBalance{}));
    const Answer refused = client->balance(member(1));
    EXPECT_EQ(refused.trouble, Trouble::queue_full);
    EXPECT_EQ(refused.fate, Fate::refused);
    client.reset();
    for (auto& answer : held) EXPECT_EQ(answer.get().trouble, Trouble::closed);
}

TEST(Client, ServesManyThreadsAtOnce) {
    FakeServer server({.port_count = 3, .shard_count = 2});
    Options options = server.options();
    options.connections_per_shard = 2;
    Client client(options);
    std::atomic<int> done_count{0};
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t t = 0; t < 8; ++t) {
            threads.emplace_back([&client, &done_count, t] {
                for (std::int64_t i = 1; i <= 200; ++i) {
                    const Answer answer = client.spend(member(t), {.amount = Points{i}});
                    if (answer.is_done() && answer.outcome.amount == Points{i}) ++done_count;
                }
            });
        }
    }
    EXPECT_EQ(done_count, 1600);
}

// A sandbox whose clock was advanced, or a client whose own clock is wrong: an id by the client's
// clock would be too old or from the future.
TEST(Client, MakesRequestIdsByTheServersClock) {
    const Instant server_now = own_wall_clock() + hours(31 * 24);
    FakeServer server({.time = server_now});
    Client client(server.options());
    const Answer answer = client.spend(member(1), {.amount = Points{1}});
    EXPECT_LT(answer.request_id.unix_ms() - server_now.unix_ms(), 60'000);
    EXPECT_GE(answer.request_id.unix_ms(), server_now.unix_ms());
}

TEST(Client, NoticesInAnswersThatTheServersClockWasAdvanced) {
    const Instant server_now = own_wall_clock() + hours(48);
    FakeServer server(
        {}, [server_now](FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
            Outcome outcome;
            outcome.time = server_now;
            peer.answer_all(header, frame, outcome);
        });
    Client client(server.options());
    EXPECT_LT(client.spend(member(1), {.amount = Points{1}}).request_id.unix_ms(),
              server_now.unix_ms());
    EXPECT_GE(client.spend(member(1), {.amount = Points{1}}).request_id.unix_ms(),
              server_now.unix_ms());
}

TEST(Client, SaysWhatTheServerSaidOfItself) {
    FakeServer server({.port_count = 2, .shard_count = 2});
    Client client(server.options());
    const auto facts = client.connect();
    ASSERT_TRUE(facts.has_value());
    EXPECT_EQ(facts->version, "fake 1");
    EXPECT_EQ(facts->shards, 2U);
}

TEST(Client, RefusesOptionsItCannotWorkWith) {
    FakeServer server({});
    Options options = server.options();
    options.key.clear();
    EXPECT_THROW(Client{options}, std::runtime_error);
    options = server.options();
    options.endpoints.clear();
    EXPECT_THROW(Client{options}, std::runtime_error);
    options = server.options();
    options.calls_max = 0;
    EXPECT_THROW(Client{options}, std::runtime_error);
}

}  // namespace
}  // namespace suanpan::client
