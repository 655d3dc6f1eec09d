#include "server/net/shard_thread.h"

#include "protocol/base/assert.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>
#include <sched.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace suanpan::net {
namespace {

using boost::asio::ip::tcp;

// How long the thread sleeps at most: sweeping and time-outs go on in an idle server.
constexpr auto sleep_max = std::chrono::milliseconds(10);
constexpr Duration tick_every = seconds(1);
// Handlers run between two steps of the shard, so that a flood of small reads does not delay the
// replies that are ready.
constexpr int handlers_per_turn_max = 256;

}  // namespace

ShardThread::ShardThread(shard::Shard& shard, SessionEnvironment environment,
                         ConnectionCount& connections, const Options& options)
    : shard_(shard),
      environment_(std::move(environment)),
      connections_(connections),
      options_(options),
      io_(1) {}

ShardThread::~ShardThread() {
    stop();
}

std::uint16_t ShardThread::listen(const std::string& address, std::uint16_t port,
                                  std::function<void(tcp::socket&&)> place) {
    boost::system::error_code error;
    const auto ip = boost::asio::ip::make_address(address, error);
    if (error) throw std::runtime_error("listen address " + address + " is no IP address");
    tcp::acceptor acceptor(io_);
    const tcp::endpoint endpoint(ip, port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
    if (error)
        throw std::runtime_error("cannot listen on " + address + ":" + std::to_string(port) + ": " +
                                 error.message() + "; choose another port or stop who has it");
    const std::uint16_t chosen = acceptor.local_endpoint().port();
    listeners_.push_back(
        std::make_unique<Listener>(Listener{std::move(acceptor), std::move(place)}));
    return chosen;
}

void ShardThread::start() {
    thread_ = std::thread([this] { run(); });
    // From here, so that whoever has started it may rely on it.
    if (options_.pin_to_cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(options_.pin_to_cpu), &set);
        // Refused in some containers; the thread then runs where it is put.
        pthread_setaffinity_np(thread_.native_handle(), sizeof set, &set);
    }
}

void ShardThread::accept(std::size_t index) {
    Listener& listener = *listeners_[index];
    listener.acceptor.async_accept(
        [this, index](const boost::system::error_code& error, tcp::socket socket) {
            if (draining_.load(std::memory_order_acquire)) return;
            Listener& accepted_by = *listeners_[index];
            // Out of file descriptors and the like: trying again at once would find the same.
            if (error) {
                accepted_by.is_resting = true;
                return;
            }
            if (accepted_by.place)
                accepted_by.place(std::move(socket));
            else
                open_connection(std::move(socket));
            accept(index);
        });
}

void ShardThread::adopt(tcp::socket&& socket) {
    // The socket was made on another thread's io_context: only its handle moves over.
    boost::system::error_code error;
    const auto protocol = socket.local_endpoint(error).protocol();
    if (error) return;
    const auto handle = socket.release(error);
    if (error) return;
    boost::asio::post(io_, [this, handle, protocol] {
        tcp::socket own(io_);
        boost::system::error_code failed;
        own.assign(protocol, handle, failed);
        if (!failed) open_connection(std::move(own));
    });
    wake();
}

void ShardThread::open_connection(tcp::socket&& socket) {
    environment_.metrics.connections_accepted.add();
    if (!connections_.try_add()) {
        environment_.metrics.connections_refused.add();
        std::vector<std::byte> refusal;
        encode_refusal(
            refusal,
            {.kind = static_cast<std::uint16_t>(CommandKind::hello), .flags = frame_flag_reply},
            {.code = Code::too_many_connections, .time = environment_.clock.now()});
        boost::system::error_code ignored;  // it is closed either way
        socket.non_blocking(true, ignored);
        socket.write_some(boost::asio::buffer(refusal), ignored);
        return;
    }
    if (free_places_.empty()) {
        free_places_.push_back(static_cast<std::uint32_t>(places_.size()));
        places_.emplace_back();
        generations_.push_back(0);
    }
    const std::uint32_t place = free_places_.back();
    free_places_.pop_back();
    const shard::ReplyTo address{
        .shard = shard_.index(), .session = place, .generation = generations_[place]};
    places_[place] = std::make_shared<Connection>(*this, std::move(socket), environment_, address,
                                                  environment_.clock.now());
    environment_.metrics.connections_open.add();
    places_[place]->start();
}

void ShardThread::close(std::uint32_t place) {
    if (places_[place] == nullptr) return;
    for (Session::OpenPayload& open : places_[place]->take_payloads())
        orphans_.emplace(
            OrphanKey{.place = place, .generation = generations_[place], .request = open.request},
            std::move(open.payload));
    places_[place]->close();
    places_[place].reset();
    ++generations_[place];
    free_places_.push_back(place);
    connections_.remove();
    environment_.metrics.connections_open.subtract();
}

void ShardThread::deliver(shard::Reply&& reply) {
    const std::uint32_t place = reply.to.session;
    SUANPAN_ASSERT(place < places_.size());
    // The connection may have gone meanwhile; its client asks again, or looks the outcome up.
    if (generations_[place] != reply.to.generation || places_[place] == nullptr) {
        orphans_.erase(
            {.place = place, .generation = reply.to.generation, .request = reply.to.request});
        return;
    }
    places_[place]->complete(std::move(reply));
}

void ShardThread::mark_dirty(std::uint32_t place) {
    dirty_.push_back(place);
}

void ShardThread::flush_dirty() {
    // A flush may close a connection, but never makes another one dirty.
    for (const std::uint32_t place : dirty_) {
        const std::shared_ptr<Connection> connection = places_[place];
        if (connection != nullptr) connection->flush();
    }
    dirty_.clear();
}

void ShardThread::run() {
    shard_.adopt_thread(*this);
    for (std::size_t i = 0; i < listeners_.size(); ++i) accept(i);
    while (!stopping_.load(std::memory_order_acquire)) {
        bool busy = false;
        shard_.begin_turn();
        for (int i = 0; i < handlers_per_turn_max && !shard_.turn_is_full() && io_.poll_one() > 0;
             ++i)
            busy = true;
        if (shard_.step()) busy = true;
        const Instant answered = environment_.clock.now();
        const std::size_t flushed = dirty_.size();
        flush_dirty();
        const Instant now = environment_.clock.now();
        if (flushed > 0) environment_.metrics.note_stage(Stage::reply, now - answered, flushed);
        if (now >= next_tick_) tick(now);
        if (!busy && !options_.busy_poll) sleep();
    }
    for (std::uint32_t place = 0; place < places_.size(); ++place) close(place);
    for (const auto& listener : listeners_) {
        boost::system::error_code ignored;
        listener->acceptor.close(ignored);
    }
    io_.poll();
}

void ShardThread::sleep() {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (!shard_.has_news()) io_.run_one_for(sleep_max);
    sleeping_.store(false, std::memory_order_seq_cst);
}

void ShardThread::wake() {
    if (sleeping_.exchange(false, std::memory_order_seq_cst)) boost::asio::post(io_, [] {});
}

void ShardThread::tick(Instant now) {
    next_tick_ = now + tick_every;
    for (std::size_t i = 0; i < listeners_.size(); ++i)
        if (std::exchange(listeners_[i]->is_resting, false)) accept(i);
    bool idle = true;
    for (std::uint32_t place = 0; place < places_.size(); ++place) {
        const std::shared_ptr<Connection> connection = places_[place];
        if (connection == nullptr) continue;
        connection->tick(now);
        idle = idle && connection->is_idle();
    }
    if (draining_.load(std::memory_order_acquire) && idle && shard_.is_quiet())
        drained_.store(true, std::memory_order_release);
}

void ShardThread::drain() {
    draining_.store(true, std::memory_order_release);
    boost::asio::post(io_, [this] {
        for (const auto& listener : listeners_) {
            boost::system::error_code ignored;
            listener->acceptor.close(ignored);
        }
        shard_.refuse_new_work();
        next_tick_ = Instant{0};
    });
    wake();
}

void ShardThread::stop() {
    if (!thread_.joinable()) return;
    stopping_.store(true, std::memory_order_release);
    wake();
    thread_.join();
}

}  // namespace suanpan::net
