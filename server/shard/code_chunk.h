// CodeChunk: what one codes_import did, as its entry says.
#pragma once

#include "protocol/offer.h"
#include "server/cards/code_import.h"
#include "server/cards/code_seal.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::shard {

// Codes of one batch, each sealed, and what became of the other lines of the piece. Complete enough
// to be read without any other: it names the batch's wrapped key again. Immutable once journaled.
struct CodeChunk {
    cards::SealedPlace place;
    cards::WrappedKey wrapped{};
    std::uint64_t lines = 0;  // of the piece, empty ones among them
    std::uint64_t refused = 0;
    std::vector<RefusedCodeLine> refused_lines;  // the first of them
    std::vector<cards::SealedCode> codes;
    std::vector<std::byte> sealed;

    [[nodiscard]] std::span<const std::byte> sealed_of(const cards::SealedCode& code) const {
        return std::span(sealed).subspan(code.at, code.bytes);
    }
    // Nothing where it has none of this index within its batch.
    [[nodiscard]] std::span<const std::byte> find_sealed(std::uint32_t index) const;
};
using ChunkPtr = std::shared_ptr<const CodeChunk>;

[[nodiscard]] std::vector<std::byte> bytes_of(const CodeChunk& chunk);
// Nothing where the bytes are not what bytes_of() makes, whatever they are.
[[nodiscard]] std::optional<CodeChunk> chunk_of(std::span<const std::byte> bytes);

}  // namespace suanpan::shard
