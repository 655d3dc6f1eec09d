// The frame decoder: a stream of bytes gives the same frames however it is cut, and nothing reaches
// beyond it.
//
// Input: one byte of switches, one that chooses where to cut, then the stream. With switch 1 the
// checksums of the headers are mended first, so that the rest of the decoder is reached.
#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "protocol/frame.h"
#include "protocol/limits.h"
#include "tests/fuzz/input.h"

#include <cstring>
#include <vector>

namespace suanpan::fuzz {
namespace {

constexpr std::uint8_t mend_checksums = 1;
constexpr std::size_t crc_offset = 12;
constexpr std::size_t behind_crc = 16;

void mend(std::vector<std::byte>& stream) {
    std::size_t at = 0;
    while (stream.size() - at >= frame_header_bytes) {
        const std::span<std::byte> header = std::span(stream).subspan(at, frame_header_bytes);
        const std::uint32_t crc =
            crc32c(header.subspan(behind_crc), crc32c(header.first(crc_offset)));
        std::memcpy(header.data() + crc_offset, &crc, sizeof crc);
        std::uint32_t body_bytes = 0;
        std::memcpy(&body_bytes, header.data(), sizeof body_bytes);
        if (body_bytes > stream.size() - at - frame_header_bytes) return;
        at += frame_header_bytes + body_bytes;
    }
}

// What a stream said, in a form that can be compared.
struct Heard {
    std::vector<std::byte> frames;  // re-encoded, one after the other
    std::size_t consumed = 0;
    Code error = Code::ok;
    friend bool operator==(const Heard&, const Heard&) = default;
};

void take_frame(const FrameDecoder::Step& step, Heard& heard) {
    const FrameHeader& header = step.frame.header;
    SUANPAN_ASSERT(header.version == frame_version);
    SUANPAN_ASSERT(header.body_bytes <= limits::frame_body_bytes_max);
    SUANPAN_ASSERT(step.consumed == frame_header_bytes + header.body_bytes);
    SUANPAN_ASSERT(step.frame.body.size() == header.body_bytes);
    SUANPAN_ASSERT(reinterpret_cast<std::uintptr_t>(step.frame.body.data()) % 8 == 0);
    append_frame(heard.frames, header, step.frame.body);
    heard.consumed += step.consumed;
}

// Gives the decoder the stream in chunks of `chunk_bytes`, as a connection does.
Heard hear(std::span<const std::byte> stream, std::size_t chunk_bytes) {
    FrameDecoder decoder;
    Heard heard;
    std::vector<std::byte> waiting;
    for (std::size_t at = 0; at < stream.size();) {
        const auto chunk = stream.subspan(at, std::min(chunk_bytes, stream.size() - at));
        at += chunk.size();
        waiting.insert(waiting.end(), chunk.begin(), chunk.end());
        const std::vector<std::byte> bytes = waiting;  // ends where its allocation ends
        std::size_t taken = 0;
        for (;;) {
            const auto step = decoder.next(std::span(bytes).subspan(taken));
            heard.error = step.error;
            if (step.error != Code::ok || step.consumed == 0) break;
            SUANPAN_ASSERT(step.consumed <= bytes.size() - taken);
            taken += step.consumed;
            take_frame(step, heard);
        }
        if (heard.error != Code::ok) break;
        waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(taken));
    }
    return heard;
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const auto switches = input.take<std::uint8_t>();
    const std::size_t chunk_bytes = std::size_t{1} + input.take<std::uint8_t>();
    std::vector<std::byte> stream = fuzz::copy_of(input.take_rest());
    if ((switches & fuzz::mend_checksums) != 0) fuzz::mend(stream);

    const fuzz::Heard whole = fuzz::hear(stream, std::max<std::size_t>(stream.size(), 1));
    SUANPAN_ASSERT(whole == fuzz::hear(stream, chunk_bytes));
    SUANPAN_ASSERT(whole.frames.size() == whole.consumed);
    // A sound header has one form only, so encoding gives back the very bytes.
    SUANPAN_ASSERT(std::ranges::equal(whole.frames, std::span(stream).first(whole.consumed)));
    return 0;
}
