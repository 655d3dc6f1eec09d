// CodeFileReader: a file of codes, read piece by piece.
#pragma once

#include "protocol/base/time.h"
#include "protocol/limits.h"
#include "server/cards/card_code.h"
#include "server/cards/secret.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace suanpan::cards {

// One good line. An expiry is an instant (exclusive) or a date, the last good day; whoever imports
// knows the program's time zone.
struct CodeLine {
    std::uint64_t line = 0;  // from 1
    ClearCode code;          // in its normal form
    std::optional<LocalDate> last_day;
    std::optional<Instant> expires_at;
};

enum class LineFault : std::uint8_t {
    too_long = 1,   // longer than a line may be; the rest of it was passed over
    zero_byte = 2,  // a NUL
    not_ascii = 3,  // in the code
    code_too_short = 4,
    code_too_long = 5,
    too_many_fields = 6,
    quote_not_closed = 7,
    expiry_unreadable = 8,
    wrong_encoding = 9,  // a UTF-16 mark at the start of the file: nothing of it is read
    duplicate = 10,      // said by who adds it to the pool
    pool_full = 11,
};
// A sentence for a person; it never has anything of the line in it.
[[nodiscard]] std::string_view text_of(LineFault fault);

// Takes what a file says, in pieces that may end anywhere.
class CodeFileSink {
public:
    virtual ~CodeFileSink() = default;
    virtual void take(CodeLine&& line) = 0;
    virtual void refuse(std::uint64_t line, LineFault fault) = 0;
};

// One code a line, `CODE` or `CODE,EXPIRY`, where EXPIRY is 2027-12-31 or
// 2027-12-31T00:00:00+08:00 (or Z). A field may stand in double quotes. A UTF-8 mark at the start,
// CR before LF, blanks around fields and empty lines are passed over; so is a first line `code` or
// `code,expires_at`. Every other line is given to the sink exactly once, good or refused, and one
// bad line spoils no other.
//
// Keeps at most one line of code_line_bytes_max bytes, whatever the file's lines are, and wipes it.
// Single-threaded.
class CodeFileReader {
public:
    // `first_line`: of the file, that what is fed begins with.
    CodeFileReader(CodeForm form, CodeFileSink& sink, std::uint64_t first_line = 1)
        : form_(form), sink_(sink), line_number_(first_line - 1) {}
    ~CodeFileReader() { wipe(std::as_writable_bytes(std::span(line_))); }
    CodeFileReader(const CodeFileReader&) = delete;
    CodeFileReader& operator=(const CodeFileReader&) = delete;

    void feed(std::span<const std::byte> piece);
    // The file has ended: the last line may lack its line feed.
    void finish();

    [[nodiscard]] std::uint64_t lines() const { return line_number_; }

private:
    void end_line();
    void read_line(std::string_view text);

    CodeForm form_;
    CodeFileSink& sink_;
    std::array<char, limits::code_line_bytes_max> line_{};
    std::size_t size_ = 0;
    bool overlong_ = false;
    bool unreadable_ = false;  // wrong encoding: all the rest is passed over
    std::uint64_t line_number_;
};

}  // namespace suanpan::cards
