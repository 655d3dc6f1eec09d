// Damaged messages: whatever bit flips, wherever a message ends early, decoding stays inside the
// bytes it was given (ASan watches) and says message_malformed or gives some sound value.
#include "tests/unit/protocol/offer_fixture.h"

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <random>

namespace suanpan {
namespace {

using namespace codec_fixture;

struct Message {
    std::vector<std::byte> body;
    std::function<Code(std::span<const std::byte>)> decode;
};

template <typename T>
Code code_of(const std::expected<T, Code>& decoded) {
    return decoded.has_value() ? Code::ok : decoded.error();
}

std::vector<Message> every_message() {
    std::vector<Message> messages;
    const auto add = [&messages](const std::vector<std::byte>& frame, auto decode) {
        messages.push_back({{frame.begin() + frame_header_bytes, frame.end()}, decode});
    };
    std::vector<Command> commands = every_command();
    for (const Command& command : every_offer_command()) commands.push_back(command);
    for (const Command& command : commands) {
        add(frame_of(command), [kind = command.head.kind](std::span<const std::byte> body) {
            std::vector<DecodedEvent> events;
            return code_of(decode_request(kind, body, some_partner, some_key, events));
        });
    }
    std::vector<std::byte> frame;
    const auto next = [&frame]() -> std::vector<std::byte>& {
        frame.clear();
        return frame;
    };
    const std::vector<Outcome> outcomes{some_outcome(), some_outcome(1)};
    encode_results(next(), {}, outcomes);
    add(frame, [](auto body) {
        std::vector<Outcome> out;
        return code_of(decode_results(body, out));
    });
    encode_statement(next(), {}, some_statement(2));
    add(frame, [](auto body) { return code_of(decode_statement(body)); });
    encode_expiring(next(), {}, {.outcome = some_outcome(), .rows = {{{1}, {2}}}});
    add(frame, [](auto body) { return code_of(decode_expiring(body)); });
    encode_quote(next(), {}, some_quote());
    add(frame, [](auto body) { return code_of(decode_quote(body)); });
    encode_order(next(), {}, some_order());
    add(frame, [](auto body) { return code_of(decode_order(body)); });
    encode_terms(next(), {}, some_terms());
    add(frame, [](auto body) { return code_of(decode_terms(body)); });
    encode_rules(next(), {}, {.outcome = some_outcome(), .message = "line 1: no"});
    add(frame, [](auto body) { return code_of(decode_rules(body)); });
    encode_redeem(next(), {}, some_redemption());
    add(frame, [](auto body) { return code_of(decode_redeem(body)); });
    encode_reveal(next(), {}, some_revelation());
    add(frame, [](auto body) { return code_of(decode_reveal(body)); });
    encode_offers(next(), {}, some_offers());
    add(frame, [](auto body) { return code_of(decode_offers(body)); });
    encode_vouchers(next(), {}, some_vouchers());
    add(frame, [](auto body) { return code_of(decode_vouchers(body)); });
    encode_codes(next(), {}, some_codes());
    add(frame, [](auto body) { return code_of(decode_codes(body)); });
    encode_recall(next(), {}, some_recall());
    add(frame, [](auto body) { return code_of(decode_recall(body)); });
    encode_show(next(), {}, some_show());
    add(frame, [](auto body) { return code_of(decode_show(body)); });
    encode_verify(next(), {}, some_verification());
    add(frame, [](auto body) { return code_of(decode_verify(body)); });
    encode_greeting(next(), {}, some_greeting());
    add(frame, [](auto body) { return code_of(decode_greeting(body)); });
    encode_challenge(next(), make_challenge());
    add(frame, [](auto body) { return code_of(decode_challenge(body)); });
    encode_hello(next(), {}, HelloRequest{.partner = {}, .nonce = {}, .mac = {}, .client = "c"});
    add(frame, [](auto body) { return code_of(decode_hello(body)); });
    encode_ping(next(), {});
    add(frame, [](auto body) { return code_of(decode_ping(body)); });
    return messages;
}

// Decodes from a heap block of exactly this length, so that ASan sees the first byte beyond it.
Code decode_alone(const Message& message, std::span<const std::byte> body) {
    const auto block = std::make_unique<std::byte[]>(body.size());  // 16-byte aligned
    std::memcpy(block.get(), body.data(), body.size());
    return message.decode({block.get(), body.size()});
}

bool is_frame_level(Code code) {
    return code == Code::ok || code == Code::message_malformed || code == Code::batch_empty ||
           code == Code::batch_too_large;
}

TEST(CodecDamage, WholeMessagesAreSound) {
    for (const Message& message : every_message())
        EXPECT_EQ(decode_alone(message, message.body), Code::ok);
}

TEST(CodecDamage, EveryFlippedBitGivesACode) {
    for (const Message& message : every_message()) {
        int malformed_count = 0;
        for (std::size_t bit = 0; bit < message.body.size() * 8; ++bit) {
            std::vector<std::byte> body = message.body;
            body[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
            const Code code = decode_alone(message, body);
            EXPECT_TRUE(is_frame_level(code)) << static_cast<int>(code);
            malformed_count += code == Code::message_malformed ? 1 : 0;
        }
        EXPECT_GT(malformed_count, 0);
    }
}

TEST(CodecDamage, EveryTruncationGivesACode) {
    for (const Message& message : every_message()) {
        for (std::size_t length = 0; length < message.body.size(); ++length) {
            const Code code = decode_alone(message, std::span(message.body).first(length));
            EXPECT_TRUE(is_frame_level(code)) << static_cast<int>(code);
            if (length < 8) {
                EXPECT_EQ(code, Code::message_malformed);
            }
        }
    }
}

TEST(CodecDamage, RandomWordsInAnyPlaceGiveACode) {
    std::mt19937_64 random(7);
    const std::vector<Message> messages = every_message();
    for (int round = 0; round < 20'000; ++round) {
        const Message& message = messages[random() % messages.size()];
        std::vector<std::byte> body = message.body;
        for (int change = 0; change < 3; ++change) {
            const auto word =
                static_cast<std::uint32_t>(random() % 4 == 0 ? random() % 64 : random());
            if (body.size() >= 4) std::memcpy(&body[random() % (body.size() - 3)], &word, 4);
        }
        EXPECT_TRUE(is_frame_level(decode_alone(message, body)));
    }
}

TEST(CodecDamage, MessagesOfOneKindReadAsAnotherGiveACode) {
    const std::vector<Message> messages = every_message();
    for (const Message& bytes : messages)
        for (const Message& reader : messages)
            EXPECT_TRUE(is_frame_level(decode_alone(reader, bytes.body)));
}

TEST(CodecDamage, AnEmptyBatchIsToldFromABrokenOne) {
    std::vector<std::byte> frame;
    encode_results(frame, {}, {});
    std::vector<DecodedEvent> events;
    const OneFrame empty(frame);
    const auto done =
        decode_request(CommandKind::spend, empty.body(), some_partner, some_key, events);
    EXPECT_EQ(done, refuse(Code::batch_empty));
}

TEST(CodecDamage, ABatchOverTheBoundIsRefused) {
    // Results are the longest structs that fit so often into one frame.
    const std::vector<Outcome> outcomes(limits::batch_events_max + 1);
    std::vector<std::byte> frame;
    encode_results(frame, {}, outcomes);
    std::vector<DecodedEvent> events;
    const OneFrame large(frame);
    const auto done =
        decode_request(CommandKind::spend, large.body(), some_partner, some_key, events);
    EXPECT_EQ(done, refuse(Code::batch_too_large));
}

}  // namespace
}  // namespace suanpan
