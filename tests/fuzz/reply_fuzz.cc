// Every reply message on the client's side: what decodes means the same once encoded and decoded
// again.
//
// Input: one byte that chooses the message, then its body.
#include "protocol/base/assert.h"
#include "protocol/codec.h"
#include "protocol/frame.h"
#include "tests/fuzz/input.h"

#include <vector>

namespace suanpan::fuzz {
namespace {

using Frame = std::vector<std::byte>;

std::vector<std::byte> body_of(const Frame& frame) {
    return copy_of(std::span(frame).subspan(frame_header_bytes));
}

// A reply that fits into a request's limit always fits a frame; one that a hostile server sends
// could grow a little by being encoded anew.
bool can_be_encoded(std::span<const std::byte> body) {
    return body.size() < limits::frame_body_bytes_max / 2;
}

// decode(encode(x)) encodes to the same bytes as x does.
void expect_round_trip(const auto& value, auto encode, auto decode) {
    Frame once;
    encode(once, FrameHeader{}, value);
    const auto read = decode(body_of(once));
    SUANPAN_ASSERT(read.has_value());
    Frame twice;
    encode(twice, FrameHeader{}, *read);
    SUANPAN_ASSERT(once == twice);
}

void fuzz_results(std::span<const std::byte> body) {
    std::vector<Outcome> results(3);
    if (!decode_results(body, results).has_value()) {
        SUANPAN_ASSERT(results.empty());
        return;
    }
    SUANPAN_ASSERT(results.size() * sizeof(std::int64_t) <= body.size());
    if (!can_be_encoded(body)) return;
    Frame frame;
    encode_results(frame, {}, results);
    std::vector<Outcome> twice;
    SUANPAN_ASSERT(decode_results(body_of(frame), twice).has_value());
    SUANPAN_ASSERT(results == twice);
}

void fuzz_reply(std::span<const std::byte> body, auto encode, auto decode) {
    const auto reply = decode(body);
    if (reply.has_value() && can_be_encoded(body)) expect_round_trip(*reply, encode, decode);
}

void fuzz_greeting(std::span<const std::byte> body) {
    auto greeting = decode_greeting(body);
    if (!greeting.has_value() || !can_be_encoded(body)) return;
    // Ours are short; a longer one is cut off when it is encoded.
    if (greeting->server_version.size() > server_version_bytes_max) return;
    expect_round_trip(*greeting, encode_greeting, decode_greeting);
}

void fuzz_challenge(std::span<const std::byte> body) {
    const auto challenge = decode_challenge(body);
    if (!challenge.has_value()) return;
    Frame frame;
    encode_challenge(frame, *challenge);
    const auto twice = decode_challenge(body_of(frame));
    SUANPAN_ASSERT(twice.has_value());
    SUANPAN_ASSERT(*challenge == *twice);
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const std::uint8_t choice = input.take<std::uint8_t>() % 17;
    const std::vector<std::byte> body = fuzz::copy_of(input.take_rest());
    switch (choice) {
        case 0:
            fuzz::fuzz_results(body);
            break;
        case 1:
            if (const auto statement = decode_statement(body);
                statement.has_value() && fuzz::can_be_encoded(body))
                fuzz::expect_round_trip(*statement, encode_statement, decode_statement);
            break;
        case 2:
            if (const auto expiring = decode_expiring(body);
                expiring.has_value() && fuzz::can_be_encoded(body))
                fuzz::expect_round_trip(*expiring, encode_expiring, decode_expiring);
            break;
        case 3:
            fuzz::fuzz_greeting(body);
            break;
        case 4:
            fuzz::fuzz_challenge(body);
            break;
        case 5:
            fuzz::fuzz_reply(body, encode_quote, decode_quote);
            break;
        case 6:
            fuzz::fuzz_reply(body, encode_order, decode_order);
            break;
        case 7:
            fuzz::fuzz_reply(body, encode_terms, decode_terms);
            break;
        case 8:
            fuzz::fuzz_reply(body, encode_rules, decode_rules);
            break;
        case 9:
            fuzz::fuzz_reply(body, encode_redeem, decode_redeem);
            break;
        case 10:
            fuzz::fuzz_reply(body, encode_reveal, decode_reveal);
            break;
        case 11:
            fuzz::fuzz_reply(body, encode_offers, decode_offers);
            break;
        case 12:
            fuzz::fuzz_reply(body, encode_vouchers, decode_vouchers);
            break;
        case 14:
            fuzz::fuzz_reply(body, encode_show, decode_show);
            break;
        case 15:
            fuzz::fuzz_reply(body, encode_verify, decode_verify);
            break;
        case 16:
            fuzz::fuzz_reply(body, encode_recall, decode_recall);
            break;
        default:
            fuzz::fuzz_reply(body, encode_codes, decode_codes);
    }
    return 0;
}
