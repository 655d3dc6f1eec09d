// Whole order lives, at random: whatever happens to orders, and in whichever order, no point and no
// cash is lost, no limit is passed, what was promised is kept, and the journal alone gives the same
// state.
#include "server/ledger/calendar.h"
#include "tests/unit/shard/till.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace suanpan::shard {
namespace {

// The rules of some lives, and what the test itself knows of them.
struct Book {
    std::string rules;
    std::uint32_t within_days = 400;  // for refunds
    bool whole_points = false;        // each is worth whole minor units, so that sets are exact
    std::int64_t day_money_max = INT64_MAX;
    std::int64_t month_money_max = INT64_MAX;
    std::int64_t campaign_orders_max = INT64_MAX;
    std::int64_t campaign_money_max = INT64_MAX;
    std::int64_t coupons_max = 0;  // uses of coupon 5; 0: there is none
};

// A limit of points per day, restricted lines, the usual year for refunds.
Book limits_in_points() {
    return {.rules =
                "[[restriction]]\nid = 1\nproducts = [1]\n"
                "[[deduction]]\nid = 1\npoints = 10\nmoney = 7\n"
                "[[limit]]\nid = 9\nper = \"day\"\npoints_max = 900\n"};
}
// A campaign for some orders, a coupon, a limit of money per day; refunds for a day only.
Book campaign_by_orders() {
    return {.rules =
                "[[restriction]]\nid = 1\nproducts = [1]\n"
                "[[restriction]]\nid = 2\nproducts = [2]\n"
                "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n"
                "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\n"
                "end = 2028-01-01T00:00:00Z\nmultiplier = 2\nmember_orders_max = 9\n"
                "[[coupon]]\nid = 5\nminus = 20\nmember_max = 4\n"
                "[[limit]]\nid = 3\nper = \"day\"\nmoney_max = 400\n",
            .within_days = 1,
            .whole_points = true,
            .day_money_max = 400,
            .campaign_orders_max = 9,
            .coupons_max = 4};
}
// FILL with steps, restricted points most of all; a campaign's money and a month's; three days.
Book filled_up() {
    return {.rules =
                "[[restriction]]\nid = 1\nproducts = [1, 2]\n"
                "[[deduction]]\nid = 1\npoints = 1\nmoney = 7\nstep = 5\nmode = \"fill\"\n"
                "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\n"
                "end = 2028-01-01T00:00:00Z\nmultiplier = \"3/2\"\nmember_money_max = 900\n"
                "[[coupon]]\nid = 5\nminus = 30\nmember_max = 3\n"
                "[[limit]]\nid = 4\nper = \"month\"\nmoney_max = 4000\n",
            .within_days = 3,
            .month_money_max = 4000,
            .campaign_money_max = 900,
            .coupons_max = 3};
}

// What a partner would write down of an order.
struct Kept {
    QuoteAnswer quote;
    bool has_coupon = false;
    OrderState state{};
    Instant times_out;
    Instant confirmed_at;
    Instant known_until;
    LocalDate counted_on;    // the day that its limits count it under
    bool paid = false;       // cash has come and was kept
    bool owes_cash = false;  // it came too late
    std::int64_t refunded_points = 0;
    std::int64_t refunded_cash = 0;
    [[nodiscard]] bool pays() const {
        return state == OrderState::confirmed || state == OrderState::refunded;
    }
};

class Lives {
public:
    Lives(std::uint32_t seed, Book book, const std::string& policy)
        : book_(std::move(book)),
          till_("quote_valid_seconds = 600\npay_within_seconds = 900\n[refund]\nwithin_days = " +
                std::to_string(book_.within_days) + "\nlate_payment = \"" + policy + "\"\n" +
                book_.rules),
          random_(seed) {}

    void live(int steps) {
        for (int i = 0; i < steps; ++i) {
            step();
            if (::testing::Test::HasFatalFailure()) return;
            check();
            if (::testing::Test::HasFatalFailure()) return;
        }
        till_.now = till_.now + days(2);
        till_.sweep();
        for (auto& [name, kept] : orders_) {
            time_passes(kept);
            EXPECT_NE(kept.state, OrderState::waiting) << name;
            expect_as_kept(name, kept);
        }
        check();
        EXPECT_EQ(till_.replayed(), till_.ledger.state_hash());  // INV-12
    }
    [[nodiscard]] std::size_t orders() const { return orders_.size(); }
    [[nodiscard]] std::size_t late() const { return late_; }
    [[nodiscard]] std::size_t forgotten() const { return forgotten_; }
    [[nodiscard]] std::size_t campaigns() const { return campaigns_; }

private:
    std::int64_t draw(std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
    }
    std::string some_order() {
        auto at = orders_.begin();
        std::advance(at, draw(0, static_cast<std::int64_t>(orders_.size()) - 1));
        return at->first;
    }
    [[nodiscard]] LocalDate today() const {
        return {.days = static_cast<std::int32_t>((till_.now.ns + hours(8).ns) / days(1).ns)};
    }
    // As docs/checkout.md promises.
    void known_from(Kept& kept, Instant from, std::uint32_t days_min = 7) const {
        kept.known_until =
            std::max(kept.known_until, from + days(std::max(book_.within_days, days_min)));
    }
    void time_passes(Kept& kept) const {
        if (kept.state != OrderState::waiting || till_.now < kept.times_out) return;
        kept.state = OrderState::cancelled;
        known_from(kept, kept.times_out, 30);
    }
    [[nodiscard]] bool is_forgotten(const Kept& kept) const {
        return kept.state != OrderState::waiting && till_.now >= kept.known_until;
    }
    // True where it is known, and stands as it should.
    bool expect_as_kept(const std::string& name, const Kept& kept) {
        const OrderAnswer order = till_.order(name);
        if (order.outcome.code == Code::order_not_found) {
            ++forgotten_;
            EXPECT_TRUE(is_forgotten(kept)) << name;
            return false;
        }
        EXPECT_FALSE(is_forgotten(kept)) << name;
        EXPECT_EQ(order.state, kept.state) << name;
        return true;
    }

    void step() {
        const std::int64_t what = draw(0, 9);
        if (what == 0) till_.now = till_.now + seconds(draw(1, 600));
        if (what == 1 && draw(0, 7) == 0) till_.now = till_.now + hours(draw(1, 30));
        if (what == 1 && draw(0, 19) == 0) till_.now = till_.now + days(draw(2, 40));
        if (what == 1) earn();
        if (what == 2) till_.sweep();
        for (auto& [name, kept] : orders_) time_passes(kept);
        if (what >= 7 || orders_.empty()) return settle();
        const std::string name = some_order();
        if (what == 3 || what == 4) return confirm(name, orders_[name]);
        if (what == 5 && draw(0, 2) == 0) return cancel(name, orders_[name]);
        if (what == 6) return refund(name, orders_[name]);
    }

    void earn() {
        const bool ends = draw(0, 2) == 0;
        EXPECT_EQ(till_
                      .earn(draw(1, 400), static_cast<std::uint16_t>(draw(0, 3) % 3),
                            ends ? till_.now + days(draw(1, 20)) : Instant{})
                      .code,
                  Code::ok);
    }

    // Points of each restriction, what has ended not counted.
    std::map<Restriction, Points> points_by_set() {
        till_.sweep();
        std::map<Restriction, Points> points;
        const auto account = till_.ledger.find_account({.high = 1, .low = 0xa11ce}, ProgramId{1});
        if (account == ledger::no_account) return points;
        for (const ledger::Lot& lot : till_.ledger.account(account).lots().all())
            points[lot.key.restriction] += lot.remaining;
        return points;
    }

    std::int64_t coupons_used() const {
        return std::ranges::count_if(orders_, [](const auto& order) {
            return order.second.has_coupon && order.second.state != OrderState::cancelled;
        });
    }

    void settle() {
        std::vector<AskedLine> lines;
        for (std::int64_t count = draw(1, 3); count > 0; --count)
            lines.push_back({.product = static_cast<std::uint64_t>(draw(1, 3)),
                             .unit_price = {draw(1, 120)},
                             .quantity = draw(1, 2)});
        Kept kept;
        kept.has_coupon = book_.coupons_max > 0 && draw(0, 2) == 0;
        std::vector<std::uint32_t> coupons;
        if (kept.has_coupon) coupons.push_back(5);
        const auto ask = [&] {
            kept.quote = till_.quote(lines, "", coupons);
            return kept.quote.outcome.code;
        };
        if (kept.has_coupon && coupons_used() >= book_.coupons_max) {  // INV-10
            EXPECT_EQ(ask(), Code::order_not_priceable);
            return;
        }
        ASSERT_EQ(ask(), Code::ok);
        const std::string name = std::to_string(orders_.size());
        if (draw(0, 3) == 0) {
            // Points come and go between quote and settlement.
            till_.earn(draw(1, 60), static_cast<std::uint16_t>(draw(0, 2)),
                       till_.now + seconds(draw(7, 20) * 86'400));
            if (const Outcome spent = till_.spend(draw(1, 80)); spent.code == Code::ok)
                spent_ += spent.amount.value;
        }
        const auto before = points_by_set();
        Outcome outcome = till_.settle(kept.quote, name);
        if (outcome.code == Code::quote_no_longer_covered) {
            EXPECT_EQ(outcome.detail, static_cast<std::int64_t>(UncoveredLimit::points));
            ASSERT_EQ(ask(), Code::ok);
            outcome = till_.settle(kept.quote, name);
        }
        ASSERT_EQ(outcome.code, Code::ok) << outcome.detail;
        ASSERT_EQ(outcome.amount, kept.quote.points);
        if (book_.whole_points) expect_own_points(lines, kept.quote, before);
        const bool waits = kept.quote.cash > Money{};
        kept.state = waits ? OrderState::waiting : OrderState::confirmed;
        ASSERT_EQ(outcome.detail, static_cast<std::int64_t>(kept.state));
        kept.times_out = till_.now + seconds(900);
        kept.counted_on = today();
        if (!waits) kept.confirmed_at = till_.now;
        known_from(kept, waits ? kept.times_out : till_.now);
        if (kept.quote.campaign != 0) ++campaigns_;
        if (draw(0, 3) == 0) {
            const Outcome again = till_.settle(kept.quote, draw(0, 1) == 0 ? name : name + "-b");
            EXPECT_EQ(again.code, Code::order_exists);
        }
        orders_.emplace(name, kept);
    }

    // Of a set's points, only as many have gone as the quote says its lines take.
    void expect_own_points(const std::vector<AskedLine>& lines, const QuoteAnswer& quote,
                           const std::map<Restriction, Points>& before) {
        std::map<Restriction, Points> most;
        for (std::size_t i = 0; i < lines.size(); ++i)
            most[Restriction{static_cast<std::uint16_t>(lines[i].product)}] +=
                quote.lines[i].points;
        std::map<Restriction, Points> after = points_by_set();
        for (const auto& [set, points] : before)
            if (set != unrestricted) {
                ASSERT_LE(points - after[set], most[set]) << static_cast<int>(set);
            }
    }

    void confirm(const std::string& name, Kept& kept) {
        if (kept.quote.cash == Money{}) return;
        const bool is_late = kept.state == OrderState::cancelled;
        const Outcome outcome = till_.confirm(name, kept.quote.cash.value);
        if (outcome.code == Code::order_not_found) {
            EXPECT_TRUE(is_forgotten(kept)) << name;
            return;
        }
        ASSERT_EQ(outcome.code, Code::ok);
        if (kept.paid || kept.owes_cash) {
            EXPECT_EQ(outcome.amount, Points{0});
            return;
        }
        // Never "paid and nothing".
        late_ += is_late ? 1 : 0;
        const auto state = static_cast<OrderState>(outcome.detail);
        if (state == OrderState::confirmed) {
            EXPECT_EQ(outcome.amount, kept.quote.points);
            kept.paid = true;
            kept.confirmed_at = till_.now;
            if (is_late) kept.counted_on = today();
        } else {
            EXPECT_EQ(state, OrderState::cancelled);
            EXPECT_TRUE(is_late);
            EXPECT_EQ(till_.order(name).step, OrderStep::payment_to_return);
            kept.owes_cash = true;
        }
        kept.state = state;
        known_from(kept, till_.now);
        ASSERT_TRUE(expect_as_kept(name, kept));
    }

    void cancel(const std::string& name, Kept& kept) {
        const Outcome outcome = till_.cancel(name);
        if (outcome.code == Code::order_not_found) {
            EXPECT_TRUE(is_forgotten(kept)) << name;
            return;
        }
        const bool can = kept.state == OrderState::waiting || kept.state == OrderState::cancelled;
        EXPECT_EQ(outcome.code, can ? Code::ok : Code::order_resolved);
        if (kept.state != OrderState::waiting) return;
        kept.state = OrderState::cancelled;
        known_from(kept, till_.now, 30);
    }

    void refund(const std::string& name, Kept& kept) {
        if (!expect_as_kept(name, kept)) return;
        const OrderAnswer before = till_.order(name);
        const std::int64_t left = (before.payable - before.refunded).value;
        const auto line =
            static_cast<std::uint32_t>(draw(0, static_cast<std::int64_t>(before.lines.size()) - 1));
        const bool by_amount = draw(0, 2) == 0;
        const Outcome outcome = by_amount ? till_.refund(name, draw(0, left))
                                          : till_.refund_line(name, line, draw(0, 40));
        if (kept.state != OrderState::confirmed) {
            EXPECT_NE(outcome.code, Code::ok);
            return;
        }
        if (till_.now >= kept.confirmed_at + days(book_.within_days)) {
            EXPECT_EQ(outcome.code, Code::refund_exceeds_order);
            return;
        }
        if (by_amount && left > 0) {
            EXPECT_EQ(outcome.code, Code::ok) << outcome.detail;
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

    // Points spent and held are those of the orders, and what was spent without one.
    void check() {
        std::int64_t spent = spent_;
        std::int64_t held = 0;
        for (auto& [name, kept] : orders_) {
            time_passes(kept);
            if (kept.pays()) spent += kept.quote.points.value - kept.refunded_points;
            if (kept.state == OrderState::waiting) held += kept.quote.points.value;
        }
        ASSERT_EQ(till_.spent(), spent);
        ASSERT_EQ(till_.balances().held, Points{held});
        check_limits();
    }

    // INV-10: what orders that were not given up have used stays within each limit.
    void check_limits() {
        std::map<std::int32_t, std::int64_t> by_day;
        std::map<std::pair<int, unsigned>, std::int64_t> by_month;
        std::int64_t campaign_orders = 0;
        std::int64_t campaign_money = 0;
        for (const auto& [name, kept] : orders_) {
            if (kept.state == OrderState::cancelled) continue;
            const std::int64_t value = kept.quote.value.value;
            const ledger::YearMonthDay day = ledger::to_year_month_day(kept.counted_on);
            by_day[kept.counted_on.days] += value;
            by_month[{day.year, day.month}] += value;
            campaign_orders += kept.quote.campaign != 0 ? 1 : 0;
            campaign_money += kept.quote.campaign != 0 ? value : 0;
        }
        for (const auto& [day, money] : by_day) ASSERT_LE(money, book_.day_money_max) << day;
        for (const auto& [month, money] : by_month) ASSERT_LE(money, book_.month_money_max);
        ASSERT_LE(campaign_orders, book_.campaign_orders_max);
        ASSERT_LE(campaign_money, book_.campaign_money_max);
        ASSERT_LE(coupons_used(), book_.coupons_max);
    }

    Book book_;
    Till till_;
    std::mt19937 random_;
    std::map<std::string, Kept> orders_;
    std::int64_t spent_ = 0;
    std::size_t late_ = 0;
    std::size_t forgotten_ = 0;
    std::size_t campaigns_ = 0;
};

class OrderLives : public ::testing::TestWithParam<Book (*)()> {};

TEST_P(OrderLives, LoseNothingUnderReacquire) {
    std::size_t orders = 0;
    std::size_t late = 0;
    std::size_t forgotten = 0;
    std::size_t campaigns = 0;
    const Book book = GetParam()();
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        Lives lives(seed, book, "reacquire");
        lives.live(160);
        if (HasFatalFailure()) return;
        orders += lives.orders();
        late += lives.late();
        forgotten += lives.forgotten();
        campaigns += lives.campaigns();
    }
    EXPECT_GT(orders, 500U);
    EXPECT_GT(late, 50U);
    EXPECT_EQ(forgotten > 50, book.within_days < 400);
    EXPECT_EQ(campaigns > 50, book.rules.contains("campaign"));
}

TEST_P(OrderLives, LoseNothingUnderAutoRefund) {
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
        SCOPED_TRACE(seed);
        Lives(seed, GetParam()(), "auto_refund").live(160);
        if (HasFatalFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(, OrderLives,
                         ::testing::Values(limits_in_points, campaign_by_orders, filled_up),
                         [](const auto& param) {
                             return std::to_string(param.index) +
                                    (param.index == 0   ? "LimitsInPoints"
                                     : param.index == 1 ? "CampaignByOrders"
                                                        : "FilledUp");
                         });

}  // namespace
}  // namespace suanpan::shard
