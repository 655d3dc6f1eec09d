// CodeImport: puts the codes of a file into a pool, each sealed, and says what became of each line.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/cards/card_code.h"
#include "server/cards/code_file.h"
#include "server/cards/code_pool.h"
#include "server/cards/code_seal.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace suanpan::cards {

// What is wrong with a line; never what stands in it.
struct RefusedLine {
    std::uint64_t line = 0;
    LineFault fault{};
    friend bool operator==(const RefusedLine&, const RefusedLine&) = default;
};

// A code as one entry of an import has it: to be journaled, and then added to the pool.
struct SealedCode {
    CodeKey key;
    std::uint32_t index = 0;  // within its batch, from 0
    Instant expires_at = instant_never;
    std::uint32_t at = 0;  // of its sealed bytes in the chunk
    std::uint32_t bytes = 0;
};

// Codes that one entry carries.
struct ImportChunk {
    std::vector<SealedCode> codes;
    std::vector<std::byte> sealed;
    [[nodiscard]] bool empty() const { return codes.empty(); }
    void clear() {
        codes.clear();
        sealed.clear();
    }
};

// Turns the lines of one file into chunks of sealed codes for one batch. Duplicates are looked for
// in the pool, in the program's others, and among what this import has sealed and not yet added. A
// code in the clear lives from its line to its sealing, in one ClearCode.
//
// Borrows all it works with. The chunk grows with what is fed between two add_to(); of refused
// lines refused_lines_max are kept, all are counted. Single-threaded.
class CodeImport final : public CodeFileSink {
public:
    static constexpr std::size_t refused_lines_max = 1000;
    // The instant that a last good day ends at, in the program's time zone.
    using EndOfDay = std::function<Instant(LocalDate)>;

    // True for a code that another pool of the program has.
    using IsElsewhere = std::function<bool(const CodeKey&)>;

    CodeImport(const CodePool& pool, const CodeHasher& hasher, CodeSeal& seal, EndOfDay end_of_day,
               IsElsewhere is_elsewhere = nullptr, std::uint32_t first_index = 0);

    void take(CodeLine&& line) override;
    void refuse(std::uint64_t line, LineFault fault) override;

    // What has been sealed since the last add_to().
    [[nodiscard]] const ImportChunk& chunk() const { return chunk_; }
    // The chunk's entry is journaled under `lsn`: adds its codes to `pool` and begins another.
    void add_to(CodePool& pool, BatchId batch, Lsn lsn);

    [[nodiscard]] std::uint64_t taken() const { return taken_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    [[nodiscard]] const std::vector<RefusedLine>& refused_lines() const { return refused_lines_; }

private:
    struct KeyHash {
        using is_avalanching = void;  // a key is a hash already
        std::size_t operator()(const CodeKey& key) const { return key.low; }
    };

    const CodePool& pool_;
    const CodeHasher& hasher_;
    CodeSeal& seal_;
    EndOfDay end_of_day_;
    IsElsewhere is_elsewhere_;
    std::uint32_t next_index_;
    ImportChunk chunk_;
    boost::unordered_flat_set<CodeKey, KeyHash> in_chunk_;
    std::uint64_t taken_ = 0;
    std::uint64_t refused_ = 0;
    std::vector<RefusedLine> refused_lines_;
};

}  // namespace suanpan::cards
