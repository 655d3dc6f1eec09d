// SlabIndex: finds items of a slab by key, at eight to eleven bytes an item.
#pragma once

#include "server/ledger/prefetch.h"
#include "server/ledger/slab.h"
#include "server/ledger/slot_table.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace suanpan::ledger {

// A slab and an index over it. The index keeps slot numbers only and looks into the slab for keys.
// It is split into sub-tables by the hash's middle bits: growing rehashes one of them, so that no
// insertion stalls for long, however many items there are.
//
// `Traits` names the Item and its Key and says `hash(key)`, `key_of(item)` (equality by ==); a hash
// must be well mixed in all 64 bits. Items are never erased one by one. Neither copied nor moved.
//
// A lookup misses the CPU's caches twice, in the index and in the slab. Who has many to make calls
// prefetch() for all of them and then likely(), so that the misses overlap.
template <typename Traits, std::size_t sub_table_count, std::uint32_t chunk_items = 4096>
class SlabIndex {
public:
    using Item = typename Traits::Item;
    using Key = typename Traits::Key;
    static_assert(std::has_single_bit(sub_table_count));
    static_assert(sub_table_count <= 1024);  // SlotTable uses the other bits of a hash

    explicit SlabIndex(Traits traits = {}) : traits_(std::move(traits)), tables_(sub_table_count) {}
    SlabIndex(const SlabIndex&) = delete;
    SlabIndex& operator=(const SlabIndex&) = delete;

    [[nodiscard]] std::uint32_t size() const { return slab_.size(); }
    [[nodiscard]] Item& operator[](std::uint32_t slot) { return slab_[slot]; }
    [[nodiscard]] const Item& operator[](std::uint32_t slot) const { return slab_[slot]; }

    [[nodiscard]] std::optional<std::uint32_t> find(const Key& key) const {
        const std::uint64_t hash = traits_.hash(key);
        return table(hash).find(
            hash, [&](std::uint32_t slot) { return Traits::key_of(slab_[slot]) == key; });
    }
    // Expects that find(key) has nothing. Returns the item's slot.
    std::uint32_t insert(Item&& item) {
        const std::uint64_t hash = traits_.hash(Traits::key_of(item));
        const std::uint32_t slot = slab_.push(std::move(item));
        SlotTable& into = tables_[table_of(hash)];
        if (into.is_full()) grow(into, into.size() + 1);
        into.insert(hash, slot);
        return slot;
    }
    // Makes room in the index for about `count` items, so that it does not grow step by step.
    void reserve(std::size_t count) {
        for (SlotTable& each : tables_)
            if (each.size() < count / sub_table_count) grow(each, count / sub_table_count);
    }

    // The first half of a lookup, without waiting for it.
    void prefetch(const Key& key) const {
        const std::uint64_t hash = traits_.hash(key);
        table(hash).prefetch(hash);
    }
    // The item that find(key) will very likely come to, untouched so far; null where there is none.
    [[nodiscard]] const Item* likely(const Key& key) const {
        const std::uint64_t hash = traits_.hash(key);
        const auto slot = table(hash).find(hash, [](std::uint32_t) { return true; });
        return slot ? &slab_[*slot] : nullptr;
    }

    // What slab and index occupy.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t bytes = slab_.bytes() + tables_.capacity() * sizeof(SlotTable);
        for (const SlotTable& each : tables_) bytes += each.bytes();
        return bytes;
    }

private:
    // Items that are fetched ahead of the one that is hashed again.
    static constexpr std::size_t grow_ahead = 16;

    // Middle bits: a SlotTable uses those above and below.
    static std::size_t table_of(std::uint64_t hash) {
        return (hash >> 12U) & (sub_table_count - 1);
    }
    [[nodiscard]] const SlotTable& table(std::uint64_t hash) const {
        return tables_[table_of(hash)];
    }
    void grow(SlotTable& table, std::size_t count) {
        SlotTable larger(std::max(count, table.size() + table.size() / 2));
        const std::vector<std::uint32_t> slots = table.slots();
        for (std::size_t i = 0; i < slots.size(); ++i) {
            if (i + grow_ahead < slots.size()) ledger::prefetch(&slab_[slots[i + grow_ahead]]);
            larger.insert(traits_.hash(Traits::key_of(slab_[slots[i]])), slots[i]);
        }
        table = std::move(larger);
    }

    Traits traits_;
    Slab<Item, 64, chunk_items> slab_;
    std::vector<SlotTable> tables_;
};

}  // namespace suanpan::ledger
