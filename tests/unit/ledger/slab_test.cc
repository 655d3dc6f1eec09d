#include "server/ledger/slab.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace suanpan::ledger {
namespace {

TEST(Slab, KeepsEveryItemWhereItIs) {
    Slab<std::uint64_t, 4, 64> slab;
    std::vector<const std::uint64_t*> places;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const std::uint32_t slot = slab.push(i * 3);
        ASSERT_EQ(slot, i);
        places.push_back(&slab[slot]);
    }
    EXPECT_EQ(slab.size(), 1000U);
    for (std::uint32_t i = 0; i < 1000; ++i) {
        EXPECT_EQ(&slab[i], places[i]);
        EXPECT_EQ(slab[i], i * 3);
    }
}

TEST(Slab, DestroysWhatItHolds) {
    const auto counted = std::make_shared<int>(7);
    {
        Slab<std::shared_ptr<int>, 4, 16> slab;
        for (int i = 0; i < 100; ++i) slab.push(std::shared_ptr<int>(counted));
        EXPECT_EQ(counted.use_count(), 101);
    }
    EXPECT_EQ(counted.use_count(), 1);
}

TEST(Slab, CountsTheMemoryItHasTouched) {
    Slab<std::uint64_t, 64, 1U << 19U> slab;  // chunks of 4 MiB
    EXPECT_EQ(slab.bytes(), 0U);
    for (std::uint64_t i = 0; i < 600'000; ++i) slab.push(std::uint64_t{i});
    EXPECT_GE(slab.bytes(), 600'000U * sizeof(std::uint64_t));
    EXPECT_LE(slab.bytes(), 600'000U * sizeof(std::uint64_t) + (2U << 20U) + 4096U);
    EXPECT_EQ(slab[599'999], 599'999U);
}

}  // namespace
}  // namespace suanpan::ledger
