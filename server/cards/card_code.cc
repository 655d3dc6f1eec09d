#include "server/cards/card_code.h"

#include "protocol/base/byte_io.h"

#include <cstring>
#include <vector>

namespace suanpan::cards {
namespace {

constexpr std::string_view key_label = "suanpan card code key 1";

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

}  // namespace

std::expected<ClearCode, CodeFault> normalise_code(std::string_view text, CodeForm form) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    ClearCode normal;
    for (char c : text) {
        if (form == CodeForm::folded) {
            if (c == '-' || is_blank(c)) continue;
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        }
        if (c < 0x20 || c > 0x7e) return std::unexpected(CodeFault::not_printable);
        if (normal.size() == limits::card_code_bytes_max)
            return std::unexpected(CodeFault::too_long);
        normal.push_back(c);
    }
    if (normal.size() < limits::card_code_bytes_min) return std::unexpected(CodeFault::too_short);
    return normal;
}

std::string mask_code(std::string_view code) {
    const std::size_t shown = code.size() >= 16 ? 4 : code.size() >= 8 ? 2 : 0;
    std::string masked(code.substr(0, shown));
    masked += "****";
    masked += code.substr(code.size() - shown);
    return masked;
}

CodeHasher::CodeHasher(std::span<const std::byte> secret, ProgramId program) {
    std::vector<std::byte> label(key_label.size() + sizeof program);
    std::memcpy(label.data(), key_label.data(), key_label.size());
    std::memcpy(label.data() + key_label.size(), &program, sizeof program);
    Sha256 derived = hmac_sha256(secret, label);
    key_ = Secret<32>(std::span<const std::byte, 32>(derived));
    wipe(derived);
}

CodeKey CodeHasher::key_of(const ClearCode& normal) const {
    const Sha256 mac = hmac_sha256(key_.bytes(), std::as_bytes(std::span(normal.view())));
    ByteReader from(mac);
    CodeKey key;
    key.high = from.get<std::uint64_t>();
    key.low = from.get<std::uint64_t>();
    return key;
}

}  // namespace suanpan::cards
