// The connections to the server: one to any endpoint, and some to every shard.
#pragma once

#include "client/connection.h"
#include "client/router.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace suanpan::client {

// Told by the pool; on the library's thread.
class PoolOwner {
public:
    virtual ~PoolOwner() = default;
    // A connection was made; the shard map may be a new one.
    virtual void pool_greeted(const Greeting& greeting) = 0;
    // There may be room where there was none: waiting calls may go.
    virtual void pool_has_room() = 0;
    [[nodiscard]] virtual bool pool_answered(const Flight& flight,
                                             std::span<const std::byte> body) = 0;
    // Frames whose connection broke.
    virtual void pool_lost(std::vector<Flight> flights) = 0;
    // No endpoint could be reached, or the server refused the hello.
    virtual void pool_failed(const ConnectError& error) = 0;
};

// Keeps connections open and finds one for a shard.
//
// The first connection goes to an endpoint of the options; its greeting lists the port of every
// shard, and connections to these follow. A shard without a connection of its own (its port is
// behind a firewall, say) is served through the first one; the server forwards. Broken connections
// are made again with backoff and jitter, for as long as the pool lives.
//
// Owned by the engine, used on the library's thread only.
class Pool : private ConnectionOwner {
public:
    Pool(boost::asio::io_context& io, const Options& options, PoolOwner& owner);
    ~Pool() override;

    void start();
    // Closes all; pool_lost follows for what is in flight.
    void stop();

    [[nodiscard]] const ShardMap& shards() const { return shards_; }
    // What the latest greeting said; nothing before the first.
    [[nodiscard]] const std::optional<ServerFacts>& facts() const { return facts_; }
    // The open connection for `shard` with the fewest events in flight; null: none has room.
    [[nodiscard]] Connection* find(std::size_t shard);
    [[nodiscard]] bool is_connected() const;
    void flush_all();

private:
    // A connection that is kept open, whichever object carries it just now.
    struct Slot {
        explicit Slot(boost::asio::io_context& io) : timer(io) {}
        Endpoint endpoint;
        std::shared_ptr<Connection> connection;
        boost::asio::steady_timer timer;
        std::uint32_t failures = 0;  // in a row
    };

    void connection_opened(Connection& connection, const Greeting& greeting) override;
    bool connection_answered(const Flight& flight, std::span<const std::byte> body) override;
    void connection_drained() override { owner_.pool_has_room(); }
    void connection_closed(Connection& connection, std::vector<Flight> unanswered,
                           const ConnectError& error) override;
    void open(Slot& slot);
    void open_later(const std::shared_ptr<Slot>& slot);
    void take_map(const Connection& from, ShardMap map);
    [[nodiscard]] std::shared_ptr<Slot> slot_of(const Connection& connection);
    template <typename Visit>
    void for_each_connection(Visit visit);

    boost::asio::io_context& io_;
    const Options& options_;
    PoolOwner& owner_;
    std::minstd_rand random_;
    ShardMap shards_;
    std::optional<ServerFacts> facts_;
    std::shared_ptr<Slot> entry_;
    std::size_t next_endpoint_ = 0;
    std::vector<std::vector<std::shared_ptr<Slot>>> shard_slots_;  // by shard
    bool is_stopped_ = false;
};

}  // namespace suanpan::client
