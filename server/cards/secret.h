// Secret: a key that is wiped when it is no longer needed; and ClearCode, a code that is.
#pragma once

#include "protocol/clear_code.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace suanpan::cards {

using suanpan::ClearCode;
using suanpan::wipe;

// A key of fixed length. Moving wipes what was moved from; there are no copies.
template <std::size_t N>
class Secret {
public:
    Secret() = default;
    explicit Secret(std::span<const std::byte, N> bytes) {
        std::ranges::copy(bytes, bytes_.begin());
    }
    Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            bytes_ = other.bytes_;
            wipe(other.bytes_);
        }
        return *this;
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { wipe(bytes_); }

    [[nodiscard]] std::span<const std::byte, N> bytes() const { return bytes_; }
    [[nodiscard]] std::span<std::byte, N> room() { return bytes_; }

private:
    std::array<std::byte, N> bytes_{};
};

}  // namespace suanpan::cards
