#include "tests/e2e/cut_proxy.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace suanpan::e2e {
namespace {

constexpr int look_ms = 20;  // how often a thread looks whether it should end
constexpr std::uint64_t never = UINT64_MAX;

sockaddr_in here(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

}  // namespace

CutProxy::CutProxy(std::uint16_t target, std::uint64_t seed)
    : target_(target), random_(seed), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = here(0);
    socklen_t size = sizeof address;
    if (listener_ < 0 ||
        ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("no proxy");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

CutProxy::~CutProxy() {
    ending_ = true;
    acceptor_.join();
    for (Pair& pair : pairs_) pair.thread.join();
    ::close(listener_);
}

void CutProxy::accept_all() {
    while (!ending_) {
        pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, look_ms) <= 0) continue;
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        forget_ended_pairs();
        // The handshake alone is some 300 bytes: some do not come through it.
        const std::uint64_t bytes = cutting_ ? 100 + random_() % 12'000 : never;
        const bool with_reset = random_() % 2 == 0;
        Pair pair{.is_over = std::make_unique<std::atomic<bool>>(false), .thread = {}};
        pair.thread = std::thread([this, client, bytes, with_reset, over = pair.is_over.get()] {
            serve(client, bytes, with_reset);
            *over = true;
        });
        pairs_.push_back(std::move(pair));
    }
}

void CutProxy::forget_ended_pairs() {
    std::erase_if(pairs_, [](Pair& pair) {
        if (!*pair.is_over) return false;
        pair.thread.join();
        return true;
    });
}

bool CutProxy::pass_on(int from, int to, std::uint64_t& bytes_left) {
    std::array<std::byte, 4096> buffer;
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), bytes_left));
    const ssize_t got = ::recv(from, buffer.data(), wanted, 0);
    if (got <= 0) return false;
    for (ssize_t sent = 0; sent < got;) {
        const ssize_t now =
            ::send(to, buffer.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
        if (now <= 0) return false;
        sent += now;
    }
    if (bytes_left != never) bytes_left -= static_cast<std::uint64_t>(got);
    return bytes_left > 0;
}

void CutProxy::serve(int client, std::uint64_t bytes_left, bool with_reset) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = here(target_);
    bool open = server >= 0 &&
                ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    while (open && !ending_) {
        std::array<pollfd, 2> ends{{{.fd = client, .events = POLLIN, .revents = 0},
                                    {.fd = server, .events = POLLIN, .revents = 0}}};
        if (::poll(ends.data(), ends.size(), look_ms) <= 0) continue;
        if (ends[0].revents != 0) open = pass_on(client, server, bytes_left);
        if (open && ends[1].revents != 0) open = pass_on(server, client, bytes_left);
    }
    if (bytes_left == 0) ++cuts_;
    if (with_reset) {
        const linger none{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        if (server >= 0) ::setsockopt(server, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    }
    ::close(client);
    if (server >= 0) ::close(server);
}

}  // namespace suanpan::e2e
