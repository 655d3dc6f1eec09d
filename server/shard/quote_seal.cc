#include "server/shard/quote_seal.h"

#include "protocol/base/assert.h"
#include "protocol/clear_code.h"
#include "protocol/limits.h"
#include "server/ledger/order_format.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace suanpan::shard {
namespace {

// First in a token: which layout its terms have.
constexpr std::uint32_t token_version = 2;
constexpr std::size_t head_bytes = 3 * sizeof(std::uint32_t);
constexpr std::string_view key_label = "suanpan quote key 1";

std::uint32_t day_of(Instant now) {
    return static_cast<std::uint32_t>(now.ns / days(1).ns);
}

}  // namespace

QuoteSeal::QuoteSeal(const std::vector<QuoteKey>& keys) {
    SUANPAN_ASSERT(!keys.empty() && keys.front().ends == no_end);
    for (const QuoteKey& key : keys) held_.push_back({.key = key, .day = {}, .of_day = {}});
}

const Sha256& QuoteSeal::key_of(Held& held, std::uint32_t day) {
    if (day == held.day) return held.of_day;
    std::vector<std::byte> label(key_label.size() + sizeof day);
    std::memcpy(label.data(), key_label.data(), key_label.size());
    std::memcpy(label.data() + key_label.size(), &day, sizeof day);
    held.of_day = hmac_sha256(held.key.secret, label);
    held.day = day;
    return held.of_day;
}

void QuoteSeal::forget_ended(Instant now) {
    while (held_.size() > 1 && held_.back().key.ends <= now) {
        wipe(held_.back().key.secret);
        wipe(held_.back().of_day);
        held_.pop_back();
    }
}

std::vector<std::byte> QuoteSeal::seal(const OrderTerms& terms, Instant now) {
    forget_ended(now);
    const std::uint32_t day = day_of(now);
    std::vector<std::byte> token;
    token.reserve(head_bytes + ledger::terms_bytes(terms) + sizeof(Sha256));
    ledger::ByteAppender to(token);
    to.put(token_version);
    to.put(held_.front().key.number);
    to.put(day);
    ledger::put_terms(token, terms);
    to.put(hmac_sha256(key_of(held_.front(), day), token));
    return token;
}

std::optional<OrderTerms> QuoteSeal::open(std::span<const std::byte> token, Instant now) {
    if (token.size() < head_bytes + sizeof(Sha256) || token.size() > limits::quote_token_bytes_max)
        return std::nullopt;
    forget_ended(now);
    const std::span<const std::byte> sealed = token.first(token.size() - sizeof(Sha256));
    ledger::ByteReader from(sealed);
    const auto version = from.get<std::uint32_t>();
    const auto number = from.get<std::uint32_t>();
    const auto day = from.get<std::uint32_t>();
    const auto held =
        std::ranges::find(held_, number, [](const Held& each) { return each.key.number; });
    if (version != token_version || held == held_.end() || held->key.ends <= now)
        return std::nullopt;
    Sha256 mac{};
    std::memcpy(mac.data(), token.data() + sealed.size(), mac.size());
    // The day is the token's word, and not to be trusted before the MAC is right: whatever it says
    // has to lead to a key that only we can make.
    if (day > day_of(now) || !equal_in_constant_time(mac, hmac_sha256(key_of(*held, day), sealed)))
        return std::nullopt;
    std::optional<OrderTerms> terms = ledger::get_terms(from);
    if (!terms || from.left() != 0) return std::nullopt;
    const Instant day_after{(day + std::int64_t{1}) * days(1).ns};
    if (terms->valid_until > day_after + limits::quote_life_max ||
        terms->valid_until > held->key.ends)
        return std::nullopt;
    return terms;
}

}  // namespace suanpan::shard
