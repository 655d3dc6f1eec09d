// A whole connection: what a client sends, cut at any place, with answers that come late and in any
// order. Every frame that the session takes gets exactly one reply, in the shape of its kind, and
// nothing reaches the shard that a partner may not ask.
//
// Input: a script. One byte chooses the limits, then each step is one byte for what happens, one
// for how many bytes the network delivers at once, and what the step needs. The handshake is
// computed here, from the session's own challenge, so that a script gets behind it.
#include "protocol/base/assert.h"
#include "protocol/codec.h"
#include "server/net/partners.h"
#include "server/net/session.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/kinds.h"
#include "tests/fuzz/scratch_file.h"
#include "tests/fuzz/sound_command.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::fuzz {
namespace {

constexpr std::size_t steps_max = 64;
constexpr std::size_t answer_rows_max = 3;
constexpr PartnerId may_everything{1};
constexpr PartnerId may_little{2};
const std::string key_hex(64, 'a');

// Partner 1 may do everything; partner 2 may earn, spend and read in program 1, and not often.
const PartnerDirectory& partners() {
    static const ScratchFile file("session-partners.toml");
    static const PartnerDirectory directory = [] {
        file.write("[[partner]]\nid = 1\nname = \"all\"\nkey = \"" + key_hex +
                   "\"\nkinds = \"all\"\nprograms = \"all\"\n"
                   "[[partner]]\nid = 2\nname = \"little\"\nkey = \"" +
                   key_hex +
                   "\"\nkinds = [\"earn\", \"spend\", \"balance\"]\nprograms = [1]\n"
                   "rate_events_per_second = 1000\nrate_burst_events = 16\n");
        return PartnerDirectory(file.path());
    }();
    return directory;
}

class SetClock final : public shard::Clock {
public:
    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] bool is_safe() const override { return true; }
    void advance(Duration by) override { now_ = now_ + by; }

private:
    Instant now_{1'700'000'000'000'000'000};
};

// Stands for the shard: keeps what was submitted until the script answers it.
class WaitingPort final : public shard::CommandPort {
public:
    struct Waiting {
        Command command;
        shard::ReplyTo to;
    };

    explicit WaitingPort(const shard::Clock& clock) : clock_(clock) {}
    void submit(const Command& command, const shard::ReplyTo& to) override {
        SUANPAN_ASSERT(partner.has_value());
        SUANPAN_ASSERT(command.head.partner == *partner);
        expect_sound(command);
        if (*partner == may_little) {
            SUANPAN_ASSERT(command.head.program == ProgramId{1});
            SUANPAN_ASSERT(command.head.kind == CommandKind::earn ||
                           command.head.kind == CommandKind::spend ||
                           command.head.kind == CommandKind::balance);
        }
        if (!is_read(command.head.kind)) {
            SUANPAN_ASSERT(command.head.request_id.unix_ms() >= request_floor_ms());
            SUANPAN_ASSERT(command.head.request_id.unix_ms() <=
                           (clock_.now() + limits::request_future_max).unix_ms());
        }
        SUANPAN_ASSERT(to.session == 5);
        waiting.push_back({.command = command, .to = to});
    }
    [[nodiscard]] bool is_behind() const override { return false; }
    [[nodiscard]] std::int64_t request_floor_ms() const override {
        return clock_.now().unix_ms() - 900'000;
    }

    std::vector<Waiting> waiting;
    std::optional<PartnerId> partner;  // that the script has said a right hello for

private:
    const shard::Clock& clock_;
};

// The client's ear: checks each reply and counts them.
class Listener {
public:
    void hear(std::vector<std::byte>& output) {
        bytes_.insert(bytes_.end(), output.begin(), output.end());
        output.clear();
        std::size_t at = 0;
        for (;;) {
            const auto step = decoder_.next(std::span(bytes_).subspan(at));
            SUANPAN_ASSERT(step.error == Code::ok);
            if (step.consumed == 0) break;
            at += step.consumed;
            take(step.frame);
        }
        SUANPAN_ASSERT(at == bytes_.size());  // whole replies only
        bytes_.clear();
    }

    std::optional<Challenge> challenge;
    std::uint64_t replies = 0;

private:
    void take(const Frame& frame) {
        SUANPAN_ASSERT((frame.header.flags & frame_flag_reply) != 0);
        const std::vector<std::byte> body = copy_of(frame.body);
        if (!challenge.has_value()) {
            const auto first = decode_challenge(body);
            SUANPAN_ASSERT(first.has_value());
            challenge = *first;
            return;
        }
        replies += 1;
        switch (static_cast<CommandKind>(frame.header.kind)) {
            case CommandKind::hello:
                SUANPAN_ASSERT(decode_greeting(body).has_value());
                break;
            case CommandKind::statement:
                SUANPAN_ASSERT(decode_statement(body).has_value());
                break;
            case CommandKind::expiring:
                SUANPAN_ASSERT(decode_expiring(body).has_value());
                break;
            case CommandKind::quote:
                SUANPAN_ASSERT(decode_quote(body).has_value());
                break;
            case CommandKind::order:
                SUANPAN_ASSERT(decode_order(body).has_value());
                break;
            case CommandKind::terms:
                SUANPAN_ASSERT(decode_terms(body).has_value());
                break;
            case CommandKind::explain:
                SUANPAN_ASSERT(decode_explanation(body).has_value());
                break;
            case CommandKind::rules_put:
            case CommandKind::offers_put:
                SUANPAN_ASSERT(decode_rules(body).has_value());
                break;
            case CommandKind::redeem:
                SUANPAN_ASSERT(decode_redeem(body).has_value());
                break;
            case CommandKind::reveal:
                SUANPAN_ASSERT(decode_reveal(body).has_value());
                break;
            case CommandKind::offers:
                SUANPAN_ASSERT(decode_offers(body).has_value());
                break;
            case CommandKind::vouchers:
                SUANPAN_ASSERT(decode_vouchers(body).has_value());
                break;
            case CommandKind::codes_import:
                SUANPAN_ASSERT(decode_codes(body).has_value());
                break;
            case CommandKind::recall:
                SUANPAN_ASSERT(decode_recall(body).has_value());
                break;
            case CommandKind::show:
                SUANPAN_ASSERT(decode_show(body).has_value());
                break;
            case CommandKind::verify:
            case CommandKind::undo_verify:
                SUANPAN_ASSERT(decode_verify(body).has_value());
                break;
            default: {
                std::vector<Outcome> results;
                SUANPAN_ASSERT(decode_results(body, results).has_value());
                SUANPAN_ASSERT(!results.empty());
                SUANPAN_ASSERT(results.size() <= limits::batch_events_max);
            }
        }
    }

    FrameDecoder decoder_;
    std::vector<std::byte> bytes_;
};

// What commands about orders point to: one of each, sound and small.
const CommandPayload& some_payload() {
    static const CommandPayload payload = [] {
        CommandPayload filled;
        filled.order.lines = {{.product = 1, .unit_price = {100}, .quantity = 1, .category = 1}};
        filled.token.assign(9, std::byte{7});
        filled.refunds = {{.line = 0, .amount = {1}}};
        filled.text.assign(3, std::byte{'x'});
        return filled;
    }();
    return payload;
}

// A name of one letter, or none.
OrderId order_from(Input& input) {
    OrderId id;
    id.bytes[0] = static_cast<char>(input.take<std::uint8_t>() % 4 == 0 ? 0 : 'A');
    return id;
}

// A body of the kind with numbers from the script; many of them are wrong on purpose.
CommandBody body_from(Input& input, CommandKind kind) {
    const auto points = [&] { return Points{input.take<std::int16_t>()}; };
    switch (kind) {
        case CommandKind::spend:
            return Spend{.amount = points(), .min_remaining = points()};
        case CommandKind::hold:
            return PlaceHold{.amount = points(),
                             .duration = milliseconds(input.take<std::int32_t>())};
        case CommandKind::capture:
            return CaptureHold{.hold = HoldId{input.take<std::uint8_t>()}, .amount = points()};
        case CommandKind::release:
            return ReleaseHold{.hold = HoldId{input.take<std::uint8_t>()}};
        case CommandKind::refund:
            return Refund{.original = {input.take<std::uint8_t>()}, .amount = points()};
        case CommandKind::revoke:
            return Revoke{.original = {input.take<std::uint8_t>()}, .amount = points()};
        case CommandKind::adjust:
            return Adjust{.delta = points()};
        case CommandKind::freeze:
            return Freeze{.frozen = true};
        case CommandKind::unfreeze:
            return Freeze{.frozen = false};
        case CommandKind::set_limit:
            return SetLimit{.spend_per_day_max = points()};
        case CommandKind::member_update:
            return MemberUpdate{.birthday_month = input.take<std::uint8_t>(),
                                .birthday_day = input.take<std::uint8_t>()};
        case CommandKind::balance:
            return ReadBalance{};
        case CommandKind::statement:
            return ReadStatement{.lines_max = input.take<std::uint8_t>()};
        case CommandKind::lookup:
            return Lookup{};
        case CommandKind::expiring:
            return ReadExpiring{.within = milliseconds(input.take<std::int32_t>())};
        case CommandKind::program_create:
        case CommandKind::program_update: {
            ProgramSpec spec;
            spec.id = ProgramId{input.take<std::uint8_t>()};
            spec.version = input.take<std::uint8_t>();
            return PutProgram{.spec = spec, .create = kind == CommandKind::program_create};
        }
        case CommandKind::clock_advance:
            return AdvanceClock{.by = milliseconds(input.take<std::int32_t>())};
        case CommandKind::settle:
            return Settle{.payload = &some_payload(), .order = order_from(input)};
        case CommandKind::confirm:
            return ConfirmOrder{.order = order_from(input),
                                .payment = order_from(input),
                                .amount = {input.take<std::int16_t>()},
                                .currency = {{'C', 'N', 'Y'}}};
        case CommandKind::cancel:
            return CancelOrder{.order = order_from(input)};
        case CommandKind::refund_order:
            return RefundOrder{.payload = &some_payload(), .order = order_from(input)};
        case CommandKind::quote:
            return AskQuote{.payload = &some_payload()};
        case CommandKind::order:
            return ReadOrder{.order = order_from(input)};
        case CommandKind::terms:
            return ReadTerms{.version = input.take<std::uint8_t>()};
        case CommandKind::explain:
            return Explain{};
        case CommandKind::rules_put:
            return PutRules{.payload = &some_payload()};
        case CommandKind::redeem: {
            Redeem redeem{.offer = input.take<std::uint8_t>(),
                          .quantity = input.take<std::int16_t>(),
                          .cash = Money{input.take<std::uint8_t>()}};
            if (input.take<std::uint8_t>() % 2 == 0) redeem.order.bytes[0] = 'A';
            return redeem;
        }
        case CommandKind::reveal:
            return Reveal{.voucher = {.offer = input.take<std::uint8_t>(), .ticket = 1}};
        case CommandKind::show:
            return Show{.task = {.voucher = {.offer = input.take<std::uint8_t>(), .ticket = 1},
                                 .asker = {}}};
        case CommandKind::verify: {
            Verify verify;
            verify.units = input.take<std::int16_t>();
            verify.has_token = input.take<std::uint8_t>() % 2 == 0;
            if (!verify.has_token) verify.payload = &some_payload();
            verify.reference.bytes[0] = 'r';
            return verify;
        }
        case CommandKind::undo_verify:
            return UndoVerification{
                .task = {.voucher = {.offer = input.take<std::uint8_t>(), .ticket = 1},
                         .asker = {}},
                .reference = {}};
        case CommandKind::offers:
            return ReadOffers{.rows_max = input.take<std::uint8_t>()};
        case CommandKind::vouchers:
            return ReadVouchers{.state = input.take<std::uint8_t>()};
        case CommandKind::offers_put:
            return PutOffers{.payload = &some_payload(), .version = input.take<std::uint8_t>()};
        case CommandKind::codes_import:
            return ImportCodes{.payload = &some_payload(),
                               .offer = input.take<std::uint8_t>(),
                               .batch = input.take<std::uint8_t>()};
        case CommandKind::recall:
            return RecallBatch{.offer = input.take<std::uint8_t>(),
                               .batch = input.take<std::uint8_t>()};
        default:
            return Earn{.amount = points()};
    }
}

// The metrics of a shard are large, so that all scripts share them.
ShardMetrics& metrics() {
    static ShardMetrics all;
    return all;
}

// What the session counted of the bytes that came.
struct Counts {
    std::uint64_t frames = 0;
    std::uint64_t no_headers = 0;
    std::uint64_t too_large = 0;

    static Counts of(const ShardMetrics& from) {
        return {.frames = from.frames_received.read(),
                .no_headers =
                    from.refused(Code::frame_damaged) + from.refused(Code::version_unsupported),
                .too_large = from.refused(Code::frame_too_large)};
    }
};

// One script on one connection.
class Conversation {
public:
    explicit Conversation(std::uint8_t choice)
        : environment_{.port = port_,
                       .partners = PartnerView(partners()),
                       .clock = clock_,
                       .metrics = metrics(),
                       .greeting = {.shard_ports = {7501}, .sandbox = (choice & 1U) != 0},
                       .body_hash_key = 42},
          session_(limited(environment_, choice), {.session = 5, .generation = 6}) {
        hear();
        SUANPAN_ASSERT(listener_.challenge.has_value());
    }

    void step(Input& input) {
        const auto action = input.take<std::uint8_t>();
        const std::size_t chunk_bytes = std::size_t{1} + input.take<std::uint8_t>();
        switch (action % 10) {
            case 0:
                return send(input.take_bytes(input.take<std::uint8_t>()), chunk_bytes);
            case 1:
                return send_any_frame(input, chunk_bytes);
            case 2:
                return send_hello(input, chunk_bytes);
            case 3:
            case 4:
            case 5:
                return send_request(input, chunk_bytes);
            case 6:
            case 7:
                return answer(input);
            case 8:
                clock_.advance(milliseconds(input.take<std::uint16_t>()));
                return;
            default:
                if (input.take<std::uint8_t>() == 0 && !session_.is_open() &&
                    !session_.is_closing()) {
                    session_.refuse(Code::hello_timeout);
                    refused_by_timer_ = 1;
                }
                return hear();
        }
    }

    // Every event that is out comes back; then each frame has had its reply.
    void finish() {
        while (!port_.waiting.empty()) answer_place(0, false, 0);
        hear();
        SUANPAN_ASSERT(session_.events_in_flight() == 0);
        SUANPAN_ASSERT(session_.payload_bytes_in_flight() == 0);
        // A header that is none is answered too, once, and is no frame. A frame that is too large
        // may be either: the decoder's limit or the operator's.
        const Counts now = Counts::of(metrics());
        const std::uint64_t replies_least =
            now.frames - before_.frames + refused_by_timer_ + now.no_headers - before_.no_headers;
        SUANPAN_ASSERT(listener_.replies >= replies_least);
        SUANPAN_ASSERT(listener_.replies <= replies_least + now.too_large - before_.too_large);
    }

private:
    static net::SessionEnvironment& limited(net::SessionEnvironment& environment,
                                            std::uint8_t choice) {
        if ((choice & 2U) != 0) environment.frames_in_flight_max = 2;
        if ((choice & 4U) != 0) environment.events_in_flight_max = 6;
        if ((choice & 8U) != 0) environment.frame_body_bytes_max = 128;
        if ((choice & 16U) != 0) environment.payload_bytes_in_flight_max = 1024;
        return environment;
    }

    // As a connection does: what was not taken comes again, with more behind it.
    void send(std::span<const std::byte> bytes, std::size_t chunk_bytes) {
        while (!bytes.empty() && !session_.is_closing()) {
            const auto chunk = bytes.first(std::min(chunk_bytes, bytes.size()));
            bytes = bytes.subspan(chunk.size());
            arrived_.insert(arrived_.end(), chunk.begin(), chunk.end());
            const std::vector<std::byte> alone = arrived_;  // ends where its allocation ends
            const std::uint64_t frames_before = metrics().frames_received.read();
            const std::size_t taken = session_.receive(alone);
            SUANPAN_ASSERT(taken <= alone.size());
            if (taken == 0) SUANPAN_ASSERT(metrics().frames_received.read() == frames_before);
            arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(taken));
            SUANPAN_ASSERT(session_.events_in_flight() <= environment_.events_in_flight_max);
            SUANPAN_ASSERT(session_.events_in_flight() >= port_.waiting.size());
            SUANPAN_ASSERT(session_.payload_bytes_in_flight() <=
                           environment_.payload_bytes_in_flight_max);
        }
        if (session_.is_closing()) {
            SUANPAN_ASSERT(session_.receive(std::as_bytes(std::span("more"))) == 0);
        }
    }

    void send_any_frame(Input& input, std::size_t chunk_bytes) {
        FrameHeader header{.kind = input.take<std::uint8_t>(),
                           .flags = input.take<std::uint8_t>(),
                           .correlation_id = input.take<std::uint8_t>()};
        std::vector<std::byte> frame;
        append_frame(frame, header, input.take_bytes(input.take<std::uint8_t>()));
        send(frame, chunk_bytes);
    }

    void send_hello(Input& input, std::size_t chunk_bytes) {
        const auto choice = input.take<std::uint8_t>();
        HelloRequest hello{.partner = PartnerId{1U + choice % 3U}, .client = "fuzz"};
        const std::vector<std::byte> key(32, std::byte{0xaa});
        hello.mac = compute_mac(key, *listener_.challenge, hello.nonce, hello.partner);
        const bool right = choice < 0x80;
        if (!right) hello.mac.front() ^= std::byte{1};
        const bool was_open = session_.is_open();
        // Only a hello that is taken from its beginning says who it is.
        if (arrived_.empty() && right && !was_open) port_.partner = hello.partner;
        std::vector<std::byte> frame;
        encode_hello(frame, {.correlation_id = 1}, hello);
        send(frame, chunk_bytes);
        if (!was_open && session_.is_open()) {
            SUANPAN_ASSERT(right);
            SUANPAN_ASSERT(hello.partner == may_everything || hello.partner == may_little);
            SUANPAN_ASSERT(session_.partner() == hello.partner);
        }
    }

    void send_request(Input& input, std::size_t chunk_bytes) {
        const CommandKind kind = command_kind_of(input.take<std::uint8_t>());
        const auto shape = input.take<std::uint8_t>();
        const bool one = takes_one_event(kind);
        const std::size_t count = one ? 1 : std::size_t{1} + shape % 8U;
        std::vector<Command> commands(count);
        for (Command& command : commands) {
            command.head.kind = kind;
            command.head.program = ProgramId{(shape & 0x10U) != 0 ? 2U : 1U};
            command.head.member.low = shape >> 5U;
            const std::int64_t id_ms = clock_.now().unix_ms() + input.take<std::int8_t>() * 10'000;
            command.head.request_id = {.high = static_cast<std::uint64_t>(id_ms) << 16U, .low = 1};
            command.body = body_from(input, kind);
        }
        std::vector<std::byte> frame;
        encode_requests(frame, {.correlation_id = shape}, commands);
        send(frame, chunk_bytes);
    }

    void answer(Input& input) {
        if (port_.waiting.empty()) return;
        const auto choice = input.take<std::uint8_t>();
        answer_place(choice % port_.waiting.size(), (choice & 0x80U) != 0,
                     input.take<std::uint8_t>() % (answer_rows_max + 1));
    }

    // As a shard may: with rows where the read succeeded, else with a code.
    void answer_place(std::size_t place, bool ok, std::size_t rows) {
        const WaitingPort::Waiting waiting = port_.waiting[place];
        port_.waiting.erase(port_.waiting.begin() + static_cast<std::ptrdiff_t>(place));
        shard::Reply reply{.to = waiting.to,
                           .outcome = {.code = ok ? Code::ok : Code::busy, .time = clock_.now()}};
        if (ok && waiting.command.head.kind == CommandKind::statement) {
            Statement statement;
            statement.lines.resize(rows);
            reply.body = std::make_unique<shard::ReplyBody>(std::move(statement));
        }
        if (ok && waiting.command.head.kind == CommandKind::expiring) {
            Expiring expiring;
            expiring.rows.resize(rows);
            reply.body = std::make_unique<shard::ReplyBody>(std::move(expiring));
        }
        session_.complete(std::move(reply));
    }

    void hear() { listener_.hear(session_.output()); }

    SetClock clock_;
    WaitingPort port_{clock_};
    const Counts before_ = Counts::of(metrics());
    net::SessionEnvironment environment_;
    net::Session session_;
    Listener listener_;
    std::vector<std::byte> arrived_;
    std::uint64_t refused_by_timer_ = 0;
};

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    fuzz::Conversation conversation(input.take<std::uint8_t>());
    for (std::size_t i = 0; i < fuzz::steps_max && !input.empty(); ++i) conversation.step(input);
    conversation.finish();
    return 0;
}
