#include "tests/e2e/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace suanpan::e2e {

Socket::Socket(std::uint16_t port, int receive_buffer)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) throw std::runtime_error(std::string("no socket: ") + std::strerror(errno));
    if (receive_buffer > 0)
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int reason = errno;
        ::close(fd_);
        throw std::runtime_error(std::string("cannot connect: ") + std::strerror(reason));
    }
}

Socket::~Socket() {
    if (fd_ >= 0) ::close(fd_);
}

bool Socket::send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
}

void Socket::send_text(const std::string& text) {
    send(std::as_bytes(std::span(text)));
}

std::size_t Socket::send_some(std::span<const std::byte> bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void Socket::end_sending() {
    ::shutdown(fd_, SHUT_WR);
}

Socket::Event Socket::receive(std::span<std::byte> into, std::size_t& got,
                              std::chrono::milliseconds patience) {
    got = 0;
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return Event::timeout;
    const ssize_t count = ::recv(fd_, into.data(), into.size(), 0);
    if (count <= 0) return Event::closed;
    got = static_cast<std::size_t>(count);
    return Event::bytes;
}

std::string Socket::read_to_end() {
    std::string text;
    std::byte buffer[16384];
    std::size_t got = 0;
    while (receive(buffer, got, std::chrono::seconds(20)) == Event::bytes)
        text.append(reinterpret_cast<const char*>(buffer), got);
    return text;
}

}  // namespace suanpan::e2e
