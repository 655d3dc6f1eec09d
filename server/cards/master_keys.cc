#include "server/cards/master_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace suanpan::cards {
namespace {

constexpr std::string_view first_line = "suanpan master keys 1";

std::optional<unsigned> digit_of(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

std::string_view trim(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// The number that `line` begins with, and what comes after the blanks behind it.
std::optional<std::pair<std::uint32_t, std::string_view>> number_and_rest(std::string_view line) {
    std::uint32_t number = 0;
    const char* const end = line.data() + line.size();
    const auto [stop, error] = std::from_chars(line.data(), end, number);
    if (error != std::errc{} || number == 0 || stop == end || (*stop != ' ' && *stop != '\t'))
        return std::nullopt;
    return std::pair(number, trim({stop, static_cast<std::size_t>(end - stop)}));
}

bool read_secret(std::string_view digits, Secret<32>& secret) {
    const std::span<std::byte, 32> room = secret.room();
    if (digits.size() != 2 * room.size()) return false;
    for (std::size_t i = 0; i < room.size(); ++i) {
        const auto high = digit_of(digits[2 * i]);
        const auto low = digit_of(digits[2 * i + 1]);
        if (!high || !low) return false;
        room[i] = static_cast<std::byte>(*high * 16 + *low);
    }
    return true;
}

}  // namespace

std::expected<MasterKeys, std::string> MasterKeys::parse(std::string_view text) {
    MasterKeys keys;
    keys.keys_.reserve(keys_max);  // growing would move secrets about
    std::size_t line_number = 0;
    const auto wrong = [&](std::string_view reason) {
        return std::unexpected(fmt::format("line {}: {}", line_number, reason));
    };
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        ++line_number;
        if (line_number == 1) {
            if (line != first_line) return wrong("must be 'suanpan master keys 1'");
            continue;
        }
        if (line.empty() || line.front() == '#') continue;
        const auto parts = number_and_rest(line);
        if (!parts) return wrong("must be a number from 1, a blank, and 64 hexadecimal digits");
        if (keys.find(parts->first) != nullptr) return wrong("has the number of an earlier key");
        if (keys.size() == keys_max) return wrong("is one key too many; take old ones out");
        Key key;
        key.number = parts->first;
        if (!read_secret(parts->second, key.secret))
            return wrong("a key has 64 hexadecimal digits");
        keys.keys_.push_back(std::move(key));
    }
    if (keys.keys_.empty()) {
        ++line_number;
        return wrong(line_number == 1 ? "must be 'suanpan master keys 1'" : "there is no key");
    }
    return keys;
}

const MasterKeys::Key* MasterKeys::find(std::uint32_t number) const {
    const auto found = std::ranges::find(keys_, number, &Key::number);
    return found == keys_.end() ? nullptr : &*found;
}

}  // namespace suanpan::cards
