#include "tests/scenario/wording.h"

#include <date/date.h>

#include <charconv>
#include <chrono>

namespace suanpan::testing {

std::optional<Code> code_named(std::string_view name) {
    for (const CodeText& row : all_codes())
        if (row.name == name) return row.code;
    return std::nullopt;
}

std::int64_t amount_in(std::string_view text) {
    const auto point = text.find('.');
    const auto whole_number = [&](std::string_view part) {
        std::int64_t value = 0;
        const char* end = part.data() + part.size();
        if (part.empty() || std::from_chars(part.data(), end, value).ptr != end)
            throw std::runtime_error("'" + std::string(text) + "' is no amount");
        return value;
    };
    if (point == std::string_view::npos) return whole_number(text);
    if (text.size() - point != 3) throw std::runtime_error("money has two places");
    return whole_number(text.substr(0, point)) * 100 + whole_number(text.substr(point + 1));
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::size_t from = 0;
    for (std::size_t to = 0; to <= text.size(); ++to) {
        if (to < text.size() && text[to] != separator) continue;
        if (to > from) parts.push_back(text.substr(from, to - from));
        from = to + 1;
    }
    return parts;
}

std::string toml_instant(Instant at) {
    const date::sys_seconds time{std::chrono::seconds(at.ns / 1'000'000'000)};
    return date::format("%FT%TZ", time);
}

}  // namespace suanpan::testing
