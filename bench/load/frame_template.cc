#include "bench/load/frame_template.h"

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "protocol/codec.h"
#include "protocol/frame.h"
#include "protocol/limits.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace suanpan::load {
namespace {

constexpr RequestId marked_id{.high = 0x1d1d'a001'c0de'7001, .low = 0x9d1d'a002'c0de'7002};
constexpr MemberId marked_member{.high = 0x3e3e'b001'c0de'7003, .low = 0x3e3e'b002'c0de'7004};
constexpr std::uint32_t marked_reference = 0x4f4f'c001;

// Where the bytes of `value` lie in `bytes`, at or after `from`.
template <typename T>
std::size_t find_value(std::span<const std::byte> bytes, const T& value, std::size_t from) {
    const auto pattern = std::as_bytes(std::span(&value, 1));
    const auto at = std::ranges::search(bytes.subspan(from), pattern);
    SUANPAN_ASSERT(!at.empty());  // the codec has just put it there
    return from + static_cast<std::size_t>(at.begin() - bytes.subspan(from).begin());
}

Command marked(Command command) {
    command.head.request_id = marked_id;
    command.head.member = marked_member;
    switch (command.head.kind) {
        case CommandKind::capture:
            std::get<CaptureHold>(command.body).hold = HoldId{marked_reference};
            break;
        case CommandKind::release:
            std::get<ReleaseHold>(command.body).hold = HoldId{marked_reference};
            break;
        case CommandKind::refund:
            std::get<Refund>(command.body).original = Lsn{marked_reference};
            break;
        default:
            break;
    }
    return command;
}

}  // namespace

FrameTemplate::FrameTemplate(const Command& like, std::uint32_t events)
    : kind_(like.head.kind), events_(events) {
    SUANPAN_ASSERT(events >= 1);
    SUANPAN_ASSERT(events <= limits::batch_events_max);
    FrameHeader header;
    header.kind = static_cast<std::uint16_t>(kind_);
    const std::vector<Command> commands(events, marked(like));
    encode_requests(frame_, header, commands);

    // Two events, so that the distance between them is known for a frame of one as well.
    std::vector<std::byte> pair;
    encode_requests(pair, header, std::array{marked(like), marked(like)});
    const std::size_t first_of_pair = find_value(pair, marked_id, frame_header_bytes);
    const std::size_t second_of_pair =
        find_value(pair, marked_id, first_of_pair + sizeof marked_id);
    event_bytes_ = second_of_pair - first_of_pair;

    first_event_at_ = find_value(frame_, marked_id, frame_header_bytes);
    SUANPAN_ASSERT(event_at(events) <= frame_.size());
    member_at_ = find_value(frame_, marked_member, first_event_at_) - first_event_at_;
    if (kind_ == CommandKind::capture || kind_ == CommandKind::release ||
        kind_ == CommandKind::refund) {
        reference_at_ = find_value(frame_, marked_reference, first_event_at_) - first_event_at_;
        reference_bytes_ =
            kind_ == CommandKind::refund ? sizeof(std::uint64_t) : sizeof(std::uint32_t);
    }
    crc_before_correlation_ = crc32c(std::span(frame_).first(offsetof(FrameHeader, header_crc)));
}

void FrameTemplate::start(std::vector<std::byte>& frame) const {
    // Same length is not enough: a kind of the same size has another header.
    if (frame.size() == frame_.size() &&
        std::memcmp(frame.data(), frame_.data(), offsetof(FrameHeader, header_crc)) == 0) {
        return;
    }
    frame = frame_;
}

void FrameTemplate::set_event(std::span<std::byte> frame, std::uint32_t index,
                              const EventFields& fields) const {
    std::byte* event = frame.data() + event_at(index);
    std::memcpy(event, &fields.request_id, sizeof fields.request_id);
    std::memcpy(event + member_at_, &fields.member, sizeof fields.member);
    if (reference_bytes_ != 0) {
        std::memcpy(event + reference_at_, &fields.reference, reference_bytes_);
    }
}

void FrameTemplate::finish(std::span<std::byte> frame, std::uint64_t correlation_id) const {
    const auto correlation = std::as_bytes(std::span(&correlation_id, 1));
    const std::uint32_t crc = crc32c(correlation, crc_before_correlation_);
    std::memcpy(frame.data() + offsetof(FrameHeader, header_crc), &crc, sizeof crc);
    std::memcpy(frame.data() + offsetof(FrameHeader, correlation_id), correlation.data(),
                correlation.size());
}

EventFields FrameTemplate::event(std::span<const std::byte> frame, std::uint32_t index) const {
    const std::byte* event = frame.data() + event_at(index);
    EventFields fields;
    std::memcpy(&fields.request_id, event, sizeof fields.request_id);
    std::memcpy(&fields.member, event + member_at_, sizeof fields.member);
    if (reference_bytes_ != 0) {
        std::memcpy(&fields.reference, event + reference_at_, reference_bytes_);
    }
    return fields;
}

}  // namespace suanpan::load
