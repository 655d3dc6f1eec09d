#include "server/shard/quote_seal.h"

#include "protocol/limits.h"
#include "server/ledger/order_format.h"

#include <cstring>
#include <string_view>

namespace suanpan::shard {
namespace {

// First in a token: which layout its terms have.
constexpr std::uint32_t token_version = 1;
constexpr std::size_t head_bytes = 2 * sizeof(std::uint32_t);
constexpr std::string_view key_label = "suanpan quote key 1";

}  // namespace

const Sha256& QuoteSeal::key_of(std::uint32_t day) {
    if (day == day_) return key_;
    std::vector<std::byte> label(key_label.size() + sizeof day);
    std::memcpy(label.data(), key_label.data(), key_label.size());
    std::memcpy(label.data() + key_label.size(), &day, sizeof day);
    key_ = hmac_sha256(secret_, label);
    day_ = day;
    return key_;
}

std::vector<std::byte> QuoteSeal::seal(const OrderTerms& terms, Instant now) {
    const auto day = static_cast<std::uint32_t>(now.ns / days(1).ns);
    std::vector<std::byte> token;
    ledger::ByteAppender to(token);
    to.put(token_version);
    to.put(day);
    ledger::put_terms(token, terms);
    to.put(hmac_sha256(key_of(day), token));
    return token;
}

std::optional<OrderTerms> QuoteSeal::open(std::span<const std::byte> token) {
    if (token.size() < head_bytes + sizeof(Sha256) || token.size() > limits::quote_token_bytes_max)
        return std::nullopt;
    const std::span<const std::byte> sealed = token.first(token.size() - sizeof(Sha256));
    ledger::ByteReader from(sealed);
    const auto version = from.get<std::uint32_t>();
    const auto day = from.get<std::uint32_t>();
    Sha256 mac{};
    std::memcpy(mac.data(), token.data() + sealed.size(), mac.size());
    if (version != token_version || !equal_in_constant_time(mac, hmac_sha256(key_of(day), sealed)))
        return std::nullopt;
    std::optional<OrderTerms> terms = ledger::get_terms(from);
    if (from.left() != 0) return std::nullopt;
    return terms;
}

}  // namespace suanpan::shard
