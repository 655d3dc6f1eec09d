// The bytes themselves: frozen ones, and that the hand-written batches equal FlatBuffers' own.
#include "suanpan_generated.h"
#include "tests/unit/protocol/codec_fixture.h"

#include <flatbuffers/flatbuffers.h>
#include <gmock/gmock.h>

namespace suanpan {
namespace {

using namespace codec_fixture;

std::vector<std::byte> bytes_of(const flatbuffers::FlatBufferBuilder& builder) {
    const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {data, data + builder.GetSize()};
}
std::vector<std::byte> body_of(const std::vector<std::byte>& frame) {
    return {frame.begin() + frame_header_bytes, frame.end()};
}

TEST(CodecLayout, ResultBatchesEqualTheBuilders) {
    for (const std::size_t count : {0U, 1U, 2U, 7U, 1024U}) {
        const std::vector<Outcome> outcomes(count);
        std::vector<std::byte> frame;
        encode_results(frame, {}, outcomes);
        flatbuffers::FlatBufferBuilder builder;
        const std::vector<wire::Result> results(count);
        builder.Finish(wire::CreateResultBatch(builder, builder.CreateVectorOfStructs(results)));
        EXPECT_EQ(body_of(frame), bytes_of(builder)) << count;
    }
}

TEST(CodecLayout, EventBatchesEqualTheBuilders) {
    const Command command = command_of(CommandKind::release, ReleaseHold{.hold = HoldId{14}});
    flatbuffers::FlatBufferBuilder builder;
    const wire::EventHead head({some_request_id.high, some_request_id.low},
                               {some_member.high, some_member.low}, 3, 42);
    const std::vector<wire::ReleaseEvent> events{{head, 14}};
    builder.Finish(wire::CreateReleaseBatch(builder, builder.CreateVectorOfStructs(events)));
    EXPECT_EQ(body_of(frame_of(command)), bytes_of(builder));
}

TEST(CodecLayout, PingEqualsTheBuilders) {
    std::vector<std::byte> frame;
    encode_ping(frame, {});
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(wire::CreatePingRequest(builder));
    EXPECT_EQ(body_of(frame), bytes_of(builder));
}

// Frozen: a client of today must be understood for ever.
TEST(CodecLayout, SpendFrameHasTheFrozenBytes) {
    const Command spend = command_of(
        CommandKind::spend,
        Spend{.amount = {60}, .min_remaining = {5}, .restriction = Restriction{8}, .up_to = true});
    std::string hex;
    for (const std::byte b : frame_of(spend)) {
        constexpr std::string_view digits = "0123456789abcdef";
        hex += digits[static_cast<std::size_t>(b) >> 4U];
        hex += digits[static_cast<std::size_t>(b) & 15U];
    }
    EXPECT_EQ(hex,
              // header: body bytes, version, kind, flags, checksum, correlation id
              "58000000"
              "0100"
              "0b00"
              "00000000"
              "5d0d0301"
              "4d00000000000000"
              // root offset, padding, vtable, table, length of the vector
              "0c000000"
              "0000"
              "060008000400"
              "06000000"
              "04000000"
              "01000000"
              // request id, member
              "0170000000009201"
              "0200000000000080"
              "4444333322221111"
              "8888777766665555"
              // program, principal, amount, min_remaining, restriction, up_to, padding
              "03000000"
              "2a000000"
              "3c00000000000000"
              "0500000000000000"
              "0800"
              "01"
              "0000000000");
}

// FlatBuffers' own verifier lets this pass, and reading the elements in place would be undefined.
TEST(CodecLayout, ElementsThatDoNotLieOnEightBytesAreMalformed) {
    const Outcome outcome;
    std::vector<std::byte> frame;
    encode_results(frame, {}, std::span(&outcome, 1));
    std::vector<std::uint64_t> words(32);
    auto* body = reinterpret_cast<std::byte*>(words.data());
    std::memcpy(body, frame.data() + frame_header_bytes, 20);
    // The same table, its vector pushed four bytes further than where it belongs.
    const std::uint32_t offset_to_vector = 8;
    const std::uint32_t length = 1;
    std::memcpy(body + 16, &offset_to_vector, 4);
    std::memcpy(body + 24, &length, 4);
    std::vector<Outcome> out;
    EXPECT_EQ(decode_results(std::as_bytes(std::span(words)), out),
              refuse(Code::message_malformed));
}

}  // namespace
}  // namespace suanpan
