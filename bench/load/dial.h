// Dial: a connection that has said hello.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/frame.h"
#include "protocol/hello.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::load {

// Where the server is and who we are. `key` never goes into a message.
struct Target {
    std::string host;
    std::uint16_t port = 0;
    // Not empty: the port stands in this file, which the server writes at each start.
    std::string ready_file;
    PartnerId partner{};
    std::vector<std::byte> key;
};

// "host:port". Throws std::runtime_error with one line.
void parse_server(std::string_view text, Target& target);
// The common port: target.port, or what the ready file says now. Throws std::runtime_error where
// that is missing or cannot be read.
[[nodiscard]] std::uint16_t common_port(const Target& target);
// A key as the server's key files hold it: hexadecimal digits. Throws std::runtime_error.
[[nodiscard]] std::vector<std::byte> read_key_file(const std::string& path);

// An open file descriptor, closed with its owner.
class Socket {
public:
    Socket() = default;
    explicit Socket(int file) : file_(file) {}
    Socket(Socket&& other) noexcept : file_(other.file_) { other.file_ = -1; }
    Socket& operator=(Socket&& other) noexcept;
    ~Socket() { close(); }

    [[nodiscard]] int get() const { return file_; }
    [[nodiscard]] bool is_open() const { return file_ >= 0; }
    void close();

private:
    int file_ = -1;
};

struct Dialled {
    Socket socket;  // blocking, TCP_NODELAY
    Greeting greeting;
};

// Connects to port `port` of target.host, takes the challenge, says hello, takes the greeting:
// blocking, each step at most `patience_ms`. Throws std::runtime_error with one line that says what
// to change.
[[nodiscard]] Dialled dial(const Target& target, std::uint16_t port, int patience_ms = 10'000);

// One request and its reply on a blocking socket; for what is done once. The frame's body is copied
// into `reply`. Throws std::runtime_error where the connection breaks.
[[nodiscard]] FrameHeader call(const Socket& socket, std::span<const std::byte> request,
                               std::vector<std::byte>& reply);

}  // namespace suanpan::load
