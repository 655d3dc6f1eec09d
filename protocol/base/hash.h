// The hashes of the project: CRC-32C for damage, SHA-256 for the chain, XXH3 for tables and
// routing.
#pragma once

#include "protocol/base/ids.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace suanpan {

// CRC-32C (Castagnoli), reflected, initial and final xor 0xffffffff. Continues from `crc` (0:
// start). Uses the SSE 4.2 instruction where the CPU has it. Check value of "123456789":
// 0xe3069283.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc = 0);

using Sha256 = std::array<std::byte, 32>;
[[nodiscard]] Sha256 sha256(std::span<const std::byte> bytes);
// HMAC-SHA256 (RFC 2104) of `bytes` under `key`.
[[nodiscard]] Sha256 hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> bytes);
// Equal, in a time that does not depend on where they differ.
[[nodiscard]] bool equal_in_constant_time(const Sha256& a, const Sha256& b);
// Fills `out` from the operating system's generator.
void fill_random(std::span<std::byte> out);

struct Hash128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend bool operator==(const Hash128&, const Hash128&) = default;
};

// XXH3 with a 64-bit seed.
[[nodiscard]] std::uint64_t xxh3_64(std::span<const std::byte> bytes, std::uint64_t seed);
[[nodiscard]] Hash128 xxh3_128(std::span<const std::byte> bytes, std::uint64_t seed);

// The member's place among the shards: XXH3-64 of its 16 bytes (high, low; little-endian each).
// `seed` lies in the data directory; a golden test freezes the function. Shard = hash % shards.
[[nodiscard]] std::uint64_t member_hash(const MemberId& member, std::uint64_t seed);

}  // namespace suanpan
