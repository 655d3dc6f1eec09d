// SlotTable: a set of slot numbers by hash, in six bytes a cell.
#pragma once

#include "protocol/base/assert.h"
#include "server/ledger/prefetch.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace suanpan::ledger {

// Open addressing with linear probing, at most four fifths full. A cell holds a slot number and 16
// bits of its hash, so that a probe looks at the item itself only where it very likely is the one;
// unlike in a ready-made set the cell's place can be computed, and fetched, ahead of the lookup.
//
// Bits of a hash: the upper 32 choose the place, 0 to 11 and 22 to 25 are the tag; 12 to 21 are
// left to whoever splits a table into several. Nothing is erased; no hash is kept, so the owner
// makes a larger table when this one is full. Single-threaded.
class SlotTable {
public:
    SlotTable() = default;
    // With room for `count` slots.
    explicit SlotTable(std::size_t count) : cells_(count + count / 4 + cells_min) {}

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool is_full() const { return 5 * (size_ + 1) > 4 * cells_.size(); }
    [[nodiscard]] std::size_t bytes() const { return cells_.capacity() * sizeof(Cell); }

    // The slot with this hash to which `is_it(slot)` says yes.
    template <typename IsIt>
    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t hash, IsIt&& is_it) const {
        if (cells_.empty()) return std::nullopt;
        const std::uint16_t tag = tag_of(hash);
        for (std::size_t at = place_of(hash);; at = next(at)) {
            const Cell& cell = cells_[at];
            if (cell.is_empty()) return std::nullopt;
            if (cell.tag == tag && is_it(cell.slot())) return cell.slot();
        }
    }
    // Expects that it is not full, and that the slot is not in it.
    void insert(std::uint64_t hash, std::uint32_t slot) {
        SUANPAN_ASSERT(!is_full());
        std::size_t at = place_of(hash);
        while (!cells_[at].is_empty()) at = next(at);
        cells_[at] = {.tag = tag_of(hash),
                      .low = static_cast<std::uint16_t>(slot),
                      .high = static_cast<std::uint16_t>(slot >> 16U)};
        ++size_;
    }
    void prefetch(std::uint64_t hash) const {
        if (!cells_.empty()) ledger::prefetch(&cells_[place_of(hash)]);
    }
    // All of them, in no order.
    [[nodiscard]] std::vector<std::uint32_t> slots() const {
        std::vector<std::uint32_t> all;
        all.reserve(size_);
        for (const Cell& cell : cells_)
            if (!cell.is_empty()) all.push_back(cell.slot());
        return all;
    }

private:
    struct Cell {
        std::uint16_t tag = 0;
        std::uint16_t low = UINT16_MAX;  // of the slot; both halves full: no slot
        std::uint16_t high = UINT16_MAX;
        [[nodiscard]] std::uint32_t slot() const { return low | (std::uint32_t{high} << 16U); }
        [[nodiscard]] bool is_empty() const { return slot() == UINT32_MAX; }
    };
    static_assert(sizeof(Cell) == 6);
    static constexpr std::size_t cells_min = 4;

    static std::uint16_t tag_of(std::uint64_t hash) {
        return static_cast<std::uint16_t>((hash & 0x0fffU) | ((hash >> 10U) & 0xf000U));
    }
    [[nodiscard]] std::size_t place_of(std::uint64_t hash) const {
        return ((hash >> 32U) * cells_.size()) >> 32U;
    }
    [[nodiscard]] std::size_t next(std::size_t at) const {
        return at + 1 == cells_.size() ? 0 : at + 1;
    }

    std::vector<Cell> cells_;
    std::size_t size_ = 0;
};

}  // namespace suanpan::ledger
