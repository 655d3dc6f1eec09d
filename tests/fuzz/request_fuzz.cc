// Every request message on the server's side. What decodes is within its limits, does not depend on
// what the reused list of events held before, and means the same once encoded and decoded again.
//
// Input: one byte that chooses the message, then its body.
#include "protocol/base/assert.h"
#include "protocol/codec.h"
#include "protocol/frame.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/kinds.h"
#include "tests/fuzz/sound_command.h"

#include <algorithm>
#include <vector>

namespace suanpan::fuzz {
namespace {

constexpr PartnerId partner{7};
constexpr std::uint64_t hash_key = 0x0123'4567'89ab'cdef;

// The body of one frame, alone in its allocation.
std::vector<std::byte> body_of(const std::vector<std::byte>& frame) {
    return copy_of(std::span(frame).subspan(frame_header_bytes));
}

std::vector<std::byte> encoded(const std::vector<DecodedEvent>& events) {
    std::vector<Command> commands;
    for (const DecodedEvent& event : events) commands.push_back(event.command);
    std::vector<std::byte> frame;
    encode_requests(frame, {}, commands);
    return body_of(frame);
}

std::vector<DecodedEvent> decoded(CommandKind kind, std::span<const std::byte> body) {
    std::vector<DecodedEvent> events;
    SUANPAN_ASSERT(decode_request(kind, body, partner, hash_key, events).has_value());
    return events;
}

// The body hash of a batch covers unused bytes of an event too, which encoding sets to zero.
void expect_same_hashes(const std::vector<DecodedEvent>& a, const std::vector<DecodedEvent>& b) {
    SUANPAN_ASSERT(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
        SUANPAN_ASSERT(a[i].command.head.body_hash == b[i].command.head.body_hash);
}

void expect_sound_events(CommandKind kind, const std::vector<DecodedEvent>& events) {
    SUANPAN_ASSERT(!events.empty());
    SUANPAN_ASSERT(events.size() <= limits::batch_events_max);
    for (const DecodedEvent& event : events) {
        const CommandHead& head = event.command.head;
        SUANPAN_ASSERT(head.kind == kind);
        SUANPAN_ASSERT(head.partner == partner);
        if (event.code != Code::ok) {
            const auto number = static_cast<unsigned>(event.code);
            SUANPAN_ASSERT(number >= 200 && number < 300);
        } else {
            expect_sound(event.command);
        }
    }
}

void fuzz_request(CommandKind kind, std::span<const std::byte> body) {
    static std::vector<DecodedEvent> used_before;  // keeps what the inputs before left in it
    const auto again = decode_request(kind, body, partner, hash_key, used_before);
    std::vector<DecodedEvent> events;
    const auto done = decode_request(kind, body, partner, hash_key, events);
    SUANPAN_ASSERT(done == again);
    if (!done.has_value()) return;
    expect_sound_events(kind, events);
    expect_same_hashes(events, used_before);
    SUANPAN_ASSERT(
        std::ranges::equal(events, used_before, {}, &DecodedEvent::code, &DecodedEvent::code));
    SUANPAN_ASSERT(
        std::ranges::equal(events, used_before, {}, &DecodedEvent::detail, &DecodedEvent::detail));
    if (!std::ranges::all_of(events, [](const auto& e) { return e.code == Code::ok; })) return;

    const std::vector<std::byte> canonical = encoded(events);
    SUANPAN_ASSERT(canonical == encoded(used_before));
    const std::vector<DecodedEvent> twice = decoded(kind, canonical);
    expect_sound_events(kind, twice);
    SUANPAN_ASSERT(canonical == encoded(twice));
    if (takes_one_event(kind)) expect_same_hashes(events, twice);
}

void fuzz_hello(std::span<const std::byte> body) {
    const auto hello = decode_hello(body);
    if (!hello.has_value()) return;
    SUANPAN_ASSERT(hello->client.size() <= client_name_bytes_max);
    std::vector<std::byte> frame;
    encode_hello(frame, {}, *hello);
    const auto twice = decode_hello(body_of(frame));
    SUANPAN_ASSERT(twice.has_value());
    SUANPAN_ASSERT(twice->partner == hello->partner);
    SUANPAN_ASSERT(twice->nonce == hello->nonce);
    SUANPAN_ASSERT(twice->mac == hello->mac);
    SUANPAN_ASSERT(twice->client == hello->client);
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const std::size_t choice = input.take<std::uint8_t>() % (fuzz::command_kinds.size() + 2);
    const std::vector<std::byte> body = fuzz::copy_of(input.take_rest());
    if (choice < fuzz::command_kinds.size())
        fuzz::fuzz_request(fuzz::command_kinds[choice], body);
    else if (choice == fuzz::command_kinds.size())
        fuzz::fuzz_hello(body);
    else
        (void)decode_ping(body);
    return 0;
}
