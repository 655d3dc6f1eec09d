// One TCP connection to the server, from connecting to its end.
#pragma once

#include "client/options.h"
#include "client/pending.h"
#include "protocol/frame.h"
#include "protocol/hello.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace suanpan::client {

// The calls of one frame that is on its way.
struct Flight {
    CommandKind kind{};
    std::vector<PendingPtr> calls;
};

class Connection;

// Who owns connections and is told what happens to them; on the library's thread.
class ConnectionOwner {
public:
    virtual ~ConnectionOwner() = default;
    virtual void connection_opened(Connection& connection, const Greeting& greeting) = 0;
    // `body` is that of the reply, not verified yet. False: it is no sound reply, hang up.
    [[nodiscard]] virtual bool connection_answered(const Flight& flight,
                                                   std::span<const std::byte> body) = 0;
    // All replies that had arrived are answered; there may be room for more calls.
    virtual void connection_drained() = 0;
    // Called once for every connection, last. `unanswered`: the frames that were sent.
    virtual void connection_closed(Connection& connection, std::vector<Flight> unanswered,
                                   const ConnectError& error) = 0;
};

// Connects, says hello, then sends frames and matches replies by correlation id.
//
// Used on the library's thread only; kept alive by its own pending operations. Never connects a
// second time: its owner makes another one. Holds at most Options::frames_in_flight_max frames and
// Options::events_in_flight_max events, or less where the greeting says so.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(boost::asio::io_context& io, const Options& options, ConnectionOwner& owner,
               Endpoint endpoint);

    void start();
    // Ends the connection; connection_closed follows at once. Does nothing when it is closed.
    void close(const ConnectError& why);

    [[nodiscard]] bool is_open() const { return phase_ == Phase::open; }
    [[nodiscard]] bool is_closed() const { return phase_ == Phase::closed; }
    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
    // How many events one more frame may hold; 0: none can be sent now.
    [[nodiscard]] std::size_t room_events() const;
    [[nodiscard]] std::size_t events_in_flight() const { return events_in_flight_; }
    // Expects is_open() and no more calls than room_events(). Nothing moves before flush().
    void send(Flight flight);
    void flush();
    // When bytes came last; the start of the connection before any came.
    [[nodiscard]] SteadyTime heard_at() const { return heard_at_; }

private:
    enum class Phase : std::uint8_t {
        connecting,
        awaiting_challenge,
        awaiting_greeting,
        open,
        closed
    };

    void connect(const boost::asio::ip::tcp::resolver::results_type& addresses);
    void read();
    void take_bytes(std::size_t count);
    void take_frame(const Frame& frame);
    void say_hello(const Frame& frame);
    void take_greeting(const Frame& frame);
    void take_refusal(Code code);
    void take_reply(const Frame& frame);
    void fail(std::string text) { close({.code = Code::ok, .text = std::move(text)}); }

    const Options& options_;
    ConnectionOwner& owner_;
    const Endpoint endpoint_;
    boost::asio::ip::tcp::resolver resolver_;
    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer handshake_timer_;
    Phase phase_ = Phase::connecting;
    SteadyTime heard_at_;

    FrameDecoder decoder_;
    std::vector<std::byte> input_;
    std::size_t input_begin_ = 0;  // bytes before it are done with
    std::size_t input_end_ = 0;
    std::vector<std::byte> output_;   // filled by send()
    std::vector<std::byte> writing_;  // in the hands of the operating system
    bool is_writing_ = false;

    std::unordered_map<std::uint64_t, Flight> flights_;  // by correlation id
    std::uint64_t next_correlation_id_ = 1;
    std::size_t events_in_flight_ = 0;
    std::size_t frames_in_flight_max_ = 1;
    std::size_t batch_events_max_ = 1;
    std::vector<Command> commands_;  // of the frame that is put together; kept for its memory
};

}  // namespace suanpan::client
