// Orders: quote tokens as a partner may send them, and orders and rule books as a disk may hold
// them. What is refused is refused; what opens means the same when it is written again.
//
// Input: one byte of choice, then
//   0: a whole token;
//   1: what stands in a token before its HMAC, which the target adds, so that the fuzzer gets
//      behind it: the day of the key, then the terms;
//   2: an order's record;
//   3: a rule book's record, whose hash the target mends.
#include "protocol/base/assert.h"
#include "protocol/limits.h"
#include "server/ledger/order_format.h"
#include "server/shard/quote_seal.h"
#include "tests/fuzz/input.h"

#include <cstring>
#include <string_view>
#include <vector>

namespace suanpan::fuzz {
namespace {

constexpr Sha256 secret{std::byte{1}, std::byte{2}};
constexpr Sha256 other_secret{std::byte{3}};
constexpr Instant now{1'700'000'000'000'000'000};
constexpr std::uint32_t token_version = 2;
constexpr std::uint32_t secret_number = 3;
constexpr std::size_t rules_hash_offset = 24;

void append(std::vector<std::byte>& to, std::span<const std::byte> bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

// What server/shard/quote_seal derives for that day.
Sha256 key_of(std::uint32_t day) {
    constexpr std::string_view label = "suanpan quote key 1";
    std::vector<std::byte> text;
    append(text, std::as_bytes(std::span(label)));
    append(text, std::as_bytes(std::span(&day, 1)));
    return hmac_sha256(secret, text);
}

void fuzz_token(std::span<const std::byte> bytes, bool is_mended) {
    // One before it that is still good, and one that is not.
    shard::QuoteSeal seal(std::vector<shard::QuoteKey>{
        {.number = secret_number + 2, .secret = other_secret, .ends = shard::no_end},
        {.number = secret_number, .secret = secret, .ends = now + hours(48)},
        {.number = 1, .secret = secret, .ends = now}});
    const auto terms = seal.open(copy_of(bytes), now);
    if (!terms) return;
    SUANPAN_ASSERT(is_mended);  // else the fuzzer has forged one
    SUANPAN_ASSERT(terms->is_sound());
    SUANPAN_ASSERT(terms->cash() >= Money{});
    const std::vector<std::byte> again = seal.seal(*terms, now);
    SUANPAN_ASSERT(again.size() == bytes.size());
    SUANPAN_ASSERT(seal.open(again, now) == terms);
    for (const std::size_t at : {std::size_t{0}, again.size() / 2, again.size() - 1}) {
        std::vector<std::byte> altered = again;
        altered[at] ^= std::byte{1};
        SUANPAN_ASSERT(!seal.open(altered, now));
    }
}

void fuzz_mended_token(Input input) {
    const auto day = input.take<std::uint32_t>();
    std::vector<std::byte> token;
    append(token, std::as_bytes(std::span(&token_version, 1)));
    append(token, std::as_bytes(std::span(&secret_number, 1)));
    append(token, std::as_bytes(std::span(&day, 1)));
    append(token, input.take_rest());
    const Sha256 mac = hmac_sha256(key_of(day), token);
    append(token, mac);
    fuzz_token(token, true);
}

void fuzz_order(std::span<const std::byte> bytes) {
    const std::vector<std::byte> alone = copy_of(bytes);
    ledger::ByteReader from(alone);
    const auto order = ledger::get_order(from);
    if (!order) return;
    SUANPAN_ASSERT(order->terms.is_sound());
    SUANPAN_ASSERT(order->refundable() >= Money{});                 // INV-6
    SUANPAN_ASSERT(order->refunded_points <= order->terms.points);  // INV-6
    SUANPAN_ASSERT(order->line_refunded.size() == order->terms.lines.size());
    // What a read and a refund compute of it.
    SUANPAN_ASSERT(order->settled_at + days(order->terms.refundable_days) >= order->settled_at);
    std::vector<std::byte> written;
    ledger::put_order(written, *order);
    SUANPAN_ASSERT(written.size() == ledger::order_bytes(*order));
    SUANPAN_ASSERT(written.size() == alone.size() - from.left());
    ledger::ByteReader again(written);
    SUANPAN_ASSERT(ledger::get_order(again) == order);
    // All that is left can be given back, as a whole or line by line (INV-6).
    if (order->state != OrderState::confirmed || order->refundable() == Money{}) return;
    ledger::Order whole = *order;
    const auto rest = ledger::refund_amount(whole, Money{});
    SUANPAN_ASSERT(rest.has_value() && whole.refundable() == Money{});
    SUANPAN_ASSERT(rest->points >= Points{} && rest->cash >= Money{});
    if (order->refunded_by_amount > Money{}) return;
    ledger::Order by_line = *order;
    for (std::uint32_t line = 0; line < by_line.terms.lines.size(); ++line)
        static_cast<void>(ledger::refund_line(by_line, {.line = line, .amount = {}}));
    SUANPAN_ASSERT(by_line.refundable() == Money{});
}

void fuzz_rules(std::span<const std::byte> bytes) {
    std::vector<std::byte> mended = copy_of(bytes);
    constexpr std::size_t head_bytes = rules_hash_offset + sizeof(Sha256) + sizeof(std::uint64_t);
    if (mended.size() >= head_bytes) {
        const auto text = std::span(mended).subspan(head_bytes);
        const Sha256 hash = sha256(text);
        const std::uint64_t size = text.size();
        std::memcpy(mended.data() + rules_hash_offset, hash.data(), hash.size());
        std::memcpy(mended.data() + rules_hash_offset + hash.size(), &size, sizeof size);
    }
    ledger::ByteReader from(mended);
    const ledger::RuleTextPtr rules = ledger::get_rules(from);
    if (rules == nullptr) return;
    std::vector<std::byte> written;
    ledger::put_rules(written, *rules);
    SUANPAN_ASSERT(written.size() == ledger::rules_bytes(*rules));
    ledger::ByteReader again(written);
    const ledger::RuleTextPtr same = ledger::get_rules(again);
    SUANPAN_ASSERT(same != nullptr && *same == *rules);
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    switch (input.take<std::uint8_t>() % 4) {
        case 0:
            fuzz::fuzz_token(input.take_rest(), false);
            break;
        case 1:
            fuzz::fuzz_mended_token(input);
            break;
        case 2:
            fuzz::fuzz_order(input.take_rest());
            break;
        default:
            fuzz::fuzz_rules(input.take_rest());
            break;
    }
    return 0;
}
