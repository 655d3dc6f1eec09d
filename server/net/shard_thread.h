// The thread of one shard: its sockets, its sessions, and the turns of its Shard.
#pragma once

#include "server/net/connection.h"
#include "server/net/session.h"
#include "server/shard/shard.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace suanpan::net {

// What all shard threads share about connections: how many there are, and how many there may be.
struct ConnectionCount {
    explicit ConnectionCount(std::uint32_t most_) : most(most_) {}
    const std::uint32_t most;
    // Relaxed: a count, it orders nothing.
    std::atomic<std::uint32_t> open{0};

    [[nodiscard]] bool try_add() {
        if (open.fetch_add(1, std::memory_order_relaxed) < most) return true;
        open.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    void remove() { open.fetch_sub(1, std::memory_order_relaxed); }
};

// Owns everything that lives on the thread. Constructed and listened on the main thread, then
// start()ed; after that only wake(), adopt(), drain() and stop() may be called from elsewhere.
//
// A turn: what the sockets have, then the shard's step, then what is to be sent, one write for each
// connection. When a turn found nothing to do the thread sleeps in epoll until a socket, another
// thread's wake() or the next tick; with busy_poll it never sleeps.
class ShardThread final : public shard::ReplySink {
public:
    struct Options {
        bool busy_poll = false;
        int pin_to_cpu = -1;  // -1: not pinned
    };
    ShardThread(shard::Shard& shard, SessionEnvironment environment, ConnectionCount& connections,
                const Options& options);
    ~ShardThread() override;
    ShardThread(const ShardThread&) = delete;
    ShardThread& operator=(const ShardThread&) = delete;

    // Listens; port 0 lets the system choose. Returns the port. Throws std::runtime_error with one
    // line. `place`: who gets a new connection; empty: this thread itself.
    std::uint16_t listen(const std::string& address, std::uint16_t port,
                         std::function<void(boost::asio::ip::tcp::socket&&)> place = {});

    // The greeting of sessions that are opened from now on. Before start().
    void set_greeting(const Greeting& greeting) { environment_.greeting = greeting; }

    void start();
    // Any thread: something happened that the shard should look at.
    void wake();
    // Any thread: takes over a connection that was accepted elsewhere.
    void adopt(boost::asio::ip::tcp::socket&& socket);
    // Any thread: no new connections and no new work; what was accepted is finished and answered.
    void drain();
    // Any thread: true once drain() has nothing left to finish here.
    [[nodiscard]] bool is_drained() const { return drained_.load(std::memory_order_acquire); }
    // Ends the thread and closes its sockets.
    void stop();

    // ReplySink, on the thread.
    void deliver(shard::Reply&& reply) override;

    // For Connection, on the thread.
    void mark_dirty(std::uint32_t place);
    void close(std::uint32_t place);

private:
    void accept(std::size_t listener);
    void open_connection(boost::asio::ip::tcp::socket&& socket);
    void run();
    void flush_dirty();
    void sleep();
    void tick(Instant now);

    shard::Shard& shard_;
    SessionEnvironment environment_;
    ConnectionCount& connections_;
    Options options_;
    boost::asio::io_context io_;
    struct Listener {
        boost::asio::ip::tcp::acceptor acceptor;
        std::function<void(boost::asio::ip::tcp::socket&&)> place;
        bool is_resting = false;  // it could not accept; the next tick tries again
    };
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<std::shared_ptr<Connection>> places_;
    std::vector<std::uint32_t> generations_;  // of each place
    std::vector<std::uint32_t> free_places_;
    // Payloads of commands whose connection has gone; each until its answer comes.
    struct OrphanKey {
        std::uint32_t place = 0;
        std::uint32_t generation = 0;
        std::uint32_t request = 0;
        friend auto operator<=>(const OrphanKey&, const OrphanKey&) = default;
    };
    std::map<OrphanKey, std::shared_ptr<const CommandPayload>> orphans_;
    std::vector<std::uint32_t> dirty_;  // places whose session has output
    Instant next_tick_{0};

    // Set before the last look at the inputs and read by wake(): both sequentially consistent, so
    // that either the sleeper sees the news or the waker sees the sleeper.
    std::atomic<bool> sleeping_{false};
    std::atomic<bool> draining_{false};
    std::atomic<bool> drained_{false};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace suanpan::net
