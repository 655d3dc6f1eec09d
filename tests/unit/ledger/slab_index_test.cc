#include "server/ledger/slab_index.h"

#include "protocol/base/hash.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <span>

namespace suanpan::ledger {
namespace {

struct Word {
    std::uint64_t key = 0;
    std::uint64_t value = 0;
};

// `spread` bits of a key's hash differ from those of others; the rest are the same for all.
struct WordTraits {
    using Item = Word;
    using Key = std::uint64_t;
    std::uint64_t spread = std::numeric_limits<std::uint64_t>::max();
    static std::uint64_t key_of(const Word& word) { return word.key; }
    [[nodiscard]] std::uint64_t hash(std::uint64_t key) const {
        const std::array<std::uint64_t, 1> words = {key};
        return xxh3_64(std::as_bytes(std::span(words)), 7) & spread;
    }
};

template <std::size_t sub_tables>
void fill_and_find(WordTraits traits, std::uint64_t count) {
    SlabIndex<WordTraits, sub_tables> index(traits);
    for (std::uint64_t key = 0; key < count; ++key) {
        ASSERT_FALSE(index.find(key).has_value());
        ASSERT_EQ(index.insert({.key = key, .value = key * 3}), key);
    }
    EXPECT_EQ(index.size(), count);
    for (std::uint64_t key = 0; key < count; ++key) {
        index.prefetch(key);
        ASSERT_NE(index.likely(key), nullptr);
        const auto slot = index.find(key);
        ASSERT_TRUE(slot.has_value());
        ASSERT_EQ(index[*slot].value, key * 3);
    }
    for (std::uint64_t key = count; key < 2 * count; ++key) ASSERT_FALSE(index.find(key));
}

TEST(SlabIndex, FindsWhatWasInsertedWhileItGrows) {
    fill_and_find<1>({}, 100'000);
    fill_and_find<64>({}, 100'000);
}

TEST(SlabIndex, FindsItemsWhoseHashesAreAllTheSame) {
    fill_and_find<4>({.spread = 0}, 300);
}

TEST(SlabIndex, ComparesKeysWhereTagAndPlaceAgree) {
    // Only the bits that choose a sub-table are left.
    fill_and_find<16>({.spread = 0xf000}, 2'000);
}

TEST(SlabIndex, ReservesRoomWithoutForgettingAnything) {
    SlabIndex<WordTraits, 16> index;
    for (std::uint64_t key = 0; key < 100; ++key) index.insert({.key = key, .value = key});
    index.reserve(50'000);
    const std::size_t reserved = index.bytes();
    for (std::uint64_t key = 0; key < 100; ++key) ASSERT_TRUE(index.find(key).has_value());
    for (std::uint64_t key = 100; key < 40'000; ++key) index.insert({.key = key, .value = key});
    // The slab has grown, the sub-tables have not: 16 bytes an item and less than one chunk more.
    EXPECT_LE(index.bytes(), reserved + 44'000 * sizeof(Word) + 4096);
}

TEST(SlabIndex, TakesAtMostTwelveBytesAnItem) {
    SlabIndex<WordTraits, 1024> index;
    for (std::uint64_t key = 0; key < 1'000'000; ++key) index.insert({.key = key, .value = key});
    const std::size_t slab_bytes = 1'000'000 * sizeof(Word) + 4096 * sizeof(Word);
    EXPECT_LE(index.bytes() - slab_bytes, 1'000'000U * 12U);
}

}  // namespace
}  // namespace suanpan::ledger
