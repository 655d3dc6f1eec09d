// Lane: one connection to one shard, with its frames in flight.
#pragma once

#include "bench/load/dial.h"
#include "bench/load/frame_template.h"
#include "protocol/command.h"
#include "protocol/frame.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace suanpan::load {

// One frame on its way. Its bytes are kept until it is answered, so that it can be sent again under
// the same request ids after a cut.
struct Flight {
    std::vector<std::byte> frame;
    const FrameTemplate* shape = nullptr;  // how `frame` was made
    std::int64_t due_ns = 0;               // when it was to be sent; in a closed loop, when it was
    std::uint32_t turn = 0;  // counts the uses of this place, so that a late reply is recognised
    bool in_use = false;
    bool was_cut = false;               // sent again after the connection broke
    std::vector<Outcome> first_answer;  // with was_cut: what the first reply said; empty before it
};

// Owned by one worker, used on its thread. At most `in_flight_max` flights; the bytes waiting to be
// sent are at most those of the flights; the receive buffer holds what the kernel gave and grows to
// at most one frame of the largest size.
class Lane {
public:
    // `index`: its place among its worker's lanes.
    Lane(std::uint32_t index, std::uint32_t shard, std::uint32_t in_flight_max);

    [[nodiscard]] std::uint32_t index() const { return index_; }
    [[nodiscard]] std::uint32_t shard() const { return shard_; }
    [[nodiscard]] bool is_open() const { return socket_.is_open(); }
    [[nodiscard]] int file() const { return socket_.get(); }
    [[nodiscard]] bool has_room() const { return !free_.empty(); }
    [[nodiscard]] std::uint32_t in_flight() const {
        return static_cast<std::uint32_t>(flights_.size() - free_.size());
    }

    // Takes a connection over and makes it non-blocking. What is in flight stays so.
    void connect(Socket socket);
    // Closes the connection; what is in flight stays so.
    void cut();
    // Puts every flight that is unanswered into the line again, unchanged.
    void send_all_again();

    // A place for a frame. Expects has_room().
    [[nodiscard]] Flight& begin();
    // The frame is complete but for its header: closes it and puts it into the line.
    void send(Flight& flight);
    // It shall not be sent after all.
    void abandon(Flight& flight);

    enum class Io : std::uint8_t { ok, blocked, broken };
    // Hands the line to the kernel, as much as it takes. blocked: the rest goes when writable.
    [[nodiscard]] Io flush();
    [[nodiscard]] bool has_unsent() const { return sent_to_ < line_.size(); }

    // One read, then each whole frame in it: calls on_reply(Flight&, header, body) for those that
    // belong to a flight. The flight is free again after the call unless on_reply returns false.
    template <typename OnReply>
    [[nodiscard]] Io receive(OnReply&& on_reply) {
        const Io io = fill_buffer();
        if (io != Io::ok) return io;
        for (;;) {
            const FrameDecoder::Step step = decoder_.next(received());
            if (step.error != Code::ok) return Io::broken;
            if (step.consumed == 0) break;
            Flight* flight = flight_of(step.frame.header.correlation_id);
            if (flight != nullptr && on_reply(*flight, step.frame.header, step.frame.body)) {
                release(*flight);
            }
            received_from_ += step.consumed;
        }
        tidy_buffer();
        return Io::ok;
    }

    // In a closed loop: nothing new before this instant, since the server asked for a pause.
    std::int64_t resume_at_ns = 0;
    // The worker's own mark: whether it waits until the socket can be written.
    bool watches_writable = false;

private:
    [[nodiscard]] Io fill_buffer();
    void tidy_buffer();
    [[nodiscard]] std::span<const std::byte> received() const;
    [[nodiscard]] Flight* flight_of(std::uint64_t correlation_id);
    void release(Flight& flight);
    [[nodiscard]] std::uint64_t correlation_of(const Flight& flight) const;

    std::uint32_t index_;
    std::uint32_t shard_;
    Socket socket_;
    std::vector<Flight> flights_;
    std::vector<std::uint32_t> free_;  // indexes into flights_
    std::vector<std::byte> line_;      // to be sent, from sent_to_
    std::size_t sent_to_ = 0;
    std::vector<std::uint64_t> buffer_;  // of words, so that bodies are aligned more often than not
    std::size_t received_from_ = 0;      // bytes before it have been handled
    std::size_t received_to_ = 0;
    FrameDecoder decoder_;
};

}  // namespace suanpan::load
