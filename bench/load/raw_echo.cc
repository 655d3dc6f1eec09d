#include "bench/load/raw_echo.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <deque>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace suanpan::load {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t buffer_bytes = std::size_t{64} << 10U;

std::int64_t monotonic_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Sends back what it reads. Lives as long as its connection; on the server's thread.
class EchoSession : public std::enable_shared_from_this<EchoSession> {
public:
    explicit EchoSession(tcp::socket socket) : socket_(std::move(socket)), bytes_(buffer_bytes) {
        error_code ignored;
        socket_.set_option(tcp::no_delay(true), ignored);
    }
    void read() {
        socket_.async_read_some(asio::buffer(bytes_),
                                [self = shared_from_this()](error_code error, std::size_t count) {
                                    if (!error) self->write(count);
                                });
    }

private:
    void write(std::size_t count) {
        asio::async_write(socket_, asio::buffer(bytes_.data(), count),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (!error) self->read();
                          });
    }

    tcp::socket socket_;
    std::vector<std::byte> bytes_;
};

// One connection of the client: as many frames in flight as allowed, each with its time of sending.
class EchoClient {
public:
    EchoClient(asio::io_context& context, const tcp::endpoint& server,
               const RawEchoOptions& options, Histogram& latency)
        : socket_(context), options_(options), latency_(latency), received_(buffer_bytes) {
        socket_.connect(server);
        socket_.set_option(tcp::no_delay(true));
    }
    void start() {
        send(options_.in_flight);
        read();
    }
    [[nodiscard]] std::uint64_t answered() const { return answered_; }

private:
    void send(std::size_t frames) {
        // A write is still under way: the frames go with the next one.
        waiting_ += frames;
        if (writing_ || waiting_ == 0) return;
        const std::int64_t now_ns = monotonic_ns();
        sent_.resize(waiting_ * options_.frame_bytes);
        sent_at_.insert(sent_at_.end(), waiting_, now_ns);
        waiting_ = 0;
        writing_ = true;
        asio::async_write(socket_, asio::buffer(sent_), [this](error_code error, std::size_t) {
            writing_ = false;
            if (!error) send(0);
        });
    }
    void read() {
        socket_.async_read_some(
            asio::buffer(received_), [this](error_code error, std::size_t count) {
                if (error) return;
                const std::int64_t now_ns = monotonic_ns();
                bytes_received_ += count;
                const std::size_t frames = bytes_received_ / options_.frame_bytes;
                bytes_received_ %= options_.frame_bytes;
                for (std::size_t i = 0; i < frames; ++i) {
                    latency_.record(static_cast<std::uint64_t>(now_ns - sent_at_.front()));
                    sent_at_.pop_front();
                }
                answered_ += frames;
                send(frames);
                read();
            });
    }

    tcp::socket socket_;
    const RawEchoOptions& options_;
    Histogram& latency_;
    std::vector<std::byte> received_;
    std::vector<std::byte> sent_;
    std::deque<std::int64_t> sent_at_;
    std::size_t waiting_ = 0;
    std::size_t bytes_received_ = 0;
    std::uint64_t answered_ = 0;
    bool writing_ = false;
};

// The server's side: accepts until it is stopped.
class EchoServer {
public:
    EchoServer()
        : context_(1), acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        accept();
        thread_ = std::jthread([this] { context_.run(); });
    }
    ~EchoServer() { context_.stop(); }
    EchoServer(const EchoServer&) = delete;
    EchoServer& operator=(const EchoServer&) = delete;

    [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

private:
    void accept() {
        acceptor_.async_accept([this](error_code error, tcp::socket socket) {
            if (error) return;
            std::make_shared<EchoSession>(std::move(socket))->read();
            accept();
        });
    }

    asio::io_context context_;
    tcp::acceptor acceptor_;
    std::jthread thread_;
};

}  // namespace

RawReport measure_raw_echo(const RawEchoOptions& options) {
    EchoServer server;
    asio::io_context context(1);
    Histogram latency;
    std::vector<std::unique_ptr<EchoClient>> clients;
    for (std::uint32_t i = 0; i < options.connections; ++i) {
        clients.push_back(
            std::make_unique<EchoClient>(context, server.endpoint(), options, latency));
    }
    for (const auto& client : clients) client->start();
    const std::int64_t start_ns = monotonic_ns();
    context.run_for(std::chrono::nanoseconds(static_cast<std::int64_t>(options.seconds * 1e9)));
    const std::int64_t end_ns = monotonic_ns();
    RawReport report;
    report.label = fmt::format("Asio echo: {} x {} frames of {} bytes in flight",
                               options.connections, options.in_flight, options.frame_bytes);
    report.elapsed_s = static_cast<double>(end_ns - start_ns) / 1e9;
    for (const auto& client : clients) report.records += client->answered();
    report.latency = latency.snapshot();
    return report;
}

}  // namespace suanpan::load
