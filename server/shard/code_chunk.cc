#include "server/shard/code_chunk.h"

#include "protocol/base/byte_io.h"
#include "protocol/limits.h"

#include <algorithm>
#include <array>

namespace suanpan::shard {
namespace {

constexpr std::uint32_t chunk_format = 1;

struct ChunkBytes {
    std::uint32_t format;
    std::uint32_t program;
    std::uint32_t offer;
    std::uint32_t batch;
    std::uint64_t lines;
    std::uint64_t refused;
    std::uint32_t refused_lines;
    std::uint32_t codes;
    std::uint64_t sealed_bytes;
    cards::WrappedKey wrapped;
};
static_assert(std::has_unique_object_representations_v<ChunkBytes>);

struct RefusedBytes {
    std::uint64_t line;
    std::uint64_t fault;
};

struct CodeBytes {
    std::array<std::uint64_t, 2> key;  // high, low
    std::int64_t expires_at_ns;
    std::uint32_t index;
    std::uint32_t bytes;  // of its sealed code, which follow one another
};
static_assert(sizeof(CodeBytes) == 32);

constexpr std::size_t sealed_bytes_min = limits::card_code_bytes_min + cards::aead_overhead_bytes;
constexpr std::size_t sealed_bytes_max = limits::card_code_bytes_max + cards::aead_overhead_bytes;

}  // namespace

std::span<const std::byte> CodeChunk::find_sealed(std::uint32_t index) const {
    const auto at = std::ranges::lower_bound(codes, index, {}, &cards::SealedCode::index);
    if (at == codes.end() || at->index != index) return {};
    return sealed_of(*at);
}

std::vector<std::byte> bytes_of(const CodeChunk& chunk) {
    std::vector<std::byte> out;
    out.reserve(sizeof(ChunkBytes) + chunk.refused_lines.size() * sizeof(RefusedBytes) +
                chunk.codes.size() * sizeof(CodeBytes) + chunk.sealed.size());
    ByteAppender to(out);
    to.put(ChunkBytes{.format = chunk_format,
                      .program = static_cast<std::uint32_t>(chunk.place.program),
                      .offer = static_cast<std::uint32_t>(chunk.place.offer),
                      .batch = static_cast<std::uint32_t>(chunk.place.batch),
                      .lines = chunk.lines,
                      .refused = chunk.refused,
                      .refused_lines = static_cast<std::uint32_t>(chunk.refused_lines.size()),
                      .codes = static_cast<std::uint32_t>(chunk.codes.size()),
                      .sealed_bytes = chunk.sealed.size(),
                      .wrapped = chunk.wrapped});
    for (const RefusedCodeLine& line : chunk.refused_lines)
        to.put(RefusedBytes{.line = line.line, .fault = line.fault});
    for (const cards::SealedCode& code : chunk.codes)
        to.put(CodeBytes{.key = {code.key.high, code.key.low},
                         .expires_at_ns = code.expires_at.ns,
                         .index = code.index,
                         .bytes = code.bytes});
    out.insert(out.end(), chunk.sealed.begin(), chunk.sealed.end());
    return out;
}

std::optional<CodeChunk> chunk_of(std::span<const std::byte> bytes) {
    ByteReader from(bytes);
    const auto head = from.get<ChunkBytes>();
    if (!from.ok() || head.format != chunk_format || head.offer == 0 ||
        head.refused_lines > limits::code_refusals_max || head.codes > limits::code_chunk_lines_max)
        return std::nullopt;
    CodeChunk chunk{.place = {.program = ProgramId{head.program},
                              .offer = cards::OfferId{head.offer},
                              .batch = cards::BatchId{head.batch}},
                    .wrapped = head.wrapped,
                    .lines = head.lines,
                    .refused = head.refused,
                    .refused_lines = {},
                    .codes = {},
                    .sealed = {}};
    for (std::uint32_t i = 0; i < head.refused_lines; ++i) {
        const auto line = from.get<RefusedBytes>();
        if (line.fault > UINT8_MAX) return std::nullopt;
        chunk.refused_lines.push_back(
            {.line = line.line, .fault = static_cast<std::uint8_t>(line.fault)});
    }
    std::uint32_t at = 0;
    for (std::uint32_t i = 0; i < head.codes; ++i) {
        const auto code = from.get<CodeBytes>();
        if (code.bytes < sealed_bytes_min || code.bytes > sealed_bytes_max ||
            (!chunk.codes.empty() && chunk.codes.back().index >= code.index))
            return std::nullopt;
        chunk.codes.push_back({.key = {.high = code.key[0], .low = code.key[1]},
                               .index = code.index,
                               .expires_at = {code.expires_at_ns},
                               .at = at,
                               .bytes = code.bytes});
        at += code.bytes;
    }
    const auto sealed = from.take(from.left());
    if (!from.ok() || sealed.size() != at || head.sealed_bytes != at) return std::nullopt;
    chunk.sealed.assign(sealed.begin(), sealed.end());
    return chunk;
}

}  // namespace suanpan::shard
