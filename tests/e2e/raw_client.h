// RawClient: frames over a Socket, without anything that a client library would do for its caller.
#pragma once

#include "protocol/codec.h"
#include "protocol/frame.h"
#include "protocol/hello.h"
#include "tests/e2e/server_process.h"
#include "tests/e2e/socket.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace suanpan::e2e {

using Bytes = std::vector<std::byte>;

// A frame that came, with memory of its own.
struct Received {
    FrameHeader header;
    std::vector<std::uint64_t> words;  // the body, on 8 bytes

    [[nodiscard]] std::span<const std::byte> body() const {
        return std::as_bytes(std::span(words)).first(header.body_bytes);
    }
    // The outcome of a frame with one event, or of a hello.
    [[nodiscard]] Outcome outcome() const;
    [[nodiscard]] std::vector<Outcome> outcomes() const;
};

// Owned by a test, used on one thread. Says nothing by itself; reads the challenge when it is made
// (where the server refuses the connection instead, `refusal` holds that).
class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receive_buffer = 0);
    // Connects and says hello as `partner`; throws std::runtime_error where that is refused.
    RawClient(std::uint16_t port, PartnerId partner, int receive_buffer = 0);

    bool send(std::span<const std::byte> bytes) { return socket_.send(bytes); }
    // The next frame; nothing where the server has closed the connection instead. Throws
    // std::runtime_error when neither comes in time.
    [[nodiscard]] std::optional<Received> receive();
    // Sends, and the code of the reply; nothing where the connection was closed without one.
    [[nodiscard]] std::optional<Code> ask(std::span<const std::byte> bytes);
    // True where the server has closed: reads away what still comes.
    [[nodiscard]] bool is_closed();
    // One command, answered. Throws std::runtime_error where the connection closes.
    [[nodiscard]] Outcome call(const Command& command);
    // Commands of one kind in one frame; their outcomes in order.
    [[nodiscard]] std::vector<Outcome> call(std::span<const Command> commands);

    [[nodiscard]] Bytes hello_frame(PartnerId partner, std::span<const std::byte> key) const;
    [[nodiscard]] const std::optional<Received>& refusal() const { return refusal_; }
    [[nodiscard]] Socket& socket() { return socket_; }

    static constexpr std::chrono::seconds patience{60};

private:
    Socket socket_;
    Bytes input_;
    FrameDecoder decoder_;
    Challenge challenge_;
    std::optional<Received> refusal_;
};

// ---- frames and commands

[[nodiscard]] MemberId member(std::uint64_t number);
[[nodiscard]] RequestId fresh_request_id();
inline constexpr ProgramId test_program{1};
[[nodiscard]] Command earn(MemberId member, std::int64_t points);
[[nodiscard]] Command spend(MemberId member, std::int64_t points);
[[nodiscard]] Command read_balance(MemberId member);
[[nodiscard]] Command lookup(MemberId member, RequestId id);
[[nodiscard]] Command create_test_program();
[[nodiscard]] Bytes frame_of(const Command& command, std::uint64_t correlation = 7);
[[nodiscard]] Bytes frame_of(std::span<const Command> commands, std::uint64_t correlation = 7);
[[nodiscard]] Bytes ping_frame();
// Computes the header's checksum again, after a test has changed the header.
void seal_header(Bytes& frame);

}  // namespace suanpan::e2e
