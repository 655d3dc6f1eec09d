// The frame: a fixed header, then one FlatBuffer. All integers little-endian.
//
//   offset  bytes  field
//        0      4  body_bytes       of the FlatBuffer that follows; limits::frame_body_bytes_max
//        4      2  version          of the frame: 1
//        6      2  kind             a CommandKind; a reply has the kind of its request
//        8      4  flags            bit 0: reply; the others are zero
//       12      4  header_crc       CRC-32C of the other 20 bytes, this field left out
//       16      8  correlation_id   chosen by the client, echoed in the reply
#pragma once

#include "protocol/code.h"
#include "protocol/limits.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace suanpan {

inline constexpr std::uint16_t frame_version = 1;
inline constexpr std::uint32_t frame_flag_reply = 1;

struct FrameHeader {
    std::uint32_t body_bytes = 0;
    std::uint16_t version = frame_version;
    std::uint16_t kind = 0;
    std::uint32_t flags = 0;
    std::uint32_t header_crc = 0;
    std::uint64_t correlation_id = 0;
};
inline constexpr std::size_t frame_header_bytes = 24;
static_assert(sizeof(FrameHeader) == frame_header_bytes);

struct Frame {
    FrameHeader header;
    std::span<const std::byte> body;
};

// Appends header (length and checksum filled in) and body to `out`.
void append_frame(std::vector<std::byte>& out, FrameHeader header, std::span<const std::byte> body);
// The same without copying the body: begin_frame leaves room for a header and returns where, the
// caller appends the body to `out`, and finish_frame fills the header in.
[[nodiscard]] std::size_t begin_frame(std::vector<std::byte>& out);
void finish_frame(std::vector<std::byte>& out, std::size_t begin, FrameHeader header);

// Cuts a stream of bytes into frames, incrementally.
//
// Owned by one session, used on its thread. Holds at most one incomplete frame, so its memory is
// bounded by frame_header_bytes + frame_body_bytes_max. After an error it stays in that error.
class FrameDecoder {
public:
    // Looks at the front of `bytes`. On ok: `frame` is the first whole frame (its body points into
    // `bytes`, which must be 8-byte aligned or the body is copied aside) and `consumed` its length.
    // With too few bytes: consumed = 0 and no error; call again with more.
    // Errors: frame_damaged, version_unsupported, frame_too_large, in this order; the length is
    // believed only after the checksum, and no memory is taken for it before it is checked.
    struct Step {
        std::size_t consumed = 0;
        Frame frame;
        Code error = Code::ok;
    };
    [[nodiscard]] Step next(std::span<const std::byte> bytes);

private:
    std::vector<std::uint64_t> aligned_;  // the body, where it did not lie on 8 bytes
};

}  // namespace suanpan
