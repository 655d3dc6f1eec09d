// SlabIndex: finds items of a slab by key, at about eight bytes an item.
#pragma once

#include "server/ledger/slab.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace suanpan::ledger {

// A slab and an index over it. The index keeps slot numbers only and looks into the slab for keys.
// It is split into sub-tables by the hash's first bits: growing rehashes one of them, so that no
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

    explicit SlabIndex(Traits traits = {}) : traits_(std::move(traits)) {
        tables_.reserve(sub_table_count);
        for (std::size_t i = 0; i < sub_table_count; ++i)
            tables_.emplace_back(0, SlotHash{this}, SlotEqual{this});
    }
    SlabIndex(const SlabIndex&) = delete;
    SlabIndex& operator=(const SlabIndex&) = delete;

    [[nodiscard]] std::uint32_t size() const { return slab_.size(); }
    [[nodiscard]] Item& operator[](std::uint32_t slot) { return slab_[slot]; }
    [[nodiscard]] const Item& operator[](std::uint32_t slot) const { return slab_[slot]; }

    [[nodiscard]] std::optional<std::uint32_t> find(const Key& key) const {
        const std::uint64_t hash = traits_.hash(key);
        const Table& table = tables_[table_of(hash)];
        const auto found = table.find(Probe{hash, &key});
        if (found == table.end()) return std::nullopt;
        return *found;
    }
    // Expects that find(key) has nothing. Returns the item's slot.
    std::uint32_t insert(Item&& item) {
        const std::uint64_t hash = traits_.hash(Traits::key_of(item));
        const std::uint32_t slot = slab_.push(std::move(item));
        const bool inserted = tables_[table_of(hash)].insert(slot).second;
        SUANPAN_ASSERT(inserted);
        return slot;
    }
    // What slab and index occupy.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t bytes = slab_.bytes() + tables_.capacity() * sizeof(Table);
        // A flat set keeps groups of 15 slots under 16 bytes of metadata.
        for (const Table& table : tables_)
            bytes += table.bucket_count() * sizeof(std::uint32_t) + table.bucket_count() * 16 / 15;
        return bytes;
    }

private:
    struct Probe {
        std::uint64_t hash;
        const Key* key;
    };
    struct SlotHash {
        using is_transparent = void;
        using is_avalanching = void;
        const SlabIndex* index;
        std::size_t operator()(std::uint32_t slot) const {
            return index->traits_.hash(Traits::key_of(index->slab_[slot]));
        }
        std::size_t operator()(const Probe& probe) const { return probe.hash; }
    };
    struct SlotEqual {
        using is_transparent = void;
        const SlabIndex* index;
        bool operator()(std::uint32_t a, std::uint32_t b) const {
            return a == b || Traits::key_of(index->slab_[a]) == Traits::key_of(index->slab_[b]);
        }
        bool operator()(const Probe& probe, std::uint32_t slot) const {
            return *probe.key == Traits::key_of(index->slab_[slot]);
        }
        bool operator()(std::uint32_t slot, const Probe& probe) const {
            return (*this)(probe, slot);
        }
    };
    using Table = boost::unordered_flat_set<std::uint32_t, SlotHash, SlotEqual>;

    // Middle bits: a flat set uses the high ones for its groups and the low ones for its metadata.
    static std::size_t table_of(std::uint64_t hash) {
        return (hash >> 12U) & (sub_table_count - 1);
    }

    Traits traits_;
    Slab<Item, 64, chunk_items> slab_;
    std::vector<Table> tables_;
};

}  // namespace suanpan::ledger
