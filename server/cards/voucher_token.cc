#include "server/cards/voucher_token.h"

#include "protocol/base/assert.h"
#include "protocol/base/byte_io.h"
#include "protocol/base/hash.h"

#include <openssl/crypto.h>

#include <cstring>
#include <string_view>

namespace suanpan::cards {
namespace {

constexpr std::string_view key_label = "suanpan voucher token key 1";
constexpr std::size_t mac_bytes = 16;

struct TokenHead {
    std::uint32_t offer;
    std::uint32_t unit;
    std::uint64_t ticket;
    std::uint32_t number;
    std::uint32_t kind;
};
static_assert(sizeof(TokenHead) + mac_bytes == voucher_token_bytes);
static_assert(std::has_unique_object_representations_v<TokenHead>);

}  // namespace

VoucherTokens::VoucherTokens(std::span<const std::byte> secret) {
    Sha256 derived = hmac_sha256(secret, std::as_bytes(std::span(key_label)));
    key_ = Secret<32>(std::span<const std::byte, 32>(derived));
    wipe(derived);
}

VoucherToken VoucherTokens::make(const OpenedToken& token) const {
    VoucherToken bytes{};
    ByteWriter to(bytes);
    to.put(TokenHead{.offer = static_cast<std::uint32_t>(token.voucher.offer),
                     .unit = token.voucher.unit,
                     .ticket = static_cast<std::uint64_t>(token.voucher.ticket),
                     .number = token.number,
                     .kind = static_cast<std::uint32_t>(token.kind)});
    const Sha256 mac = hmac_sha256(key_.bytes(), std::span(bytes).first(to.used()));
    to.put_bytes(std::span(mac).first(mac_bytes));
    return bytes;
}

VoucherToken VoucherTokens::token_of(const Voucher& voucher) const {
    SUANPAN_ASSERT(voucher.token != TokenKind::none);
    return make({voucher.id, voucher.token, voucher.token_number});
}

Decided<OpenedToken> VoucherTokens::open(std::span<const std::byte> token) const {
    if (token.size() != voucher_token_bytes) return refuse_with(Code::token_not_valid);
    ByteReader from(token);
    const auto head = from.get<TokenHead>();
    if (head.kind != static_cast<std::uint32_t>(TokenKind::show) &&
        head.kind != static_cast<std::uint32_t>(TokenKind::claim))
        return refuse_with(Code::token_not_valid);
    const OpenedToken opened{.voucher = {OfferId{head.offer}, head.unit, Ticket{head.ticket}},
                             .kind = static_cast<TokenKind>(head.kind),
                             .number = head.number};
    const VoucherToken expected = make(opened);
    if (CRYPTO_memcmp(expected.data(), token.data(), expected.size()) != 0)
        return refuse_with(Code::token_not_valid);
    return opened;
}

}  // namespace suanpan::cards
