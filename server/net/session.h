// One partner's conversation with the server. Knows no socket: bytes in, bytes out.
#pragma once

#include "protocol/codec.h"
#include "protocol/frame.h"
#include "protocol/hello.h"
#include "server/net/partners.h"
#include "server/shard/clock.h"
#include "server/shard/command_port.h"
#include "server/shard/metrics.h"
#include "server/shard/reply.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::net {

// What all sessions of a thread have in common. Outlives them.
struct SessionEnvironment {
    shard::CommandPort& port;
    PartnerView partners;
    const shard::Clock& clock;
    ShardMetrics& metrics;
    Greeting greeting;  // outcome and floor are filled in for each hello
    std::uint64_t body_hash_key = 0;
    std::uint32_t frames_in_flight_max = limits::frames_in_flight_max;
    std::uint32_t frame_body_bytes_max = limits::frame_body_bytes_max;
    std::uint32_t events_in_flight_max = limits::events_in_flight_max;
    std::size_t payload_bytes_in_flight_max = limits::payload_bytes_in_flight_max;
};

// Reads frames, checks who may do what, hands events to the shard and puts the results together.
//
// Owned by its connection, used on that connection's shard thread only. Bounded by the limits in
// SessionEnvironment: over them the answer is too_many_in_flight. After a 1xx answer the session is
// closing: it takes nothing more, and its connection closes once the output is sent.
class Session {
public:
    // `address`: how replies find this session; its `request` and `event` are filled in here.
    Session(SessionEnvironment& environment, const shard::ReplyTo& address);

    // Takes whole frames from the front of `bytes`; returns how many bytes they had. The rest must
    // come again, with more behind it.
    [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes);
    // The answer to an event that receive() submitted.
    void complete(shard::Reply&& reply);
    // The payloads of commands that are not answered, for whoever closes the session: the shard may
    // still read them until the answer to (session, request) comes (docs/decisions/0011).
    struct OpenPayload {
        std::uint32_t request = 0;
        std::shared_ptr<const CommandPayload> payload;
    };
    [[nodiscard]] std::vector<OpenPayload> take_payloads();
    // Too long without a hello: says so, and closes.
    void refuse(Code code);

    // What is to be sent; the connection swaps it out.
    [[nodiscard]] std::vector<std::byte>& output() { return output_; }
    [[nodiscard]] std::size_t waiting_output_bytes() const { return output_.size(); }
    [[nodiscard]] bool has_output() const { return !output_.empty(); }
    [[nodiscard]] bool is_closing() const { return phase_ == Phase::closing; }
    [[nodiscard]] bool is_open() const { return phase_ == Phase::open; }
    [[nodiscard]] std::uint32_t events_in_flight() const { return events_in_flight_; }
    [[nodiscard]] std::size_t payload_bytes_in_flight() const { return payload_bytes_; }
    [[nodiscard]] std::optional<PartnerId> partner() const { return partner_; }

private:
    enum class Phase : std::uint8_t { awaiting_hello, open, closing };
    // A request whose events are not all answered.
    struct Request {
        FrameHeader header;
        std::uint32_t events_left = 0;
        std::vector<Outcome> outcomes;
        std::shared_ptr<const CommandPayload> payload;  // that its command points to
    };

    void take_frame(const Frame& frame);
    void take_hello(const Frame& frame);
    void take_request(const Frame& frame, CommandKind kind);
    void submit_events(const Frame& frame, CommandKind kind, const Partner& partner);
    [[nodiscard]] Code first_refusal(const DecodedEvent& event, const Partner& partner,
                                     bool kind_allowed, Instant now) const;
    [[nodiscard]] std::uint32_t open_request(const FrameHeader& header, std::uint32_t events);
    void finish(std::uint32_t place);
    void refuse_frame(const FrameHeader& header, Code code, std::uint32_t retry_after_ms = 0);
    // The same for a frame whose events are known, decoded_: each has its own result.
    void refuse_events(const FrameHeader& header, Code code, std::uint32_t retry_after_ms);

    SessionEnvironment& environment_;
    shard::ReplyTo address_;
    Phase phase_ = Phase::awaiting_hello;
    Challenge challenge_;
    std::optional<PartnerId> partner_;
    FrameDecoder decoder_;
    std::vector<DecodedEvent> decoded_;
    std::vector<Request> requests_;
    std::vector<std::uint32_t> free_requests_;
    std::uint32_t frames_in_flight_ = 0;
    std::uint32_t events_in_flight_ = 0;
    std::size_t payload_bytes_ = 0;  // of requests that are not answered
    std::vector<std::byte> output_;
};

}  // namespace suanpan::net
