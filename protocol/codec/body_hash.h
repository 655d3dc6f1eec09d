// The keyed hash of a request's body, by which a repeat is told from another request (P2).
#pragma once

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "protocol/command.h"
#include "protocol/order.h"

#include <array>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace suanpan::codec {

// Keyed, so that nobody outside can make two bodies of one hash; one seed serves a whole frame.
inline std::uint64_t body_seed(std::uint64_t key, PartnerId partner, CommandKind kind) {
    struct {
        PartnerId partner;
        CommandKind kind;
        std::uint16_t zero = 0;
    } const words{.partner = partner, .kind = kind};
    static_assert(sizeof words == 8);
    return xxh3_64(std::as_bytes(std::span(&words, 1)), key);
}

// Where a table may leave fields out, its hash covers the values they stand for, packed one after
// the other in the order of the schema.
class Packing {
public:
    template <typename T>
    void add(const T& value) {
        static_assert(std::has_unique_object_representations_v<T>);
        SUANPAN_ASSERT(size_ + sizeof value <= bytes_.size());
        std::memcpy(bytes_.data() + size_, &value, sizeof value);
        size_ += sizeof value;
    }
    [[nodiscard]] std::uint64_t hash(std::uint64_t seed) const {
        return xxh3_64(std::span(bytes_).first(size_), seed);
    }

private:
    std::array<std::byte, 256> bytes_{};
    std::size_t size_ = 0;
};

inline std::uint64_t hash_of(std::span<const std::byte> bytes) {
    return xxh3_64(bytes, 0);
}
// Of the values, not of the bytes between them.
inline std::uint64_t hash_of(const std::vector<LineRefund>& lines) {
    std::vector<std::array<std::int64_t, 2>> values;
    for (const LineRefund& line : lines) values.push_back({line.line, line.amount.value});
    return hash_of(std::as_bytes(std::span(values)));
}

}  // namespace suanpan::codec
