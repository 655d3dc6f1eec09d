// A card's code: its normal form, its keyed hash, and how it is shown to who may not see it.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "server/cards/secret.h"

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace suanpan::cards {

// What of a code counts when two are compared; one choice per program, for its codes' whole life.
enum class CodeForm : std::uint8_t {
    exact = 0,   // everything but blanks at both ends
    folded = 1,  // letters in either case are one; hyphens and blanks do not count
};

// Why bytes are no code.
enum class CodeFault : std::uint8_t {
    too_short = 1,
    too_long = 2,
    not_printable = 3,  // a byte that is no printable ASCII character
};

// The normal form of what a file or a person wrote: 4 to 64 printable ASCII characters.
[[nodiscard]] std::expected<ClearCode, CodeFault> normalise_code(std::string_view text,
                                                                 CodeForm form);

// `ABCD****WXYZ`: what logs, pages and messages may have of a code. Never more than half of it:
// codes of fewer than 16 characters show fewer, of fewer than 8 none.
[[nodiscard]] std::string mask_code(std::string_view code);

// Identifies a code without saying what it is: the first 128 bits of an HMAC-SHA256 of its normal
// form, under a key of the program's own that is derived from the data directory's secret. Two
// codes of one program that have the same key are taken for the same.
struct CodeKey {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend auto operator<=>(const CodeKey&, const CodeKey&) = default;
    [[nodiscard]] bool is_zero() const { return high == 0 && low == 0; }
};

// Makes the keys of one program. Single-threaded callers, or one each; immutable.
class CodeHasher {
public:
    CodeHasher(std::span<const std::byte> secret, ProgramId program);
    [[nodiscard]] CodeKey key_of(const ClearCode& normal) const;

private:
    Secret<32> key_;
};

}  // namespace suanpan::cards
