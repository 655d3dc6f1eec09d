// Identifiers that do not mix: each is its own type, so that swapping two arguments does not
// compile.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace suanpan {

// An opaque 128-bit member, the same across programs. Nothing in it says who the person is.
struct MemberId {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend auto operator<=>(const MemberId&, const MemberId&) = default;
    [[nodiscard]] bool is_zero() const { return high == 0 && low == 0; }
};
static_assert(sizeof(MemberId) == 16);

// Made by the client in UUIDv7 layout: the first 48 bits are milliseconds since 1970.
// Single-use within (partner, member).
struct RequestId {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend auto operator<=>(const RequestId&, const RequestId&) = default;
    [[nodiscard]] bool is_zero() const { return high == 0 && low == 0; }
    // The client's wall clock when it made the id, in milliseconds since 1970 UTC.
    [[nodiscard]] std::int64_t unix_ms() const { return static_cast<std::int64_t>(high >> 16U); }
};
static_assert(sizeof(RequestId) == 16);

enum class ProgramId : std::uint32_t {};
enum class PartnerId : std::uint32_t {};
// Who at the partner asked (an operator, a terminal); the partner's own number, 0 where it has
// none.
enum class PrincipalId : std::uint32_t {};

// Number of an entry in the journal: process-wide, from 1, without gaps (INV-2). 0: no entry.
// An entry's id on the wire (`entry_id`) is its Lsn.
struct Lsn {
    std::uint64_t value = 0;
    friend auto operator<=>(const Lsn&, const Lsn&) = default;
    friend Lsn operator+(Lsn lsn, std::uint64_t count) { return Lsn{lsn.value + count}; }
};

// An account's hold: the ordinal, within the account, of the entry that made it.
enum class HoldId : std::uint32_t {};

}  // namespace suanpan
