// Frames and FlatBuffers: what a spend costs on its way in and its result on its way out.
#include "bench/load/frame_template.h"
#include "bench/load/members.h"
#include "protocol/base/assert.h"
#include "protocol/codec.h"
#include "protocol/frame.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

namespace suanpan::bench {
namespace {

std::vector<Command> spends(std::int64_t count) {
    std::vector<Command> commands(static_cast<std::size_t>(count));
    std::uint64_t number = 0;
    for (Command& command : commands) {
        command.head.kind = CommandKind::spend;
        command.head.program = ProgramId{1};
        command.head.member = load::member_id(++number);
        command.head.request_id = {.high = number << 16U, .low = number};
        command.body = Spend{.amount = Points{5}};
    }
    return commands;
}

FrameHeader spend_header() {
    FrameHeader header;
    header.kind = static_cast<std::uint16_t>(CommandKind::spend);
    header.correlation_id = 77;
    return header;
}

void EncodeRequest(benchmark::State& state) {
    const std::vector<Command> commands = spends(state.range(0));
    std::vector<std::byte> frame;
    for (auto _ : state) {
        frame.clear();
        encode_requests(frame, spend_header(), commands);
        benchmark::DoNotOptimize(frame.data());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
    state.counters["frame_bytes"] = static_cast<double>(frame.size());
}
BENCHMARK(EncodeRequest)->Arg(1)->Arg(1024);

// What the harness does instead.
void PatchRequest(benchmark::State& state) {
    const load::FrameTemplate shape(spends(1).front(), static_cast<std::uint32_t>(state.range(0)));
    std::vector<std::byte> frame;
    std::uint64_t number = 0;
    for (auto _ : state) {
        shape.start(frame);
        for (std::uint32_t i = 0; i < shape.events(); ++i) {
            shape.set_event(frame, i,
                            {.request_id = {.high = ++number, .low = number},
                             .member = {.high = number, .low = 1}});
        }
        shape.finish(frame, number);
        benchmark::DoNotOptimize(frame.data());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(PatchRequest)->Arg(1)->Arg(1024);

// Header, checksum, verification of the FlatBuffer, body hash, plain command.
void DecodeRequest(benchmark::State& state) {
    std::vector<std::byte> frame;
    encode_requests(frame, spend_header(), spends(state.range(0)));
    FrameDecoder decoder;
    std::vector<DecodedEvent> events;
    for (auto _ : state) {
        const FrameDecoder::Step step = decoder.next(frame);
        const auto decoded =
            decode_request(CommandKind::spend, step.frame.body, PartnerId{1}, 99, events);
        SUANPAN_ASSERT(decoded.has_value());
        benchmark::DoNotOptimize(events.data());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(DecodeRequest)->Arg(1)->Arg(1024);

void EncodeResults(benchmark::State& state) {
    const std::vector<Outcome> outcomes(static_cast<std::size_t>(state.range(0)),
                                        Outcome{.entry_id = Lsn{5}});
    std::vector<std::byte> frame;
    for (auto _ : state) {
        frame.clear();
        encode_results(frame, spend_header(), outcomes);
        benchmark::DoNotOptimize(frame.data());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
    state.counters["frame_bytes"] = static_cast<double>(frame.size());
}
BENCHMARK(EncodeResults)->Arg(1)->Arg(1024);

void DecodeResults(benchmark::State& state) {
    const std::vector<Outcome> sent(static_cast<std::size_t>(state.range(0)));
    std::vector<std::byte> frame;
    encode_results(frame, spend_header(), sent);
    FrameDecoder decoder;
    std::vector<Outcome> outcomes;
    for (auto _ : state) {
        const FrameDecoder::Step step = decoder.next(frame);
        SUANPAN_ASSERT(decode_results(step.frame.body, outcomes).has_value());
        benchmark::DoNotOptimize(outcomes.data());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(DecodeResults)->Arg(1)->Arg(1024);

}  // namespace
}  // namespace suanpan::bench
