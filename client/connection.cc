#include "client/connection.h"

#include "protocol/base/assert.h"
#include "protocol/codec.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace suanpan::client {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t read_bytes = 64U << 10U;
// The largest event of a batch, with a little to spare for the batch itself.
constexpr std::size_t event_bytes_max = 96;

}  // namespace

Connection::Connection(asio::io_context& io, const Options& options, ConnectionOwner& owner,
                       Endpoint endpoint)
    : options_(options),
      owner_(owner),
      endpoint_(std::move(endpoint)),
      resolver_(io),
      socket_(io),
      handshake_timer_(io),
      heard_at_(std::chrono::steady_clock::now()) {}

void Connection::start() {
    const auto self = shared_from_this();
    handshake_timer_.expires_after(std::chrono::nanoseconds(options_.connect_timeout.ns));
    handshake_timer_.async_wait([this, self](const error_code& error) {
        if (!error && phase_ != Phase::open) fail("the server did not greet in time");
    });
    error_code error;
    const asio::ip::address address = asio::ip::make_address(endpoint_.host, error);
    if (!error) {  // a number: nothing to look up
        const tcp::endpoint at(address, endpoint_.port);
        return connect(tcp::resolver::results_type::create(at, endpoint_.host, ""));
    }
    resolver_.async_resolve(
        endpoint_.host, std::to_string(endpoint_.port),
        [this, self](const error_code& failed, const tcp::resolver::results_type& found) {
            if (phase_ == Phase::closed) return;
            if (failed) return fail("the host name was not found: " + failed.message());
            connect(found);
        });
}

void Connection::connect(const tcp::resolver::results_type& addresses) {
    asio::async_connect(socket_, addresses,
                        [this, self = shared_from_this()](const error_code& failed, const auto&) {
                            if (phase_ == Phase::closed) return;
                            if (failed) return fail(failed.message());
                            error_code ignored;  // both only make it better
                            socket_.set_option(tcp::no_delay(true), ignored);
                            socket_.set_option(asio::socket_base::keep_alive(true), ignored);
                            phase_ = Phase::awaiting_challenge;
                            read();
                        });
}

void Connection::close(const ConnectError& why) {
    if (phase_ == Phase::closed) return;
    phase_ = Phase::closed;
    error_code ignored;  // it is over either way
    resolver_.cancel();
    handshake_timer_.cancel();
    socket_.close(ignored);
    std::vector<Flight> unanswered;
    unanswered.reserve(flights_.size());
    for (auto& [correlation_id, flight] : flights_) unanswered.push_back(std::move(flight));
    flights_.clear();
    owner_.connection_closed(*this, std::move(unanswered), why);
}

std::size_t Connection::room_events() const {
    if (phase_ != Phase::open || flights_.size() >= frames_in_flight_max_) return 0;
    if (events_in_flight_ >= options_.events_in_flight_max) return 0;
    return std::min<std::size_t>(batch_events_max_,
                                 options_.events_in_flight_max - events_in_flight_);
}

void Connection::send(Flight flight) {
    SUANPAN_ASSERT(flight.calls.size() <= room_events());
    const FrameHeader header{.correlation_id = next_correlation_id_++};
    if (flight.kind == CommandKind::ping) {
        encode_ping(output_, header);
    } else {
        commands_.clear();
        for (const PendingPtr& call : flight.calls) commands_.push_back(call->command);
        encode_requests(output_, header, commands_);
    }
    const SteadyTime now = std::chrono::steady_clock::now();
    for (const PendingPtr& call : flight.calls) {
        ++call->attempts;
        call->carrier = this;
        call->sent_at = now;
    }
    events_in_flight_ += flight.calls.size();
    flights_.emplace(header.correlation_id, std::move(flight));
}

void Connection::flush() {
    if (is_writing_ || output_.empty() || phase_ == Phase::closed) return;
    is_writing_ = true;
    writing_.clear();
    std::swap(writing_, output_);
    asio::async_write(socket_, asio::buffer(writing_),
                      [this, self = shared_from_this()](const error_code& failed, std::size_t) {
                          is_writing_ = false;
                          if (phase_ == Phase::closed) return;
                          if (failed) return fail("sending failed: " + failed.message());
                          flush();
                      });
}

void Connection::read() {
    if (input_begin_ == input_end_) {
        input_begin_ = input_end_ = 0;
    } else if (input_begin_ > 0) {  // the rest of a frame: to the front, where it is aligned
        std::memmove(input_.data(), input_.data() + input_begin_, input_end_ - input_begin_);
        input_end_ -= input_begin_;
        input_begin_ = 0;
    }
    if (input_.size() < input_end_ + read_bytes) input_.resize(input_end_ + read_bytes);
    socket_.async_read_some(
        asio::buffer(input_.data() + input_end_, input_.size() - input_end_),
        [this, self = shared_from_this()](const error_code& failed, std::size_t count) {
            if (phase_ == Phase::closed) return;
            if (failed) {
                return fail(failed == asio::error::eof ? "the server closed the connection"
                                                       : "receiving failed: " + failed.message());
            }
            take_bytes(count);
            if (phase_ == Phase::closed) return;
            if (phase_ == Phase::open) owner_.connection_drained();
            read();
        });
}

// The decoder refuses frames over frame_body_bytes_max, which bounds input_.
void Connection::take_bytes(std::size_t count) {
    input_end_ += count;
    heard_at_ = std::chrono::steady_clock::now();
    while (phase_ != Phase::closed) {
        const std::span<const std::byte> bytes(input_.data() + input_begin_,
                                               input_end_ - input_begin_);
        const FrameDecoder::Step step = decoder_.next(bytes);
        if (step.error != Code::ok)
            return close({.code = step.error, .text = "the server sent what is no frame"});
        if (step.consumed == 0) return;
        input_begin_ += step.consumed;
        take_frame(step.frame);
    }
}

void Connection::take_frame(const Frame& frame) {
    switch (phase_) {
        case Phase::awaiting_challenge:
            return say_hello(frame);
        case Phase::awaiting_greeting:
            return take_greeting(frame);
        case Phase::open:
            return take_reply(frame);
        case Phase::connecting:
        case Phase::closed:
            return;
    }
}

void Connection::say_hello(const Frame& frame) {
    // A server that has no room for one more connection says so instead of a challenge.
    if (static_cast<CommandKind>(frame.header.kind) != CommandKind::challenge)
        return take_greeting(frame);
    const auto challenge = decode_challenge(frame.body);
    if (!challenge) return fail("the server did not send a challenge");
    HelloRequest hello;
    hello.partner = options_.partner;
    hello.nonce = make_nonce();
    hello.mac = compute_mac(options_.key, *challenge, hello.nonce, hello.partner);
    hello.client = options_.name;
    encode_hello(output_, {.correlation_id = next_correlation_id_++}, hello);
    phase_ = Phase::awaiting_greeting;
    flush();
}

void Connection::take_greeting(const Frame& frame) {
    if (static_cast<CommandKind>(frame.header.kind) != CommandKind::hello) {
        std::vector<Outcome> outcomes;
        if (decode_results(frame.body, outcomes) && outcomes.size() == 1)
            return take_refusal(outcomes.front().code);
        return fail("the server did not greet");
    }
    const auto greeting = decode_greeting(frame.body);
    if (!greeting) return fail("the server did not greet");
    if (greeting->outcome.code != Code::ok) return take_refusal(greeting->outcome.code);
    phase_ = Phase::open;
    handshake_timer_.cancel();
    const auto lower = [](std::size_t ours, std::size_t theirs) {
        return theirs == 0 ? ours : std::min(ours, theirs);
    };
    frames_in_flight_max_ = lower(options_.frames_in_flight_max, greeting->frames_in_flight_max);
    batch_events_max_ = lower(options_.batch_events_max, greeting->batch_events_max);
    batch_events_max_ = lower(batch_events_max_, greeting->frame_body_bytes_max / event_bytes_max);
    owner_.connection_opened(*this, *greeting);
}

void Connection::take_refusal(Code code) {
    close({.code = code, .text = std::string(suanpan::text_of(code).sentence)});
}

void Connection::take_reply(const Frame& frame) {
    const auto found = flights_.find(frame.header.correlation_id);
    // A second answer to one frame, or one to nothing we sent: not worth the connection.
    if (found == flights_.end()) return;
    Flight flight = std::move(found->second);
    flights_.erase(found);
    events_in_flight_ -= flight.calls.size();
    const bool is_of_this_kind = frame.header.kind == static_cast<std::uint16_t>(flight.kind);
    if (is_of_this_kind && owner_.connection_answered(flight, frame.body)) return;
    // The flight counts as unanswered again, so that its calls are not forgotten.
    flights_.emplace(0, std::move(flight));
    fail("the server sent a reply that cannot be read");
}

}  // namespace suanpan::client
