// VoucherTokens: makes and opens the tokens that stand for a voucher.
#pragma once

#include "protocol/base/ids.h"
#include "server/cards/ids.h"
#include "server/cards/refusal.h"
#include "server/cards/secret.h"
#include "server/cards/voucher.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace suanpan::cards {

// Voucher, number, kind, and the first 128 bits of an HMAC-SHA256 over them.
inline constexpr std::size_t voucher_token_bytes = 40;
using VoucherToken = std::array<std::byte, voucher_token_bytes>;

// What an authentic token says. Whether it still counts, the voucher's record knows.
struct OpenedToken {
    VoucherId voucher;
    TokenKind kind{};
    std::uint32_t number = 0;
    friend bool operator==(const OpenedToken&, const OpenedToken&) = default;
};

// A token costs no memory: the record has its number, and the secret of the data directory makes
// the same bytes again, on any shard and after any restart. Nobody can make one without the secret.
//
// Immutable; one each for whoever needs it.
class VoucherTokens {
public:
    explicit VoucherTokens(std::span<const std::byte> secret);

    // The token that `voucher` has. Expects that it has one.
    [[nodiscard]] VoucherToken token_of(const Voucher& voucher) const;
    // token_not_valid, where the bytes are not what token_of() makes.
    [[nodiscard]] Decided<OpenedToken> open(std::span<const std::byte> token) const;

private:
    [[nodiscard]] VoucherToken make(const OpenedToken& token) const;

    Secret<32> key_;
};

}  // namespace suanpan::cards
