#include "tests/e2e/raw_client.h"

#include "protocol/base/hash.h"

#include <atomic>
#include <cstring>
#include <random>
#include <stdexcept>

namespace suanpan::e2e {
namespace {

std::uint64_t random_word() {
    static std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
}

Command command_of(CommandKind kind, MemberId member, const CommandBody& body) {
    Command command;
    command.head.kind = kind;
    command.head.program = test_program;
    command.head.member = member;
    command.head.request_id = fresh_request_id();
    command.body = body;
    return command;
}

template <std::size_t N>
ShortText<N> short_text(std::string_view text) {
    ShortText<N> made;
    std::memcpy(made.bytes.data(), text.data(), text.size());
    return made;
}

}  // namespace

std::vector<Outcome> Received::outcomes() const {
    const auto only = [this](const auto& decoded) -> std::vector<Outcome> {
        if (!decoded)
            throw std::runtime_error("a reply that cannot be read, of kind " +
                                     std::to_string(header.kind));
        return {decoded->outcome};
    };
    switch (static_cast<CommandKind>(header.kind)) {
        case CommandKind::hello:
            return only(decode_greeting(body()));
        case CommandKind::statement:
            return only(decode_statement(body()));
        case CommandKind::expiring:
            return only(decode_expiring(body()));
        case CommandKind::quote:
            return only(decode_quote(body()));
        case CommandKind::order:
            return only(decode_order(body()));
        case CommandKind::terms:
            return only(decode_terms(body()));
        case CommandKind::explain:
            return only(decode_explanation(body()));
        case CommandKind::rules_put:
        case CommandKind::offers_put:
            return only(decode_rules(body()));
        case CommandKind::redeem:
            return only(decode_redeem(body()));
        case CommandKind::reveal:
            return only(decode_reveal(body()));
        case CommandKind::offers:
            return only(decode_offers(body()));
        case CommandKind::vouchers:
            return only(decode_vouchers(body()));
        case CommandKind::codes_import:
            return only(decode_codes(body()));
        case CommandKind::recall:
            return only(decode_recall(body()));
        case CommandKind::show:
            return only(decode_show(body()));
        case CommandKind::verify:
        case CommandKind::undo_verify:
            return only(decode_verify(body()));
        default: {
            std::vector<Outcome> results;
            if (decode_results(body(), results)) return results;
            throw std::runtime_error("a reply that cannot be read, of kind " +
                                     std::to_string(header.kind));
        }
    }
}

Outcome Received::outcome() const {
    return outcomes().at(0);
}

RawClient::RawClient(std::uint16_t port, int receive_buffer) : socket_(port, receive_buffer) {
    std::optional<Received> first = receive();
    if (!first) return;
    if (static_cast<CommandKind>(first->header.kind) != CommandKind::challenge) {
        refusal_ = std::move(first);
        return;
    }
    const auto challenge = decode_challenge(first->body());
    if (!challenge) throw std::runtime_error("the challenge cannot be read");
    challenge_ = *challenge;
}

RawClient::RawClient(std::uint16_t port, PartnerId partner, int receive_buffer)
    : RawClient(port, receive_buffer) {
    const auto code = ask(hello_frame(partner, key_of(partner)));
    if (code != Code::ok) throw std::runtime_error("hello was refused");
}

std::optional<Received> RawClient::receive() {
    while (true) {
        const FrameDecoder::Step step = decoder_.next(input_);
        if (step.error != Code::ok) throw std::runtime_error("the server sent no frame");
        if (step.consumed > 0) {
            Received received{.header = step.frame.header, .words = {}};
            received.words.resize((step.frame.body.size() + 7) / 8);
            std::memcpy(received.words.data(), step.frame.body.data(), step.frame.body.size());
            input_.erase(input_.begin(),
                         input_.begin() + static_cast<std::ptrdiff_t>(step.consumed));
            return received;
        }
        std::byte buffer[65536];
        std::size_t got = 0;
        switch (socket_.receive(buffer, got, patience)) {
            case Socket::Event::closed:
                return std::nullopt;
            case Socket::Event::timeout:
                throw std::runtime_error("the server neither answers nor closes");
            case Socket::Event::bytes:
                input_.insert(input_.end(), buffer, buffer + got);
        }
    }
}

std::optional<Code> RawClient::ask(std::span<const std::byte> bytes) {
    send(bytes);
    const auto reply = receive();
    if (!reply) return std::nullopt;
    return reply->outcome().code;
}

bool RawClient::is_closed() {
    while (receive()) {
    }
    return true;
}

Outcome RawClient::call(const Command& command) {
    return call({&command, 1}).at(0);
}

std::vector<Outcome> RawClient::call(std::span<const Command> commands) {
    send(frame_of(commands));
    const auto reply = receive();
    if (!reply) throw std::runtime_error("the server closed the connection");
    return reply->outcomes();
}

Bytes RawClient::hello_frame(PartnerId partner, std::span<const std::byte> key) const {
    HelloRequest hello{.partner = partner, .nonce = make_nonce(), .mac = {}, .client = "e2e"};
    hello.mac = compute_mac(key, challenge_, hello.nonce, partner);
    Bytes frame;
    encode_hello(frame, {.correlation_id = 1}, hello);
    return frame;
}

MemberId member(std::uint64_t number) {
    return {.high = 0x0e2e, .low = number + 1};
}

RequestId fresh_request_id() {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
    return {.high = (static_cast<std::uint64_t>(ms) << 16U) | 0x7000U | (random_word() & 0xfffU),
            .low = (random_word() >> 2U) | (1ULL << 63U)};
}

Command earn(MemberId member, std::int64_t points) {
    return command_of(CommandKind::earn, member,
                      Earn{.amount = {points}, .active_from = {}, .expires_at = {}});
}

Command spend(MemberId member, std::int64_t points) {
    return command_of(CommandKind::spend, member, Spend{.amount = {points}, .min_remaining = {}});
}

Command read_balance(MemberId member) {
    return command_of(CommandKind::balance, member, ReadBalance{});
}

Command lookup(MemberId member, RequestId id) {
    Command command = command_of(CommandKind::lookup, member, Lookup{});
    command.head.request_id = id;
    return command;
}

Command create_test_program() {
    ProgramSpec spec;
    spec.id = test_program;
    spec.version = 1;
    spec.name = short_text<48>("end to end");
    spec.currency = short_text<8>("CNY");
    spec.time_zone = short_text<40>("Asia/Shanghai");
    return command_of(CommandKind::program_create, {}, PutProgram{.spec = spec, .create = true});
}

Bytes frame_of(const Command& command, std::uint64_t correlation) {
    return frame_of({&command, 1}, correlation);
}

Bytes frame_of(std::span<const Command> commands, std::uint64_t correlation) {
    Bytes frame;
    encode_requests(frame, {.correlation_id = correlation}, commands);
    return frame;
}

Bytes ping_frame() {
    Bytes frame;
    frame.reserve(64);  // else g++ 12 warns of a copy that never happens
    encode_ping(frame, {.correlation_id = 3});
    return frame;
}

void seal_header(Bytes& frame) {
    FrameHeader header;
    std::memcpy(&header, frame.data(), sizeof header);
    std::array<std::byte, 20> covered{};
    std::memcpy(covered.data(), frame.data(), 12);
    std::memcpy(covered.data() + 12, frame.data() + 16, 8);
    header.header_crc = crc32c(covered);
    std::memcpy(frame.data(), &header, sizeof header);
}

}  // namespace suanpan::e2e
