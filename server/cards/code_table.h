// CodeTable: the slots of a pool's codes, and the index that finds one by its key.
#pragma once

#include "protocol/base/assert.h"
#include "protocol/base/time.h"
#include "server/cards/card_code.h"
#include "server/cards/code_batch.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

namespace suanpan::cards {

// One code. `batch` is its place in the pool's list of batches.
struct CodeSlot {
    CodeKey key;
    std::int64_t expires_at_ns = 0;
    std::uint64_t lsn : 56 = 0;
    std::uint64_t state : 7 = 0;
    std::uint64_t queued : 1 = 0;
    std::uint32_t index = 0;
    std::uint32_t batch = 0;
};
static_assert(sizeof(CodeSlot) == 40);

// Slots that never move, in blocks, so that growing copies nothing. The index keeps slot numbers
// only and is split by the key's first byte: each part doubles for itself, and doubling a pool of
// millions never stands still for long.
//
// Single-threaded. Not copied or moved: the index points at the slots.
class CodeTable {
public:
    CodeTable() = default;
    CodeTable(const CodeTable&) = delete;
    CodeTable& operator=(const CodeTable&) = delete;

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] CodeSlot& slot(std::uint32_t at) {
        return (*blocks_[at / block_slots])[at % block_slots];
    }
    [[nodiscard]] const CodeSlot& slot(std::uint32_t at) const {
        return (*blocks_[at / block_slots])[at % block_slots];
    }

    [[nodiscard]] std::optional<std::uint32_t> find(const CodeKey& key) const {
        const Part& part = parts_[part_of(key)];
        if (part == nullptr) return std::nullopt;
        const auto found = part->find(key);
        if (found == part->end()) return std::nullopt;
        return *found;
    }
    // Expects a key that is not there.
    std::uint32_t add(const CodeSlot& slot_of_code) {
        if (size_ % block_slots == 0) blocks_.push_back(std::make_unique<Block>());
        const std::uint32_t at = size_++;
        slot(at) = slot_of_code;
        Part& part = parts_[part_of(slot_of_code.key)];
        if (part == nullptr) part = std::make_unique<Set>(0, Hash{this}, Equal{this});
        SUANPAN_ASSERT(part->insert(at).second);
        return at;
    }
    // The index is counted by what its parts have room for: four bytes a place and one of marks.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t bytes = blocks_.size() * sizeof(Block) + blocks_.capacity() * sizeof(void*);
        for (const Part& part : parts_)
            if (part != nullptr)
                bytes += sizeof(Set) +
                         (part->bucket_count() + 14) / 15 * (16 + 15 * sizeof(std::uint32_t));
        return bytes;
    }

private:
    static constexpr std::size_t block_slots = 4096;
    static constexpr std::size_t part_count = 256;
    using Block = std::array<CodeSlot, block_slots>;

    struct Hash {
        using is_transparent = void;
        using is_avalanching = void;  // a key is a hash already
        const CodeTable* table;
        std::size_t operator()(const CodeKey& key) const { return key.low; }
        std::size_t operator()(std::uint32_t at) const { return table->slot(at).key.low; }
    };
    struct Equal {
        using is_transparent = void;
        const CodeTable* table;
        bool operator()(std::uint32_t a, std::uint32_t b) const {
            return a == b || table->slot(a).key == table->slot(b).key;
        }
        bool operator()(const CodeKey& key, std::uint32_t at) const {
            return table->slot(at).key == key;
        }
        bool operator()(std::uint32_t at, const CodeKey& key) const {
            return table->slot(at).key == key;
        }
    };
    using Set = boost::unordered_flat_set<std::uint32_t, Hash, Equal>;
    using Part = std::unique_ptr<Set>;
    static std::size_t part_of(const CodeKey& key) { return key.high >> 56U; }

    std::vector<std::unique_ptr<Block>> blocks_;
    std::array<Part, part_count> parts_;
    std::uint32_t size_ = 0;
};

}  // namespace suanpan::cards
