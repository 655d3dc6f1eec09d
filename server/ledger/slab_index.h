// SlabIndex: finds items of a slab by key, at about eight bytes an item.
#pragma once

#include "protocol/base/assert.h"
#include "server/ledger/slab.h"
#include "server/ledger/slot_table.h"

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
template <typename Traits, std::size_t sub_table_count, std::uint32_t chunk_items = 4096>
class SlabIndex {
public:
    using Item = typename Traits::Item;
    using Key = typename Traits::Key;
    static_assert(std::has_single_bit(sub_table_count));

    explicit SlabIndex(Traits traits = {}) : traits_(std::move(traits)), tables_(sub_table_count) {}
    SlabIndex(const SlabIndex&) = delete;
    SlabIndex& operator=(const SlabIndex&) = delete;

    [[nodiscard]] std::uint32_t size() const { return slab_.size(); }
    [[nodiscard]] Item& operator[](std::uint32_t slot) { return slab_[slot]; }
    [[nodiscard]] const Item& operator[](std::uint32_t slot) const { return slab_[slot]; }

    // Fetches what find(key) and insert() will look at first, without waiting for it.
    void prefetch(const Key& key) const {
        const std::uint64_t hash = traits_.hash(key);
        tables_[table_of(hash)].prefetch(hash);
    }
    // The item that find(key) will very likely come to, not looked at yet; null where there is
    // none. Waits for the index only, so that after prefetch() for many keys it waits for nothing.
    [[nodiscard]] const Item* likely(const Key& key) const {
        const std::uint64_t hash = traits_.hash(key);
        const auto slot = tables_[table_of(hash)].find(hash, [](std::uint32_t) { return true; });
        return slot ? &slab_[*slot] : nullptr;
    }
    [[nodiscard]] std::optional<std::uint32_t> find(const Key& key) const {
        const std::uint64_t hash = traits_.hash(key);
        return tables_[table_of(hash)].find(
            hash, [&](std::uint32_t slot) { return Traits::key_of(slab_[slot]) == key; });
    }
    // Expects that find(key) has nothing. Returns the item's slot.
    std::uint32_t insert(Item&& item) {
        SUANPAN_ASSERT_SLOW(!find(Traits::key_of(item)));
        const std::uint64_t hash = traits_.hash(Traits::key_of(item));
        const std::uint32_t slot = slab_.push(std::move(item));
        tables_[table_of(hash)].insert(hash, slot, hash_of());
        return slot;
    }
    // Room in the index for about so many items in all, so that it need not grow on the way there.
    void reserve(std::uint32_t items) {
        // Sub-tables get items by chance: some more than their share.
        const std::uint32_t share = items / sub_table_count;
        for (SlotTable& table : tables_) table.reserve(share + share / 20, hash_of());
    }
    // What slab and index occupy.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t bytes = slab_.bytes() + tables_.capacity() * sizeof(SlotTable);
        for (const SlotTable& table : tables_) bytes += table.bytes();
        return bytes;
    }

private:
    [[nodiscard]] auto hash_of() const {
        return [this](std::uint32_t slot) { return traits_.hash(Traits::key_of(slab_[slot])); };
    }
    // Middle bits: a SlotTable uses the high and the low ones.
    static std::size_t table_of(std::uint64_t hash) {
        return (hash >> 12U) & (sub_table_count - 1);
    }

    Traits traits_;
    Slab<Item, 64, chunk_items> slab_;
    std::vector<SlotTable> tables_;
};

}  // namespace suanpan::ledger
