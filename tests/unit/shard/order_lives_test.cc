// Whole order lives, at random: whatever happens to orders, and in whichever order, no point and no
// cash is lost, and the journal alone gives the same state.
#include "tests/unit/shard/till.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace suanpan::shard {
namespace {

// What a partner would write down of an order.
struct Kept {
    QuoteAnswer quote;
    OrderState state{};
    Instant times_out;
    bool paid = false;       // cash has come and was kept
    bool owes_cash = false;  // it came too late
    std::int64_t refunded_points = 0;
    std::int64_t refunded_cash = 0;
};

// The rules of the lives: a day limit, restricted lines, late payments by `policy`.
std::string rules_with(const std::string& policy) {
    return "quote_valid_seconds = 600\npay_within_seconds = 900\n"
           "[refund]\nlate_payment = \"" +
           policy +
           "\"\n"
           "[[restriction]]\nid = 1\nproducts = [1]\n"
           "[[deduction]]\nid = 1\npoints = 10\nmoney = 7\n"
           "[[limit]]\nid = 9\nper = \"day\"\npoints_max = 900\n";
}

class Lives {
public:
    Lives(std::uint32_t seed, const std::string& policy)
        : till_(rules_with(policy)), random_(seed) {}

    void live(int steps) {
        for (int i = 0; i < steps; ++i) {
            step();
            if (::testing::Test::HasFatalFailure()) return;
            check();
        }
        till_.now = till_.now + days(2);
        till_.sweep();
        for (auto& [name, kept] : orders_) {
            time_passes(kept);
            const OrderState state = till_.order(name).state;
            EXPECT_NE(state, OrderState::waiting) << name;
            EXPECT_EQ(state, kept.state) << name;
        }
        check();
        EXPECT_EQ(till_.replayed(), till_.ledger.state_hash());  // INV-12
    }
    [[nodiscard]] std::size_t orders() const { return orders_.size(); }

private:
    std::int64_t draw(std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
    }
    std::string some_order() {
        auto at = orders_.begin();
        std::advance(at, draw(0, static_cast<std::int64_t>(orders_.size()) - 1));
        return at->first;
    }
    void time_passes(Kept& kept) const {
        if (kept.state == OrderState::waiting && till_.now >= kept.times_out)
            kept.state = OrderState::cancelled;
    }

    void step() {
        const std::int64_t what = draw(0, 9);
        if (what == 0) till_.now = till_.now + seconds(draw(1, 600));
        if (what == 1 && draw(0, 9) == 0) till_.now = till_.now + hours(draw(1, 30));
        if (what == 1) till_.earn(draw(1, 400), static_cast<std::uint16_t>(draw(0, 2)));
        if (what == 2) till_.sweep();
        for (auto& [name, kept] : orders_) time_passes(kept);
        if (what >= 7 || orders_.empty()) return settle();
        const std::string name = some_order();
        if (what == 3 || what == 4) return confirm(name, orders_[name]);
        if (what == 5 && draw(0, 2) == 0) return cancel(name, orders_[name]);
        if (what == 6) return refund(name, orders_[name]);
    }

    void settle() {
        std::vector<AskedLine> lines;
        for (std::int64_t count = draw(1, 3); count > 0; --count)
            lines.push_back({.product = static_cast<std::uint64_t>(draw(1, 3)),
                             .unit_price = {draw(1, 120)},
                             .quantity = draw(1, 2)});
        Kept kept{.quote = till_.quote(lines)};
        ASSERT_EQ(kept.quote.outcome.code, Code::ok);
        const std::string name = std::to_string(orders_.size());
        const Outcome outcome = till_.settle(kept.quote, name);
        ASSERT_EQ(outcome.code, Code::ok) << outcome.detail;
        ASSERT_EQ(outcome.amount, kept.quote.points);
        kept.state = kept.quote.cash > Money{} ? OrderState::waiting : OrderState::confirmed;
        ASSERT_EQ(outcome.detail, static_cast<std::int64_t>(kept.state));
        kept.times_out = till_.now + seconds(900);
        if (draw(0, 3) == 0) {
            const Outcome again = till_.settle(kept.quote, draw(0, 1) == 0 ? name : name + "-b");
            EXPECT_EQ(again.code, Code::order_exists);
        }
        orders_.emplace(name, kept);
    }

    void confirm(const std::string& name, Kept& kept) {
        if (kept.quote.cash == Money{}) return;
        const Outcome outcome = till_.confirm(name, kept.quote.cash.value);
        ASSERT_EQ(outcome.code, Code::ok);
        if (kept.paid || kept.owes_cash) {
            EXPECT_EQ(outcome.amount, Points{0});
            return;
        }
        // Never "paid and nothing".
        const auto state = static_cast<OrderState>(outcome.detail);
        if (state == OrderState::confirmed) {
            EXPECT_EQ(outcome.amount, kept.quote.points);
            kept.paid = true;
        } else {
            EXPECT_EQ(state, OrderState::cancelled);
            EXPECT_NE(kept.state, OrderState::waiting);
            EXPECT_EQ(till_.order(name).step, OrderStep::payment_to_return);
            kept.owes_cash = true;
        }
        kept.state = state;
    }

    void cancel(const std::string& name, Kept& kept) {
        const Outcome outcome = till_.cancel(name);
        const bool can = kept.state == OrderState::waiting || kept.state == OrderState::cancelled;
        EXPECT_EQ(outcome.code, can ? Code::ok : Code::order_resolved);
        if (can) kept.state = OrderState::cancelled;
    }

    void refund(const std::string& name, Kept& kept) {
        const OrderAnswer before = till_.order(name);
        const std::int64_t left = (before.payable - before.refunded).value;
        const auto line =
            static_cast<std::uint32_t>(draw(0, static_cast<std::int64_t>(before.lines.size()) - 1));
        const Outcome outcome = draw(0, 2) == 0 ? till_.refund(name, draw(0, left))
                                                : till_.refund_line(name, line, draw(0, 40));
        if (kept.state != OrderState::confirmed) {
            EXPECT_NE(outcome.code, Code::ok);
            return;
        }
        if (outcome.code != Code::ok) return;  // more than the line had left, or lines no more
        kept.refunded_points += outcome.amount.value;
        kept.refunded_cash += outcome.detail;
        if (till_.order(name).state == OrderState::refunded) {
            kept.state = OrderState::refunded;
            EXPECT_EQ(kept.refunded_points, kept.quote.points.value);  // INV-6: closes exactly
            EXPECT_EQ(kept.refunded_cash, kept.quote.cash.value);
        }
    }

    // Points spent and held are those of the orders, and of nothing else.
    void check() {
        std::int64_t spent = 0;
        std::int64_t held = 0;
        for (auto& [name, kept] : orders_) {
            time_passes(kept);
            const bool pays =
                kept.state == OrderState::confirmed || kept.state == OrderState::refunded;
            if (pays) spent += kept.quote.points.value - kept.refunded_points;
            if (kept.state == OrderState::waiting) held += kept.quote.points.value;
        }
        ASSERT_EQ(till_.spent(), spent);
        ASSERT_EQ(till_.balances().held, Points{held});
    }

    Till till_;
    std::mt19937 random_;
    std::map<std::string, Kept> orders_;
};

TEST(OrderLives, LoseNothingUnderReacquire) {
    std::size_t orders = 0;
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(seed);
        Lives lives(seed, "reacquire");
        lives.live(120);
        orders += lives.orders();
    }
    EXPECT_GT(orders, 500U);
}

TEST(OrderLives, LoseNothingUnderAutoRefund) {
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        Lives(seed, "auto_refund").live(120);
    }
}

}  // namespace
}  // namespace suanpan::shard
