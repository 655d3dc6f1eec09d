#include "server/cards/voucher_token.h"

#include "protocol/base/hash.h"
#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>

#include <span>
#include <string_view>

namespace suanpan::cards::testing {
namespace {

VoucherTokens tokens_of(std::string_view secret) {
    return VoucherTokens(std::as_bytes(std::span(secret)));
}

Voucher shown_voucher() {
    const auto shown = decide(plain_voucher(), ShowVoucher{.member = alice}, at(1));
    return *shown->next;
}

TEST(VoucherToken, SaysWhatItsVoucherHas) {
    const VoucherTokens tokens = tokens_of("secret");
    const Voucher voucher = shown_voucher();
    const auto opened = tokens.open(tokens.token_of(voucher));
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(*opened, token_of(voucher));
    // Any shard, after any restart, makes the same bytes.
    EXPECT_EQ(tokens_of("secret").token_of(voucher), tokens.token_of(voucher));
}

TEST(VoucherToken, WithAnyBitChangedDoesNotOpen) {
    const VoucherTokens tokens = tokens_of("secret");
    const VoucherToken token = tokens.token_of(shown_voucher());
    for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
        VoucherToken damaged = token;
        damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        ASSERT_FALSE(tokens.open(damaged).has_value()) << bit;
    }
}

TEST(VoucherToken, OfAnotherSecretOrLengthDoesNotOpen) {
    const VoucherTokens tokens = tokens_of("secret");
    const VoucherToken token = tokens.token_of(shown_voucher());
    EXPECT_EQ(tokens_of("Secret").open(token).error().code, Code::token_not_valid);
    EXPECT_FALSE(tokens.open(std::span(token).first(39)).has_value());
    EXPECT_FALSE(tokens.open({}).has_value());
}

}  // namespace
}  // namespace suanpan::cards::testing
