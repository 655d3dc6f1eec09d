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
    for (std::uint32_t i = 0; i < 4; ++i) ASSERT_TRUE(exchange.try_send(first, second, mail(i)));
    EXPECT_FALSE(exchange.try_send(first, second, mail(4)));

    // Taking the mail alone gives no credit back: its reply still needs a slot.
    std::vector<ReplyTo> asked;
    exchange.drain_mail(first, second, 10, [&](Mail&& taken) { asked.push_back(taken.to); });
    EXPECT_EQ(asked.size(), 4U);
    EXPECT_FALSE(exchange.try_send(first, second, mail(4)));

    for (const ReplyTo& to : asked) exchange.reply(second, {.to = to});
    std::uint32_t replies = 0;
    exchange.drain_replies(first, second, [&](Reply&&) { ++replies; });
    EXPECT_EQ(replies, 4U);
    EXPECT_TRUE(exchange.try_send(first, second, mail(4)));
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
