// What goes on inside a Client, on the library's one thread.
#pragma once

#include "client/pool.h"
#include "client/request_id.h"
#include "client/server_clock.h"
#include "client/suanpan_client.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <future>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace suanpan::client {

// Takes calls from any thread, sends them in batches to their shards, tries again where that is
// safe and useful, and gives each its one answer.
//
// Owned by the Client. Callers' threads touch inbox_ (under its mutex) and calls_inside_ only;
// everything else belongs to the library's thread.
class Client::Engine : private PoolOwner {
public:
    explicit Engine(Options options);
    ~Engine() override;

    // Any thread. Runs the callback at once where calls_max is reached.
    void submit(PendingPtr call);
    [[nodiscard]] PendingPtr make_call(CommandKind kind, const Target& target,
                                       const CommandBody& body, Callback callback) const;
    [[nodiscard]] std::future<std::expected<ServerFacts, ConnectError>> connect();
    [[nodiscard]] bool is_own_thread() const {
        return std::this_thread::get_id() == thread_.get_id();
    }

private:
    using Connected = std::promise<std::expected<ServerFacts, ConnectError>>;

    void pool_greeted(const Greeting& greeting) override;
    void pool_has_room() override { send_waiting(); }
    bool pool_answered(const Flight& flight, std::span<const std::byte> body) override;
    void pool_lost(std::vector<Flight> flights) override;
    void pool_failed(const ConnectError& error) override;

    void take_inbox();
    void send_waiting();
    void give_request_id(PendingCall& call);
    void enqueue(PendingPtr call);
    void reroute();
    template <typename Body>
    bool take_body(const PendingPtr& call, std::expected<Body, Code>&& body,
                   std::shared_ptr<const Body> Answer::* place);
    void take_outcome(const PendingPtr& call, const Outcome& outcome);
    void try_again_later(const PendingPtr& call, const Outcome& refusal);
    void complete(const PendingPtr& call, Answer answer);
    void end_with_trouble(const PendingPtr& call);
    void set_timer();
    void on_timer();
    void stop();

    const Options options_;
    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    boost::asio::steady_timer timer_;
    Pool pool_;
    std::minstd_rand random_;
    ServerClock clock_;
    RequestIdMaker ids_;

    ShardMap routed_by_;       // the map that lines_ follow
    std::vector<Line> lines_;  // by shard
    Schedule deadlines_;       // every call until it is complete
    Schedule retries_;         // calls that wait to be tried again
    std::vector<Connected> connecting_;
    std::vector<Outcome> outcomes_;  // of the reply at hand; kept for its memory
    SteadyTime timer_at_ = SteadyTime::max();
    bool is_stopped_ = false;

    std::mutex inbox_mutex_;
    std::vector<PendingPtr> inbox_;
    std::atomic<std::uint32_t> calls_inside_{0};
    std::thread thread_;
};

}  // namespace suanpan::client
