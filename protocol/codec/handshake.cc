// What a connection begins with: challenge, hello, greeting; and ping.
#include "protocol/codec/building.h"
#include "protocol/codec/messages.h"

namespace suanpan {

using namespace codec;

std::expected<HelloRequest, Code> decode_hello(std::span<const std::byte> body) {
    const auto* from = verified<wire::HelloRequest>(body);
    if (from == nullptr) return refuse(Code::message_malformed);
    HelloRequest hello;
    hello.partner = PartnerId{from->partner()};
    if (from->nonce() == nullptr || from->nonce()->size() != hello.nonce.size())
        return refuse(Code::message_malformed);
    if (from->mac() == nullptr || from->mac()->size() != hello.mac.size())
        return refuse(Code::message_malformed);
    std::memcpy(hello.nonce.data(), from->nonce()->Data(), hello.nonce.size());
    std::memcpy(hello.mac.data(), from->mac()->Data(), hello.mac.size());
    if (from->client() != nullptr) {
        if (from->client()->size() > client_name_bytes_max) return refuse(Code::message_malformed);
        hello.client = from->client()->str();
    }
    return hello;
}

std::expected<void, Code> decode_ping(std::span<const std::byte> body) {
    if (verified<wire::PingRequest>(body) == nullptr) return refuse(Code::message_malformed);
    return {};
}

void encode_greeting(Bytes& out, FrameHeader header, const Greeting& greeting) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(greeting.outcome);
    const wire::Id128 uuid{greeting.server_uuid.high, greeting.server_uuid.low};
    const auto ports = into.CreateVector(greeting.shard_ports);
    const auto version = text_of(into, greeting.server_version, server_version_bytes_max);
    append_table(out, into,
                 wire::CreateGreeting(into, &result, greeting.version, ports, greeting.hash_seed,
                                      greeting.request_floor_ms, greeting.frame_body_bytes_max,
                                      greeting.batch_events_max, greeting.frames_in_flight_max,
                                      &uuid, greeting.sandbox, version));
    finish_frame(out, begin, reply_to(header));
}

void encode_challenge(Bytes& out, const Challenge& challenge) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const auto bytes = bytes_of(into, challenge.bytes);
    append_table(out, into, wire::CreateChallenge(into, bytes));
    finish_frame(out, begin,
                 reply_to({.kind = static_cast<std::uint16_t>(CommandKind::challenge)}));
}

void encode_hello(Bytes& out, FrameHeader header, const HelloRequest& hello) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const auto nonce = bytes_of(into, hello.nonce);
    const auto mac = bytes_of(into, hello.mac);
    const auto client = text_of(into, hello.client, client_name_bytes_max);
    append_table(out, into,
                 wire::CreateHelloRequest(into, static_cast<std::uint32_t>(hello.partner), nonce,
                                          mac, client));
    finish_frame(out, begin, request_of(header, CommandKind::hello));
}

void encode_ping(Bytes& out, FrameHeader header) {
    append_frame(out, request_of(header, CommandKind::ping), empty_body());
}

std::expected<Greeting, Code> decode_greeting(std::span<const std::byte> body) {
    const auto* from = verified<wire::Greeting>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    Greeting greeting{.outcome = plain_of(*from->result()),
                      .version = from->protocol_version(),
                      .shard_ports = {},
                      .hash_seed = from->hash_seed(),
                      .request_floor_ms = from->request_floor_ms(),
                      .frame_body_bytes_max = from->frame_body_bytes_max(),
                      .batch_events_max = from->batch_events_max(),
                      .frames_in_flight_max = from->frames_in_flight_max(),
                      .server_uuid = {},
                      .sandbox = from->sandbox(),
                      .server_version = {}};
    if (from->shard_ports() != nullptr)
        greeting.shard_ports.assign(from->shard_ports()->begin(), from->shard_ports()->end());
    if (from->server_uuid() != nullptr)
        greeting.server_uuid = {from->server_uuid()->high(), from->server_uuid()->low()};
    if (from->server_version() != nullptr) greeting.server_version = from->server_version()->str();
    return greeting;
}

std::expected<Challenge, Code> decode_challenge(std::span<const std::byte> body) {
    const auto* from = verified<wire::Challenge>(body);
    Challenge challenge;
    if (from == nullptr || from->challenge() == nullptr ||
        from->challenge()->size() != challenge.bytes.size())
        return refuse(Code::message_malformed);
    std::memcpy(challenge.bytes.data(), from->challenge()->Data(), challenge.bytes.size());
    return challenge;
}

}  // namespace suanpan
