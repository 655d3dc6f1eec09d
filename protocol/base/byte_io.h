// ByteWriter, ByteAppender, ByteReader: plain little-endian values one after the other.
#pragma once

#include "protocol/base/assert.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace suanpan {

static_assert(std::endian::native == std::endian::little, "bytes on disk are little-endian");

// Writes into room that the caller has made; going beyond it is a bug.
class ByteWriter {
public:
    explicit ByteWriter(std::span<std::byte> room) : room_(room) {}

    template <typename T>
        requires std::has_unique_object_representations_v<T>
    void put(const T& value) {
        SUANPAN_ASSERT(room_.size() - used_ >= sizeof(T));
        std::memcpy(room_.data() + used_, &value, sizeof(T));
        used_ += sizeof(T);
    }
    void put_bytes(std::span<const std::byte> bytes) {
        SUANPAN_ASSERT(room_.size() - used_ >= bytes.size());
        if (!bytes.empty()) std::memcpy(room_.data() + used_, bytes.data(), bytes.size());
        used_ += bytes.size();
    }
    [[nodiscard]] std::size_t used() const { return used_; }

private:
    std::span<std::byte> room_;
    std::size_t used_ = 0;
};

// Appends to a vector; for what is not on the hot path.
class ByteAppender {
public:
    explicit ByteAppender(std::vector<std::byte>& out) : out_(out) {}

    template <typename T>
        requires std::has_unique_object_representations_v<T>
    void put(const T& value) {
        const std::size_t at = out_.size();
        out_.resize(at + sizeof(T));
        std::memcpy(out_.data() + at, &value, sizeof(T));
    }

private:
    std::vector<std::byte>& out_;
};

// Reads within bounds. Once something was missing, every read gives zero and ok() is false.
class ByteReader {
public:
    explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    template <typename T>
        requires std::has_unique_object_representations_v<T>
    T get() {
        T value{};
        if (bytes_.size() < sizeof(T)) {
            ok_ = false;
            bytes_ = {};
            return value;
        }
        std::memcpy(&value, bytes_.data(), sizeof(T));
        bytes_ = bytes_.subspan(sizeof(T));
        return value;
    }
    // The next `count` bytes, which stay where they are.
    std::span<const std::byte> take(std::size_t count) {
        if (bytes_.size() < count) {
            ok_ = false;
            bytes_ = {};
            return {};
        }
        const std::span<const std::byte> taken = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return taken;
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t left() const { return bytes_.size(); }

private:
    std::span<const std::byte> bytes_;
    bool ok_ = true;
};

}  // namespace suanpan
