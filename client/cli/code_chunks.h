// A file of codes, cut into pieces of whole lines that one request may carry.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>

namespace suanpan::cli {

// A piece: lines `first_line` to `first_line + lines - 1` of the file.
struct CodeChunk {
    std::string text;
    std::uint64_t first_line = 1;
    std::uint64_t lines = 0;
    std::uint64_t offset = 0;  // of its first byte in the file
};

// Reads the file from its beginning and gives it out in order; every line belongs to exactly one
// piece. Of a line that is longer than a line may be only so much is given on that the server sees
// it is too long. Keeps one block of the file and, in the caller's hand, one piece, and wipes both.
// Single-threaded.
class CodeChunks {
public:
    // Begins at line `from`, counted from 1.
    explicit CodeChunks(std::istream& file, std::uint64_t from = 1);
    ~CodeChunks();
    CodeChunks(const CodeChunks&) = delete;
    CodeChunks& operator=(const CodeChunks&) = delete;

    // The next piece, into the memory of `chunk`; false where the file has ended.
    [[nodiscard]] bool next(CodeChunk& chunk);

private:
    [[nodiscard]] bool fill();
    // Appends the next line, with its end; false where there is none.
    bool take_line(std::string* to);

    std::istream& file_;
    std::array<char, 64U << 10U> block_{};
    std::size_t at_ = 0;
    std::size_t size_ = 0;
    std::uint64_t line_ = 1;
    std::uint64_t offset_ = 0;
};

// A request id made of where the piece stands and of what it is imported to, so that whoever sends
// it again within some minutes repeats the request rather than makes a new one. Nothing of the
// codes goes into it: request ids are journaled.
[[nodiscard]] RequestId import_request_id(ProgramId program, std::uint32_t offer,
                                          std::uint32_t batch, const CodeChunk& chunk, Instant now);

}  // namespace suanpan::cli
