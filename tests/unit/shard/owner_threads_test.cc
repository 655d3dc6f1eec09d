// The owner step between real threads: one for each shard, and one that commits.
#include "tests/unit/shard/mall.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace suanpan::shard {
namespace {

constexpr std::uint16_t shards = 4;

// ThreadSanitizer sees the same races in a smaller crowd.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SUANPAN_SMALL_CROWD 1
#endif
#endif
#ifdef SUANPAN_SMALL_CROWD
constexpr std::uint64_t members_many = 2'000;
#else
constexpr std::uint64_t members_many = 10'000;
#endif

// What came of many commands: how often each code was the last answer, and how often `busy` was
// answered before it.
struct Crowd {
    std::map<Code, int> codes;
    int busy = 0;
};

// Takes the answers of one shard's thread. What was busy waits to be sent again.
struct Answers final : ReplySink {
    Crowd seen;
    std::deque<std::uint32_t> again;
    std::atomic<std::int64_t>* left = nullptr;
    void deliver(Reply&& reply) override {
        if (reply.outcome.code == Code::busy) {
            ++seen.busy;
            again.push_back(reply.to.request);
            return;
        }
        ++seen.codes[reply.outcome.code];
        left->fetch_sub(1, std::memory_order_relaxed);
    }
};

// So many threads send their shares, and again what was busy, under the same id.
Crowd send_at_once(Mall& mall, const std::vector<Command>& commands, std::size_t senders = shards) {
    std::array<std::vector<Command>, shards> shares;
    for (std::size_t i = 0; i < commands.size(); ++i) shares[i % senders].push_back(commands[i]);
    std::atomic<std::int64_t> left{static_cast<std::int64_t>(commands.size())};
    std::atomic<int> ready{0};
    std::atomic<bool> is_over{false};
    std::array<Answers, shards> answers;
    std::vector<std::thread> threads;
    for (std::uint16_t index = 0; index < shards; ++index) {
        Answers& mine = answers[index];
        mine.left = &left;
        for (std::uint32_t i = 0; i < shares[index].size(); ++i) mine.again.push_back(i);
        threads.emplace_back([&, index] {
            Shard& shard = mall.world.shard(index);
            shard.adopt_thread(mine);
            ready.fetch_add(1);
            while (ready.load() < shards) {
            }
            while (!is_over.load(std::memory_order_acquire)) {
                shard.begin_turn();
                for (int burst = 0; burst < 20 && !mine.again.empty(); ++burst) {
                    const std::uint32_t i = mine.again.front();
                    mine.again.pop_front();
                    shard.submit(shares[index][i], {.shard = ShardIndex{index}, .request = i});
                }
                shard.step();
            }
        });
    }
    threads.emplace_back([&] {
        while (left.load(std::memory_order_relaxed) > 0) mall.world.committer().try_commit();
        is_over.store(true, std::memory_order_release);
    });
    for (std::thread& thread : threads) thread.join();
    mall.world.adopt_shards();
    mall.world.settle();
    Crowd all;
    for (const Answers& each : answers) {
        all.busy += each.seen.busy;
        for (const auto& [code, count] : each.seen.codes) all.codes[code] += count;
    }
    return all;
}

// Settles all `quotes`, the i-th one of member i.
Crowd settle_at_once(Mall& mall, const std::vector<QuoteAnswer>& quotes) {
    std::vector<Command> commands;
    for (std::uint64_t i = 0; i < quotes.size(); ++i)
        commands.push_back(mall.settle_command(i, quotes[i], "A"));
    return send_at_once(mall, commands);
}

std::vector<QuoteAnswer> quotes_of(Mall& mall, std::uint64_t members,
                                   const std::vector<std::uint32_t>& coupons) {
    constexpr std::uint64_t portion = 500;
    std::vector<std::uint32_t> requests;
    for (std::uint64_t first = 0; first < members; first += portion) {
        const std::uint64_t end = std::min(first + portion, members);
        for (std::uint64_t i = first; i < end; ++i) mall.earn(i, 1000);
        mall.world.settle();
        for (std::uint64_t i = first; i < end; ++i)
            requests.push_back(mall.send_quote(i, 400, coupons));
        mall.world.settle();
    }
    std::vector<QuoteAnswer> quotes;
    for (const std::uint32_t request : requests) quotes.push_back(mall.quoted(request));
    return quotes;
}

constexpr std::string_view campaign_of_budget =
    "[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n"
    "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\nend = 2028-02-01T00:00:00Z\n"
    "multiplier = 2\nbudget = ";

TEST(OwnerThreads, SpendABudgetExactly) {
    Mall mall(shards, std::string(campaign_of_budget) + "100100\n");
    Crowd crowd = settle_at_once(mall, quotes_of(mall, 600, {}));
    EXPECT_EQ(crowd.codes[Code::ok], 250);  // ¥4 each (INV-11)
    EXPECT_EQ(crowd.codes[Code::quote_no_longer_covered], 350);
    EXPECT_EQ(mall.units(ledger::CounterKind::campaign_budget, 7),
              (ledger::CounterUnits{.issued = 100'000}));
}

// The budget is a multiple of what each order takes of it: all of it is granted, to the last fen.
TEST(OwnerThreads, SpendABudgetToItsLastUnitUnderTenThousandSettles) {
    constexpr std::int64_t covered = members_many * 5 / 8;
    Mall mall(shards, std::string(campaign_of_budget) + std::to_string(covered * 400) + "\n");
    Crowd all = settle_at_once(mall, quotes_of(mall, members_many, {}));
    EXPECT_EQ(all.codes[Code::ok], covered);
    EXPECT_EQ(all.codes[Code::quote_no_longer_covered], static_cast<int>(members_many) - covered);
    EXPECT_EQ(mall.units(ledger::CounterKind::campaign_budget, 7),
              (ledger::CounterUnits{.issued = covered * 400}));  // INV-11
    mall.check();
}

TEST(OwnerThreads, GiveACouponOfLimitOneOnce) {
    Mall mall(shards,
              "[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n"
              "[[coupon]]\nid = 5\nstart = 2027-01-01T00:00:00Z\nend = 2028-02-01T00:00:00Z\n"
              "minus = 100\ntotal_max = 1\n");
    Crowd crowd = settle_at_once(mall, quotes_of(mall, 64, {5}));
    EXPECT_EQ(crowd.codes[Code::ok], 1);  // INV-10
    EXPECT_EQ(crowd.codes[Code::quote_no_longer_covered], 63);
}

// Commands of one member, each with an id of its own.
void number(std::vector<Command>& commands) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
        commands[i].head.request_id.low = 500'000 + i;
        commands[i].head.body_hash = 500'000 + i;
    }
}

// Twenty spends of one balance from all shards at once, again and again.
TEST(ConcurrentSpends, OfOneBalanceAreWhatItAllows) {
    Mall mall(shards, "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n");
    for (std::uint64_t member = 0; member < 16; ++member) {
        const std::int64_t covered = static_cast<std::int64_t>(member);  // of 20
        const std::int64_t balance = covered * 70 + 69;
        mall.earn(member, balance);
        mall.world.settle();
        std::vector<Command> spends;
        for (int i = 0; i < 20; ++i) {
            spends.push_back(mall.world.command(CommandKind::spend, Spend{.amount = {70}}));
            spends.back().head.member = Mall::member(member);
        }
        number(spends);
        Crowd crowd = send_at_once(mall, spends);
        EXPECT_EQ(crowd.codes[Code::ok], covered);  // INV-10
        EXPECT_EQ(crowd.codes[Code::insufficient_points], 20 - covered);
    }
    mall.check();
    ledger::Totals totals;
    for (std::uint16_t i = 0; i < shards; ++i)
        totals.add(mall.world.shard(i).ledger().effective_totals(shop, mall.world.clock.now()));
    EXPECT_EQ(totals.available, 16 * 69);  // INV-3
}

// The same with settles, which wait for a budget's owner: the line behind a member's open step is
// shorter than twenty, and who was busy comes again.
TEST(ConcurrentSettles, OfOneBalanceAreWhatItAllowsHoweverOftenBusyIsRepeated) {
    Mall mall(shards, std::string(campaign_of_budget) + "100000000\n");
    int busy = 0;
    for (std::uint64_t member = 0; member < 16; ++member) {
        const std::int64_t covered = static_cast<std::int64_t>(member);
        mall.earn(member, covered * 20 + 19);  // an order takes 20 points for ¥4.00
        mall.world.settle();
        mall.earn(member, 1000);  // gone again before the orders come
        mall.world.settle();
        std::vector<QuoteAnswer> quotes;
        for (int i = 0; i < 20; ++i) quotes.push_back(mall.quote(member, 400));
        std::vector<Command> gone{mall.world.command(CommandKind::spend, Spend{.amount = {1000}})};
        gone[0].head.member = Mall::member(member);
        number(gone);
        gone[0].head.request_id.low = 400'000;
        EXPECT_EQ(mall.world.ask(gone[0]).code, Code::ok);
        std::vector<Command> settles;
        for (std::size_t i = 0; i < quotes.size(); ++i)
            settles.push_back(mall.settle_command(member, quotes[i], "A" + std::to_string(i)));
        number(settles);
        // From all shards; or all of them in one turn of one, which is more than may wait.
        Crowd crowd = send_at_once(mall, settles, member % 2 == 0 ? shards : 1);
        EXPECT_EQ(crowd.codes[Code::ok], covered);  // INV-10
        EXPECT_EQ(crowd.codes[Code::quote_no_longer_covered], 20 - covered);
        busy += crowd.busy;
    }
    EXPECT_EQ(mall.units(ledger::CounterKind::campaign_budget, 7),
              (ledger::CounterUnits{.issued = 400 * (15 * 16 / 2)}));
    EXPECT_GT(busy, 0);
    mall.check();
}

}  // namespace
}  // namespace suanpan::shard
