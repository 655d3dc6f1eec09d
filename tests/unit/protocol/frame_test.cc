#include "protocol/frame.h"

#include <gmock/gmock.h>

#include <cstring>
#include <random>

namespace suanpan {
namespace {

std::vector<std::byte> body_of(std::size_t size) {
    std::vector<std::byte> body(size);
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<std::byte>(i * 7);
    return body;
}

std::vector<std::byte> frame_of(std::size_t body_bytes) {
    std::vector<std::byte> bytes;
    append_frame(bytes, {.kind = 11, .correlation_id = 0x1122334455667788}, body_of(body_bytes));
    return bytes;
}

// The checksum field, recomputed by the code under test itself.
std::vector<std::byte> resealed(FrameHeader header) {
    std::vector<std::byte> bytes;
    const std::size_t begin = begin_frame(bytes);
    finish_frame(bytes, begin, header);
    return bytes;
}

TEST(Frame, GivesBackWhatWasWritten) {
    const std::vector<std::byte> bytes = frame_of(100);
    FrameDecoder decoder;
    const FrameDecoder::Step step = decoder.next(bytes);
    EXPECT_EQ(step.error, Code::ok);
    EXPECT_EQ(step.consumed, bytes.size());
    EXPECT_EQ(step.frame.header.kind, 11);
    EXPECT_EQ(step.frame.header.correlation_id, 0x1122334455667788U);
    const std::vector<std::byte> body(step.frame.body.begin(), step.frame.body.end());
    EXPECT_EQ(body, body_of(100));
}

TEST(Frame, HasTheDocumentedBytes) {
    std::vector<std::byte> bytes;
    append_frame(bytes, {.kind = 0x0b, .flags = 1, .correlation_id = 0x0807060504030201},
                 body_of(3));
    const std::vector<int> expected{3, 0, 0, 0, 1, 0, 0x0b, 0, 1, 0, 0, 0};
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(static_cast<int>(bytes[i]), expected[i]) << i;
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(static_cast<std::size_t>(bytes[16 + i]), i + 1);
}

TEST(Frame, IsTheSameWithOrWithoutCopyingTheBody) {
    std::vector<std::byte> in_place;
    const std::size_t begin = begin_frame(in_place);
    const std::vector<std::byte> body = body_of(40);
    in_place.insert(in_place.end(), body.begin(), body.end());
    finish_frame(in_place, begin, {.kind = 11, .correlation_id = 0x1122334455667788});
    EXPECT_EQ(in_place, frame_of(40));
}

TEST(FrameDecoder, WaitsForEveryMissingByte) {
    const std::vector<std::byte> bytes = frame_of(64);
    FrameDecoder decoder;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const FrameDecoder::Step step = decoder.next(std::span(bytes).first(length));
        EXPECT_EQ(step.consumed, 0U);
        EXPECT_EQ(step.error, Code::ok);
    }
}

TEST(FrameDecoder, CutsFramesThatArriveTogether) {
    std::vector<std::byte> bytes = frame_of(5);
    const std::vector<std::byte> second = frame_of(9);
    bytes.insert(bytes.end(), second.begin(), second.end());
    FrameDecoder decoder;
    const FrameDecoder::Step first = decoder.next(bytes);
    EXPECT_EQ(first.frame.body.size(), 5U);
    const FrameDecoder::Step next = decoder.next(std::span(bytes).subspan(first.consumed));
    EXPECT_EQ(next.frame.body.size(), 9U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(next.frame.body.data()) % 8, 0U)
        << "a body that lay on an odd address is moved";
}

TEST(FrameDecoder, NoticesEveryFlippedBitOfTheHeader) {
    for (std::size_t bit = 0; bit < frame_header_bytes * 8; ++bit) {
        std::vector<std::byte> bytes = frame_of(16);
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        FrameDecoder decoder;
        EXPECT_EQ(decoder.next(bytes).error, Code::frame_damaged) << bit;
    }
}

TEST(FrameDecoder, NamesAVersionItDoesNotSpeak) {
    FrameDecoder decoder;
    EXPECT_EQ(decoder.next(resealed({.version = 2})).error, Code::version_unsupported);
}

TEST(FrameDecoder, RefusesALengthOverTheBoundBeforeTheBytesArrive) {
    // finish_frame writes the true length, so the checksum of a false one is taken from its parts.
    FrameHeader header{.body_bytes = limits::frame_body_bytes_max + 1};
    std::vector<std::byte> bytes(frame_header_bytes);
    std::byte parts[20];
    std::memcpy(parts, &header, 12);
    std::memcpy(parts + 12, &header.correlation_id, 8);
    std::uint32_t crc = 0xffffffffU;
    for (const std::byte b : parts) {
        crc ^= static_cast<std::uint32_t>(b);
        for (int i = 0; i < 8; ++i) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
    }
    header.header_crc = ~crc;
    std::memcpy(bytes.data(), &header, sizeof header);
    FrameDecoder decoder;
    EXPECT_EQ(decoder.next(bytes).error, Code::frame_too_large);
}

TEST(FrameDecoder, SurvivesRandomBytes) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::byte> bytes(random() % 200);
        for (std::byte& b : bytes) b = static_cast<std::byte>(random());
        FrameDecoder decoder;
        const FrameDecoder::Step step = decoder.next(bytes);
        EXPECT_EQ(step.error, bytes.size() < frame_header_bytes ? Code::ok : Code::frame_damaged);
    }
}

}  // namespace
}  // namespace suanpan
