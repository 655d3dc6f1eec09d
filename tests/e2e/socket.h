// Socket: a plain blocking TCP connection to this machine, for tests that send what no client
// would.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace suanpan::e2e {

// Owned by a test, used on one thread. Every wait has an end.
class Socket {
public:
    // Connects to 127.0.0.1. `receive_buffer` 0: the system's. Throws std::runtime_error.
    explicit Socket(std::uint16_t port, int receive_buffer = 0);
    ~Socket();
    Socket(Socket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    Socket& operator=(Socket&&) = delete;

    // False where the peer has closed.
    bool send(std::span<const std::byte> bytes);
    void send_text(const std::string& text);
    // What the kernel takes at once without waiting; 0 where there is no room or no peer.
    [[nodiscard]] std::size_t send_some(std::span<const std::byte> bytes);
    // Nothing more comes from here; the other direction stays open.
    void end_sending();

    enum class Event { bytes, closed, timeout };
    // Waits at most `patience`; `got` is how many bytes came.
    [[nodiscard]] Event receive(std::span<std::byte> into, std::size_t& got,
                                std::chrono::milliseconds patience);
    [[nodiscard]] std::string read_to_end();
    [[nodiscard]] int handle() const { return fd_; }

private:
    int fd_ = -1;
};

}  // namespace suanpan::e2e
