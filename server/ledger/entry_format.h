// Entry format: the bytes of an entry in the journal.
#pragma once

#include "protocol/base/ids.h"
#include "server/ledger/entry.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace suanpan::ledger {

// What stands first in every entry. Little-endian, without padding. The effects follow, each a
// 16-bit tag, a 16-bit small field, and a body whose size the tag fixes.
struct EntryHeaderBytes {
    std::uint16_t kind;
    std::uint16_t kind_version;
    std::uint32_t length_bytes;  // of header and effects
    std::uint64_t lsn;
    std::uint64_t prev_lsn;
    std::int64_t time_ns;
    std::array<std::uint64_t, 2> request_id;  // high, low
    std::array<std::uint64_t, 2> member;      // high, low
    std::uint64_t body_hash;
    std::uint32_t partner;
    std::uint32_t principal;
    std::uint32_t program;
    std::int32_t local_date;
    std::uint32_t config_version;
    std::uint32_t ordinal;
    std::uint16_t reason;
    std::uint16_t reserved;
    std::uint32_t effect_count;  // of kind `refusals`: refusals
    std::int64_t available;
    std::int64_t held;
    std::int64_t pending;
    std::int64_t debt;
    std::int64_t amount;
    std::int64_t detail;
    std::uint64_t reference;
};
static_assert(sizeof(EntryHeaderBytes) == 160);
static_assert(std::has_unique_object_representations_v<EntryHeaderBytes>);

inline constexpr std::size_t refusal_record_bytes = 48;

enum class EntryDamage : std::uint8_t {
    truncated,       // shorter than a length inside says
    unknown_kind,    // or kind version: written by a later release
    unknown_effect,  // likewise
    malformed,       // a value that no entry has
};
[[nodiscard]] std::string_view text_of(EntryDamage damage);

// Appends the entry's bytes to `out`. Returns how many.
std::size_t encode(const Entry& entry, std::vector<std::byte>& out);
// Writes LSN and link into the bytes of an encoded entry, once they are known.
void patch_lsn(std::span<std::byte> entry_bytes, Lsn lsn, Lsn prev_lsn);
// Reads one entry that fills `bytes` exactly. Every length is verified, every value that apply()
// relies on is checked. `out` is in any state after a failure.
[[nodiscard]] std::expected<void, EntryDamage> decode(std::span<const std::byte> bytes, Entry& out);

// A look at an encoded entry's header without decoding it: for walking an account's chain.
class EntryHeaderView {
public:
    // Nothing where the bytes are too short for a header or for the length it states.
    [[nodiscard]] static std::optional<EntryHeaderView> of(std::span<const std::byte> bytes);

    [[nodiscard]] EntryKind kind() const { return static_cast<EntryKind>(header_.kind); }
    [[nodiscard]] std::size_t length_bytes() const { return header_.length_bytes; }
    [[nodiscard]] Lsn lsn() const { return Lsn{header_.lsn}; }
    [[nodiscard]] Lsn prev_lsn() const { return Lsn{header_.prev_lsn}; }
    [[nodiscard]] Instant time() const { return Instant{header_.time_ns}; }
    [[nodiscard]] RequestId request_id() const {
        return {.high = header_.request_id[0], .low = header_.request_id[1]};
    }
    [[nodiscard]] MemberId member() const {
        return {.high = header_.member[0], .low = header_.member[1]};
    }
    [[nodiscard]] std::uint64_t body_hash() const { return header_.body_hash; }
    [[nodiscard]] PartnerId partner() const { return PartnerId{header_.partner}; }
    [[nodiscard]] ProgramId program() const { return ProgramId{header_.program}; }

private:
    explicit EntryHeaderView(const EntryHeaderBytes& header) : header_(header) {}
    EntryHeaderBytes header_;
};

}  // namespace suanpan::ledger
