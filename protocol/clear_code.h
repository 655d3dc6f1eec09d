// ClearCode: a card's code in the clear, wiped when it is no longer needed.
#pragma once

#include "protocol/base/assert.h"
#include "protocol/limits.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace suanpan {

// Overwrites `bytes` in a way that no compiler leaves out.
void wipe(std::span<std::byte> bytes);

// A code in the clear, of at most card_code_bytes_max bytes, inline and never on the heap by
// itself.
//
// Lives as briefly as its owner makes it; moving and destroying wipe it.
class ClearCode {
public:
    ClearCode() = default;
    explicit ClearCode(std::string_view text) {
        SUANPAN_ASSERT(text.size() <= bytes_.size());
        std::ranges::copy(text, bytes_.begin());
        size_ = static_cast<std::uint8_t>(text.size());
    }
    ClearCode(ClearCode&& other) noexcept : bytes_(other.bytes_), size_(other.size_) {
        other.clear();
    }
    ClearCode& operator=(ClearCode&& other) noexcept {
        if (this != &other) {
            bytes_ = other.bytes_;
            size_ = other.size_;
            other.clear();
        }
        return *this;
    }
    ClearCode(const ClearCode&) = delete;
    ClearCode& operator=(const ClearCode&) = delete;
    ~ClearCode() { clear(); }

    void push_back(char c) {
        SUANPAN_ASSERT(size_ < bytes_.size());
        bytes_[size_++] = c;
    }
    void clear() {
        wipe(std::as_writable_bytes(std::span(bytes_)));
        size_ = 0;
    }
    [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    // For who decrypts into it: all of its room, and then how much of it counts.
    [[nodiscard]] std::span<char> room() { return bytes_; }
    void set_size(std::size_t size) {
        SUANPAN_ASSERT(size <= bytes_.size());
        size_ = static_cast<std::uint8_t>(size);
    }
    friend bool operator==(const ClearCode& a, const ClearCode& b) { return a.view() == b.view(); }

private:
    std::array<char, limits::card_code_bytes_max> bytes_{};
    std::uint8_t size_ = 0;
};

}  // namespace suanpan
