// A TCP connection and the session on it.
#pragma once

#include "server/net/session.h"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace suanpan::net {

class ShardThread;

// Reads into one buffer, hands whole frames to the session, writes what the session has to say.
//
// Lives on its ShardThread, which knows it by its place. Its memory is bounded: one read buffer,
// and no reading while more than limits::reply_backlog_bytes_max wait to be sent, so that a slow
// reader stops only itself. One that takes nothing at all for unread_timeout is closed.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(ShardThread& thread, boost::asio::ip::tcp::socket&& socket,
               SessionEnvironment& environment, const shard::ReplyTo& address, Instant now);

    void start();
    // Starts a write where the session has output and none is under way.
    void flush();
    // The session's answer to an event.
    void complete(shard::Reply&& reply);
    // Once a second: a silent or dead peer is closed.
    void tick(Instant now);
    // Closes the socket; handlers that still come find it closed.
    void close();
    [[nodiscard]] bool is_idle() const;
    [[nodiscard]] std::vector<Session::OpenPayload> take_payloads() {
        return session_.take_payloads();
    }

    static constexpr Duration unread_timeout = seconds(30);

private:
    void read();
    void take_input();
    void write_done(std::size_t bytes);
    [[nodiscard]] bool has_backlog() const;

    ShardThread& thread_;
    boost::asio::ip::tcp::socket socket_;
    SessionEnvironment& environment_;
    Session session_;
    std::uint32_t place_;
    std::vector<std::byte> input_;
    std::size_t input_used_ = 0;
    std::vector<std::byte> writing_;
    bool reading_ = false;
    bool write_under_way_ = false;
    // The place may be somebody else's by the time that a handler comes which was cut off.
    bool closed_ = false;
    Instant opened_at_;
    Instant last_sent_at_;
};

}  // namespace suanpan::net
