// Segment: one file of the journal. Names, the header under key 0, and the trailer of a sealed one.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "storage/data_directory.h"
#include "storage/volume.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace suanpan::storage {

inline constexpr std::uint64_t segment_magic = 0x31'47'45'53'4e'41'55'53;  // "SUANSEG1"
inline constexpr std::uint32_t segment_format = 1;

// The value under key 0 (an Lsn is never 0), written when the segment is built.
struct SegmentHeader {
    std::uint64_t magic = segment_magic;
    std::uint32_t format = segment_format;
    std::uint32_t reserved = 0;
    std::uint64_t ordinal = 0;
    Uuid uuid{};
    std::uint32_t crc = 0;  // CRC-32C of the 40 bytes above
    std::uint32_t reserved_too = 0;
};
static_assert(sizeof(SegmentHeader) == 48);
static_assert(std::has_unique_object_representations_v<SegmentHeader>);

[[nodiscard]] SegmentHeader make_segment_header(std::uint64_t ordinal, const Uuid& uuid);

// What the journal knows of one segment that holds commits.
struct SegmentInfo {
    std::uint64_t ordinal = 0;
    Lsn first_lsn{};
    Lsn last_lsn{};  // 0 while it is the active one
    bool has_trailer = false;
};

// A small text file beside a sealed segment: "journal-0000000001.trailer".
struct SegmentTrailer {
    std::uint64_t ordinal = 0;
    Uuid uuid{};
    Lsn first_lsn{};
    Lsn last_lsn{};
    Sha256 chain{};         // of its last commit
    Sha256 content_hash{};  // of the file's used bytes
};

// "journal-0000000001.lmdb", from 1.
[[nodiscard]] std::string segment_name(std::uint64_t ordinal);
[[nodiscard]] std::string trailer_name(std::uint64_t ordinal);
// The ordinal in a segment's or trailer's name, nothing for other names.
[[nodiscard]] std::optional<std::uint64_t> segment_ordinal(std::string_view name);
[[nodiscard]] std::optional<std::uint64_t> trailer_ordinal(std::string_view name);

[[nodiscard]] std::string encode_trailer(const SegmentTrailer& trailer);
// Throws OpenError(damaged | unknown_format), naming `name`.
[[nodiscard]] SegmentTrailer decode_trailer(std::string_view name, Bytes content);
// Checks a segment's header value. Throws OpenError(damaged | unknown_format | foreign).
void check_segment_header(Bytes value, std::uint64_t ordinal, const Uuid& uuid);

}  // namespace suanpan::storage
