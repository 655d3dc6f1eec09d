#include "bench/load/members.h"

#include <gtest/gtest.h>

#include <set>

namespace suanpan::load {
namespace {

TEST(Members, HaveTheSameIdsInEveryRunAndNeverTheZeroOne) {
    std::set<MemberId> seen;
    for (std::uint64_t number = 0; number < 10'000; ++number) {
        const MemberId id = member_id(number);
        EXPECT_FALSE(id.is_zero());
        EXPECT_EQ(id, member_id(number));
        seen.insert(id);
    }
    EXPECT_EQ(seen.size(), 10'000U);
}

TEST(MemberPicker, DrawsOnlyMembersOfTheShardThatWasAsked) {
    const ShardMap map{.hash_seed = 99, .shards = 3};
    const MemberPicker picker(1000, 0.9, map);
    std::mt19937_64 random(1);
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
        for (int i = 0; i < 100; ++i) {
            const auto member = picker.draw_of(shard, random);
            ASSERT_TRUE(member.has_value());
            EXPECT_EQ(map.shard_of(*member), shard);
        }
    }
}

TEST(MemberPicker, GivesUpOnAShardWithoutMembers) {
    const ShardMap map{.hash_seed = 1, .shards = 2};
    const MemberPicker picker(1, 0, map);
    std::mt19937_64 random(1);
    const std::uint32_t other = 1 - map.shard_of(member_id(0));
    EXPECT_FALSE(picker.draw_of(other, random).has_value());
}

TEST(MemberPicker, KnowsHowPopularAShardIs) {
    const ShardMap map{.hash_seed = 5, .shards = 2};
    const MemberPicker picker(1'000'000, 1.2, map);
    const double hot = picker.share_of(map.shard_of(member_id(0)));
    EXPECT_GT(hot, 0.55);  // the first rank alone has a fifth of all draws
    EXPECT_NEAR(picker.share_of(0) + picker.share_of(1), 1, 1e-9);
}

}  // namespace
}  // namespace suanpan::load
