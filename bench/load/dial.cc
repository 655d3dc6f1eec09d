#include "bench/load/dial.h"

#include "protocol/codec.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>

namespace suanpan::load {
namespace {

constexpr std::string_view client_name = "suanpan-load 0.1";

[[noreturn]] void fail(const std::string& sentence) {
    throw std::runtime_error(sentence);
}

void set_patience(int file, int patience_ms) {
    const timeval patience{.tv_sec = patience_ms / 1000, .tv_usec = (patience_ms % 1000) * 1000};
    ::setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

Socket connect_to(const std::string& host, std::uint16_t port, int patience_ms) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string service = std::to_string(port);
    const int error = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
    if (error != 0) fail(fmt::format("--server: {}: {}", host, ::gai_strerror(error)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
    int reason = 0;
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
        Socket socket(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
        if (!socket.is_open()) {
            reason = errno;
            continue;
        }
        set_patience(socket.get(), patience_ms);
        if (::connect(socket.get(), at->ai_addr, at->ai_addrlen) == 0) {
            const int yes = 1;
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            return socket;
        }
        reason = errno;
    }
    fail(fmt::format("cannot connect to {}:{}: {}", host, port, std::strerror(reason)));
}

void read_exactly(int file, std::byte* at, std::size_t count) {
    while (count > 0) {
        const ssize_t got = ::recv(file, at, count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) fail("the server closed the connection");
        if (got < 0) {
            fail(fmt::format("no answer from the server: {}",
                             errno == EAGAIN ? "it stays silent" : std::strerror(errno)));
        }
        at += got;
        count -= static_cast<std::size_t>(got);
    }
}

void write_all(int file, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::send(file, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail(fmt::format("cannot send: {}", std::strerror(errno)));
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

// Reads exactly one frame, and nothing behind it.
FrameHeader read_frame(int file, std::vector<std::byte>& body) {
    std::vector<std::byte> bytes(frame_header_bytes);
    read_exactly(file, bytes.data(), bytes.size());
    FrameHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.body_bytes > limits::frame_body_bytes_max) fail("what answers is no suanpan server");
    bytes.resize(frame_header_bytes + header.body_bytes);
    read_exactly(file, bytes.data() + frame_header_bytes, header.body_bytes);
    FrameDecoder decoder;
    const FrameDecoder::Step step = decoder.next(bytes);
    if (step.error != Code::ok) fail("what answers is no suanpan server");
    body.assign(step.frame.body.begin(), step.frame.body.end());
    return step.frame.header;
}

int digit_of(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

}  // namespace

void parse_server(std::string_view text, Target& target) {
    const std::size_t colon = text.rfind(':');
    unsigned port = 0;
    if (colon != std::string_view::npos) {
        const std::string_view digits = text.substr(colon + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (error != std::errc{} || end != digits.data() + digits.size()) port = 0;
    }
    if (colon == 0 || port == 0 || port > UINT16_MAX) {
        fail(fmt::format("--server: \"{}\" is no address; use host:port", text));
    }
    target.host = text.substr(0, colon);
    target.port = static_cast<std::uint16_t>(port);
}

std::uint16_t common_port(const Target& target) {
    if (target.ready_file.empty()) return target.port;
    std::ifstream file(target.ready_file);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    boost::system::error_code error;
    const boost::json::value json = boost::json::parse(text, error);
    const boost::json::value* port =
        json.is_object() ? json.as_object().if_contains("port") : nullptr;
    if (error || port == nullptr || !port->is_int64()) {
        fail(fmt::format("--ready-file: {} is no ready file of a server", target.ready_file));
    }
    return static_cast<std::uint16_t>(port->as_int64());
}

std::vector<std::byte> read_key_file(const std::string& path) {
    std::ifstream file(path);
    std::string text;
    if (!(file >> text)) fail(fmt::format("--key-file: cannot read a key from {}", path));
    std::vector<std::byte> key;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        const int high = digit_of(text[i]);
        const int low = digit_of(text[i + 1]);
        if (high < 0 || low < 0) key.clear();
        if (key.size() != i / 2) break;
        key.push_back(static_cast<std::byte>(high * 16 + low));
    }
    if (text.size() % 2 != 0 || key.size() * 2 != text.size()) {
        fail(fmt::format("--key-file: {} holds no key; it must be hexadecimal digits", path));
    }
    return key;
}

Socket& Socket::operator=(Socket&& other) noexcept {
    if (this != &other) {
        close();
        file_ = std::exchange(other.file_, -1);
    }
    return *this;
}

void Socket::close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
}

Dialled dial(const Target& target, std::uint16_t port, int patience_ms) {
    Dialled dialled;
    dialled.socket = connect_to(target.host, port, patience_ms);
    std::vector<std::byte> body;
    const FrameHeader first = read_frame(dialled.socket.get(), body);
    const auto challenge = decode_challenge(body);
    if (first.kind != static_cast<std::uint16_t>(CommandKind::challenge) || !challenge) {
        fail("the server refused the connection before hello; it may have too many");
    }
    HelloRequest hello;
    hello.partner = target.partner;
    hello.nonce = make_nonce();
    hello.mac = compute_mac(target.key, *challenge, hello.nonce, target.partner);
    hello.client = client_name;
    std::vector<std::byte> request;
    FrameHeader header;
    header.kind = static_cast<std::uint16_t>(CommandKind::hello);
    encode_hello(request, header, hello);
    static_cast<void>(call(dialled.socket, request, body));
    const auto greeting = decode_greeting(body);
    if (!greeting) fail("the server's greeting cannot be read; is it of another version?");
    if (greeting->outcome.code != Code::ok) {
        fail(fmt::format("hello was answered with {}; see --partner and --key-file",
                         text_of(greeting->outcome.code).name));
    }
    dialled.greeting = *greeting;
    return dialled;
}

FrameHeader call(const Socket& socket, std::span<const std::byte> request,
                 std::vector<std::byte>& reply) {
    write_all(socket.get(), request);
    return read_frame(socket.get(), reply);
}

}  // namespace suanpan::load
