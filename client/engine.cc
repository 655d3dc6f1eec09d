#include "client/engine.h"

#include "client/backoff.h"
#include "protocol/base/assert.h"
#include "protocol/codec.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace suanpan::client {
namespace {

using Clock = std::chrono::steady_clock;

// Deadlines are looked at no more often than this, so that a long line is not walked per call.
constexpr std::chrono::milliseconds timer_step{2};

Options checked(Options options) {
    if (options.endpoints.empty())
        throw std::runtime_error("suanpan client: no endpoint given; set Options::endpoints");
    for (const Endpoint& endpoint : options.endpoints)
        if (endpoint.port == 0)
            throw std::runtime_error("suanpan client: an endpoint has port 0; give the server's");
    if (options.key.empty())
        throw std::runtime_error("suanpan client: no key given; set Options::key");
    if (options.deadline.ns <= 0 || options.connect_timeout.ns <= 0)
        throw std::runtime_error("suanpan client: deadline and connect_timeout must be above zero");
    if (options.connections_per_shard == 0 || options.calls_max == 0 ||
        options.batch_events_max == 0 || options.frames_in_flight_max == 0 ||
        options.events_in_flight_max == 0 || options.attempts_max == 0)
        throw std::runtime_error("suanpan client: a bound in Options is zero; use at least 1");
    options.batch_events_max = std::min(options.batch_events_max, limits::batch_events_max);
    return options;
}

// Codes that heal by themselves within a call's time. The others of their group need an operator.
bool is_worth_retrying(Code code) {
    return code == Code::busy || code == Code::rate_limited || code == Code::too_many_in_flight ||
           code == Code::shutting_down;
}

}  // namespace

Client::Engine::Engine(Options options)
    : options_(checked(std::move(options))),
      work_(io_.get_executor()),
      timer_(io_),
      pool_(io_, options_, *this),
      random_(std::random_device{}()),
      lines_(1) {
    boost::asio::post(io_, [this] { pool_.start(); });
    thread_ = std::thread([this] { io_.run(); });
}

Client::Engine::~Engine() {
    boost::asio::post(io_, [this] { stop(); });
    thread_.join();
}

PendingPtr Client::Engine::make_call(CommandKind kind, const Target& target,
                                     const CommandBody& body, Callback callback) const {
    auto call = std::make_shared<PendingCall>();
    call->command.head = {.kind = kind,
                          .partner = options_.partner,
                          .principal = target.principal,
                          .program = target.program,
                          .request_id = target.request_id,
                          .member = target.member};
    call->command.body = body;
    call->own_payload();
    call->callback = std::move(callback);
    call->id_is_callers = !target.request_id.is_zero();
    const Duration patience = target.deadline.ns > 0 ? target.deadline : options_.deadline;
    call->deadline = Clock::now() + std::chrono::nanoseconds(patience.ns);
    return call;
}

void Client::Engine::submit(PendingPtr call) {
    // The counter is a bound only: no other memory is published by it.
    if (calls_inside_.fetch_add(1, std::memory_order_relaxed) >= options_.calls_max) {
        calls_inside_.fetch_sub(1, std::memory_order_relaxed);
        return call->callback(call->answer_without(Trouble::queue_full));
    }
    bool is_first = false;
    {
        const std::lock_guard lock(inbox_mutex_);
        is_first = inbox_.empty();
        inbox_.push_back(std::move(call));
    }
    // Calls that come while the library's thread is on its way share its next round, and a frame.
    if (is_first) boost::asio::post(io_, [this] { take_inbox(); });
}

std::future<std::expected<ServerFacts, ConnectError>> Client::Engine::connect() {
    Connected promise;
    auto future = promise.get_future();
    boost::asio::post(io_, [this, promise = std::move(promise)]() mutable {
        if (pool_.is_connected()) return promise.set_value(*pool_.facts());
        connecting_.push_back(std::move(promise));
    });
    return future;
}

void Client::Engine::take_inbox() {
    std::vector<PendingPtr> arrived;
    {
        const std::lock_guard lock(inbox_mutex_);
        arrived.swap(inbox_);
    }
    for (PendingPtr& call : arrived) {
        call->deadline_place = deadlines_.emplace_hint(deadlines_.end(), call->deadline, call);
        if (is_stopped_) {
            complete(call, call->answer_without(Trouble::closed));
        } else {
            enqueue(std::move(call));
        }
    }
    if (is_stopped_) return;
    send_waiting();
    set_timer();
}

void Client::Engine::enqueue(PendingPtr call) {
    const std::size_t shard = routed_by_.shard_of(call->command.head.member);
    if (call->attempts > 0) {
        lines_[shard].push_front(std::move(call));
    } else {
        lines_[shard].push_back(std::move(call));
    }
}

void Client::Engine::reroute() {
    routed_by_ = pool_.shards();
    std::vector<PendingPtr> waiting;
    for (Line& line : lines_) std::ranges::move(line.take_all(), std::back_inserter(waiting));
    lines_ = std::vector<Line>(std::max<std::size_t>(1, routed_by_.ports.size()));
    for (PendingPtr& call : waiting) enqueue(std::move(call));
}

void Client::Engine::pool_greeted(const Greeting& greeting) {
    if (greeting.outcome.time.ns > 0) clock_.set(greeting.outcome.time, own_wall_clock());
    for (Connected& promise : std::exchange(connecting_, {})) promise.set_value(*pool_.facts());
    send_waiting();
}

// Not before there is a connection: only then is the server's clock known.
void Client::Engine::give_request_id(PendingCall& call) {
    const CommandKind kind = call.command.head.kind;
    if (!call.command.head.request_id.is_zero() || kind == CommandKind::ping || is_read(kind))
        return;
    call.command.head.request_id = ids_.make_at(clock_.now(own_wall_clock()).unix_ms());
}

void Client::Engine::send_waiting() {
    if (is_stopped_) return;
    if (routed_by_ != pool_.shards()) reroute();
    for (std::size_t shard = 0; shard < lines_.size(); ++shard) {
        Line& line = lines_[shard];
        while (!line.is_empty()) {
            Connection* connection = pool_.find(shard);
            if (connection == nullptr) break;
            Flight flight{.kind = {}, .calls = line.cut(connection->room_events())};
            std::erase_if(flight.calls, [](const PendingPtr& call) { return call->is_complete; });
            if (flight.calls.empty()) continue;
            flight.kind = flight.calls.front()->command.head.kind;
            for (const PendingPtr& call : flight.calls) give_request_id(*call);
            connection->send(std::move(flight));
        }
    }
    pool_.flush_all();
}

bool Client::Engine::pool_answered(const Flight& flight, std::span<const std::byte> body) {
    if (flight.kind == CommandKind::statement) {
        auto statement = decode_statement(body);
        if (!statement) return false;
        const PendingPtr& call = flight.calls.front();
        const Outcome outcome = statement->outcome;
        if (!call->is_complete &&
            (outcome.code == Code::ok || outcome.code == Code::history_ends)) {
            Answer answer = call->answer_of(outcome);
            answer.lines = std::move(statement->lines);
            answer.next = statement->next;
            complete(call, std::move(answer));
        } else {
            take_outcome(call, outcome);
        }
        return true;
    }
    if (flight.kind == CommandKind::expiring) {
        auto expiring = decode_expiring(body);
        if (!expiring) return false;
        const PendingPtr& call = flight.calls.front();
        const Outcome outcome = expiring->outcome;
        if (!call->is_complete && outcome.code == Code::ok) {
            Answer answer = call->answer_of(outcome);
            answer.rows = std::move(expiring->rows);
            complete(call, std::move(answer));
        } else {
            take_outcome(call, outcome);
        }
        return true;
    }
    const PendingPtr& first = flight.calls.front();
    switch (flight.kind) {
        case CommandKind::quote:
            return take_body(first, decode_quote(body), &Answer::quote);
        case CommandKind::order:
            return take_body(first, decode_order(body), &Answer::order);
        case CommandKind::terms:
            return take_body(first, decode_terms(body), &Answer::terms);
        case CommandKind::explain:
            return take_body(first, decode_explanation(body), &Answer::explanation);
        case CommandKind::redeem:
            return take_body(first, decode_redeem(body), &Answer::redeemed);
        case CommandKind::reveal:
            return take_body(first, decode_reveal(body), &Answer::revealed);
        case CommandKind::offers:
            return take_body(first, decode_offers(body), &Answer::offers);
        case CommandKind::vouchers:
            return take_body(first, decode_vouchers(body), &Answer::vouchers);
        case CommandKind::codes_import:
            return take_body(first, decode_codes(body), &Answer::codes);
        case CommandKind::recall:
            return take_body(first, decode_recall(body), &Answer::recalled);
        case CommandKind::show:
            return take_body(first, decode_show(body), &Answer::shown);
        case CommandKind::verify:
        case CommandKind::undo_verify:
            return take_body(first, decode_verify(body), &Answer::verified);
        case CommandKind::offers_put:
        case CommandKind::rules_put: {
            auto rules = decode_rules(body);
            if (!rules) return false;
            if (first->is_complete || rules->message.empty()) {
                take_outcome(first, rules->outcome);
                return true;
            }
            Answer answer = first->answer_of(rules->outcome);
            answer.message = std::move(rules->message);
            complete(first, std::move(answer));
            return true;
        }
        default:
            break;
    }
    if (!decode_results(body, outcomes_)) return false;
    // A frame that fails as a whole gets one result, which stands for all its events.
    const bool is_for_all = outcomes_.size() == 1 && outcomes_.front().code != Code::ok;
    if (outcomes_.size() != flight.calls.size() && !is_for_all) return false;
    for (std::size_t i = 0; i < flight.calls.size(); ++i)
        take_outcome(flight.calls[i], outcomes_[outcomes_.size() == 1 ? 0 : i]);
    return true;
}

template <typename Body>
bool Client::Engine::take_body(const PendingPtr& call, std::expected<Body, Code>&& body,
                               std::shared_ptr<const Body> Answer::* place) {
    if (!body) return false;
    if (call->is_complete || body->outcome.code != Code::ok) {
        take_outcome(call, body->outcome);
        return true;
    }
    Answer answer = call->answer_of(body->outcome);
    answer.*place = std::make_shared<const Body>(std::move(*body));
    complete(call, std::move(answer));
    return true;
}

void Client::Engine::take_outcome(const PendingPtr& call, const Outcome& outcome) {
    call->carrier = nullptr;
    if (call->is_complete) return;  // its deadline has passed
    if (is_worth_retrying(outcome.code) && call->attempts < options_.attempts_max)
        return try_again_later(call, outcome);
    if (outcome.time.ns > 0) clock_.raise(outcome.time, own_wall_clock());
    complete(call, call->answer_of(outcome));
}

void Client::Engine::try_again_later(const PendingPtr& call, const Outcome& refusal) {
    const auto delay =
        std::max<std::chrono::nanoseconds>(std::chrono::milliseconds(refusal.retry_after_ms),
                                           backoff_delay(options_.retry, call->attempts, random_));
    const SteadyTime at = Clock::now() + delay;
    // What the server said is certain, and says more than a deadline would.
    if (at >= call->deadline) return complete(call, call->answer_of(refusal));
    retries_.emplace(at, call);
    set_timer();
}

void Client::Engine::pool_lost(std::vector<Flight> flights) {
    for (const Flight& flight : flights) {
        for (const PendingPtr& call : flight.calls) {
            call->carrier = nullptr;
            call->may_have_run = true;
            if (call->is_complete) continue;
            if (is_stopped_) {
                complete(call, call->answer_without(Trouble::closed));
            } else if (call->attempts >= options_.attempts_max) {
                complete(call, call->answer_without(Trouble::connection_lost));
            } else {
                enqueue(call);  // under the same request id, which makes it safe
            }
        }
    }
    if (!is_stopped_) boost::asio::post(io_, [this] { send_waiting(); });
}

void Client::Engine::pool_failed(const ConnectError& error) {
    for (Connected& promise : std::exchange(connecting_, {}))
        promise.set_value(std::unexpected(error));
    // The server has spoken: waiting longer for this partner and key would not help the calls.
    if (error.code != Code::authentication_failed || is_stopped_) return;
    Outcome refusal;
    refusal.code = error.code;
    for (Line& line : lines_)
        for (const PendingPtr& call : line.take_all())
            if (!call->is_complete) complete(call, call->answer_of(refusal));
}

void Client::Engine::complete(const PendingPtr& call, Answer answer) {
    SUANPAN_ASSERT(!call->is_complete);
    call->is_complete = true;
    deadlines_.erase(call->deadline_place);
    // The counter is a bound only: no other memory is published by it.
    calls_inside_.fetch_sub(1, std::memory_order_relaxed);
    Callback callback = std::move(call->callback);
    callback(std::move(answer));
}

void Client::Engine::end_with_trouble(const PendingPtr& call) {
    Trouble trouble = Trouble::not_connected;
    if (call->is_in_flight()) {
        trouble = Trouble::no_answer;
    } else if (call->may_have_run) {
        trouble = Trouble::connection_lost;
    } else if (pool_.is_connected()) {
        trouble = Trouble::not_sent;
    }
    complete(call, call->answer_without(trouble));
}

void Client::Engine::set_timer() {
    SteadyTime next = SteadyTime::max();
    if (!deadlines_.empty()) next = deadlines_.begin()->first;
    if (!retries_.empty()) next = std::min(next, retries_.begin()->first);
    if (next == SteadyTime::max() || next >= timer_at_) return;
    timer_at_ = next;
    timer_.expires_at(std::max(next, Clock::now() + timer_step / 2));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) on_timer();
    });
}

void Client::Engine::on_timer() {
    timer_at_ = SteadyTime::max();
    const SteadyTime now = Clock::now();
    bool has_expired = false;
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        const PendingPtr call = deadlines_.begin()->second;
        has_expired = true;
        end_with_trouble(call);
        // Not a byte since it was sent: this connection is dead, however open it looks.
        if (call->is_in_flight() && call->carrier->heard_at() < call->sent_at)
            call->carrier->close({.code = Code::ok, .text = "the server has fallen silent"});
    }
    if (has_expired)
        for (Line& line : lines_) line.drop_complete();
    while (!retries_.empty() && retries_.begin()->first <= now) {
        const PendingPtr call = retries_.begin()->second;
        retries_.erase(retries_.begin());
        if (!call->is_complete) enqueue(call);
    }
    send_waiting();
    set_timer();
}

void Client::Engine::stop() {
    is_stopped_ = true;
    timer_.cancel();
    pool_.stop();
    take_inbox();
    while (!deadlines_.empty()) {
        const PendingPtr call = deadlines_.begin()->second;
        complete(call, call->answer_without(Trouble::closed));
    }
    for (Connected& promise : std::exchange(connecting_, {}))
        promise.set_value(std::unexpected(ConnectError{.code = Code::ok, .text = "closed"}));
    work_.reset();
}

}  // namespace suanpan::client
