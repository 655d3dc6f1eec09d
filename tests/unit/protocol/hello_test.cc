#include "protocol/hello.h"

#include <gmock/gmock.h>

#include <string>

namespace suanpan {
namespace {

const std::string key_text = "a key of thirty-two bytes, no less";
const auto key = std::as_bytes(std::span(key_text));

HelloRequest hello_for(const Challenge& challenge) {
    HelloRequest hello;
    hello.partner = PartnerId{7};
    hello.nonce = make_nonce();
    hello.mac = compute_mac(key, challenge, hello.nonce, hello.partner);
    return hello;
}

// Computed with Python: hmac.new(b"key", b"suanpan hello 1" + bytes(range(32)) + bytes(16) +
// struct.pack("<I", 7), "sha256"). Other clients are written against these bytes.
TEST(Hello, MacIsFrozen) {
    Challenge challenge;
    for (std::size_t i = 0; i < 32; ++i) challenge.bytes[i] = static_cast<std::byte>(i);
    const std::string small_key = "key";
    const Sha256 mac =
        compute_mac(std::as_bytes(std::span(small_key)), challenge, Nonce{}, PartnerId{7});
    std::string hex;
    for (const std::byte b : mac) {
        constexpr std::string_view digits = "0123456789abcdef";
        hex += digits[static_cast<std::size_t>(b) >> 4U];
        hex += digits[static_cast<std::size_t>(b) & 15U];
    }
    EXPECT_EQ(hex, "f2e49e9eb4e96b571ae3f50a25375a901c213264c2ff44eed7f71094f17a1a40");
}

TEST(Hello, IsAcceptedWithTheRightKey) {
    const Challenge challenge = make_challenge();
    EXPECT_TRUE(mac_matches(key, challenge, hello_for(challenge)));
}

TEST(Hello, RecordedElsewhereIsRefused) {
    const HelloRequest recorded = hello_for(make_challenge());
    EXPECT_FALSE(mac_matches(key, make_challenge(), recorded));
}

TEST(Hello, OfAnotherPartnerOrKeyOrNonceIsRefused) {
    const Challenge challenge = make_challenge();
    HelloRequest other_partner = hello_for(challenge);
    other_partner.partner = PartnerId{8};
    EXPECT_FALSE(mac_matches(key, challenge, other_partner));

    const std::string other_key = "another key";
    EXPECT_FALSE(mac_matches(std::as_bytes(std::span(other_key)), challenge, hello_for(challenge)));

    HelloRequest other_nonce = hello_for(challenge);
    other_nonce.nonce[3] ^= std::byte{1};
    EXPECT_FALSE(mac_matches(key, challenge, other_nonce));
}

TEST(Hello, ChallengesAndNoncesAreNeverTheSame) {
    EXPECT_NE(make_challenge(), make_challenge());
    EXPECT_NE(make_nonce(), make_nonce());
}

}  // namespace
}  // namespace suanpan
