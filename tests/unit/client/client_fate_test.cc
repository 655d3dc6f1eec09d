// What becomes of calls when things go wrong: done, refused or unknown, and never done twice.
#include "client/suanpan_client.h"
#include "tests/support/comes_true.h"
#include "tests/unit/client/fake_server.h"

#include <gmock/gmock.h>

#include <atomic>

namespace suanpan::client {
namespace {

const Target alice{.member = MemberId{1, 2}, .program = ProgramId{3}};
constexpr Spend sixty{.amount = Points{60}};

Outcome refusal_of(Code code, std::uint32_t retry_after_ms = 0) {
    Outcome outcome;
    outcome.code = code;
    outcome.retry_after_ms = retry_after_ms;
    return outcome;
}

// Does `first` with the first `count` frames, then answers ok.
FakeServer::Script at_first(int count, FakeServer::Script first) {
    return [left = std::make_shared<int>(count), first](
               FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
        if ((*left)-- > 0) return first(peer, header, frame);
        FakeServer::answer_ok(peer, header, frame);
    };
}
FakeServer::Script answer(Outcome outcome) {
    return [outcome](FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
        peer.answer_all(header, frame, outcome);
    };
}
void cut(FakeServer::Peer& peer, const FrameHeader&, const Received&) {
    peer.cut();
}
void say_nothing(FakeServer::Peer&, const FrameHeader&, const Received&) {}

std::vector<RequestId> request_ids(FakeServer& server) {
    std::vector<RequestId> ids;
    for (const Received& frame : server.received())
        for (const DecodedEvent& event : frame.events) ids.push_back(event.command.head.request_id);
    return ids;
}

TEST(ClientFate, RefusalsComeBackAsTheyAre) {
    Outcome outcome = refusal_of(Code::insufficient_points);
    outcome.detail = 12;
    FakeServer server({}, answer(outcome));
    Client client(server.options());
    const Answer refused = client.spend(alice, sixty);
    EXPECT_EQ(refused.fate, Fate::refused);
    EXPECT_EQ(refused.outcome, outcome);
    EXPECT_EQ(refused.text(), suanpan::text_of(Code::insufficient_points).sentence);
    EXPECT_EQ(server.received().size(), 1U) << "state refusals are not tried again";
}

TEST(ClientFate, BusyIsTriedAgainUnderTheSameId) {
    FakeServer server({}, at_first(3, answer(refusal_of(Code::busy, 1))));
    Client client(server.options());
    const Answer done = client.spend(alice, sixty);
    EXPECT_EQ(done.fate, Fate::done);
    EXPECT_EQ(done.attempts, 4U);
    EXPECT_THAT(request_ids(server), testing::ElementsAre(done.request_id, done.request_id,
                                                          done.request_id, done.request_id));
}

TEST(ClientFate, BusyToTheEndIsRefusedWithNothingDone) {
    FakeServer server({}, answer(refusal_of(Code::busy, 1)));
    Options options = server.options();
    options.attempts_max = 5;
    Client client(options);
    const Answer refused = client.spend(alice, sixty);
    EXPECT_EQ(refused.fate, Fate::refused);
    EXPECT_EQ(refused.outcome.code, Code::busy);
    EXPECT_EQ(refused.attempts, 5U);
}

TEST(ClientFate, RetryAfterBeyondTheDeadlineIsNotWaitedFor) {
    FakeServer server({}, answer(refusal_of(Code::rate_limited, 3'600'000)));
    Client client(server.options());
    const Answer refused = client.spend(alice, sixty);
    EXPECT_EQ(refused.outcome.code, Code::rate_limited);
    EXPECT_EQ(refused.outcome.retry_after_ms, 3'600'000U);
    EXPECT_EQ(refused.attempts, 1U);
}

TEST(ClientFate, CodesThatNeedAnOperatorAreNotTriedAgain) {
    FakeServer server({}, answer(refusal_of(Code::clock_unsafe)));
    Client client(server.options());
    EXPECT_EQ(client.spend(alice, sixty).attempts, 1U);
}

TEST(ClientFate, ACutConnectionIsReplacedAndTheCallRepeatedUnderItsId) {
    FakeServer server({}, at_first(2, cut));
    Client client(server.options());
    const Answer done = client.spend(alice, sixty);
    EXPECT_EQ(done.fate, Fate::done);
    EXPECT_EQ(done.attempts, 3U);
    EXPECT_THAT(request_ids(server), testing::Each(done.request_id));
    EXPECT_GE(server.connection_count(), 3U);
}

TEST(ClientFate, BusyAfterALostAttemptLeavesItUnknown) {
    // The first attempt may have run; `busy` may be said before the server looks for it.
    FakeServer server({}, [first = true](FakeServer::Peer& peer, const FrameHeader& header,
                                         const Received& frame) mutable {
        if (std::exchange(first, false)) return peer.cut();
        peer.answer_all(header, frame, refusal_of(Code::busy, 1));
    });
    Options options = server.options();
    options.attempts_max = 4;
    Client client(options);
    EXPECT_EQ(client.spend(alice, sixty).fate, Fate::unknown);
}

TEST(ClientFate, AStateRefusalAfterALostAttemptIsCertain) {
    FakeServer server({}, [first = true](FakeServer::Peer& peer, const FrameHeader& header,
                                         const Received& frame) mutable {
        if (std::exchange(first, false)) return peer.cut();
        peer.answer_all(header, frame, refusal_of(Code::insufficient_points));
    });
    Client client(server.options());
    EXPECT_EQ(client.spend(alice, sixty).fate, Fate::refused);
}

TEST(ClientFate, NoAnswerBeforeTheDeadlineIsUnknown) {
    FakeServer server({}, say_nothing);
    Client client(server.options());
    ASSERT_TRUE(client.connect().has_value());
    Target soon = alice;
    soon.deadline = milliseconds(150);
    const auto begin = std::chrono::steady_clock::now();
    const Answer unknown = client.spend(soon, sixty);
    EXPECT_EQ(unknown.fate, Fate::unknown);
    EXPECT_EQ(unknown.trouble, Trouble::no_answer);
    EXPECT_EQ(unknown.outcome.code, Code::unknown_yet);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(150));
}

TEST(ClientFate, AnAnswerAfterTheDeadlineIsDroppedAndHarmsNobody) {
    std::atomic<bool> answered_late = false;
    FakeServer server(
        {}, [first = true, &answered_late](FakeServer::Peer& peer, const FrameHeader& header,
                                           const Received& frame) mutable {
            if (!std::exchange(first, false)) return FakeServer::answer_ok(peer, header, frame);
            // Ten times the deadline.
            peer.server().later(std::chrono::milliseconds(1500),
                                [self = peer.shared_from_this(), header, frame, &answered_late] {
                                    FakeServer::answer_ok(*self, header, frame);
                                    answered_late.store(true);
                                });
        });
    Client client(server.options());
    ASSERT_TRUE(client.connect().has_value());
    Target soon = alice;
    soon.deadline = milliseconds(150);
    EXPECT_EQ(client.spend(soon, sixty).fate, Fate::unknown);
    // While the late answer is on its way, and for ten calls after it was sent.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    int after = 0;
    for (std::int64_t i = 1; after < 10; ++i) {
        ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "the late answer was never sent";
        if (answered_late.load()) ++after;
        EXPECT_EQ(client.spend(alice, {.amount = Points{i}}).outcome.amount, Points{i});
    }
}

TEST(ClientFate, ASilentConnectionIsGivenUp) {
    FakeServer server({}, say_nothing);
    Client client(server.options());
    ASSERT_TRUE(client.connect().has_value());
    Target soon = alice;
    soon.deadline = milliseconds(150);
    EXPECT_EQ(client.spend(soon, sixty).fate, Fate::unknown);
    // It is given up when the call is; the next one may take a moment.
    for (int i = 0; i < 100 && server.connection_count() < 2; ++i)
        static_cast<void>(client.spend(soon, sixty));
    EXPECT_GE(server.connection_count(), 2U);
}

TEST(ClientFate, WithoutAServerNothingWasDone) {
    Options options;
    {
        FakeServer gone({});
        options = gone.options();
    }
    Client client(options);
    Target soon = alice;
    soon.deadline = milliseconds(30);
    const Answer refused = client.spend(soon, sixty);
    EXPECT_EQ(refused.fate, Fate::refused);
    EXPECT_EQ(refused.trouble, Trouble::not_connected);
    EXPECT_EQ(refused.attempts, 0U);
    const auto connected = client.connect();
    ASSERT_FALSE(connected.has_value());
    EXPECT_FALSE(connected.error().text.empty());
}

TEST(ClientFate, AWrongKeyIsSaidAtOnce) {
    FakeServer server({});
    Options options = server.options();
    options.key.push_back(std::byte{1});
    Client client(options);
    const Answer refused = client.spend(alice, sixty);
    EXPECT_EQ(refused.fate, Fate::refused);
    EXPECT_EQ(refused.outcome.code, Code::authentication_failed);
    EXPECT_EQ(client.connect().error().code, Code::authentication_failed);
    EXPECT_TRUE(server.received().empty());
}

TEST(ClientFate, AServerThatNeverGreetsIsNotWaitedForForever) {
    FakeServer server({.is_mute = true});
    Options options = server.options();
    options.connect_timeout = milliseconds(20);
    Client client(options);
    EXPECT_FALSE(client.connect().has_value());
    EXPECT_TRUE(comes_true([&] { return server.connection_count() >= 1; }));
}

TEST(ClientFate, TheNextEndpointIsTried) {
    Options options;
    {
        FakeServer gone({});
        options = gone.options();
    }
    FakeServer server({});
    options.endpoints.push_back(server.options().endpoints[0]);
    Client client(options);
    EXPECT_TRUE(client.connect().has_value());
    EXPECT_TRUE(client.spend(alice, sixty).is_done());
}

TEST(ClientFate, AFrameRefusedAsAWholeRefusesEachOfItsCalls) {
    FakeServer server({}, [](FakeServer::Peer& peer, const FrameHeader& header, const Received&) {
        peer.answer(header, {refusal_of(Code::unknown_kind)});
    });
    Client client(server.options());
    std::vector<std::future<Answer>> answers;
    for (int i = 0; i < 10; ++i) answers.push_back(client.send(alice, sixty));
    for (auto& answer : answers) EXPECT_EQ(answer.get().outcome.code, Code::unknown_kind);
}

TEST(ClientFate, TooFewResultsAreNoAnswerAtAll) {
    // Two results for one event cannot be matched: the connection goes, the call is repeated.
    FakeServer server({}, at_first(1, [](FakeServer::Peer& peer, const FrameHeader& header,
                                         const Received&) { peer.answer(header, {{}, {}}); }));
    Client client(server.options());
    const Answer done = client.spend(alice, sixty);
    EXPECT_EQ(done.fate, Fate::done);
    EXPECT_EQ(done.attempts, 2U);
}

TEST(ClientFate, BytesThatAreNoReplyCostTheConnectionOnly) {
    FakeServer server(
        {}, at_first(1, [](FakeServer::Peer& peer, const FrameHeader& header, const Received&) {
            std::vector<std::byte> bytes;
            append_frame(bytes, header, std::vector<std::byte>(40));
            peer.send(bytes);
        }));
    Client client(server.options());
    EXPECT_EQ(client.spend(alice, sixty).attempts, 2U);

    FakeServer noise({},
                     at_first(1, [](FakeServer::Peer& peer, const FrameHeader&, const Received&) {
                         peer.send(std::vector<std::byte>(100, std::byte{0x5a}));
                     }));
    Client other(noise.options());
    EXPECT_EQ(other.spend(alice, sixty).attempts, 2U);
}

TEST(ClientFate, ClosingLeavesWhatWasSentUnknownAndTheRestRefused) {
    FakeServer server({.frames_in_flight_max = 1}, say_nothing);
    auto client = std::make_unique<Client>(server.options());
    std::future<Answer> sent = client->send(alice, sixty);
    EXPECT_EQ(server.wait_for_frames(1).size(), 1U);
    std::future<Answer> waiting = client->send(alice, sixty);
    client.reset();
    const Answer unknown = sent.get();
    EXPECT_EQ(unknown.fate, Fate::unknown);
    EXPECT_EQ(unknown.trouble, Trouble::closed);
    EXPECT_EQ(waiting.get().fate, Fate::refused);
}

// Answers spends with nothing and lookups with `found`.
FakeServer::Script lookup_finds(Outcome found) {
    return [found](FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
        if (frame.kind == CommandKind::lookup) peer.answer_all(header, frame, found);
    };
}

TEST(ClientFate, LookupResolvesTheUnknown) {
    const auto resolved_with = [](Outcome found) {
        FakeServer server({}, lookup_finds(found));
        Client client(server.options());
        EXPECT_TRUE(client.connect().has_value());
        Target soon = alice;
        soon.deadline = milliseconds(150);
        const Answer unknown = client.spend(soon, sixty);
        EXPECT_EQ(unknown.fate, Fate::unknown);
        const Answer resolved = client.resolve(unknown);
        EXPECT_EQ(resolved.request_id, unknown.request_id);
        EXPECT_EQ(server.received().back().events.at(0).command.head.request_id,
                  unknown.request_id);
        return resolved;
    };
    Outcome executed;
    executed.entry_id = Lsn{77};
    const Answer done = resolved_with(executed);
    EXPECT_EQ(done.fate, Fate::done);
    EXPECT_EQ(done.outcome.entry_id, Lsn{77});

    Outcome was_refused = refusal_of(Code::refused);
    was_refused.detail = 315;
    const Answer refused = resolved_with(was_refused);
    EXPECT_EQ(refused.fate, Fate::refused);
    EXPECT_EQ(refused.outcome.code, Code::insufficient_points);

    EXPECT_EQ(resolved_with(refusal_of(Code::not_executed)).fate, Fate::refused);
    EXPECT_EQ(resolved_with(refusal_of(Code::unknown_yet)).fate, Fate::unknown);
}

TEST(ClientFate, EveryCallEndsOnceWhateverTheNetworkDoes) {
    // Each 23rd frame cuts, each fifth is busy, each third is answered late and twice.
    std::atomic<int> frame_count{0};
    FakeServer server(
        {.port_count = 3, .shard_count = 2},
        [&frame_count](FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
            const int n = ++frame_count;
            if (n % 23 == 0) return peer.cut();
            if (n % 5 == 0) return peer.answer_all(header, frame, refusal_of(Code::busy, 1));
            if (n % 3 != 0) return FakeServer::answer_ok(peer, header, frame);
            peer.server().later(std::chrono::milliseconds(3),
                                [self = peer.shared_from_this(), header, frame] {
                                    FakeServer::answer_ok(*self, header, frame);
                                    FakeServer::answer_ok(*self, header, frame);
                                });
        });
    Options options = server.options();
    options.batch_events_max = 4;
    options.attempts_max = 100'000;  // each cut takes hundreds of frames along
    options.deadline = seconds(120);
    Client client(options);
    std::atomic<int> ended_count{0};
    std::promise<void> all_ended;
    constexpr int call_count = 300;
    for (int i = 0; i < call_count; ++i) {
        const Target target{.member = MemberId{1, static_cast<std::uint64_t>(i)},
                            .program = ProgramId{3}};
        client.send(target, sixty, [&](const Answer& answer) {
            EXPECT_EQ(answer.fate, Fate::done);
            if (++ended_count == call_count) all_ended.set_value();
        });
    }
    all_ended.get_future().get();
    EXPECT_EQ(ended_count, call_count);
}

}  // namespace
}  // namespace suanpan::client
