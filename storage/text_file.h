// TextFile: the small "key = value" files of a data directory, closed by a CRC line.
#pragma once

#include "storage/volume.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace suanpan::storage {

// Lower-case hexadecimal, two digits per byte.
[[nodiscard]] std::string to_hex(Bytes bytes);
// Fills `out` exactly; false where `text` is anything else than its hexadecimal form.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::byte> out);

// A plain value. Lines starting with '#' are remarks for whoever opens the file in an editor.
class TextFile {
public:
    void remark(std::string_view text) { remarks_.emplace_back(text); }
    void set(std::string_view key, std::string_view value) { pairs_.emplace_back(key, value); }
    void set(std::string_view key, std::uint64_t value) { set(key, std::to_string(value)); }
    void set(std::string_view key, Bytes value) { set(key, to_hex(value)); }

    [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view key) const;
    [[nodiscard]] bool bytes(std::string_view key, std::span<std::byte> out) const;

    // All lines, then "crc = " and the CRC-32C of everything before that line.
    [[nodiscard]] std::string encode() const;
    // The error says what is wrong, without the file's name.
    [[nodiscard]] static std::expected<TextFile, std::string> decode(Bytes content);

private:
    std::vector<std::string> remarks_;
    std::vector<std::pair<std::string, std::string>> pairs_;
};

[[nodiscard]] inline Bytes as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace suanpan::storage
