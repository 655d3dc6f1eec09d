// Orders that use up a budget and coupons, at random, over shards that are killed at any moment and
// start again in another number: whatever happens, the journal keeps INV-11 at every LSN.
#include "tests/unit/shard/mall.h"
#include "tools/replay.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace suanpan::shard {
namespace {

using ledger::CounterKind;

constexpr std::uint64_t members = 12;

std::string rules_of(std::int64_t budget, std::int64_t total) {
    return "[refund]\nlate_payment = \"reacquire\"\n"
           "[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n"
           "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\nend = 2028-02-01T00:00:00Z\n"
           "multiplier = 2\nbudget = " +
           std::to_string(budget) +
           "\n[[coupon]]\nid = 5\nstart = 2027-01-01T00:00:00Z\nend = 2028-02-01T00:00:00Z\n"
           "minus = 30\ntotal_max = " +
           std::to_string(total) + "\n";
}

class Lives {
public:
    explicit Lives(std::uint32_t seed)
        : random_(seed), mall_(static_cast<std::uint16_t>(draw(1, 4)), rules_of(1500, 8)) {
        for (std::uint64_t i = 0; i < members; ++i) mall_.earn(i, draw(1, 60));
        mall_.world.settle();
    }

    void live(int steps) {
        for (int i = 0; i < steps; ++i) step();
        mall_.world.settle();
        mall_.world.clock.pass(seconds(700));
        mall_.world.settle();
        mall_.check();
        EXPECT_EQ(mall_.units(CounterKind::campaign_budget, 7).reserved, 0);  // INV-10
        EXPECT_EQ(mall_.units(CounterKind::coupon_total, 5).reserved, 0);
        audit();
        const std::string state = mall_.state();
        mall_.world.restart(static_cast<std::uint16_t>(draw(1, 4)));
        EXPECT_EQ(mall_.state(), state);  // INV-12
    }
    [[nodiscard]] int settled() const { return settled_; }
    [[nodiscard]] int not_now() const { return not_now_; }
    [[nodiscard]] int used_up() const { return used_up_; }

private:
    struct Asked {
        std::uint64_t member;
        std::uint32_t request;
    };
    struct Order {
        std::uint64_t member;
        std::string name;
        std::int64_t cash;
        std::uint32_t request;
    };
    std::int64_t draw(std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
    }

    void step() {
        const std::int64_t what = draw(0, 99);
        const auto member = static_cast<std::uint64_t>(draw(0, members - 1));
        if (what < 25) {
            std::vector<std::uint32_t> coupons;
            if (draw(0, 1) == 0) coupons.push_back(5);
            quotes_.push_back({member, mall_.send_quote(member, draw(31, 400), coupons)});
        } else if (what < 50 && !quotes_.empty()) {
            settle();
        } else if (what < 62 && !orders_.empty()) {
            const Order& order = some_order();
            mall_.send_confirm(order.member, order.name, order.cash);
        } else if (what < 70 && !orders_.empty()) {
            const Order& order = some_order();
            mall_.send_cancel(order.member, order.name);
        } else if (what < 72) {
            mall_.earn(member, draw(1, 30));
        } else if (what < 80) {
            mall_.world.step_shards();
        } else if (what < 88) {
            mall_.world.commit();
        } else if (what < 92) {
            mall_.world.settle();
        } else if (what < 95) {
            mall_.world.clock.pass(seconds(draw(1, 400)));
        } else if (what < 97) {
            const auto put = mall_.put_rules(rules_of(draw(300, 3000), draw(3, 12)), version_);
            if (put.outcome.code == Code::ok)
                ++version_;
            else
                EXPECT_EQ(put.outcome.code, Code::budget_below_granted);
        } else if (what < 98) {
            mall_.world.write_checkpoint();
        } else {
            count();
            quotes_.clear();
            mall_.world.restart(static_cast<std::uint16_t>(draw(1, 4)));  // as if killed
        }
    }

    void settle() {
        const auto place =
            static_cast<std::size_t>(draw(0, static_cast<std::int64_t>(quotes_.size()) - 1));
        const Asked asked = quotes_[place];
        const Reply* reply = mall_.world.reply(asked.request);
        if (reply == nullptr || reply->outcome.code != Code::ok) return;
        const QuoteAnswer& quote = std::get<QuoteAnswer>(*reply->body);
        const std::string name = "order-" + std::to_string(orders_.size());
        orders_.push_back({.member = asked.member,
                           .name = name,
                           .cash = quote.cash.value,
                           .request = mall_.send_settle(asked.member, quote, name)});
    }

    const Order& some_order() {
        return orders_[static_cast<std::size_t>(
            draw(0, static_cast<std::int64_t>(orders_.size()) - 1))];
    }

    void count() {
        for (; counted_ < orders_.size(); ++counted_) {
            const Outcome* outcome = mall_.world.answer(orders_[counted_].request);
            if (outcome == nullptr) continue;
            settled_ += outcome->code == Code::ok ? 1 : 0;
            not_now_ += outcome->code == Code::all_set_aside ? 1 : 0;
            used_up_ += outcome->code == Code::quote_no_longer_covered &&
                                outcome->detail >=
                                    static_cast<std::int64_t>(UncoveredLimit::campaign_budget)
                            ? 1
                            : 0;
        }
    }

    // What suanpan-verify asks of every entry.
    void audit() {
        count();
        tools::Replay replay(mall_.world.directory(), 3);
        const auto walked = mall_.world.journal().for_each_commit(
            Lsn{1}, storage::CommitCheck::chain, [&](const storage::CommitView& commit) {
                for (std::uint32_t i = 0; i < commit.count(); ++i) {
                    const Lsn lsn = commit.first_lsn() + i;
                    const auto wrong = replay.take(commit.entry(i), lsn, 0);
                    EXPECT_EQ(wrong, std::nullopt) << "LSN " << lsn.value;
                    if (wrong) return false;
                }
                return true;
            });
        EXPECT_TRUE(walked.has_value());
        EXPECT_EQ(replay.counters().compare(replay.ledgers()), std::nullopt);
    }

    std::mt19937 random_;
    Mall mall_;
    std::uint32_t version_ = 2;
    std::vector<Asked> quotes_;
    std::vector<Order> orders_;
    std::size_t counted_ = 0;
    int settled_ = 0;
    int not_now_ = 0;
    int used_up_ = 0;
};

TEST(OwnerLives, KeepEveryLimitThroughCrashesAndChangesOfRules) {
    int settled = 0;
    int not_now = 0;
    int used_up = 0;
    // Which member lies on which shard is drawn anew by each folder, so the rarest answer may want
    // more lives than usual.
    for (std::uint32_t seed = 1; seed <= 12 || (used_up == 0 && seed <= 100); ++seed) {
        SCOPED_TRACE(seed);
        Lives lives(seed);
        lives.live(300);
        settled += lives.settled();
        not_now += lives.not_now();
        used_up += lives.used_up();
        if (::testing::Test::HasFailure()) return;
    }
    // Or nothing has been shown.
    EXPECT_GT(settled, 100);
    EXPECT_GT(not_now, 0);
    EXPECT_GT(used_up, 0);
}

}  // namespace
}  // namespace suanpan::shard
