#include "server/net/connection.h"

#include "server/net/shard_thread.h"

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <cstring>

namespace suanpan::net {
namespace {

constexpr std::size_t input_bytes_start = 64U << 10U;
constexpr std::size_t input_bytes_max = frame_header_bytes + limits::frame_body_bytes_max;
constexpr std::size_t output_kept_bytes_max = 256U << 10U;

}  // namespace

Connection::Connection(ShardThread& thread, boost::asio::ip::tcp::socket&& socket,
                       SessionEnvironment& environment, const shard::ReplyTo& address, Instant now)
    : thread_(thread),
      socket_(std::move(socket)),
      environment_(environment),
      session_(environment, address),
      place_(address.session),
      opened_at_(now),
      last_sent_at_(now) {}

void Connection::start() {
    boost::system::error_code ignored;  // a socket that is gone already shows it when read
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    flush();
    read();
}

void Connection::read() {
    if (reading_ || closed_ || session_.is_closing() || has_backlog()) return;
    // The buffer is made with the first bytes in sight, so that ten thousand silent sockets cost
    // little: until then only readiness is waited for.
    reading_ = true;
    if (input_.empty()) {
        socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                               self->reading_ = false;
                               if (self->closed_) return;
                               if (error) return self->thread_.close(self->place_);
                               self->input_.resize(input_bytes_start);
                               self->read();
                           });
        return;
    }
    if (input_used_ == input_.size()) input_.resize(std::min(input_.size() * 2, input_bytes_max));
    socket_.async_read_some(
        boost::asio::buffer(input_.data() + input_used_, input_.size() - input_used_),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
            self->reading_ = false;
            if (self->closed_) return;
            if (error) return self->thread_.close(self->place_);
            self->environment_.metrics.bytes_received.add(bytes);
            self->input_used_ += bytes;
            self->take_input();
            self->read();
        });
}

void Connection::take_input() {
    const std::size_t taken = session_.receive({input_.data(), input_used_});
    input_used_ -= taken;
    if (taken > 0 && input_used_ > 0)
        std::memmove(input_.data(), input_.data() + taken, input_used_);
    if (session_.has_output()) thread_.mark_dirty(place_);
}

void Connection::complete(shard::Reply&& reply) {
    session_.complete(std::move(reply));
    if (session_.has_output()) thread_.mark_dirty(place_);
}

bool Connection::has_backlog() const {
    return writing_.size() + session_.waiting_output_bytes() > limits::reply_backlog_bytes_max;
}

void Connection::flush() {
    if (write_under_way_ || closed_ || !session_.has_output()) return;
    writing_.clear();
    if (writing_.capacity() > output_kept_bytes_max) writing_.shrink_to_fit();
    std::swap(writing_, session_.output());
    write_under_way_ = true;
    // Most replies fit into the socket's buffer at once: try that before asking epoll.
    boost::system::error_code error;
    socket_.non_blocking(true, error);
    const std::size_t sent = error ? 0 : socket_.write_some(boost::asio::buffer(writing_), error);
    if (error && error != boost::asio::error::would_block) return thread_.close(place_);
    write_done(sent);
}

// `bytes` at the front of writing_ have gone out; sends the rest when the socket takes it.
void Connection::write_done(std::size_t bytes) {
    if (bytes > 0) last_sent_at_ = environment_.clock.now();
    environment_.metrics.bytes_sent.add(bytes);
    writing_.erase(writing_.begin(), writing_.begin() + static_cast<std::ptrdiff_t>(bytes));
    if (!writing_.empty()) {
        socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                           [self = shared_from_this()](const boost::system::error_code& waited) {
                               if (self->closed_) return;
                               if (waited) return self->thread_.close(self->place_);
                               boost::system::error_code error;
                               const std::size_t sent = self->socket_.write_some(
                                   boost::asio::buffer(self->writing_), error);
                               if (error && error != boost::asio::error::would_block)
                                   return self->thread_.close(self->place_);
                               self->write_done(sent);
                           });
        return;
    }
    write_under_way_ = false;
    if (session_.has_output()) return flush();
    if (session_.is_closing()) return thread_.close(place_);
    read();  // where a backlog had stopped it
}

void Connection::tick(Instant now) {
    if (!session_.is_open() && !session_.is_closing() && now - opened_at_ > limits::hello_timeout) {
        session_.refuse(Code::hello_timeout);
        flush();
    }
    if (write_under_way_ && now - last_sent_at_ > unread_timeout) {
        environment_.metrics.connections_dropped.add();
        thread_.close(place_);
    }
}

void Connection::close() {
    closed_ = true;
    boost::system::error_code ignored;  // there is nobody left to tell
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
}

bool Connection::is_idle() const {
    return session_.events_in_flight() == 0 && !session_.has_output() && !write_under_way_;
}

}  // namespace suanpan::net
