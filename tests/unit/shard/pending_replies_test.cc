#include "server/shard/pending_replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suanpan::shard {
namespace {

PendingReply pending(std::uint64_t lsn, std::uint64_t digest, std::uint32_t request) {
    return {.lsn = Lsn{lsn},
            .digest = {.high = digest, .low = digest},
            .reply = {.to = {.request = request}, .outcome = {.entry_id = Lsn{lsn}}}};
}

std::vector<std::uint32_t> released(PendingReplies& replies, std::uint64_t durable) {
    std::vector<std::uint32_t> requests;
    replies.release(Lsn{durable},
                    [&](PendingReply&& done) { requests.push_back(done.reply.to.request); });
    return requests;
}

TEST(PendingReplies, ReleasesNothingBeforeItIsDurable) {
    PendingReplies replies;
    replies.push(pending(5, 1, 10));
    replies.push(pending(6, 2, 11));
    EXPECT_THAT(released(replies, 4), testing::IsEmpty());
    EXPECT_THAT(released(replies, 5), testing::ElementsAre(10U));
    EXPECT_THAT(released(replies, 6), testing::ElementsAre(11U));
    EXPECT_TRUE(replies.empty());
}

TEST(PendingReplies, GivesWaitersTheSameOutcome) {
    PendingReplies replies;
    replies.push(pending(5, 1, 10));
    replies.push(pending(6, 2, 11));
    ASSERT_TRUE(replies.attach(Lsn{6}, {.high = 2, .low = 2}, {.request = 21}));
    std::vector<Reply> all;
    replies.release(Lsn{6}, [&](PendingReply&& done) { all.push_back(std::move(done.reply)); });
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[1].to.request, 21U);
    EXPECT_EQ(all[1].outcome, all[2].outcome);
}

TEST(PendingReplies, RefusesTheFifthWaiter) {
    PendingReplies replies;
    replies.push(pending(5, 1, 10));
    const Hash128 digest{.high = 1, .low = 1};
    for (std::uint32_t i = 0; i < limits::repeat_waiters_max; ++i)
        EXPECT_TRUE(replies.attach(Lsn{5}, digest, {.request = i}));
    EXPECT_FALSE(replies.attach(Lsn{5}, digest, {.request = 99}));
}

TEST(PendingReplies, FindsNobodyToJoinAfterTheAnswerHasLeft) {
    PendingReplies replies;
    replies.push(pending(5, 1, 10));
    EXPECT_EQ(released(replies, 5).size(), 1U);
    EXPECT_FALSE(replies.attach(Lsn{5}, {.high = 1, .low = 1}, {.request = 2}));
}

}  // namespace
}  // namespace suanpan::shard
