#include "client/pool.h"

#include "client/backoff.h"

#include <algorithm>
#include <utility>

namespace suanpan::client {

Pool::Pool(boost::asio::io_context& io, const Options& options, PoolOwner& owner)
    : io_(io),
      options_(options),
      owner_(owner),
      random_(std::random_device{}()),
      entry_(std::make_shared<Slot>(io)) {}

Pool::~Pool() = default;

template <typename Visit>
void Pool::for_each_connection(Visit visit) {
    // A copy of the list: closing one may change it.
    std::vector<std::shared_ptr<Connection>> connections;
    connections.push_back(entry_->connection);
    for (const auto& slots : shard_slots_)
        for (const auto& slot : slots) connections.push_back(slot->connection);
    for (const auto& connection : connections)
        if (connection != nullptr) visit(*connection);
}

void Pool::start() {
    open(*entry_);
}

void Pool::stop() {
    is_stopped_ = true;
    entry_->timer.cancel();
    for (const auto& slots : shard_slots_)
        for (const auto& slot : slots) slot->timer.cancel();
    for_each_connection([](Connection& connection) {
        connection.close({.code = Code::ok, .text = "the client was closed"});
    });
}

void Pool::open(Slot& slot) {
    if (is_stopped_) return;
    if (&slot == entry_.get())
        slot.endpoint = options_.endpoints[next_endpoint_ % options_.endpoints.size()];
    ConnectionOwner& owner = *this;
    slot.connection = std::make_shared<Connection>(io_, options_, owner, slot.endpoint);
    slot.connection->start();
}

void Pool::open_later(const std::shared_ptr<Slot>& slot) {
    if (is_stopped_) return;
    slot->timer.expires_after(backoff_delay(options_.reconnect, ++slot->failures, random_));
    // The slot may go while its timer has rung and is not handled yet.
    slot->timer.async_wait(
        [this, weak = std::weak_ptr(slot)](const boost::system::error_code& error) {
            const auto still_there = weak.lock();
            if (!error && still_there != nullptr) open(*still_there);
        });
}

std::shared_ptr<Pool::Slot> Pool::slot_of(const Connection& connection) {
    if (entry_->connection.get() == &connection) return entry_;
    for (const auto& slots : shard_slots_)
        for (const auto& slot : slots)
            if (slot->connection.get() == &connection) return slot;
    return nullptr;  // of a shard map that is no longer
}

void Pool::connection_opened(Connection& connection, const Greeting& greeting) {
    const std::shared_ptr<Slot> slot = slot_of(connection);
    if (slot == nullptr)
        return connection.close({.code = Code::ok, .text = "the server has other shards now"});
    slot->failures = 0;
    facts_ = ServerFacts{.uuid_high = greeting.server_uuid.high,
                         .uuid_low = greeting.server_uuid.low,
                         .version = greeting.server_version,
                         .shards = static_cast<std::uint32_t>(greeting.shard_ports.size()),
                         .request_floor_ms = greeting.request_floor_ms,
                         .sandbox = greeting.sandbox};
    take_map(connection, {.ports = greeting.shard_ports, .hash_seed = greeting.hash_seed});
    owner_.pool_greeted(greeting);
}

void Pool::take_map(const Connection& from, ShardMap map) {
    if (map == shards_) return;
    shards_ = std::move(map);
    auto old_slots = std::exchange(shard_slots_, {});
    for (const std::uint16_t port : shards_.ports) {
        std::vector<std::shared_ptr<Slot>> slots;
        // The entry connection counts where it leads to this very shard.
        const std::uint32_t count =
            options_.connections_per_shard - (port == entry_->endpoint.port ? 1 : 0);
        for (std::uint32_t i = 0; i < count; ++i) {
            slots.push_back(std::make_shared<Slot>(io_));
            slots.back()->endpoint = {.host = from.endpoint().host, .port = port};
        }
        shard_slots_.push_back(std::move(slots));
    }
    for (const auto& slots : shard_slots_)
        for (const auto& slot : slots) open(*slot);
    for (const auto& slots : old_slots)
        for (const auto& slot : slots)
            if (slot->connection != nullptr && slot->connection.get() != &from)
                slot->connection->close({.code = Code::ok, .text = "the server has other shards"});
}

bool Pool::connection_answered(const Flight& flight, std::span<const std::byte> body) {
    return owner_.pool_answered(flight, body);
}

void Pool::connection_closed(Connection& connection, std::vector<Flight> unanswered,
                             const ConnectError& error) {
    const std::shared_ptr<Slot> slot = slot_of(connection);
    if (slot != nullptr) {
        slot->connection.reset();  // its last operations keep it alive while they end
        if (slot == entry_) ++next_endpoint_;
        open_later(slot);
    }
    if (!unanswered.empty()) owner_.pool_lost(std::move(unanswered));
    if (slot == entry_ && slot->failures >= options_.endpoints.size()) owner_.pool_failed(error);
}

Connection* Pool::find(std::size_t shard) {
    Connection* best = nullptr;
    const auto consider = [&best](const Slot& slot) {
        Connection* connection = slot.connection.get();
        if (connection == nullptr || connection->room_events() == 0) return;
        if (best == nullptr || connection->events_in_flight() < best->events_in_flight())
            best = connection;
    };
    const bool is_known = shard < shard_slots_.size();
    bool has_own = false;
    if (is_known) {
        for (const auto& slot : shard_slots_[shard]) {
            consider(*slot);
            has_own = has_own || (slot->connection != nullptr && slot->connection->is_open());
        }
        if (shards_.ports[shard] == entry_->endpoint.port) has_own = false;  // the entry is its own
    }
    if (!has_own) consider(*entry_);
    return best;
}

bool Pool::is_connected() const {
    const auto is_open = [](const std::shared_ptr<Slot>& slot) {
        return slot->connection != nullptr && slot->connection->is_open();
    };
    if (is_open(entry_)) return true;
    return std::ranges::any_of(shard_slots_, [&is_open](const auto& slots) {
        return std::ranges::any_of(slots, is_open);
    });
}

void Pool::flush_all() {
    for_each_connection([](Connection& connection) { connection.flush(); });
}

}  // namespace suanpan::client
