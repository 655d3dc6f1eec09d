#include "bench/load/frame_template.h"

#include "bench/load/request_ids.h"
#include "protocol/codec.h"

#include <gtest/gtest.h>

namespace suanpan::load {
namespace {

Command command_of(CommandKind kind, CommandBody body) {
    Command command;
    command.head.kind = kind;
    command.head.program = ProgramId{7};
    command.head.principal = PrincipalId{4};
    command.body = std::move(body);
    return command;
}

// Sets what a template patches, in the way of the codec's own commands.
void set_fields(Command& command, const EventFields& fields) {
    command.head.request_id = fields.request_id;
    command.head.member = fields.member;
    if (auto* capture = std::get_if<CaptureHold>(&command.body)) {
        capture->hold = HoldId{static_cast<std::uint32_t>(fields.reference)};
    }
    if (auto* release = std::get_if<ReleaseHold>(&command.body)) {
        release->hold = HoldId{static_cast<std::uint32_t>(fields.reference)};
    }
    if (auto* refund = std::get_if<Refund>(&command.body)) refund->original = Lsn{fields.reference};
}

TEST(FrameTemplate, MakesTheBytesThatTheCodecMakes) {
    const std::vector<Command> likes{
        command_of(CommandKind::earn, Earn{.amount = Points{5}}),
        command_of(CommandKind::spend, Spend{.amount = Points{5}, .min_remaining = Points{2}}),
        command_of(CommandKind::hold, PlaceHold{.amount = Points{5}}),
        command_of(CommandKind::capture, CaptureHold{.amount = Points{5}}),
        command_of(CommandKind::release, ReleaseHold{}),
        command_of(CommandKind::refund, Refund{.reason = 3}),
        command_of(CommandKind::balance, ReadBalance{}),
        command_of(CommandKind::lookup, Lookup{}),
    };
    for (const Command& like : likes) {
        for (const std::uint32_t events : {1U, 2U, 7U, 1024U}) {
            const FrameTemplate shape(like, events);
            std::vector<std::byte> frame;
            shape.start(frame);
            std::vector<Command> commands(events, like);
            for (std::uint32_t i = 0; i < events; ++i) {
                const EventFields fields{
                    .request_id = {.high = i + 1, .low = i * 3U},
                    .member = {.high = i + 11, .low = ~std::uint64_t{i}},
                    .reference = shape.kind() == CommandKind::refund ||
                                         shape.kind() == CommandKind::capture ||
                                         shape.kind() == CommandKind::release
                                     ? i + 100
                                     : 0};
                shape.set_event(frame, i, fields);
                set_fields(commands[i], fields);
                EXPECT_EQ(shape.event(frame, i).request_id, fields.request_id);
                EXPECT_EQ(shape.event(frame, i).member, fields.member);
                EXPECT_EQ(shape.event(frame, i).reference, fields.reference);
            }
            shape.finish(frame, 0x1234'5678'9abc);
            std::vector<std::byte> expected;
            FrameHeader header;
            header.kind = static_cast<std::uint16_t>(like.head.kind);
            header.correlation_id = 0x1234'5678'9abc;
            encode_requests(expected, header, commands);
            EXPECT_EQ(frame, expected) << header.kind << " x " << events;
        }
    }
}

TEST(FrameTemplate, StartsOverWhereTheFrameWasOfAnotherKind) {
    const FrameTemplate spend(command_of(CommandKind::spend, Spend{.amount = Points{1}}), 1);
    const FrameTemplate hold(command_of(CommandKind::release, ReleaseHold{}), 1);
    std::vector<std::byte> frame;
    hold.start(frame);
    spend.start(frame);
    spend.finish(frame, 1);
    FrameDecoder decoder;
    const FrameDecoder::Step step = decoder.next(frame);
    EXPECT_EQ(step.error, Code::ok);
    EXPECT_EQ(step.frame.header.kind, static_cast<std::uint16_t>(CommandKind::spend));
    EXPECT_EQ(step.consumed, frame.size());
}

TEST(RequestIds, AreFreshAndCarryTheirTime) {
    RequestIds ids;
    RequestIds others;
    ids.set_unix_ms(1'800'000'000'123);
    const RequestId id = ids.next();
    EXPECT_EQ(id.unix_ms(), 1'800'000'000'123);
    EXPECT_EQ((id.high >> 12U) & 0xfU, 7U);  // UUID version
    EXPECT_EQ(id.low >> 62U, 2U);            // and variant
    others.set_unix_ms(1'800'000'000'123);
    EXPECT_NE(id, ids.next());
    EXPECT_NE(id, others.next());
}

}  // namespace
}  // namespace suanpan::load
