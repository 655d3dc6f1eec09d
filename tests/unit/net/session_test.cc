#include "server/net/session.h"

#include "tests/support/temporary_folder.h"
#include "tests/unit/protocol/offer_fixture.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace suanpan::net {
namespace {

class StillClock final : public shard::Clock {
public:
    [[nodiscard]] Instant now() const override { return {1'700'000'000'000'000'000}; }
    [[nodiscard]] bool is_safe() const override { return true; }
    void advance(Duration) override {}
};

// Keeps what was submitted until the test answers it.
class WaitingPort final : public shard::CommandPort {
public:
    void submit(const Command&, const shard::ReplyTo& to) override { waiting.push_back(to); }
    [[nodiscard]] bool is_behind() const override { return behind; }
    [[nodiscard]] std::int64_t request_floor_ms() const override { return 0; }
    std::vector<shard::ReplyTo> waiting;
    bool behind = false;
};

// An open session of a partner that may do everything.
class OpenSession {
public:
    OpenSession() {
        FrameDecoder decoder;
        const auto challenge = decode_challenge(decoder.next(session.output()).frame.body);
        session.output().clear();
        HelloRequest hello{.partner = PartnerId{1}, .client = "test"};
        const std::vector<std::byte> key(32, std::byte{0xaa});
        hello.mac = compute_mac(key, *challenge, hello.nonce, hello.partner);
        std::vector<std::byte> frame;
        encode_hello(frame, {.correlation_id = 1}, hello);
        EXPECT_EQ(session.receive(frame), frame.size());
        EXPECT_TRUE(session.is_open());
        session.output().clear();
    }

    // Sends a settlement with a token of so many bytes; the code where it is answered at once.
    Code settle(std::size_t token_bytes) {
        CommandPayload payload;
        payload.token.resize(token_bytes);
        Command command;
        command.head = {.kind = CommandKind::settle,
                        .program = ProgramId{1},
                        .request_id = {.high = 1'700'000'000'000ULL << 16U, .low = ++requests_},
                        .member = {.high = 1, .low = 2}};
        command.body = Settle{.payload = &payload, .order = {.bytes = {'A'}}};
        std::vector<std::byte> frame;
        encode_requests(frame, {.correlation_id = requests_}, {&command, 1});
        EXPECT_EQ(session.receive(frame), frame.size());
        if (!session.has_output()) return Code::ok;
        FrameDecoder decoder;
        std::vector<Outcome> outcomes;
        EXPECT_TRUE(
            decode_results(decoder.next(session.output()).frame.body, outcomes).has_value());
        session.output().clear();
        return outcomes.front().code;
    }
    // Sends it; the body of the answer where it is answered at once.
    std::vector<std::byte> send(Command command) {
        command.head.request_id.high = 1'700'000'000'000ULL << 16U;
        command.head.request_id.low = ++requests_;
        std::vector<std::byte> frame;
        encode_requests(frame, {.correlation_id = requests_}, {&command, 1});
        EXPECT_EQ(session.receive(frame), frame.size());
        return take_answer();
    }
    std::vector<std::byte> take_answer() {
        std::vector<std::byte> bytes;
        std::swap(bytes, session.output());
        return bytes;
    }
    void answer_one() {
        session.complete({.to = port.waiting.back(), .outcome = {.code = Code::busy}});
        port.waiting.pop_back();
        session.output().clear();
    }

private:
    TemporaryFolder folder_;
    PartnerDirectory partners_{folder_.write(
        "partners.toml", "[[partner]]\nid = 1\nname = \"all\"\nkey = \"" + std::string(64, 'a') +
                             "\"\nkinds = \"all\"\nprograms = \"all\"\n")};
    StillClock clock_;
    ShardMetrics metrics_;
    std::uint64_t requests_ = 1;

public:
    WaitingPort port;
    SessionEnvironment environment{.port = port,
                                   .partners = PartnerView(partners_),
                                   .clock = clock_,
                                   .metrics = metrics_,
                                   .greeting = {},
                                   .body_hash_key = 42};
    Session session{environment, {.session = 5, .generation = 6}};
};

// A thousand frames, each with a token of 32 KiB or a rule book of 256, used to be taken.
TEST(Session, BoundsTheBytesOfRequestsThatAreNotAnswered) {
    OpenSession open;
    constexpr std::size_t token_bytes = 30'000;
    std::size_t taken = 0;
    while (open.settle(token_bytes) == Code::ok) ++taken;
    EXPECT_LE(taken * token_bytes, limits::payload_bytes_in_flight_max);
    EXPECT_GT((taken + 2) * token_bytes, limits::payload_bytes_in_flight_max);
    EXPECT_EQ(open.port.waiting.size(), taken);
    EXPECT_EQ(open.settle(token_bytes), Code::too_many_in_flight);
    open.answer_one();
    EXPECT_EQ(open.settle(token_bytes), Code::ok);
    EXPECT_EQ(open.settle(token_bytes), Code::too_many_in_flight);
    while (!open.port.waiting.empty()) open.answer_one();
    EXPECT_EQ(open.session.payload_bytes_in_flight(), 0U);
}

// P5: what is refused for overload costs no look at its events; reads go on.
TEST(Session, RefusesFramesOfChangesWholeWhileItsShardIsBehind) {
    OpenSession open;
    open.port.behind = true;
    EXPECT_EQ(open.settle(100), Code::busy);
    EXPECT_TRUE(open.port.waiting.empty());
    EXPECT_EQ(open.session.payload_bytes_in_flight(), 0U);
    const Command read{.head = {.kind = CommandKind::balance,
                                .program = ProgramId{1},
                                .member = {.high = 1, .low = 2}},
                       .body = ReadBalance{}};
    std::vector<std::byte> frame;
    encode_requests(frame, {.correlation_id = 3}, {&read, 1});
    EXPECT_EQ(open.session.receive(frame), frame.size());
    EXPECT_EQ(open.port.waiting.size(), 1U);
    open.port.behind = false;
    EXPECT_EQ(open.settle(100), Code::ok);
}

// The outcome of an answer in the shape that its kind has.
Outcome outcome_of(CommandKind kind, const std::vector<std::byte>& answer) {
    const codec_fixture::OneFrame frame(answer);
    EXPECT_EQ(frame.header().kind, static_cast<std::uint16_t>(kind));
    switch (kind) {
        case CommandKind::redeem:
            return decode_redeem(frame.body())->outcome;
        case CommandKind::reveal:
            return decode_reveal(frame.body())->outcome;
        case CommandKind::offers:
            return decode_offers(frame.body())->outcome;
        case CommandKind::vouchers:
            return decode_vouchers(frame.body())->outcome;
        case CommandKind::codes_import:
            return decode_codes(frame.body())->outcome;
        case CommandKind::recall:
            return decode_recall(frame.body())->outcome;
        case CommandKind::show:
            return decode_show(frame.body())->outcome;
        case CommandKind::verify:
        case CommandKind::undo_verify:
            return decode_verify(frame.body())->outcome;
        default:
            return decode_rules(frame.body())->outcome;
    }
}

TEST(Session, GivesTheShardOnlyKindsThatItServes) {
    for (const Command& command : codec_fixture::every_offer_command()) {
        const CommandKind kind = command.head.kind;
        OpenSession open;
        const auto answer = open.send(command);
        if (is_request_kind(static_cast<std::uint16_t>(kind))) {
            EXPECT_TRUE(answer.empty());
            ASSERT_EQ(open.port.waiting.size(), 1U);
            open.session.complete({.to = open.port.waiting[0], .outcome = {.code = Code::busy}});
            EXPECT_EQ(outcome_of(kind, open.take_answer()).code, Code::busy);
        } else {
            EXPECT_TRUE(open.port.waiting.empty());
            EXPECT_EQ(outcome_of(kind, answer).code, Code::unknown_kind);
        }
        EXPECT_EQ(open.session.payload_bytes_in_flight(), 0U);
        EXPECT_TRUE(open.session.is_open());
    }
}

TEST(Session, SendsTheAnswersAboutOffers) {
    OpenSession open;
    const auto answered = [&open](const Command& command, auto answer) {
        EXPECT_TRUE(open.send(command).empty());
        shard::Reply reply{.to = open.port.waiting.at(0), .outcome = answer.outcome};
        reply.body = std::make_unique<shard::ReplyBody>(std::move(answer));
        open.port.waiting.clear();
        open.session.complete(std::move(reply));
        return open.take_answer();
    };
    for (const Command& command : codec_fixture::every_offer_command()) {
        if (command.head.kind == CommandKind::redeem) {
            const auto bytes = answered(command, codec_fixture::some_redemption());
            const auto got = decode_redeem(codec_fixture::OneFrame(bytes).body());
            EXPECT_TRUE(*got == codec_fixture::some_redemption());
        } else if (command.head.kind == CommandKind::offers) {
            const auto bytes = answered(command, codec_fixture::some_offers());
            EXPECT_EQ(*decode_offers(codec_fixture::OneFrame(bytes).body()),
                      codec_fixture::some_offers());
        } else if (command.head.kind == CommandKind::vouchers) {
            const auto bytes = answered(command, codec_fixture::some_vouchers());
            EXPECT_EQ(*decode_vouchers(codec_fixture::OneFrame(bytes).body()),
                      codec_fixture::some_vouchers());
        }
    }
}

}  // namespace
}  // namespace suanpan::net
