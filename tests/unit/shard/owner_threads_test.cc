// The owner step between real threads: one for each shard, and one that commits.
#include "tests/unit/shard/mall.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace suanpan::shard {
namespace {

constexpr std::uint16_t shards = 4;

// Takes the answers of one shard's thread.
struct Answers final : ReplySink {
    std::map<Code, int> codes;
    std::atomic<int>* left = nullptr;
    void deliver(Reply&& reply) override {
        ++codes[reply.outcome.code];
        left->fetch_sub(1, std::memory_order_relaxed);
    }
};

// Every thread settles its share of `quotes`, which are of members of all shards; returns how often
// each code was answered.
std::map<Code, int> settle_at_once(Mall& mall, const std::vector<QuoteAnswer>& quotes) {
    std::array<std::vector<Command>, shards> shares;
    for (std::uint64_t i = 0; i < quotes.size(); ++i)
        shares[i % shards].push_back(mall.settle_command(i, quotes[i], "A"));
    std::atomic<int> left{static_cast<int>(quotes.size())};
    std::atomic<bool> is_over{false};
    std::array<Answers, shards> answers;
    std::vector<std::thread> threads;
    for (std::uint16_t index = 0; index < shards; ++index) {
        answers[index].left = &left;
        threads.emplace_back([&, index] {
            Shard& shard = mall.world.shard(index);
            shard.adopt_thread(answers[index]);
            std::size_t sent = 0;
            while (!is_over.load(std::memory_order_acquire)) {
                shard.begin_turn();
                for (int burst = 0; burst < 20 && sent < shares[index].size(); ++burst)
                    shard.submit(shares[index][sent++], {.shard = ShardIndex{index}});
                shard.step();
            }
        });
    }
    threads.emplace_back([&] {
        while (left.load(std::memory_order_relaxed) > 0) mall.world.committer().try_commit();
        is_over.store(true, std::memory_order_release);
    });
    for (std::thread& thread : threads) thread.join();
    std::map<Code, int> codes;
    for (const Answers& each : answers)
        for (const auto& [code, count] : each.codes) codes[code] += count;
    return codes;
}

std::vector<QuoteAnswer> quotes_of(Mall& mall, std::uint64_t members,
                                   const std::vector<std::uint32_t>& coupons) {
    std::vector<std::uint32_t> requests;
    for (std::uint64_t i = 0; i < members; ++i) mall.earn(i, 1000);
    mall.world.settle();
    for (std::uint64_t i = 0; i < members; ++i)
        requests.push_back(mall.send_quote(i, 400, coupons));
    mall.world.settle();
    std::vector<QuoteAnswer> quotes;
    for (const std::uint32_t request : requests) quotes.push_back(mall.quoted(request));
    return quotes;
}

TEST(OwnerThreads, SpendABudgetExactly) {
    Mall mall(shards,
              "[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n"
              "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\nend = 2028-02-01T00:00:00Z\n"
              "multiplier = 2\nbudget = 100100\n");
    std::map<Code, int> codes = settle_at_once(mall, quotes_of(mall, 600, {}));
    EXPECT_EQ(codes[Code::ok], 250);  // ¥4 each (INV-11)
    EXPECT_EQ(codes[Code::quote_no_longer_covered], 350);
    EXPECT_EQ(mall.units(ledger::CounterKind::campaign_budget, 7),
              (ledger::CounterUnits{.issued = 100'000}));
}

TEST(OwnerThreads, GiveACouponOfLimitOneOnce) {
    Mall mall(shards,
              "[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n"
              "[[coupon]]\nid = 5\nstart = 2027-01-01T00:00:00Z\nend = 2028-02-01T00:00:00Z\n"
              "minus = 100\ntotal_max = 1\n");
    std::map<Code, int> codes = settle_at_once(mall, quotes_of(mall, 64, {5}));
    EXPECT_EQ(codes[Code::ok], 1);  // INV-10
    EXPECT_EQ(codes[Code::quote_no_longer_covered], 63);
}

}  // namespace
}  // namespace suanpan::shard
