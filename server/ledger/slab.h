// Slab: items at stable places, numbered from 0, never given back one by one.
#pragma once

#include "protocol/base/assert.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace suanpan::ledger {

// Grows by chunks, so that no item ever moves and nothing is copied on growing. The first chunks
// double from `first_items` to `chunk_items`; from then on each has `chunk_items`: at most one
// chunk is not full, and what is not used of it has never been touched. Chunks of 2 MiB and more
// ask for huge pages, since a lookup in a large slab would else miss the TLB every time.
// Single-threaded.
template <typename T, std::uint32_t first_items = 64, std::uint32_t chunk_items = 4096>
class Slab {
    static_assert(std::has_single_bit(first_items) && std::has_single_bit(chunk_items));
    static_assert(first_items <= chunk_items);

public:
    Slab() = default;
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;
    ~Slab() {
        for (std::uint32_t slot = 0; slot < size_; ++slot) std::destroy_at(place(slot));
        for (const Chunk& chunk : chunks_)
            ::operator delete(chunk.items, std::align_val_t{chunk.alignment});
    }

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] T& operator[](std::uint32_t slot) { return *place(slot); }
    [[nodiscard]] const T& operator[](std::uint32_t slot) const { return *place(slot); }
    // Memory that has been touched.
    [[nodiscard]] std::size_t bytes() const {
        const std::size_t page = capacity_ * sizeof(T) < huge_page_bytes ? 4096 : huge_page_bytes;
        const std::size_t pages = (size_ * sizeof(T) + page - 1) / page;
        return std::min(pages * page, capacity_ * sizeof(T)) + chunks_.capacity() * sizeof(Chunk);
    }

    // Returns the slot of the new item.
    std::uint32_t push(T&& item) {
        SUANPAN_ASSERT(size_ < UINT32_MAX - 1);
        if (size_ == capacity_) add_chunk();
        std::construct_at(place(size_), std::move(item));
        return size_++;
    }

private:
    struct Chunk {
        T* items;
        std::size_t alignment;
    };
    static constexpr std::size_t huge_page_bytes = std::size_t{2} << 20U;
    static constexpr std::uint32_t first_bits = std::bit_width(first_items) - 1;
    static constexpr std::uint32_t chunk_bits = std::bit_width(chunk_items) - 1;

    [[nodiscard]] T* place(std::uint32_t slot) const {
        if (slot >= chunk_items) [[likely]]
            return chunks_[chunk_bits - first_bits + (slot >> chunk_bits)].items +
                   (slot & (chunk_items - 1));
        if (slot < first_items) return chunks_[0].items + slot;
        const auto width = static_cast<std::uint32_t>(std::bit_width(slot));
        return chunks_[width - first_bits].items + (slot - std::bit_floor(slot));
    }
    void add_chunk() {
        const std::uint32_t items =
            capacity_ == 0 ? first_items : (capacity_ < chunk_items ? capacity_ : chunk_items);
        const std::size_t chunk_bytes = items * sizeof(T);
        const bool huge = chunk_bytes >= huge_page_bytes;
        const std::size_t alignment = huge ? huge_page_bytes : alignof(T);
        void* memory = ::operator new(chunk_bytes, std::align_val_t{alignment});
        // Advice only: where it is not taken, everything is as right and somewhat slower.
        if (huge) madvise(memory, chunk_bytes / huge_page_bytes * huge_page_bytes, MADV_HUGEPAGE);
        chunks_.push_back({.items = static_cast<T*>(memory), .alignment = alignment});
        capacity_ += items;
    }

    std::vector<Chunk> chunks_;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;
};

}  // namespace suanpan::ledger
