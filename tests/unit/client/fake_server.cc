#include "tests/unit/client/fake_server.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <utility>

namespace suanpan::client {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

const std::string key_text = "the key of the tests";
std::span<const std::byte> key() {
    return std::as_bytes(std::span(key_text));
}

}  // namespace

FakeServer::Port::Port(asio::io_context& io, std::size_t index_)
    : acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), index(index_) {}

FakeServer::FakeServer(Setup setup, Script script) : setup_(setup), script_(std::move(script)) {
    for (std::size_t i = 0; i < setup_.port_count; ++i) accept(ports_.emplace_back(io_, i));
    thread_ = std::thread([this] { io_.run(); });
}

FakeServer::~FakeServer() {
    asio::post(io_, [this] {
        for (Port& port : ports_) port.acceptor.close();
        for (const auto& peer : peers_) peer->cut();
        io_.stop();
    });
    thread_.join();
}

void FakeServer::accept(Port& port) {
    port.acceptor.async_accept([this, &port](const error_code& error, tcp::socket socket) {
        if (error) return;
        std::uint64_t number = 0;
        {
            const std::lock_guard lock(mutex_);
            number = ++connections_;
        }
        peers_.push_back(std::make_shared<Peer>(*this, std::move(socket), port.index, number));
        if (!setup_.is_mute) peers_.back()->start();
        accept(port);
    });
}

Options FakeServer::options() const {
    Options options;
    options.endpoints = {
        {.host = "127.0.0.1", .port = ports_.front().acceptor.local_endpoint().port()}};
    options.partner = PartnerId{7};
    options.key.assign(key().begin(), key().end());
    options.reconnect = {.first = milliseconds(1), .longest = milliseconds(5)};
    options.retry = {.first = milliseconds(1), .longest = milliseconds(5)};
    return options;
}

void FakeServer::record(const Received& frame) {
    const std::lock_guard lock(mutex_);
    received_.push_back(frame);
    changed_.notify_all();
}

std::vector<Received> FakeServer::received() {
    const std::lock_guard lock(mutex_);
    return received_;
}

std::vector<Received> FakeServer::wait_for_frames(std::size_t count) {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, std::chrono::seconds(10),
                                        [&] { return received_.size() >= count; });
    EXPECT_TRUE(came) << "only " << received_.size() << " of " << count << " frames came";
    return received_;
}

std::size_t FakeServer::connection_count() {
    const std::lock_guard lock(mutex_);
    return connections_;
}

void FakeServer::later(std::chrono::milliseconds delay, std::function<void()> work) {
    asio::post(io_, [this, delay, work = std::move(work)] {
        auto timer = std::make_shared<asio::steady_timer>(io_, delay);
        timer->async_wait([timer, work](const error_code& error) {
            if (!error) work();
        });
    });
}

Outcome FakeServer::ok_outcome(const DecodedEvent& event) {
    static std::atomic<std::uint64_t> next_entry{1};
    Outcome outcome;
    outcome.entry_id = Lsn{next_entry++};
    if (const auto* spend = std::get_if<Spend>(&event.command.body)) outcome.amount = spend->amount;
    if (const auto* earn = std::get_if<Earn>(&event.command.body)) outcome.amount = earn->amount;
    return outcome;
}

void FakeServer::answer_ok(Peer& peer, const FrameHeader& header, const Received& frame) {
    std::vector<Outcome> outcomes;
    for (const DecodedEvent& event : frame.events) outcomes.push_back(ok_outcome(event));
    if (frame.kind == CommandKind::ping) outcomes.emplace_back();
    peer.answer(header, outcomes);
}

FakeServer::Peer::Peer(FakeServer& server, tcp::socket socket, std::size_t port_index,
                       std::uint64_t number)
    : server_(server), socket_(std::move(socket)), port_index_(port_index), number_(number) {}

void FakeServer::Peer::start() {
    std::vector<std::byte> bytes;
    encode_challenge(bytes, challenge_);
    send(std::move(bytes));
    read();
}

void FakeServer::Peer::send(std::vector<std::byte> bytes) {
    error_code ignored;  // a peer that has gone
    asio::write(socket_, asio::buffer(bytes), ignored);
}

void FakeServer::Peer::answer(const FrameHeader& header, const std::vector<Outcome>& outcomes) {
    std::vector<std::byte> bytes;
    encode_results(bytes, header, outcomes);
    send(std::move(bytes));
}

void FakeServer::Peer::answer_all(const FrameHeader& header, const Received& frame,
                                  const Outcome& outcome) {
    answer(header, std::vector<Outcome>(frame.events.size(), outcome));
}

void FakeServer::Peer::cut() {
    error_code ignored;
    socket_.close(ignored);
}

void FakeServer::Peer::read() {
    socket_.async_read_some(
        asio::buffer(chunk_), [self = shared_from_this()](const error_code& error, std::size_t n) {
            if (error) return;
            auto& input = self->input_;
            input.insert(input.end(), self->chunk_.begin(),
                         self->chunk_.begin() + static_cast<long>(n));
            while (true) {
                const auto step = self->decoder_.next(input);
                if (step.consumed == 0) break;
                self->take(step.frame);
                input.erase(input.begin(), input.begin() + static_cast<long>(step.consumed));
            }
            if (self->socket_.is_open()) self->read();
        });
}

void FakeServer::Peer::greet(const Frame& frame) {
    const auto hello = decode_hello(frame.body);
    Greeting greeting;
    const bool is_known = hello.has_value() && mac_matches(key(), challenge_, *hello);
    greeting.outcome.code = is_known ? server_.setup_.greeting : Code::authentication_failed;
    greeting.outcome.time = server_.setup_.time;
    const std::size_t skip = server_.ports_.size() - server_.setup_.shard_count;
    for (const Port& port : server_.ports_)
        if (port.index >= skip)
            greeting.shard_ports.push_back(port.acceptor.local_endpoint().port());
    if (server_.setup_.last_shard_port != 0)
        greeting.shard_ports.push_back(server_.setup_.last_shard_port);
    greeting.hash_seed = server_.setup_.hash_seed;
    greeting.batch_events_max = limits::batch_events_max;
    greeting.frame_body_bytes_max = limits::frame_body_bytes_max;
    greeting.frames_in_flight_max = server_.setup_.frames_in_flight_max;
    greeting.server_version = "fake 1";
    std::vector<std::byte> bytes;
    encode_greeting(bytes, frame.header, greeting);
    send(std::move(bytes));
    has_greeted_ = true;
}

void FakeServer::Peer::take(const Frame& frame) {
    if (!has_greeted_) return greet(frame);
    Received received{.port_index = port_index_,
                      .connection = number_,
                      .kind = static_cast<CommandKind>(frame.header.kind),
                      .events = {}};
    if (received.kind != CommandKind::ping) {
        const auto decoded =
            decode_request(received.kind, frame.body, PartnerId{7}, 1, received.events);
        EXPECT_TRUE(decoded.has_value());
    }
    server_.record(received);
    server_.script_(*this, frame.header, received);
}

}  // namespace suanpan::client
