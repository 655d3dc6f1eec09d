// one_line: text that somebody else wrote, made fit for a message of one line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace suanpan {

// Control characters become \xNN, so that no file and no argument can forge a line of a log; what
// is longer than `bytes_max` ends with "...".
[[nodiscard]] inline std::string one_line(std::string_view text, std::size_t bytes_max = 1000) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string line;
    for (const char c : text.substr(0, bytes_max)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            line.push_back(c);
            continue;
        }
        line += "\\x";
        line.push_back(digits[byte >> 4U]);
        line.push_back(digits[byte & 15U]);
    }
    if (text.size() > bytes_max) line += "...";
    return line;
}

}  // namespace suanpan
