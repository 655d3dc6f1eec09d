// Checkout: quotes by a rule book, tokens, and settlements that take exactly what was quoted.
#include "server/shard/checkout.h"

#include "tests/unit/shard/till.h"

#include <gtest/gtest.h>

#include <random>

namespace suanpan::shard {
namespace {

constexpr std::string_view ten_points_a_yuan = "[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n";

constexpr AskedLine card{.product = 1, .unit_price = {2000}, .quantity = 1, .category = 1};

// semantics.md: 10 points = ¥1, balance 50, order ¥20.00.
TEST(Checkout, TakesTheCashAndThePointsOfACard) {
    Till till(ten_points_a_yuan);
    till.earn(50);
    const QuoteAnswer quote = till.quote({card});
    EXPECT_EQ(quote.outcome.code, Code::ok);
    EXPECT_EQ(quote.value, Money{500});
    EXPECT_EQ(quote.points, Points{50});
    EXPECT_EQ(quote.cash, Money{1500});
    EXPECT_EQ(quote.outcome.balances.available, Points{50});  // nothing is reserved
    EXPECT_EQ(till.settle(quote, "A").amount, Points{50});
    EXPECT_EQ(till.balances().held, Points{50});
    EXPECT_EQ(till.confirm("A", 1500).code, Code::ok);
    const OrderAnswer order = till.order("A");
    EXPECT_EQ(order.state, OrderState::confirmed);
    EXPECT_EQ(order.payable, Money{2000});
    EXPECT_EQ(order.terms_hash, till.terms(1).hash);
}

// The tier is chosen by the balance when quoted, and pinned.
TEST(Checkout, PinsTheTierInTheQuote) {
    Till till(
        "[[deduction]]\nid = 1\npoints = 100\nmoney = 100\n"
        "tiers = [{from = 100, to = 1000, percent = 1}, {from = 1000, percent = 5}]\n");
    till.earn(1000);
    const QuoteAnswer quote = till.quote({{.product = 1, .unit_price = {2000}, .quantity = 1}});
    EXPECT_EQ(quote.points, Points{100});
    till.spend(850);
    EXPECT_EQ(till.settle(quote, "A").amount, Points{100});
}

TEST(Checkout, SettlesExactlyAsManyQuotesAsADayAllows) {
    Till till(std::string(ten_points_a_yuan) +
              "[[limit]]\nid = 9\nper = \"day\"\nmoney_max = 1200\n");
    till.earn(1000);
    std::vector<QuoteAnswer> quotes;
    for (int i = 0; i < 5; ++i)
        quotes.push_back(till.quote({{.product = 1, .unit_price = {600}, .quantity = 1}}));
    int settled = 0;
    for (int i = 0; i < 5; ++i) {
        const Outcome outcome = till.settle(quotes[static_cast<std::size_t>(i)], std::to_string(i));
        if (outcome.code == Code::ok)
            ++settled;
        else
            EXPECT_EQ(outcome.detail, static_cast<std::int64_t>(UncoveredLimit::limit_day));
    }
    EXPECT_EQ(settled, 2);  // INV-10
    EXPECT_EQ(till.quote({card}).points, Points{0});
    till.now = till.now + days(1);
    EXPECT_EQ(till.quote({card}).value, Money{1200});
}

TEST(Checkout, RefusesATokenThatIsNotItsOwn) {
    Till till(ten_points_a_yuan);
    till.earn(50);
    const QuoteAnswer quote = till.quote({card});
    for (std::size_t i = 0; i < quote.token.size(); ++i) {
        std::vector<std::byte> altered = quote.token;
        altered[i] ^= std::byte{1};
        EXPECT_EQ(till.checkout.open_token(altered), std::nullopt) << i;
        EXPECT_EQ(till.checkout.open_token(std::span(quote.token).first(i)), std::nullopt) << i;
    }
    EXPECT_NE(till.checkout.open_token(quote.token), std::nullopt);
    Sha256 other{};
    other[0] = std::byte{1};
    EXPECT_EQ(QuoteSeal(other).open(quote.token), std::nullopt);
}

// Keys rotate every day; a quote of yesterday holds until it says.
TEST(Checkout, HonoursAQuoteAcrossARotation) {
    Till till(ten_points_a_yuan);
    till.now = Instant{(till.now.ns / days(1).ns + 1) * days(1).ns - 1};
    till.earn(50);
    const QuoteAnswer quote = till.quote({card});
    till.now = till.now + seconds(1);
    EXPECT_NE(till.quote({card}).token, quote.token);
    EXPECT_EQ(till.settle(quote, "A").code, Code::ok);
    till.now = quote.valid_until;
    EXPECT_EQ(till.settle(quote, "B").code, Code::order_exists);
}

TEST(Checkout, AsksForARuleBookAndForTheProgramsCurrency) {
    Till till(ten_points_a_yuan);
    till.earn(50);
    EXPECT_EQ(till.quote({card}, "USD").outcome.code, Code::currency_differs);
    EXPECT_EQ(till.quote({card}, "CNY").outcome.code, Code::ok);
    EXPECT_EQ(till.terms(2).outcome.code, Code::rules_not_found);
    EXPECT_EQ(till.terms(0).version, 1U);
    Till empty("");
    EXPECT_EQ(empty.quote({card}).outcome.code, Code::ok);
    EXPECT_EQ(empty.quote({card}).points, Points{0});
}

TEST(Checkout, SaysWhatAnOrderCannotBePriced) {
    Till till(ten_points_a_yuan);
    till.earn(50);
    const QuoteAnswer quote = till.quote({card}, "", {77});
    EXPECT_EQ(quote.outcome.code, Code::order_not_priceable);
    EXPECT_EQ(quote.outcome.detail, 5000);  // the first coupon is unknown
    AskedLine huge = card;
    huge.quantity = INT64_MAX;
    EXPECT_EQ(till.quote({huge}).outcome.code, Code::amount_out_of_range);
}

TEST(Checkout, LoadsABudgetAndNoRulesThatMakeNoSense) {
    Till till(ten_points_a_yuan);
    const Checkout::Loaded budget =
        till.load(std::string(ten_points_a_yuan) +
                      "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\n"
                      "end = 2027-02-01T00:00:00Z\nmultiplier = 2\nbudget = 1000\n",
                  2);
    ASSERT_NE(budget.book, nullptr) << budget.message;
    EXPECT_EQ(budget.book->spec().campaigns.at(0).budget, Money{1000});
    const Checkout::Loaded broken = till.load("[[deduction]]\nid = 1\npoints = 0\n", 2);
    EXPECT_EQ(broken.book, nullptr);
    EXPECT_NE(broken.message.find("deduction"), std::string::npos);
}

TEST(Checkout, WantsNoticeOfWhatIsAdverse) {
    const std::string limit = "[[limit]]\nid = 9\nper = \"day\"\nmoney_max = ";
    Till till(std::string(ten_points_a_yuan) + limit + "1200\n");
    const auto worse = till.load(std::string(ten_points_a_yuan) + limit + "1100\n", 2);
    const auto better = till.load(ten_points_a_yuan, 2);
    ASSERT_NE(worse.book, nullptr) << worse.message;
    ASSERT_NE(better.book, nullptr) << better.message;
    EXPECT_EQ(till.checkout.notice_ends(*worse.book, till.now), till.now + days(30));
    EXPECT_EQ(till.checkout.notice_ends(*better.book, till.now), std::nullopt);
}

// Whatever lies in the account: a quote that is settled at once takes exactly its numbers, and a
// complete refund brings every point back.
TEST(Checkout, SettlesWhatItQuotesForRandomAccounts) {
    std::mt19937 random(20270131);
    const auto draw = [&](std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random);
    };
    for (int round = 0; round < 300; ++round) {
        Till till(
            "[[restriction]]\nid = 1\nproducts = [1, 2]\n"
            "[[restriction]]\nid = 2\nproducts = [3]\n"
            "[[deduction]]\nid = 1\npoints = 7\nmoney = 3\nstep = " +
            std::to_string(draw(1, 5)) + "\norder_percent_max = " + std::to_string(draw(10, 100)) +
            "\n");
        for (std::int64_t lots = draw(1, 6); lots > 0; --lots)
            till.earn(draw(1, 900), static_cast<std::uint16_t>(draw(0, 3)),
                      till.now + days(draw(1, 40)));
        std::vector<AskedLine> lines;
        for (std::int64_t count = draw(1, 5); count > 0; --count)
            lines.push_back({.product = static_cast<std::uint64_t>(draw(1, 5)),
                             .unit_price = {draw(0, 300)},
                             .quantity = draw(1, 3)});
        const Points before = till.balances().available;
        const QuoteAnswer quote = till.quote(lines);
        ASSERT_EQ(quote.outcome.code, Code::ok);
        EXPECT_EQ(quote.value + quote.cash, quote.payable);  // INV-8
        const Outcome settled = till.settle(quote, "A");
        ASSERT_EQ(settled.code, Code::ok) << "round " << round << " detail " << settled.detail;
        ASSERT_EQ(settled.amount, quote.points);
        ASSERT_EQ(till.balances().available, before - quote.points);
        if (quote.cash > Money{}) {
            ASSERT_EQ(till.confirm("A", quote.cash.value).code, Code::ok);
        }
        if (quote.payable == Money{}) continue;
        Money cash;
        while (till.order("A").state == OrderState::confirmed) {
            const OrderAnswer order = till.order("A");
            const Money left = order.payable - order.refunded;
            const Outcome part = till.refund("A", draw(1, left.value));
            ASSERT_EQ(part.code, Code::ok);
            cash += Money{part.detail};
        }
        EXPECT_EQ(cash, quote.cash);
        EXPECT_EQ(till.balances().available, before);  // INV-6
    }
}

}  // namespace
}  // namespace suanpan::shard
