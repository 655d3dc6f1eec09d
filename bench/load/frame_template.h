// FrameTemplate: a request frame that is encoded once and then only patched.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/command.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace suanpan::load {

// What differs from one event of the load to the next.
struct EventFields {
    RequestId request_id;
    MemberId member;
    std::uint64_t reference = 0;  // hold of a capture or release, original of a refund
};

// A whole frame of `events` events of one kind, made by the codec, and where in it the fields lie.
//
// Encoding a frame through FlatBuffers costs more than the load may spend on an event, so the codec
// encodes one whose fields have values that cannot be mistaken; where these lie is where the fields
// lie, as events are structs of a fixed size. A patched frame equals, byte for byte, what the codec
// would have made (tests/unit/bench/frame_template_test.cc). Immutable; any thread may read it.
class FrameTemplate {
public:
    // `like` gives the fields that stay: program, principal, amount and so on; its body must be of
    // its kind. Expects 1 <= events <= batch_events_max.
    FrameTemplate(const Command& like, std::uint32_t events);

    [[nodiscard]] CommandKind kind() const { return kind_; }
    [[nodiscard]] std::uint32_t events() const { return events_; }
    // Length of every frame made from this.
    [[nodiscard]] std::size_t bytes() const { return frame_.size(); }

    // Makes `frame` a copy to patch. Cheap where it is one already.
    void start(std::vector<std::byte>& frame) const;
    void set_event(std::span<std::byte> frame, std::uint32_t index,
                   const EventFields& fields) const;
    // Sets the correlation id and closes the header with its checksum.
    void finish(std::span<std::byte> frame, std::uint64_t correlation_id) const;
    // The other way round: what set_event wrote.
    [[nodiscard]] EventFields event(std::span<const std::byte> frame, std::uint32_t index) const;

private:
    [[nodiscard]] std::size_t event_at(std::uint32_t index) const {
        return first_event_at_ + index * event_bytes_;
    }

    CommandKind kind_;
    std::uint32_t events_;
    std::vector<std::byte> frame_;
    std::uint32_t crc_before_correlation_ = 0;
    std::size_t first_event_at_ = 0;
    std::size_t event_bytes_ = 0;
    std::size_t member_at_ = 0;     // from the event's start, as is the next
    std::size_t reference_at_ = 0;  // 0: this kind has none
    std::size_t reference_bytes_ = 0;
};

}  // namespace suanpan::load
