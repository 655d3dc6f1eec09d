// A file of codes in pieces: every line in exactly one, each within what a request may carry.
#include "client/cli/code_chunks.h"

#include "protocol/limits.h"

#include <gmock/gmock.h>

#include <sstream>
#include <string>
#include <vector>

namespace suanpan::cli {
namespace {

struct Piece {
    std::string text;
    std::uint64_t first_line = 0;
    std::uint64_t lines = 0;
    std::uint64_t offset = 0;
};

std::vector<Piece> pieces_of(const std::string& file, std::uint64_t from = 1) {
    std::istringstream stream(file);
    CodeChunks chunks(stream, from);
    std::vector<Piece> pieces;
    CodeChunk chunk;
    while (chunks.next(chunk))
        pieces.push_back({chunk.text, chunk.first_line, chunk.lines, chunk.offset});
    EXPECT_FALSE(chunks.next(chunk));
    return pieces;
}

TEST(CodeChunks, GiveASmallFileAsItIs) {
    for (const std::string file : {"AAAA\nBBBB\n", "AAAA\r\n\nBBBB", "\n", "x"}) {
        const auto pieces = pieces_of(file);
        ASSERT_EQ(pieces.size(), 1U);
        EXPECT_EQ(pieces[0].text, file);
        EXPECT_EQ(pieces[0].first_line, 1U);
    }
    EXPECT_EQ(pieces_of("AAAA\nBBBB\n")[0].lines, 2U);
    EXPECT_EQ(pieces_of("AAAA\nBBBB")[0].lines, 2U);
    EXPECT_TRUE(pieces_of("").empty());
}

TEST(CodeChunks, CutALongFileBetweenLines) {
    std::string file;
    constexpr std::size_t lines = 3 * limits::code_chunk_lines_max + 7;
    for (std::size_t i = 0; i < lines; ++i) file += "CODE-" + std::to_string(i) + "\n";
    const auto pieces = pieces_of(file);
    ASSERT_EQ(pieces.size(), 4U);
    std::string all;
    std::uint64_t next_line = 1;
    for (const Piece& piece : pieces) {
        EXPECT_EQ(piece.first_line, next_line);
        EXPECT_EQ(piece.offset, all.size());
        EXPECT_LE(piece.lines, limits::code_chunk_lines_max);
        next_line += piece.lines;
        all += piece.text;
    }
    EXPECT_EQ(all, file);
    EXPECT_EQ(next_line, lines + 1);
}

TEST(CodeChunks, StayWithinTheBytesOfARequest) {
    std::string file;
    for (int i = 0; i < 4000; ++i) file += std::string(limits::code_line_bytes_max, 'x') + "\n";
    std::string all;
    for (const Piece& piece : pieces_of(file)) {
        EXPECT_LE(piece.text.size(), limits::code_chunk_bytes_max);
        all += piece.text;
    }
    EXPECT_EQ(all, file);
}

TEST(CodeChunks, CutALineThatIsTooLongAndKeepsItsNumber) {
    const std::string file = "AAAA\n" + std::string(10U << 20U, 'x') + "\nBBBB\n";
    const auto pieces = pieces_of(file);
    ASSERT_EQ(pieces.size(), 1U);
    EXPECT_EQ(pieces[0].text,
              "AAAA\n" + std::string(limits::code_line_bytes_max + 1, 'x') + "\nBBBB\n");
    EXPECT_EQ(pieces[0].lines, 3U);
}

TEST(CodeChunks, BeginAtALine) {
    const auto pieces = pieces_of("AAAA\nBBBB\nCCCC\n", 2);
    ASSERT_EQ(pieces.size(), 1U);
    EXPECT_EQ(pieces[0].text, "BBBB\nCCCC\n");
    EXPECT_EQ(pieces[0].first_line, 2U);
    EXPECT_EQ(pieces[0].offset, 5U);
    EXPECT_TRUE(pieces_of("AAAA\n", 2).empty());
}

TEST(CodeChunks, NameTheRequestByPlaceAndNotByCodes) {
    CodeChunk chunk{.text = "AAAA\n", .first_line = 3, .lines = 1, .offset = 9};
    const Instant now{1'800'000'000'000'000'000};
    const auto id = [&](std::uint32_t offer, std::uint32_t batch, Instant at) {
        return import_request_id(ProgramId{1}, offer, batch, chunk, at);
    };
    const RequestId first = id(5, 8, now);
    EXPECT_EQ(first, id(5, 8, now));
    EXPECT_EQ(first.high >> 12U & 15U, 7U);
    EXPECT_LE(first.unix_ms(), now.unix_ms());
    EXPECT_GT(first.unix_ms(), now.unix_ms() - 300'000);
    EXPECT_NE(first, id(6, 8, now));
    EXPECT_NE(first, id(5, 9, now));
    EXPECT_NE(first, id(5, 8, now + seconds(300)));
    chunk.text = "BBBB\n";
    EXPECT_EQ(first, id(5, 8, now));
    chunk.offset = 10;
    EXPECT_NE(first, id(5, 8, now));
}

}  // namespace
}  // namespace suanpan::cli
