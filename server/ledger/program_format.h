// Program format: the bytes of a ProgramSpec in journal and checkpoint.
#pragma once

#include "protocol/command.h"

#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace suanpan::ledger {

struct ProgramSpecBytes {
    std::uint32_t id;
    std::uint32_t version;
    std::array<char, 48> name;
    std::array<char, 8> currency;
    std::array<char, 40> time_zone;
    std::uint8_t expiry;
    std::uint8_t expiry_rounding;
    std::uint8_t revoke;
    std::uint8_t merge_lots;
    std::uint32_t expiry_count;
    std::int32_t expiry_date;
    std::uint16_t hold_grace_days;
    std::uint16_t reserved;
    std::uint32_t refundable_days;
    std::uint32_t reserved2;
    std::int64_t hold_default_ns;
    std::int64_t hold_max_ns;
    std::int64_t spend_per_day_max;
};
static_assert(sizeof(ProgramSpecBytes) == 152);
static_assert(std::has_unique_object_representations_v<ProgramSpecBytes>);

[[nodiscard]] ProgramSpecBytes bytes_of(const ProgramSpec& spec);
// Nothing where a value is none that a program has (invalid_field says so).
[[nodiscard]] std::optional<ProgramSpec> program_spec_of(const ProgramSpecBytes& bytes);

}  // namespace suanpan::ledger
