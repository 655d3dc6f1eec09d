// Input: a fuzzer's bytes, taken from the front as numbers and pieces.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace suanpan::fuzz {

// A view of bytes that libFuzzer (or replay_main.cc) owns. Past its end every number is zero and
// every piece is empty, so that a shorter input is a simpler one.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size)
        : bytes_(reinterpret_cast<const std::byte*>(data), size) {}

    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    template <typename T>
        requires std::is_integral_v<T>
    T take() {
        T value{};
        const std::span<const std::byte> piece = take_bytes(sizeof value);
        if (!piece.empty()) std::memcpy(&value, piece.data(), piece.size());
        return value;
    }
    // As many as there are, at most `count`.
    std::span<const std::byte> take_bytes(std::size_t count) {
        const std::span<const std::byte> piece = bytes_.first(std::min(count, bytes_.size()));
        bytes_ = bytes_.subspan(piece.size());
        return piece;
    }
    std::span<const std::byte> take_rest() { return take_bytes(bytes_.size()); }

private:
    std::span<const std::byte> bytes_;
};

// A copy that ends where its allocation ends, so that ASan sees a read past it; aligned for any
// type, as FlatBuffers wants it.
[[nodiscard]] inline std::vector<std::byte> copy_of(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

[[nodiscard]] inline std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace suanpan::fuzz
