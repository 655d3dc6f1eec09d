// A scripted server on 127.0.0.1 for the client's tests: real sockets, no ledger.
#pragma once

#include "client/options.h"
#include "protocol/codec.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace suanpan::client {

// One frame that the server got.
struct Received {
    std::size_t port_index = 0;  // which of its ports it came to
    std::uint64_t connection = 0;
    CommandKind kind{};
    std::vector<DecodedEvent> events;
};

// Greets everybody who knows the key, records what comes, and lets a script answer.
//
// Its thread runs the script; the test's thread reads what was recorded. Listens on `port_count`
// free ports and lists the last `shard_count` of them as its shards.
class FakeServer {
public:
    class Peer;
    using Script = std::function<void(Peer&, const FrameHeader&, const Received&)>;

    struct Setup {
        std::size_t port_count = 1;
        std::size_t shard_count = 1;
        std::uint64_t hash_seed = 17;
        std::uint16_t last_shard_port = 0;  // of one more shard, on another port than its own
        std::uint32_t frames_in_flight_max = 256;
        Code greeting = Code::ok;
        Instant time;          // of its greeting; 0: it does not say
        bool is_mute = false;  // accepts, and says nothing
    };
    explicit FakeServer(Setup setup, Script script = answer_ok);
    ~FakeServer();

    // Options that lead to its first port, with short waiting times.
    [[nodiscard]] Options options() const;
    [[nodiscard]] std::vector<Received> received();
    // Waits until `count` frames have come (ten seconds, then the test fails).
    [[nodiscard]] std::vector<Received> wait_for_frames(std::size_t count);
    [[nodiscard]] std::size_t connection_count();
    // Runs `work` on the server's thread, after `delay`.
    void later(std::chrono::milliseconds delay, std::function<void()> work);

    // The script that does every event: entry ids count up, `amount` is what was asked.
    static void answer_ok(Peer& peer, const FrameHeader& header, const Received& frame);
    static Outcome ok_outcome(const DecodedEvent& event);

private:
    struct Port {
        Port(boost::asio::io_context& io, std::size_t index);
        boost::asio::ip::tcp::acceptor acceptor;
        std::size_t index;
    };
    void accept(Port& port);
    void record(const Received& frame);

    const Setup setup_;
    const Script script_;
    boost::asio::io_context io_{1};
    std::list<Port> ports_;
    std::vector<std::shared_ptr<Peer>> peers_;
    std::uint64_t connections_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Received> received_;
    std::thread thread_;
};

// One connection, as the script sees it; on the server's thread.
class FakeServer::Peer : public std::enable_shared_from_this<Peer> {
public:
    Peer(FakeServer& server, boost::asio::ip::tcp::socket socket, std::size_t port_index,
         std::uint64_t number);
    void start();
    void answer(const FrameHeader& header, const std::vector<Outcome>& outcomes);
    void answer_all(const FrameHeader& header, const Received& frame, const Outcome& outcome);
    void send(std::vector<std::byte> bytes);
    void cut();  // the connection breaks
    [[nodiscard]] FakeServer& server() { return server_; }

private:
    void read();
    void take(const Frame& frame);
    void greet(const Frame& frame);

    FakeServer& server_;
    boost::asio::ip::tcp::socket socket_;
    const std::size_t port_index_;
    const std::uint64_t number_;
    const Challenge challenge_ = make_challenge();
    FrameDecoder decoder_;
    std::vector<std::byte> input_;
    std::array<std::byte, 65536> chunk_;
    bool has_greeted_ = false;
};

}  // namespace suanpan::client
