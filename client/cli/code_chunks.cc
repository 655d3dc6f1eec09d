#include "client/cli/code_chunks.h"

#include "protocol/base/hash.h"
#include "protocol/clear_code.h"
#include "protocol/limits.h"

#include <algorithm>
#include <span>

namespace suanpan::cli {
namespace {

// The server sees that such a line is too long.
constexpr std::size_t line_bytes_kept = limits::code_line_bytes_max + 1;

}  // namespace

CodeChunks::CodeChunks(std::istream& file, std::uint64_t from) : file_(file) {
    while (line_ < from && take_line(nullptr)) {
    }
}

CodeChunks::~CodeChunks() {
    wipe(std::as_writable_bytes(std::span(block_)));
}

bool CodeChunks::fill() {
    if (at_ < size_) return true;
    file_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
    size_ = static_cast<std::size_t>(file_.gcount());
    at_ = 0;
    return size_ > 0;
}

bool CodeChunks::take_line(std::string* to) {
    if (!fill()) return false;
    std::size_t kept = 0;
    bool has_ended = false;
    while (!has_ended && fill()) {
        const char* begin = block_.data() + at_;
        const char* block_end = block_.data() + size_;
        const char* end = std::find(begin, block_end, '\n');
        has_ended = end != block_end;
        const auto bytes = static_cast<std::size_t>(end - begin);
        const std::size_t wanted = std::min(bytes, line_bytes_kept - kept);
        if (to != nullptr) to->append(begin, wanted);
        kept += wanted;
        at_ += bytes + (has_ended ? 1 : 0);
        offset_ += bytes + (has_ended ? 1 : 0);
    }
    if (to != nullptr && has_ended) to->push_back('\n');
    ++line_;
    return true;
}

bool CodeChunks::next(CodeChunk& chunk) {
    wipe(std::as_writable_bytes(std::span(chunk.text)));
    chunk.text.clear();
    chunk.text.reserve(limits::code_chunk_bytes_max);  // it never moves
    chunk.first_line = line_;
    chunk.offset = offset_;
    chunk.lines = 0;
    while (chunk.lines < limits::code_chunk_lines_max &&
           chunk.text.size() + line_bytes_kept + 1 <= limits::code_chunk_bytes_max &&
           take_line(&chunk.text))
        ++chunk.lines;
    return chunk.lines > 0;
}

RequestId import_request_id(ProgramId program, std::uint32_t offer, std::uint32_t batch,
                            const CodeChunk& chunk, Instant now) {
    // Well within the time that the server remembers ids for.
    constexpr std::int64_t step_ms = 5 * 60 * 1000;
    const std::array<std::uint64_t, 6> words{static_cast<std::uint64_t>(program),
                                             offer,
                                             batch,
                                             chunk.first_line,
                                             chunk.offset,
                                             chunk.text.size()};
    const Sha256 digest = sha256(std::as_bytes(std::span(words)));
    std::array<std::uint64_t, 2> bits{};
    std::ranges::copy(std::span(digest).first(sizeof bits),
                      std::as_writable_bytes(std::span(bits)).begin());
    const auto ms = static_cast<std::uint64_t>(now.unix_ms() / step_ms * step_ms);
    constexpr std::uint64_t version_7 = 0x7000;
    constexpr std::uint64_t variant_mask = 0x3fff'ffff'ffff'ffff;
    constexpr std::uint64_t variant = 0x8000'0000'0000'0000;
    return {.high = ms << 16U | version_7 | (bits[0] & 0xfffU),
            .low = (bits[1] & variant_mask) | variant};
}

}  // namespace suanpan::cli
