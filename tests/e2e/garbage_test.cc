// What no client would send, to a real server: a documented code or a closed connection, and others
// notice nothing.
#include "tests/e2e/raw_client.h"
#include "tests/e2e/server_process.h"
#include "tests/support/comes_true.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

namespace suanpan::e2e {
namespace {

using std::chrono::steady_clock;

constexpr PartnerId everything{1};
constexpr PartnerId reads_only{2};
constexpr PartnerId other_program{3};
constexpr PartnerId slow_partner{4};
constexpr PartnerId nobody{99};

std::vector<TestPartner> partners() {
    return {{.id = everything},
            {.id = reads_only, .rest = "kinds = [\"balance\"]\nprograms = \"all\"\n"},
            {.id = other_program, .rest = "kinds = \"all\"\nprograms = [2]\n"},
            {.id = slow_partner,
             .rest = "kinds = \"all\"\nprograms = \"all\"\nrate_events_per_second = 1\n"}};
}

bool is_documented(Code code) {
    return std::ranges::any_of(all_codes(), [&](const CodeText& row) { return row.code == code; });
}

// One server for all tests of this file; after each of them it must serve others as before.
class Garbage : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        server_ = std::make_unique<ServerProcess>();
        server_->write_partners(partners());
        server_->start({"--shards", "2"});
        RawClient client(server_->port(), everything);
        ASSERT_EQ(client.call(create_test_program()).code, Code::ok);
        ASSERT_EQ(client.call(earn(victim, 1'000'000)).code, Code::ok);
    }
    static void TearDownTestSuite() {
        EXPECT_EQ(server_->stop(), 0);
        server_.reset();
    }
    void SetUp() override { witness_ = std::make_unique<RawClient>(port(), everything); }
    void TearDown() override {
        ASSERT_TRUE(server_->is_running()) << server_->log();
        // A session that was open all the while, and a new one.
        EXPECT_EQ(witness_->call(earn(member(9), 1)).code, Code::ok);
        EXPECT_EQ(RawClient(port(), everything).call(earn(member(9), 1)).code, Code::ok);
    }

    static std::uint16_t port() { return server_->port(); }
    static std::unique_ptr<RawClient> open(PartnerId partner = everything) {
        return std::make_unique<RawClient>(port(), partner);
    }
    std::int64_t balance_of(MemberId whose) {
        return witness_->call(read_balance(whose)).balances.available.value;
    }
    // Sends `frame` on a session of its own: `code`, counted, and the connection closed or open.
    void expect_refused(const Bytes& frame, Code code, bool closes,
                        PartnerId partner = everything) {
        const double before = server_->refused(code);
        const auto client = open(partner);
        EXPECT_EQ(client->ask(frame), code);
        EXPECT_EQ(server_->refused(code), before + 1) << text_of(code).name;
        if (closes)
            EXPECT_TRUE(client->is_closed());
        else
            EXPECT_EQ(client->ask(ping_frame()), Code::ok);
    }

    static constexpr MemberId victim{.high = 0x0e2e, .low = 1000};
    static std::unique_ptr<ServerProcess> server_;
    std::unique_ptr<RawClient> witness_;
};

std::unique_ptr<ServerProcess> Garbage::server_;

Bytes random_bytes(std::mt19937_64& random, std::size_t count) {
    Bytes bytes(count);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

// All replies until the server closes; each must carry a documented code.
void read_to_the_end(RawClient& client) {
    while (const auto reply = client.receive()) EXPECT_TRUE(is_documented(reply->outcome().code));
}

TEST_F(Garbage, RandomBytesAreAnsweredAsDamagedAndTheConnectionCloses) {
    std::mt19937_64 random(20261122);
    const double before = server_->refused(Code::frame_damaged);
    for (int i = 0; i < 100; ++i) {
        RawClient client(port());
        client.send(random_bytes(random, 24 + random() % 5000));
        client.socket().end_sending();
        read_to_the_end(client);
    }
    EXPECT_GE(server_->refused(Code::frame_damaged), before + 100);
}

TEST_F(Garbage, RandomBytesAfterHelloAreAnsweredAsDamaged) {
    std::mt19937_64 random(20261123);
    for (int i = 0; i < 20; ++i)
        expect_refused(random_bytes(random, 24), Code::frame_damaged, true);
}

TEST_F(Garbage, ATruncatedFrameIsNeverExecuted) {
    const std::int64_t before = balance_of(victim);
    const Bytes whole = frame_of(spend(victim, 1));
    for (std::size_t length = 0; length < whole.size(); length += length < 32 ? 1 : 7) {
        const auto client = open();
        client->send(std::span(whole).first(length));
        client->socket().end_sending();
        read_to_the_end(*client);
    }
    EXPECT_EQ(balance_of(victim), before);
}

TEST_F(Garbage, AnAbsurdLengthIsRefusedBeforeMemoryIsTakenForIt) {
    const std::uint64_t before = server_->resident_bytes();
    for (const std::uint32_t length : {limits::frame_body_bytes_max + 1, 1U << 30U, ~0U}) {
        Bytes frame = frame_of(spend(victim, 1));
        std::memcpy(frame.data(), &length, sizeof length);
        seal_header(frame);
        expect_refused(frame, Code::frame_too_large, true);
    }
    EXPECT_LT(server_->resident_bytes(), before + (64U << 20U));
}

TEST_F(Garbage, AFlippedBitInTheHeaderIsNoticed) {
    const Bytes whole = frame_of(spend(victim, 1));
    const std::int64_t before = balance_of(victim);
    const double counted = server_->refused(Code::frame_damaged);
    for (std::size_t bit = 0; bit < 8 * frame_header_bytes; ++bit) {
        Bytes frame = whole;
        frame[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const auto client = open();
        EXPECT_EQ(client->ask(frame), Code::frame_damaged) << "bit " << bit;
        EXPECT_TRUE(client->is_closed());
    }
    EXPECT_EQ(server_->refused(Code::frame_damaged), counted + 8 * frame_header_bytes);
    EXPECT_EQ(balance_of(victim), before);
}

TEST_F(Garbage, AFlippedBitUnderASoundChecksumGetsADocumentedAnswer) {
    const Bytes whole = frame_of(spend(victim, 1));
    // Not the length: a shorter one splits the frame, a longer one waits for more.
    for (std::size_t bit = 8 * 4; bit < 8 * frame_header_bytes; ++bit) {
        if (bit / 8 >= 12 && bit / 8 < 16) continue;  // the checksum itself
        Bytes frame = whole;
        frame[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        seal_header(frame);
        const auto client = open();
        const auto code = client->ask(frame);
        ASSERT_TRUE(code.has_value()) << "bit " << bit;
        EXPECT_TRUE(is_documented(*code)) << "bit " << bit;
        EXPECT_EQ(bit / 8 < 6, code == Code::version_unsupported) << "bit " << bit;
    }
}

TEST_F(Garbage, AFlippedBitInEachByteOfTheBodyGetsADocumentedAnswer) {
    const Bytes whole = frame_of(spend(victim, 1));
    auto client = open();
    for (std::size_t at = frame_header_bytes; at < whole.size(); ++at) {
        Bytes frame = whole;
        frame[at] ^= static_cast<std::byte>(1U << (at % 8));
        const auto code = client->ask(frame);
        ASSERT_TRUE(code.has_value()) << "byte " << at;
        EXPECT_TRUE(is_documented(*code)) << "byte " << at;
        if (code == Code::message_malformed) client = open();
    }
    EXPECT_GT(server_->refused(Code::message_malformed), 0);
}

TEST_F(Garbage, ARequestBeforeHelloIsRefused) {
    const double before = server_->refused(Code::hello_required);
    RawClient client(port());
    EXPECT_EQ(client.ask(frame_of(spend(victim, 1))), Code::hello_required);
    EXPECT_TRUE(client.is_closed());
    EXPECT_EQ(server_->refused(Code::hello_required), before + 1);
}

TEST_F(Garbage, ASecondHelloIsRefused) {
    RawClient client(port(), everything);
    EXPECT_EQ(client.ask(client.hello_frame(everything, key_of(everything))), Code::hello_repeated);
    EXPECT_TRUE(client.is_closed());
    EXPECT_GT(server_->refused(Code::hello_repeated), 0);
}

TEST_F(Garbage, AWrongKeyAndAnUnknownPartnerLookAlike) {
    const double before = server_->refused(Code::authentication_failed);
    RawClient wrong_key(port());
    EXPECT_EQ(wrong_key.ask(wrong_key.hello_frame(everything, key_of(reads_only))),
              Code::authentication_failed);
    EXPECT_TRUE(wrong_key.is_closed());
    RawClient unknown(port());
    EXPECT_EQ(unknown.ask(unknown.hello_frame(nobody, key_of(nobody))),
              Code::authentication_failed);
    EXPECT_TRUE(unknown.is_closed());
    EXPECT_EQ(server_->refused(Code::authentication_failed), before + 2);
}

TEST_F(Garbage, ARecordedHelloIsWorthNothingOnAnotherConnection) {
    const double before = server_->refused(Code::authentication_failed);
    RawClient first(port());
    const Bytes recorded = first.hello_frame(everything, key_of(everything));
    EXPECT_EQ(first.ask(recorded), Code::ok);
    RawClient second(port());
    EXPECT_EQ(second.ask(recorded), Code::authentication_failed);
    EXPECT_TRUE(second.is_closed());
    EXPECT_EQ(server_->refused(Code::authentication_failed), before + 1);
}

TEST_F(Garbage, AnUnknownKindIsRefusedAndTheSessionGoesOn) {
    Bytes frame = frame_of(spend(victim, 1));
    const std::uint16_t kind = 999;
    std::memcpy(frame.data() + 6, &kind, sizeof kind);
    seal_header(frame);
    expect_refused(frame, Code::unknown_kind, false);
}

TEST_F(Garbage, AKindThatThePartnerMayNotAskIsRefused) {
    expect_refused(frame_of(spend(victim, 1)), Code::kind_not_allowed, false, reads_only);
}

TEST_F(Garbage, AProgramThatIsNotThePartnersIsRefused) {
    expect_refused(frame_of(spend(victim, 1)), Code::program_not_allowed, false, other_program);
}

TEST_F(Garbage, AboveItsRateAPartnerIsToldToWait) {
    const auto client = open(slow_partner);
    // One event a second: these are let through at once and paid for in the minute that follows.
    const std::vector<Command> sixty(60, read_balance(victim));
    for (const Outcome& outcome : client->call(sixty)) EXPECT_EQ(outcome.code, Code::ok);
    client->send(frame_of(read_balance(victim)));
    const auto reply = client->receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->outcome().code, Code::rate_limited);
    EXPECT_GT(reply->outcome().retry_after_ms, 0U);
    const auto refused = server_->refused(Code::rate_limited);
    EXPECT_GT(refused, 0);

    // One result for each event, and each is counted.
    const std::vector<Command> three(3, read_balance(victim));
    const std::vector<Outcome> outcomes = client->call(three);
    ASSERT_EQ(outcomes.size(), 3U);
    for (const Outcome& outcome : outcomes) {
        EXPECT_EQ(outcome.code, Code::rate_limited);
        EXPECT_GT(outcome.retry_after_ms, 0U);
    }
    EXPECT_EQ(server_->refused(Code::rate_limited), refused + 3);
}

// The frame of one spend, with the number of events in its vector set to `count`.
Bytes with_event_count(std::uint32_t count, Code expected) {
    const Bytes whole = frame_of(spend(member(1), 1));
    for (std::size_t at = frame_header_bytes; at + 4 <= whole.size(); at += 4) {
        Bytes frame = whole;
        std::memcpy(frame.data() + at, &count, sizeof count);
        std::vector<std::uint64_t> body((frame.size() - frame_header_bytes + 7) / 8);
        std::memcpy(body.data(), frame.data() + frame_header_bytes,
                    frame.size() - frame_header_bytes);
        std::vector<DecodedEvent> events;
        const auto decoded =
            decode_request(CommandKind::spend,
                           std::as_bytes(std::span(body)).first(frame.size() - frame_header_bytes),
                           everything, 0, events);
        if (!decoded.has_value() && decoded.error() == expected) return frame;
    }
    return {};
}

TEST_F(Garbage, AnEmptyBatchIsRefused) {
    const Bytes frame = with_event_count(0, Code::batch_empty);
    ASSERT_FALSE(frame.empty());
    expect_refused(frame, Code::batch_empty, false);
}

TEST_F(Garbage, ABatchOfTooManyEventsIsRefused) {
    std::vector<Command> commands(limits::batch_events_max, spend(victim, 1));
    const Bytes most = frame_of(commands);
    // One event more, by hand: the vector ends the body, its length stands before the events.
    const Bytes one = frame_of(std::span(commands).first(1));
    const Bytes two = frame_of(std::span(commands).first(2));
    const std::size_t event_bytes = two.size() - one.size();
    Bytes frame = most;
    frame.insert(frame.end(), most.end() - static_cast<std::ptrdiff_t>(event_bytes), most.end());
    bool patched = false;
    for (std::size_t at = frame_header_bytes; at + 4 <= 128 && !patched; at += 4) {
        std::uint32_t value = 0;
        std::memcpy(&value, frame.data() + at, sizeof value);
        if (value != limits::batch_events_max) continue;
        ++value;
        std::memcpy(frame.data() + at, &value, sizeof value);
        patched = true;
    }
    ASSERT_TRUE(patched);
    const auto body_bytes = static_cast<std::uint32_t>(frame.size() - frame_header_bytes);
    std::memcpy(frame.data(), &body_bytes, sizeof body_bytes);
    seal_header(frame);
    expect_refused(frame, Code::batch_too_large, false);
}

TEST_F(Garbage, OnlyASandboxLetsTheClockBeAdvanced) {
    Command command = spend({}, 1);
    command.head.kind = CommandKind::clock_advance;
    command.head.program = {};
    command.body = AdvanceClock{.by = days(1)};
    expect_refused(frame_of(command), Code::sandbox_only, false);
}

TEST_F(Garbage, TenThousandSilentSocketsAreClosedAndOthersAreServedMeanwhile) {
    constexpr std::size_t count = 10'000;
    rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    if (files.rlim_max < count + 1000)
        GTEST_SKIP() << "this process may open " << files.rlim_max << " files (ulimit -Hn)";
    files.rlim_cur = std::max<rlim_t>(files.rlim_cur, count + 1000);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
    const std::size_t files_before = server_->open_files();
    const double before = server_->refused(Code::hello_timeout);
    std::vector<Socket> sockets;
    sockets.reserve(count);
    const Bytes some(15, std::byte{0x11});
    std::vector<double> served_ms;
    const auto serve = [&] {
        const auto began = steady_clock::now();
        EXPECT_EQ(witness_->call(spend(victim, 1)).code, Code::ok);
        served_ms.push_back(
            std::chrono::duration<double, std::milli>(steady_clock::now() - began).count());
    };
    for (std::size_t i = 0; i < count; ++i) {
        sockets.emplace_back(port());
        sockets.back().send(std::span(some).first(i % 16));
        if (i % 200 == 0) serve();
    }
    EXPECT_LT(server_->resident_bytes(), 2ULL << 30U);
    // Each is closed: its bytes (challenge and refusal) come to an end.
    std::size_t open = count;
    const auto until = steady_clock::now() + std::chrono::seconds(40);
    std::vector<pollfd> waiting;
    for (const Socket& socket : sockets)
        waiting.push_back({.fd = socket.handle(), .events = POLLIN, .revents = 0});
    while (open > 0 && steady_clock::now() < until) {
        ::poll(waiting.data(), waiting.size(), 200);
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (waiting[i].revents == 0) continue;
            std::byte buffer[512];
            std::size_t got = 0;
            if (sockets[i].receive(buffer, got, std::chrono::milliseconds(0)) !=
                Socket::Event::closed)
                continue;
            waiting[i].fd = -1;
            --open;
        }
        serve();
    }
    EXPECT_EQ(open, 0U);
    EXPECT_EQ(server_->refused(Code::hello_timeout), before + static_cast<double>(count));
    // The connection that asked for the metrics is closed by then too.
    EXPECT_TRUE(comes_true([&] { return server_->open_files() <= files_before; }));
    // Nobody waited for the sockets' own time-out (5 s). Half a second is far more than a spend
    // takes, sanitizers and busy neighbours included.
    std::ranges::sort(served_ms);
    EXPECT_GT(served_ms.size(), count / 200);
    EXPECT_LT(served_ms[served_ms.size() / 2], 500);
}

TEST_F(Garbage, AReaderThatNeverReadsIsStoppedAndCostsNoMemory) {
    // Pings, whose replies are larger than they are; few at a time, so that each lot is answered
    // before the next: two sessions that were opened one after the other are on different shards,
    // and when both are answered every shard has had its turn.
    Bytes some;
    for (int i = 0; i < 1000; ++i) encode_ping(some, {.correlation_id = 3});
    const auto witnesses = {open(), open()};
    RawClient client(port(), everything, 4096);
    const std::uint64_t before = server_->resident_bytes();
    constexpr std::size_t far_too_much = 64U << 20U;
    std::size_t taken = 0;
    std::size_t at = 0;
    auto last_progress = steady_clock::now();
    steady_clock::duration longest{};
    while (taken < far_too_much && steady_clock::now() - last_progress < std::chrono::seconds(1)) {
        const std::size_t sent = client.socket().send_some(std::span(some).subspan(at));
        if (sent > 0) last_progress = steady_clock::now();
        taken += sent;
        at = (at + sent) % some.size();
        const auto asked = steady_clock::now();
        for (const auto& witness : witnesses) EXPECT_EQ(witness->ask(ping_frame()), Code::ok);
        longest = std::max(longest, steady_clock::now() - asked);
    }
    EXPECT_LT(longest, std::chrono::seconds(5)) << "the one that does not read held up others";
    EXPECT_LT(taken, far_too_much) << "the server went on reading";
    EXPECT_GT(taken, limits::reply_backlog_bytes_max / 8) << "the server closed at once";
    EXPECT_LT(server_->resident_bytes(), before + (64U << 20U));
}

TEST_F(Garbage, RoundsOfGarbageLeaveNoMemoryBehind) {
    std::mt19937_64 random(7);
    const auto round = [&] {
        for (int i = 0; i < 300; ++i) {
            RawClient client(port());
            client.send(random_bytes(random, 1 + random() % 20'000));
            client.socket().end_sending();
            read_to_the_end(client);
        }
    };
    round();
    const std::uint64_t before = server_->resident_bytes();
    const std::size_t files_before = server_->open_files();
    for (int i = 0; i < 3; ++i) round();
    EXPECT_LT(server_->resident_bytes(), before + (32U << 20U));
    EXPECT_TRUE(comes_true([&] { return server_->open_files() <= files_before; }));
}

// How many threads of the process may run on one core only.
std::size_t pinned_threads(pid_t pid) {
    std::size_t pinned = 0;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        std::ifstream status(task.path() / "status");
        for (std::string line; std::getline(status, line);) {
            if (!line.starts_with("Cpus_allowed_list:")) continue;
            pinned += line.find_first_of(",-") == std::string::npos ? 1 : 0;
        }
    }
    return pinned;
}

TEST(Threads, ThatNeverSleepOnCoresOfTheirOwnAnswerAsOthersDo) {
    ServerProcess server;
    server.start({"--shards", "2", "--busy-poll", "--pin-threads"});
    EXPECT_GE(pinned_threads(server.pid()), 2U);
    RawClient client(server.port(), everything);
    ASSERT_EQ(client.call(create_test_program()).code, Code::ok);
    for (std::uint64_t i = 0; i < 20; ++i)
        EXPECT_EQ(client.call(earn(member(i), 3)).balances.available.value, 3);
    EXPECT_EQ(server.stop(), 0);
}

TEST(Limits, OverThemTheDocumentedCodeComes) {
    ServerProcess server;
    server.start({"--frames-in-flight-max", "1", "--connections-max", "3"});
    RawClient first(server.port(), everything);
    ASSERT_EQ(first.call(create_test_program()).code, Code::ok);

    // Both frames lie in one read, and a spend is answered after its commit only.
    const Command kept = earn(member(1), 10);
    Bytes two = frame_of(kept, 1);
    const Bytes second = frame_of(earn(member(1), 10), 2);
    two.insert(two.end(), second.begin(), second.end());
    first.send(two);
    auto reply = first.receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->header.correlation_id, 2U);
    EXPECT_EQ(reply->outcome().code, Code::too_many_in_flight);
    reply = first.receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->header.correlation_id, 1U);
    EXPECT_EQ(reply->outcome().code, Code::ok);
    EXPECT_EQ(server.refused(Code::too_many_in_flight), 1);

    RawClient another(server.port(), everything);
    RawClient last(server.port(), everything);
    RawClient too_many(server.port());
    ASSERT_TRUE(too_many.refusal().has_value());
    EXPECT_EQ(too_many.refusal()->outcome().code, Code::too_many_connections);
    EXPECT_EQ(too_many.refusal()->header.kind, static_cast<std::uint16_t>(CommandKind::hello));
    EXPECT_TRUE(too_many.is_closed());
    EXPECT_EQ(server.metric("suanpan_connections_refused_total"), 1);
    EXPECT_EQ(last.call(read_balance(member(1))).balances.available.value, 10);
    EXPECT_GT(server.metric("suanpan_stage_seconds_count{stage=\"queue\"}"), 0);
    EXPECT_EQ(server.stop(), 0);
}

// It neither spins, nor forgets those who wait, nor holds up those who are served.
TEST(Limits, AServerWithoutFileDescriptorsServesWhomItHasAndTakesMoreLater) {
    ServerProcess server;
    server.start();
    RawClient client(server.port(), everything);
    ASSERT_EQ(client.call(create_test_program()).code, Code::ok);
    constexpr rlim_t spare = 8;
    const rlimit few{.rlim_cur = server.open_files() + spare, .rlim_max = 4096};
    ASSERT_EQ(::prlimit(server.pid(), RLIMIT_NOFILE, &few, nullptr), 0);

    std::vector<std::unique_ptr<Socket>> waiting;
    for (rlim_t i = 0; i < 4 * spare; ++i)
        waiting.push_back(std::make_unique<Socket>(server.port()));
    const auto cpu_before = server.cpu_time();
    const auto began = steady_clock::now();
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(client.ask(ping_frame()), Code::ok);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_LT(server.cpu_time() - cpu_before, (steady_clock::now() - began) * 6 / 10);
    waiting.clear();
    RawClient later(server.port(), everything);
    EXPECT_EQ(later.ask(ping_frame()), Code::ok);
    EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace suanpan::e2e
