// What the ledger puts on disk with protocol/base/byte_io.h: a lot's key.
#pragma once

#include "protocol/base/byte_io.h"
#include "server/ledger/lot.h"

#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

namespace suanpan::ledger {

using suanpan::ByteAppender;
using suanpan::ByteReader;
using suanpan::ByteWriter;

// A lot's key on disk.
struct LotKeyBytes {
    std::array<std::uint32_t, 2>
        expires_at_ns;  // low, high: keeps the whole at four-byte alignment
    std::array<std::uint32_t, 2> active_from_ns;
    std::uint32_t sequence;
    std::uint32_t rule_version;
    std::uint16_t restriction;
    std::uint8_t origin;
    std::uint8_t own;
};
static_assert(sizeof(LotKeyBytes) == 28);
static_assert(std::has_unique_object_representations_v<LotKeyBytes>);

[[nodiscard]] inline LotKeyBytes bytes_of(const LotKey& key) {
    return {.expires_at_ns = std::bit_cast<std::array<std::uint32_t, 2>>(key.expires_at.ns),
            .active_from_ns = std::bit_cast<std::array<std::uint32_t, 2>>(key.active_from.ns),
            .sequence = key.sequence,
            .rule_version = key.rule_version,
            .restriction = static_cast<std::uint16_t>(key.restriction),
            .origin = static_cast<std::uint8_t>(key.origin),
            .own = key.own};
}
[[nodiscard]] inline LotKey lot_key_of(const LotKeyBytes& bytes) {
    LotKey key;
    key.expires_at = Instant{std::bit_cast<std::int64_t>(bytes.expires_at_ns)};
    key.active_from = Instant{std::bit_cast<std::int64_t>(bytes.active_from_ns)};
    key.sequence = bytes.sequence;
    key.rule_version = bytes.rule_version;
    key.restriction = static_cast<Restriction>(bytes.restriction);
    key.origin = static_cast<LotOrigin>(bytes.origin);
    key.own = bytes.own;
    return key;
}
[[nodiscard]] inline bool is_sound(const LotKeyBytes& bytes) {
    return bytes.origin <= static_cast<std::uint8_t>(LotOrigin::purchased) && bytes.own <= 1;
}

}  // namespace suanpan::ledger
