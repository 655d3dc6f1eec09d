#include "storage/text_file.h"

#include "protocol/base/hash.h"

#include <charconv>

namespace suanpan::storage {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::string_view crc_key = "crc = ";

std::string crc_line(std::string_view before) {
    const std::uint32_t crc = crc32c(as_bytes(before));
    std::array<std::byte, 4> bytes{};
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::byte>(crc >> (24 - 8 * i));
    return std::string(crc_key) + to_hex(bytes) + "\n";
}

}  // namespace

std::string to_hex(Bytes bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte b : bytes) {
        text.push_back(digits[std::to_integer<std::size_t>(b >> 4)]);
        text.push_back(digits[std::to_integer<std::size_t>(b & std::byte{15})]);
    }
    return text;
}

bool from_hex(std::string_view text, std::span<std::byte> out) {
    if (text.size() != out.size() * 2) return false;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t high = digits.find(text[2 * i]);
        const std::size_t low = digits.find(text[2 * i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return false;
        out[i] = static_cast<std::byte>(high * 16 + low);
    }
    return true;
}

std::optional<std::string> TextFile::text(std::string_view key) const {
    for (const auto& [name, value] : pairs_)
        if (name == key) return value;
    return std::nullopt;
}

std::optional<std::uint64_t> TextFile::number(std::string_view key) const {
    const std::optional<std::string> value = text(key);
    if (!value || value->empty()) return std::nullopt;
    std::uint64_t number = 0;
    const char* end = value->data() + value->size();
    const auto [stop, error] = std::from_chars(value->data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

bool TextFile::bytes(std::string_view key, std::span<std::byte> out) const {
    const std::optional<std::string> value = text(key);
    return value && from_hex(*value, out);
}

std::string TextFile::encode() const {
    std::string all;
    for (const std::string& remark : remarks_) {
        all += "# ";
        all += remark;
        all += '\n';
    }
    for (const auto& [key, value] : pairs_) {
        all += key;
        all += " = ";
        all += value;
        all += '\n';
    }
    return all + crc_line(all);
}

std::expected<TextFile, std::string> TextFile::decode(Bytes content) {
    const std::string_view all(reinterpret_cast<const char*>(content.data()), content.size());
    const std::size_t crc_at = all.rfind(crc_key);
    if (crc_at == std::string_view::npos || (crc_at > 0 && all[crc_at - 1] != '\n'))
        return std::unexpected("its last line is no checksum: the file is incomplete");
    const std::string_view lines = all.substr(0, crc_at);
    if (all.substr(crc_at) != crc_line(lines))
        return std::unexpected("its checksum does not fit: the file is damaged or was edited");

    TextFile file;
    for (std::size_t at = 0; at < lines.size();) {
        const std::size_t end = lines.find('\n', at);
        if (end == std::string_view::npos) return std::unexpected("a line has no end");
        const std::string_view line = lines.substr(at, end - at);
        at = end + 1;
        if (line.starts_with('#')) continue;
        const std::size_t equals = line.find(" = ");
        if (equals == std::string_view::npos)
            return std::unexpected("a line is no \"key = value\"");
        file.set(line.substr(0, equals), line.substr(equals + 3));
    }
    return file;
}

}  // namespace suanpan::storage
