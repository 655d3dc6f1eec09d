#include "bench/load/lane.h"

#include "protocol/base/assert.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace suanpan::load {
namespace {

constexpr std::size_t buffer_bytes_min = std::size_t{64} << 10U;

}  // namespace

Lane::Lane(std::uint32_t index, std::uint32_t shard, std::uint32_t in_flight_max)
    : index_(index), shard_(shard), flights_(in_flight_max), buffer_(buffer_bytes_min / 8) {
    for (std::uint32_t i = in_flight_max; i > 0; --i) free_.push_back(i - 1);
}

void Lane::connect(Socket socket) {
    socket_ = std::move(socket);
    ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
    line_.clear();
    sent_to_ = received_from_ = received_to_ = 0;
    decoder_ = FrameDecoder{};
    watches_writable = false;
    resume_at_ns = 0;
}

void Lane::cut() {
    socket_.close();
    line_.clear();
    sent_to_ = 0;
}

void Lane::send_all_again() {
    for (Flight& flight : flights_) {
        if (!flight.in_use) continue;
        flight.was_cut = true;
        line_.insert(line_.end(), flight.frame.begin(), flight.frame.end());
    }
}

Flight& Lane::begin() {
    Flight& flight = flights_[free_.back()];
    free_.pop_back();
    flight.in_use = true;
    flight.was_cut = false;
    flight.first_answer.clear();
    return flight;
}

void Lane::send(Flight& flight) {
    flight.shape->finish(flight.frame, correlation_of(flight));
    line_.insert(line_.end(), flight.frame.begin(), flight.frame.end());
}

void Lane::abandon(Flight& flight) {
    release(flight);
}

Lane::Io Lane::flush() {
    while (has_unsent()) {
        const ssize_t sent = ::send(socket_.get(), line_.data() + sent_to_, line_.size() - sent_to_,
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN ? Io::blocked : Io::broken;
        sent_to_ += static_cast<std::size_t>(sent);
    }
    line_.clear();
    sent_to_ = 0;
    return Io::ok;
}

Lane::Io Lane::fill_buffer() {
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(buffer_));
    const ssize_t got = ::recv(socket_.get(), bytes.data() + received_to_,
                               bytes.size() - received_to_, MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR ? Io::blocked : Io::broken;
    if (got == 0) return Io::broken;
    received_to_ += static_cast<std::size_t>(got);
    return Io::ok;
}

void Lane::tidy_buffer() {
    std::byte* bytes = std::as_writable_bytes(std::span(buffer_)).data();
    const std::size_t rest = received_to_ - received_from_;
    if (received_from_ > 0 && rest > 0) std::memmove(bytes, bytes + received_from_, rest);
    received_from_ = 0;
    received_to_ = rest;
    // A frame longer than the buffer: the decoder has checked that it is no longer than allowed.
    if (rest * 2 > buffer_.size() * 8) buffer_.resize(buffer_.size() * 2);
}

std::span<const std::byte> Lane::received() const {
    return std::as_bytes(std::span(buffer_)).subspan(received_from_, received_to_ - received_from_);
}

Flight* Lane::flight_of(std::uint64_t correlation_id) {
    const auto index = static_cast<std::uint32_t>(correlation_id);
    if (index >= flights_.size()) return nullptr;
    Flight& flight = flights_[index];
    return flight.in_use && correlation_of(flight) == correlation_id ? &flight : nullptr;
}

void Lane::release(Flight& flight) {
    SUANPAN_ASSERT(flight.in_use);
    flight.in_use = false;
    ++flight.turn;
    free_.push_back(static_cast<std::uint32_t>(&flight - flights_.data()));
}

std::uint64_t Lane::correlation_of(const Flight& flight) const {
    return std::uint64_t{flight.turn} << 32U |
           static_cast<std::uint64_t>(&flight - flights_.data());
}

}  // namespace suanpan::load
