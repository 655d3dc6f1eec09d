// Words that tellers of stories over the wire have in common.
#pragma once

#include "protocol/base/time.h"
#include "protocol/code.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::testing {

struct NamedNumber {
    std::string_view word;
    std::int64_t number;
};

// The number behind the word. Throws std::runtime_error where the table has no such word.
template <std::size_t N>
[[nodiscard]] std::int64_t number_of(const NamedNumber (&table)[N], const std::string& word) {
    for (const NamedNumber& row : table)
        if (row.word == word) return row.number;
    throw std::runtime_error("'" + word + "' is not known here");
}

[[nodiscard]] std::optional<Code> code_named(std::string_view name);

// A ShortText; `unnamed` is the empty one.
template <typename Name>
[[nodiscard]] Name name_of(std::string_view text) {
    Name name;
    if (text != "unnamed") std::ranges::copy(text.substr(0, name.bytes.size()), name.bytes.begin());
    return name;
}

// "15.00" is 1500 minor units; a whole number is taken as it stands.
[[nodiscard]] std::int64_t amount_in(std::string_view text);

// The parts between separators that are not empty.
[[nodiscard]] std::vector<std::string> split(const std::string& text, char separator);

// As a TOML file has it, in UTC.
[[nodiscard]] std::string toml_instant(Instant at);

}  // namespace suanpan::testing
