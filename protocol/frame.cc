#include "protocol/frame.h"

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"

#include <cstring>

namespace suanpan {
namespace {

std::uint32_t header_crc(FrameHeader header) {
    header.header_crc = 0;
    std::byte bytes[frame_header_bytes - sizeof header.header_crc];
    std::memcpy(bytes, &header, 12);
    std::memcpy(bytes + 12, &header.correlation_id, 8);
    return crc32c(bytes);
}

}  // namespace

std::size_t begin_frame(std::vector<std::byte>& out) {
    const std::size_t begin = out.size();
    out.resize(begin + frame_header_bytes);
    return begin;
}

void finish_frame(std::vector<std::byte>& out, std::size_t begin, FrameHeader header) {
    const std::size_t body_bytes = out.size() - begin - frame_header_bytes;
    SUANPAN_ASSERT(body_bytes <= limits::frame_body_bytes_max);
    header.body_bytes = static_cast<std::uint32_t>(body_bytes);
    header.header_crc = header_crc(header);
    std::memcpy(out.data() + begin, &header, sizeof header);
}

void append_frame(std::vector<std::byte>& out, FrameHeader header,
                  std::span<const std::byte> body) {
    const std::size_t begin = begin_frame(out);
    out.insert(out.end(), body.begin(), body.end());
    finish_frame(out, begin, header);
}

FrameDecoder::Step FrameDecoder::next(std::span<const std::byte> bytes) {
    if (bytes.size() < frame_header_bytes) return {};
    Step step;
    FrameHeader& header = step.frame.header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.header_crc != header_crc(header)) {
        step.error = Code::frame_damaged;
        return step;
    }
    if (header.version != frame_version) {
        step.error = Code::version_unsupported;
        return step;
    }
    if (header.body_bytes > limits::frame_body_bytes_max) {
        step.error = Code::frame_too_large;
        return step;
    }
    if (bytes.size() - frame_header_bytes < header.body_bytes) return {};
    step.consumed = frame_header_bytes + header.body_bytes;
    step.frame.body = bytes.subspan(frame_header_bytes, header.body_bytes);
    if (reinterpret_cast<std::uintptr_t>(step.frame.body.data()) % 8 != 0) {
        // FlatBuffers reads scalars in place, so the body is moved to where they are aligned.
        aligned_.resize(header.body_bytes / 8U + 1U);  // never nothing: memcpy takes no null
        std::memcpy(aligned_.data(), step.frame.body.data(), header.body_bytes);
        step.frame.body = std::as_bytes(std::span(aligned_)).first(header.body_bytes);
    }
    return step;
}

}  // namespace suanpan
