// Slab: items at stable places, numbered from 0, never given back one by one.
#pragma once

#include "protocol/base/assert.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace suanpan::ledger {

// Grows by chunks, so that no item ever moves and nothing is copied on growing. The first chunks
// double from `first_items` to `chunk_items`; from then on each has `chunk_items`: at most one
// chunk is not full. Single-threaded.
template <typename T, std::uint32_t first_items = 64, std::uint32_t chunk_items = 4096>
class Slab {
    static_assert(std::has_single_bit(first_items) && std::has_single_bit(chunk_items));
    static_assert(first_items <= chunk_items);

public:
    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] T& operator[](std::uint32_t slot) { return *place(slot); }
    [[nodiscard]] const T& operator[](std::uint32_t slot) const { return *place(slot); }
    [[nodiscard]] std::size_t bytes() const {
        return capacity_ * sizeof(T) + chunks_.capacity() * sizeof(chunks_[0]);
    }

    // Returns the slot of the new item.
    std::uint32_t push(T&& item) {
        SUANPAN_ASSERT(size_ < UINT32_MAX - 1);
        if (size_ == capacity_) add_chunk();
        *place(size_) = std::move(item);
        return size_++;
    }

private:
    static constexpr std::uint32_t first_bits = std::bit_width(first_items) - 1;
    static constexpr std::uint32_t chunk_bits = std::bit_width(chunk_items) - 1;

    [[nodiscard]] T* place(std::uint32_t slot) const {
        if (slot >= chunk_items) [[likely]]
            return &chunks_[chunk_bits - first_bits + (slot >> chunk_bits)]
                           [slot & (chunk_items - 1)];
        if (slot < first_items) return &chunks_[0][slot];
        const auto width = static_cast<std::uint32_t>(std::bit_width(slot));
        return &chunks_[width - first_bits][slot - std::bit_floor(slot)];
    }
    void add_chunk() {
        const std::uint32_t items =
            capacity_ == 0 ? first_items : (capacity_ < chunk_items ? capacity_ : chunk_items);
        chunks_.push_back(std::make_unique<T[]>(items));
        capacity_ += items;
    }

    std::vector<std::unique_ptr<T[]>> chunks_;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;
};

}  // namespace suanpan::ledger
