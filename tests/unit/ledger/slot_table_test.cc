#include "server/ledger/slot_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace suanpan::ledger {
namespace {

// splitmix64: hashes that are well mixed, as a SlotTable expects.
std::uint64_t mixed(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
}

constexpr auto hash_of = [](std::uint32_t slot) { return mixed(slot); };

std::optional<std::uint32_t> find(const SlotTable& table, std::uint32_t slot) {
    return table.find(mixed(slot), [&](std::uint32_t found) { return found == slot; });
}

TEST(SlotTable, FindsWhatWasInsertedAndNothingElse) {
    SlotTable table;
    table.prefetch(1);
    EXPECT_EQ(find(table, 0), std::nullopt);
    for (std::uint32_t slot = 0; slot < 100'000; ++slot) {
        table.insert(mixed(slot), slot, hash_of);
        if (slot % 97 != 0) continue;
        ASSERT_EQ(find(table, slot / 2), slot / 2);
    }
    EXPECT_EQ(table.size(), 100'000U);
    for (std::uint32_t slot = 0; slot < 100'000; ++slot) ASSERT_EQ(find(table, slot), slot);
    for (std::uint32_t slot = 100'000; slot < 200'000; ++slot)
        ASSERT_EQ(find(table, slot), std::nullopt);
    EXPECT_LE(table.bytes(), 100'000 * 11U);
}

TEST(SlotTable, DoesNotGrowWithinWhatWasReserved) {
    SlotTable table;
    table.reserve(50'000, hash_of);
    const std::size_t bytes = table.bytes();
    for (std::uint32_t slot = 0; slot < 50'000; ++slot) table.insert(mixed(slot), slot, hash_of);
    EXPECT_EQ(table.bytes(), bytes);
    table.reserve(10, hash_of);
    EXPECT_EQ(table.bytes(), bytes) << "it never shrinks";
    table.reserve(90'000, hash_of);
    EXPECT_GT(table.bytes(), bytes);
    for (std::uint32_t slot = 0; slot < 50'000; ++slot) ASSERT_EQ(find(table, slot), slot);
}

// All hashes equal but for a few bits: one bucket overflows into many.
TEST(SlotTable, FindsItemsThatOverflowTheirBucket) {
    SlotTable table;
    const auto same = [](std::uint32_t) { return std::uint64_t{0xffffffff00000007}; };
    for (std::uint32_t slot = 0; slot < 200; ++slot) table.insert(same(slot), slot, same);
    for (std::uint32_t slot = 0; slot < 200; ++slot) {
        const auto found =
            table.find(same(slot), [&](std::uint32_t candidate) { return candidate == slot; });
        ASSERT_EQ(found, slot);
    }
    EXPECT_EQ(table.find(0xffffffff00000008, [](std::uint32_t) { return true; }), std::nullopt);
}

}  // namespace
}  // namespace suanpan::ledger
