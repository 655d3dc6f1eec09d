#include "protocol/base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#define XXH_INLINE_ALL
#include "protocol/base/assert.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace suanpan {
namespace {

static_assert(std::endian::native == std::endian::little, "bytes on the wire are little-endian");

// Castagnoli polynomial, reflected: RFC 3720, B.4.
constexpr std::uint32_t castagnoli = 0x82f63b78U;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? castagnoli : 0U);
        table[i] = crc;
    }
    return table;
}
constexpr auto crc_table = make_table();

std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t crc) {
    for (const std::byte b : bytes)
        crc = crc_table[(crc ^ static_cast<std::uint32_t>(b)) & 0xffU] ^ (crc >> 8U);
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::span<const std::byte> bytes,
                                                             std::uint32_t crc) {
    std::uint64_t wide = crc;
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    auto narrow = static_cast<std::uint32_t>(wide);
    for (; left > 0; --left, ++at) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at));
    return narrow;
}
#endif

// SHA-256 of one message after the other, one per thread. Finding the algorithm and making a
// context anew for each takes longer than hashing some hundred bytes.
class Hasher {
public:
    [[nodiscard]] static Hasher& of_thread() {
        thread_local Hasher hasher;
        return hasher;
    }
    ~Hasher() { EVP_MD_CTX_free(context_); }
    Hasher(const Hasher&) = delete;
    Hasher& operator=(const Hasher&) = delete;

    // Of the two, one after the other.
    [[nodiscard]] Sha256 hash(std::span<const std::byte> first,
                              std::span<const std::byte> second = {}) {
        Sha256 digest;
        int done = EVP_DigestInit_ex2(context_, algorithm(), nullptr);
        done &= EVP_DigestUpdate(context_, first.data(), first.size());
        done &= EVP_DigestUpdate(context_, second.data(), second.size());
        done &=
            EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(digest.data()), nullptr);
        SUANPAN_ASSERT(done == 1);
        return digest;
    }

private:
    Hasher() { SUANPAN_ASSERT(context_ != nullptr); }
    // Lives as long as the process.
    static const EVP_MD* algorithm() {
        static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        SUANPAN_ASSERT(found != nullptr);
        return found;
    }

    EVP_MD_CTX* const context_ = EVP_MD_CTX_new();
};

constexpr std::size_t hmac_block_bytes = 64;
using HmacBlock = std::array<std::byte, hmac_block_bytes>;

void mask(HmacBlock& block, std::byte with) {
    for (std::byte& each : block) each ^= with;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc) {
#if defined(__x86_64__)
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
    if (has_sse42) return ~crc32c_sse42(bytes, ~crc);
#endif
    return ~crc32c_portable(bytes, ~crc);
}

Sha256 sha256(std::span<const std::byte> bytes) {
    return Hasher::of_thread().hash(bytes);
}

Sha256 hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> bytes) {
    constexpr std::byte inner{0x36};
    constexpr std::byte outer{0x5c};
    Hasher& hasher = Hasher::of_thread();
    HmacBlock block{};
    if (key.size() <= block.size()) {
        std::ranges::copy(key, block.begin());
    } else {
        std::ranges::copy(hasher.hash(key), block.begin());
    }
    mask(block, inner);
    const Sha256 inside = hasher.hash(block, bytes);
    mask(block, inner ^ outer);
    const Sha256 mac = hasher.hash(block, inside);
    OPENSSL_cleanse(block.data(), block.size());
    return mac;
}

bool equal_in_constant_time(const Sha256& a, const Sha256& b) {
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void fill_random(std::span<std::byte> out) {
    const int done =
        RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    SUANPAN_ASSERT(done == 1);
}

std::uint64_t xxh3_64(std::span<const std::byte> bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

Hash128 xxh3_128(std::span<const std::byte> bytes, std::uint64_t seed) {
    const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
    return {.high = hash.high64, .low = hash.low64};
}

std::uint64_t member_hash(const MemberId& member, std::uint64_t seed) {
    return XXH3_64bits_withSeed(&member, sizeof member, seed);
}

}  // namespace suanpan
