#include "tests/unit/bench/fake_server.h"

#include "protocol/codec.h"
#include "protocol/hello.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <stdexcept>

namespace suanpan::load {
namespace {

std::vector<std::byte> key() {
    return std::vector<std::byte>(32, std::byte{7});
}

void send_all(int file, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(file, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
}

}  // namespace

FakeServer::FakeServer(const Behaviour& behaviour)
    : behaviour_(behaviour), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &length) != 0) {
        throw std::runtime_error("no port for the fake server");
    }
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
}

FakeServer::~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    ::close(listener_);
    {
        const std::lock_guard lock(mutex_);
        for (const int file : open_) ::shutdown(file, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
}

Target FakeServer::target() const {
    return {.host = "127.0.0.1", .port = port_, .partner = PartnerId{1}, .key = key()};
}

std::uint64_t FakeServer::executed() const {
    const std::lock_guard lock(mutex_);
    return executed_.size();
}

std::uint64_t FakeServer::count_of(CommandKind kind) const {
    const std::lock_guard lock(mutex_);
    const auto found = kinds_.find(kind);
    return found == kinds_.end() ? 0 : found->second;
}

void FakeServer::accept_all() {
    for (;;) {
        const int file = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (file < 0) return;
        const std::lock_guard lock(mutex_);
        open_.push_back(file);
        threads_.emplace_back([this, file] { serve(file); });
    }
}

void FakeServer::serve(int file) {
    converse(file);
    const std::lock_guard lock(mutex_);
    std::erase(open_, file);
    ::close(file);
}

void FakeServer::converse(int file) {
    std::vector<std::byte> out;
    const Challenge challenge = make_challenge();
    encode_challenge(out, challenge);
    send_all(file, out);
    FrameDecoder decoder;
    std::vector<std::byte> in;
    std::vector<DecodedEvent> events;
    for (;;) {
        std::byte bytes[65536];
        const ssize_t got = ::recv(file, bytes, sizeof bytes, 0);
        if (got <= 0) return;
        in.insert(in.end(), bytes, bytes + got);
        out.clear();
        std::size_t at = 0;
        for (;;) {
            const FrameDecoder::Step step = decoder.next(std::span(in).subspan(at));
            if (step.error != Code::ok) return;
            if (step.consumed == 0) break;
            at += step.consumed;
            const auto kind = static_cast<CommandKind>(step.frame.header.kind);
            FrameHeader header = step.frame.header;
            if (kind == CommandKind::hello) {
                const auto hello = decode_hello(step.frame.body);
                Greeting greeting;
                greeting.batch_events_max = limits::batch_events_max;
                greeting.frames_in_flight_max = limits::frames_in_flight_max;
                if (!hello || !mac_matches(key(), challenge, *hello)) {
                    greeting.outcome.code = Code::authentication_failed;
                }
                encode_greeting(out, header, greeting);
                continue;
            }
            if (!decode_request(kind, step.frame.body, PartnerId{1}, 0, events)) return;
            std::vector<Outcome> outcomes;
            for (const DecodedEvent& event : events) {
                Outcome wrong;
                wrong.code = event.code;
                outcomes.push_back(event.code == Code::ok ? answer(event.command) : wrong);
            }
            encode_results(out, header, outcomes);
        }
        in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(at));
        {
            const std::lock_guard lock(mutex_);
            const bool cuts = behaviour_.cut_after_events > 0 && !was_cut_ &&
                              executed_.size() >= behaviour_.cut_after_events;
            if (cuts) {
                // What was executed just now is done, and its reply never leaves.
                was_cut_ = true;
                for (const int other : open_) ::shutdown(other, SHUT_RDWR);
                return;
            }
        }
        send_all(file, out);
    }
}

Outcome FakeServer::answer(const Command& command) {
    const std::lock_guard lock(mutex_);
    Outcome outcome;
    const auto id = std::pair(command.head.member, command.head.request_id);
    if (command.head.kind == CommandKind::lookup) {
        const auto found = executed_.find(id);
        if (behaviour_.forgets || found == executed_.end()) {
            outcome.code = Code::not_executed;
            return outcome;
        }
        return found->second;
    }
    if (is_read(command.head.kind)) return outcome;
    if (busy_given_ < behaviour_.busy_first) {
        ++busy_given_;
        outcome.code = Code::busy;
        outcome.retry_after_ms = 1;
        return outcome;
    }
    const auto [place, is_new] = executed_.try_emplace(id);
    if (is_new) {
        ++kinds_[command.head.kind];
        place->second.entry_id = Lsn{executed_.size()};
        place->second.detail = static_cast<std::int64_t>(executed_.size());
    }
    Outcome answered = place->second;
    if (!is_new && behaviour_.repeats_differ) answered.entry_id.value += 1'000'000 * ++repeats_;
    return answered;
}

}  // namespace suanpan::load
