// SlotTable: a set of slot numbers by the hash of what lies in the slot, one cache line a lookup.
#pragma once

#include "protocol/base/assert.h"
#include "server/ledger/prefetch.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace suanpan::ledger {

// Grows only: nothing is ever erased. Keeps numbers; the hash of an item and whether it is the
// wanted one are the caller's to say. A bucket is one cache line, so that a lookup which was
// announced by prefetch() waits for no memory: what a recovery of millions of items, and a batch of
// requests, spend most of their time on (boost::unordered_flat_set touches two lines and cannot be
// asked to fetch them ahead). About 7 to 10 bytes an item. Single-threaded.
class SlotTable {
public:
    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] std::size_t bytes() const { return buckets_.capacity() * sizeof(Bucket); }

    void prefetch(std::uint64_t hash) const {
        if (!buckets_.empty()) ledger::prefetch(&buckets_[home_of(hash)]);
    }

    // The slot for which `is_it(slot)` is true, among those that were inserted under `hash`.
    template <typename IsIt>
    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t hash, IsIt&& is_it) const {
        if (buckets_.empty()) return std::nullopt;
        const std::uint8_t tag = tag_of(hash);
        for (std::size_t at = home_of(hash);; at = next_of(at)) {
            const Bucket& bucket = buckets_[at];
            for (std::uint32_t i = 0; i < bucket.count; ++i)
                if (bucket.tags[i] == tag && is_it(bucket.slots[i])) return bucket.slots[i];
            if (!bucket.overflows) return std::nullopt;
        }
    }

    // Expects that it is not there. `hash_of(slot)` is asked for what is there already, to grow.
    template <typename HashOf>
    void insert(std::uint64_t hash, std::uint32_t slot, HashOf&& hash_of) {
        if (size_ >= limit_) grow(buckets_.size() + buckets_.size() / 2 + 1, hash_of);
        put(hash, slot);
        ++size_;
    }
    // Room for so many without growing on the way.
    template <typename HashOf>
    void reserve(std::uint32_t items, HashOf&& hash_of) {
        const std::size_t wanted = items / fill + 1;
        if (wanted > buckets_.size()) grow(wanted, hash_of);
    }

private:
    static constexpr std::uint32_t bucket_slots = 12;
    static constexpr std::uint32_t fill = 9;  // per bucket, on the average, when the table grows
    struct alignas(64) Bucket {
        std::array<std::uint32_t, bucket_slots> slots{};
        std::array<std::uint8_t, bucket_slots> tags{};
        std::uint8_t count = 0;
        bool overflows = false;  // what belongs here may lie in the next one
    };
    static_assert(sizeof(Bucket) == 64);

    // High bits choose the bucket, low ones are the tag; SlabIndex uses those in the middle.
    [[nodiscard]] std::size_t home_of(std::uint64_t hash) const {
        return static_cast<std::size_t>(((hash >> 32U) * buckets_.size()) >> 32U);
    }
    [[nodiscard]] std::size_t next_of(std::size_t at) const {
        return at + 1 == buckets_.size() ? 0 : at + 1;
    }
    static std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash); }

    void put(std::uint64_t hash, std::uint32_t slot) {
        std::size_t at = home_of(hash);
        while (buckets_[at].count == bucket_slots) {
            buckets_[at].overflows = true;
            at = next_of(at);
        }
        Bucket& bucket = buckets_[at];
        bucket.slots[bucket.count] = slot;
        bucket.tags[bucket.count] = tag_of(hash);
        ++bucket.count;
    }
    template <typename HashOf>
    void grow(std::size_t buckets, HashOf& hash_of) {
        SUANPAN_ASSERT(buckets < (std::size_t{1} << 32U));
        std::vector<Bucket> old(buckets);
        old.swap(buckets_);
        limit_ = static_cast<std::uint32_t>(buckets_.size() * fill);
        for (const Bucket& bucket : old)
            for (std::uint32_t i = 0; i < bucket.count; ++i)
                put(hash_of(bucket.slots[i]), bucket.slots[i]);
    }

    std::vector<Bucket> buckets_;
    std::uint32_t size_ = 0;
    std::uint32_t limit_ = 0;
};

}  // namespace suanpan::ledger
