#include "storage/segment.h"

#include "storage/text_file.h"

#include <charconv>
#include <cstdio>
#include <cstring>

namespace suanpan::storage {
namespace {

constexpr std::string_view name_prefix = "journal-";
constexpr std::string_view name_suffix = ".lmdb";
constexpr std::string_view trailer_suffix = ".trailer";
constexpr std::uint64_t trailer_format = 1;

std::uint32_t crc_of(const SegmentHeader& header) {
    return crc32c(std::as_bytes(std::span(&header, 1)).first(offsetof(SegmentHeader, crc)));
}

std::string name_of(std::uint64_t ordinal, std::string_view suffix) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%010llu", static_cast<unsigned long long>(ordinal));
    std::string name(name_prefix);
    name += digits;
    name += suffix;
    return name;
}

std::optional<std::uint64_t> ordinal_in(std::string_view name, std::string_view suffix) {
    if (!name.starts_with(name_prefix) || !name.ends_with(suffix)) return std::nullopt;
    if (name.size() < name_prefix.size() + 10 + suffix.size()) return std::nullopt;
    std::string_view digits = name;
    digits.remove_prefix(name_prefix.size());
    digits.remove_suffix(suffix.size());
    std::uint64_t ordinal = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, ordinal);
    // Two files must not be the same segment, so that more zeros in front are another name.
    if (error != std::errc{} || stop != end || ordinal == 0 || name_of(ordinal, suffix) != name)
        return std::nullopt;
    return ordinal;
}

}  // namespace

SegmentHeader make_segment_header(std::uint64_t ordinal, const Uuid& uuid) {
    SegmentHeader header;
    header.ordinal = ordinal;
    header.uuid = uuid;
    header.crc = crc_of(header);
    return header;
}

std::string segment_name(std::uint64_t ordinal) {
    return name_of(ordinal, name_suffix);
}

std::string trailer_name(std::uint64_t ordinal) {
    return name_of(ordinal, trailer_suffix);
}

std::optional<std::uint64_t> segment_ordinal(std::string_view name) {
    return ordinal_in(name, name_suffix);
}

std::optional<std::uint64_t> trailer_ordinal(std::string_view name) {
    return ordinal_in(name, trailer_suffix);
}

std::string encode_trailer(const SegmentTrailer& trailer) {
    TextFile file;
    file.remark("Trailer of a sealed segment of Suanpan's journal. Do not edit.");
    file.set("format", trailer_format);
    file.set("uuid", Bytes(trailer.uuid));
    file.set("ordinal", trailer.ordinal);
    file.set("first_lsn", trailer.first_lsn.value);
    file.set("last_lsn", trailer.last_lsn.value);
    file.set("chain", Bytes(trailer.chain));
    file.set("content_sha256", Bytes(trailer.content_hash));
    return file.encode();
}

SegmentTrailer decode_trailer(std::string_view name, Bytes content) {
    const std::string file_name(name);
    const std::string advice = "; remove it while the server is stopped, it will be made again";
    const std::expected<TextFile, std::string> file = TextFile::decode(content);
    if (!file) throw OpenError(OpenFault::damaged, file_name + ": " + file.error() + advice);
    if (file->number("format") != trailer_format)
        throw OpenError(OpenFault::unknown_format,
                        file_name +
                            ": has a format that this release does not know; use the "
                            "release that wrote it, or a later one");
    SegmentTrailer trailer;
    const std::optional<std::uint64_t> ordinal = file->number("ordinal");
    const std::optional<std::uint64_t> first = file->number("first_lsn");
    const std::optional<std::uint64_t> last = file->number("last_lsn");
    if (!ordinal || !first || !last || *first == 0 || *last < *first ||
        !file->bytes("uuid", trailer.uuid) || !file->bytes("chain", trailer.chain) ||
        !file->bytes("content_sha256", trailer.content_hash))
        throw OpenError(OpenFault::damaged, file_name + ": a line is missing or wrong" + advice);
    trailer.ordinal = *ordinal;
    trailer.first_lsn = Lsn{*first};
    trailer.last_lsn = Lsn{*last};
    return trailer;
}

void check_segment_header(Bytes value, std::uint64_t ordinal, const Uuid& uuid) {
    const std::string name = segment_name(ordinal);
    SegmentHeader header;
    if (value.size() != sizeof header)
        throw OpenError(OpenFault::damaged,
                        name + ": has no segment header; restore this file from a backup");
    std::memcpy(&header, value.data(), sizeof header);
    if (header.magic != segment_magic || header.crc != crc_of(header))
        throw OpenError(OpenFault::damaged,
                        name + ": its segment header is damaged; restore this file from a backup");
    if (header.format != segment_format)
        throw OpenError(OpenFault::unknown_format,
                        name + ": has format " + std::to_string(header.format) +
                            ", which this release does not know; use the release that wrote it, "
                            "or a later one");
    if (header.uuid != uuid)
        throw OpenError(OpenFault::foreign, name + ": belongs to data directory " +
                                                to_string(header.uuid) + ", not to this one (" +
                                                to_string(uuid) +
                                                "); put the right file in its place");
    if (header.ordinal != ordinal)
        throw OpenError(OpenFault::foreign,
                        name + ": is segment " + std::to_string(header.ordinal) +
                            " under a wrong name; name it " + segment_name(header.ordinal));
}

}  // namespace suanpan::storage
