#include "protocol/base/hash.h"

#include <gmock/gmock.h>

#include <string>

namespace suanpan {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

TEST(Crc32c, HasTheStandardCheckValue) {
    EXPECT_EQ(crc32c(bytes_of("123456789")), 0xe3069283U);
}

TEST(Crc32c, ContinuesWhereItStopped) {
    EXPECT_EQ(crc32c(bytes_of("6789"), crc32c(bytes_of("12345"))), 0xe3069283U);
}

TEST(Sha256, HashesAbcAsTheStandardSays) {
    const Sha256 digest = sha256(bytes_of("abc"));
    EXPECT_EQ(digest[0], std::byte{0xba});
    EXPECT_EQ(digest[31], std::byte{0xad});
}

// RFC 4231, test case 2.
TEST(HmacSha256, MatchesTheRfc) {
    const Sha256 mac = hmac_sha256(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"));
    EXPECT_EQ(mac[0], std::byte{0x5b});
    EXPECT_EQ(mac[1], std::byte{0xdc});
    EXPECT_EQ(mac[31], std::byte{0x43});
}

// RFC 4231, test case 6: a key that is longer than a block is hashed first.
TEST(HmacSha256, HashesALongKeyAsTheRfcSays) {
    const Sha256 mac =
        hmac_sha256(bytes_of(std::string(131, '\xaa')),
                    bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"));
    EXPECT_EQ(mac[0], std::byte{0x60});
    EXPECT_EQ(mac[1], std::byte{0xe4});
    EXPECT_EQ(mac[31], std::byte{0x54});
}

// Frozen: which shard a member belongs to follows from it, on every machine and in every client.
TEST(MemberHash, IsFrozen) {
    EXPECT_EQ(member_hash(MemberId{1, 2}, 0), 0x7ee86c281446befU);
    EXPECT_EQ(member_hash(MemberId{0x1111222233334444, 0x5555666677778888}, 99),
              0x361d32a079c1e9b2U);
}

TEST(MemberHash, SpreadsMembersOverShards) {
    std::array<int, 4> members_of{};
    for (std::uint64_t i = 0; i < 4000; ++i) ++members_of[member_hash(MemberId{7, i}, 5) % 4];
    for (const int count : members_of) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace suanpan
