#include "server/shard/exchange.h"

#include <gtest/gtest.h>

namespace suanpan::shard {
namespace {

constexpr ShardIndex first{0};
constexpr ShardIndex second{1};

Mail mail(std::uint32_t request) {
    return {.to = {.shard = first, .request = request}};
}

TEST(Exchange, RefusesMailWithoutCreditUntilReplyIsTaken) {
    Exchange exchange(2, 4);
    for (std::uint32_t i = 0; i < 3; ++i) ASSERT_TRUE(exchange.try_send(first, second, mail(i)));
    EXPECT_FALSE(exchange.try_send(first, second, mail(4)));

    // Taking the mail alone gives no credit back: its reply still needs a slot.
    std::vector<ReplyTo> asked;
    exchange.drain_mail(first, second, 10, [&](Mail&& taken) { asked.push_back(taken.to); });
    EXPECT_EQ(asked.size(), 3U);
    EXPECT_FALSE(exchange.try_send(first, second, mail(4)));

    for (const ReplyTo& to : asked) exchange.reply(second, {.to = to});
    std::uint32_t replies = 0;
    exchange.drain_replies(first, second, [&](Reply&&) { ++replies; });
    EXPECT_EQ(replies, 3U);
    EXPECT_TRUE(exchange.try_send(first, second, mail(4)));
}

// Seed 79 with 600 requests of the simulator: redemptions waited for offers to open, held all
// credit of a lane, and the file that would have opened them could not be sent.
TEST(Exchange, HasRoomForAnInstallationThatRequestsWaitFor) {
    Exchange exchange(2, 2);
    ASSERT_TRUE(exchange.try_send(first, second, mail(1)));
    EXPECT_FALSE(exchange.try_send(first, second, mail(2)));
    Mail install = mail(3);
    install.install = true;
    EXPECT_TRUE(exchange.try_send(first, second, std::move(install)));
}

TEST(Exchange, ShowsNewsToWhomItConcerns) {
    Exchange exchange(2, 4);
    EXPECT_FALSE(exchange.has_news(second));
    ASSERT_TRUE(exchange.try_send(first, second, mail(1)));
    EXPECT_TRUE(exchange.has_news(second));
    EXPECT_FALSE(exchange.has_news(first));
    exchange.drain_mail(first, second, 10,
                        [&](Mail&& taken) { exchange.reply(second, {.to = taken.to}); });
    EXPECT_FALSE(exchange.has_news(second));
    EXPECT_TRUE(exchange.has_news(first));
}

}  // namespace
}  // namespace suanpan::shard
