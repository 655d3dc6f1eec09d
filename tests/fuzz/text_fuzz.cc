// The small files of a data directory and the header of a segment: text files, trailers, JOURNAL,
// names. A damaged one is refused in one line; what decodes comes back the same.
//
// Input: one byte that chooses the file (and, with bit 7, has the checksum mended), then its bytes.
#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "storage/journal_files.h"
#include "storage/open_error.h"
#include "storage/segment.h"
#include "storage/text_file.h"
#include "tests/fuzz/input.h"

#include <cstring>
#include <string>
#include <vector>

namespace suanpan::fuzz {
namespace {

using storage::Bytes;
using storage::TextFile;

constexpr std::uint8_t mend_checksum = 0x80;

// `lines` and the checksum that fits them.
std::string with_checksum(std::string_view lines) {
    std::string text(lines.substr(0, lines.rfind("crc = ")));
    if (!text.empty() && text.back() != '\n') text += '\n';
    const std::uint32_t crc = crc32c(storage::as_bytes(text));
    std::vector<std::byte> bytes(4);
    for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::byte>(crc >> (24 - 8 * i));
    return text + "crc = " + storage::to_hex(bytes) + "\n";
}

template <typename Decode>
void expect_one_line(Decode decode) {
    try {
        decode();
    } catch (const storage::OpenError& error) {
        const std::string_view sentence = error.what();
        SUANPAN_ASSERT(!sentence.empty());
        SUANPAN_ASSERT(sentence.find('\n') == std::string_view::npos);
    }
}

void fuzz_text(Bytes content) {
    const auto file = TextFile::decode(content);
    if (!file.has_value()) {
        SUANPAN_ASSERT(!file.error().empty());
        return;
    }
    const std::string once = file->encode();
    const auto again = TextFile::decode(storage::as_bytes(once));
    SUANPAN_ASSERT(again.has_value());
    SUANPAN_ASSERT(again->encode() == once);
    for (const char* key : {"format", "uuid", "ordinal", "first_lsn", "crc"}) {
        SUANPAN_ASSERT(file->text(key) == again->text(key));
        SUANPAN_ASSERT(file->number(key) == again->number(key));
    }
}

void fuzz_trailer(Bytes content) {
    expect_one_line([&] {
        const storage::SegmentTrailer trailer =
            storage::decode_trailer("journal-0000000001.trailer", content);
        SUANPAN_ASSERT(trailer.first_lsn.value > 0);
        SUANPAN_ASSERT(trailer.first_lsn <= trailer.last_lsn);
        const std::string once = storage::encode_trailer(trailer);
        const auto again = storage::decode_trailer("journal", storage::as_bytes(once));
        SUANPAN_ASSERT(storage::encode_trailer(again) == once);
    });
}

void fuzz_state(Bytes content) {
    expect_one_line([&] {
        const storage::JournalState state = storage::decode_state(content, storage::Uuid{});
        SUANPAN_ASSERT(state.uuid == storage::Uuid{});
        SUANPAN_ASSERT(state.oldest_lsn.value > 0);
        const std::string once = storage::encode_state(state);
        const auto again = storage::decode_state(storage::as_bytes(once), storage::Uuid{});
        SUANPAN_ASSERT(storage::encode_state(again) == once);
    });
}

void fuzz_segment_header(std::vector<std::byte> value, bool mends) {
    constexpr std::size_t summed_bytes = offsetof(storage::SegmentHeader, crc);
    if (mends && value.size() >= sizeof(storage::SegmentHeader)) {
        const std::uint32_t crc = crc32c(std::span(value).first(summed_bytes));
        std::memcpy(value.data() + summed_bytes, &crc, sizeof crc);
    }
    expect_one_line([&] {
        storage::check_segment_header(value, 1, storage::Uuid{});
        SUANPAN_ASSERT(value.size() == sizeof(storage::SegmentHeader));
    });
}

void fuzz_name(std::string_view name) {
    if (const auto ordinal = storage::segment_ordinal(name))
        SUANPAN_ASSERT(storage::segment_name(*ordinal) == name);
    if (const auto ordinal = storage::trailer_ordinal(name))
        SUANPAN_ASSERT(storage::trailer_name(*ordinal) == name);
    std::vector<std::byte> bytes(name.size() / 2);
    if (storage::from_hex(name, bytes)) SUANPAN_ASSERT(storage::to_hex(bytes) == name);
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const auto choice = input.take<std::uint8_t>();
    const bool mends = (choice & fuzz::mend_checksum) != 0;
    const auto rest = input.take_rest();
    const std::string text =
        mends ? fuzz::with_checksum(fuzz::text_of(rest)) : std::string(fuzz::text_of(rest));
    switch (choice % 5) {
        case 0:
            fuzz::fuzz_text(storage::as_bytes(text));
            break;
        case 1:
            fuzz::fuzz_trailer(storage::as_bytes(text));
            break;
        case 2:
            fuzz::fuzz_state(storage::as_bytes(text));
            break;
        case 3:
            fuzz::fuzz_segment_header(fuzz::copy_of(rest), mends);
            break;
        default:
            fuzz::fuzz_name(fuzz::text_of(rest));
    }
    return 0;
}
