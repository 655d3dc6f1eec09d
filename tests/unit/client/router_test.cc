#include "client/router.h"

#include "protocol/base/hash.h"

#include <gmock/gmock.h>

namespace suanpan::client {
namespace {

PendingPtr call_of(CommandKind kind, std::uint64_t number = 0) {
    auto call = std::make_shared<PendingCall>();
    call->command.head.kind = kind;
    call->command.head.member = MemberId{1, number};
    return call;
}

TEST(ShardMap, SendsMembersWhereTheServerKeepsThem) {
    const ShardMap map{.ports = {1, 2, 3}, .hash_seed = 99};
    for (std::uint64_t i = 0; i < 100; ++i) {
        const MemberId member{5, i};
        EXPECT_EQ(map.shard_of(member), member_hash(member, 99) % 3);
    }
}

TEST(ShardMap, SendsEverythingToTheFirstShardBeforeItIsKnown) {
    EXPECT_EQ(ShardMap{}.shard_of(MemberId{1, 2}), 0U);
}

TEST(Line, PutsOneKindIntoAFrameAndKeepsItsOrder) {
    Line line;
    for (std::uint64_t i = 0; i < 3; ++i) {
        line.push_back(call_of(CommandKind::spend, i));
        line.push_back(call_of(CommandKind::earn, i));
    }
    for (int frame = 0; frame < 2; ++frame) {
        const auto batch = line.cut(100);
        ASSERT_EQ(batch.size(), 3U);
        for (std::uint64_t i = 0; i < 3; ++i) {
            EXPECT_EQ(batch[i]->command.head.kind, batch[0]->command.head.kind);
            EXPECT_EQ(batch[i]->command.head.member.low, i);
        }
    }
    EXPECT_TRUE(line.is_empty());
}

TEST(Line, CutsNoMoreThanThereIsRoomFor) {
    Line line;
    for (int i = 0; i < 5; ++i) line.push_back(call_of(CommandKind::spend));
    EXPECT_EQ(line.cut(3).size(), 3U);
    EXPECT_EQ(line.cut(3).size(), 2U);
}

TEST(Line, SendsTablesAlone) {
    Line line;
    line.push_back(call_of(CommandKind::statement));
    line.push_back(call_of(CommandKind::statement));
    EXPECT_EQ(line.cut(100).size(), 1U);
    EXPECT_FALSE(line.is_empty());
}

TEST(Line, LetsAFloodOfOneKindNotStarveAnother) {
    Line line;
    for (int i = 0; i < 100; ++i) line.push_back(call_of(CommandKind::spend));
    line.push_back(call_of(CommandKind::balance));
    const CommandKind first = line.cut(10).front()->command.head.kind;
    const CommandKind second = line.cut(10).front()->command.head.kind;
    EXPECT_NE(first, second);
}

TEST(Line, PutsRetriesBeforeNewCalls) {
    Line line;
    line.push_back(call_of(CommandKind::spend, 1));
    line.push_front(call_of(CommandKind::spend, 2));
    EXPECT_EQ(line.cut(1).front()->command.head.member.low, 2U);
}

TEST(Line, DropsCallsThatEndedWhileTheyWaited) {
    Line line;
    const PendingPtr ended = call_of(CommandKind::spend);
    line.push_back(ended);
    ended->is_complete = true;
    line.drop_complete();
    EXPECT_TRUE(line.is_empty());
}

}  // namespace
}  // namespace suanpan::client
