// StockTable: lines in front of stocks, tickets, and offers that are closed to be changed.
#include "server/shard/stock_table.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace suanpan::shard {
namespace {

constexpr ledger::CounterKey card{
    .program = ProgramId{1}, .kind = ledger::CounterKind::offer_stock, .id = 5};
constexpr Instant now{1000};

// A table with one offer.
class Counter {
public:
    explicit Counter(std::int64_t total, std::size_t line_max = 100)
        : table([this](const ledger::CounterKey&) { return std::optional(total_); }, pools_,
                [](Lsn) {}, line_max),
          total_(total) {}

    std::optional<OwnerAnswer> take(std::int64_t units = 1) {
        return table.ask({.key = card, .step = ++steps_, .units = units, .limit = total_}, now);
    }
    std::optional<OwnerAnswer> close(std::int64_t total) {
        return table.ask({.key = card, .step = ++steps_, .units = total, .closes = true}, now);
    }
    void staged(std::uint64_t ticket, std::uint64_t lsn) {
        table.tell({.what = OwnerNotice::What::staged, .key = card, .lsn = {lsn}, .ticket = ticket},
                   now);
    }
    void give_back(std::uint64_t ticket) {
        table.tell({.what = OwnerNotice::What::given_back, .key = card, .ticket = ticket}, now);
    }
    void open(std::int64_t total) {
        table.tell({.what = OwnerNotice::What::opened, .key = card, .delta = {.issued = total}},
                   now);
    }
    void durable(std::uint64_t lsn) { table.advance({lsn}, now); }
    std::vector<OwnerAnswer> answers() {
        std::vector<OwnerAnswer> all;
        table.take_answers([&](const OwnerAnswer& answer) { all.push_back(answer); });
        return all;
    }

private:
    CodePools pools_;

public:
    StockTable table;

private:
    std::int64_t total_;
    std::uint64_t steps_ = 0;
};

TEST(StockTable, GivesTicketsInOrderAndSaysUpToWhichAllAreDurable) {
    Counter counter(10);
    EXPECT_EQ(counter.take()->ticket, 1U);
    EXPECT_EQ(counter.take()->floor, 0U);
    counter.staged(2, 1);
    counter.staged(1, 2);
    counter.durable(1);
    EXPECT_EQ(counter.take()->floor, 0U);  // 1 is not durable yet
    counter.durable(2);
    const auto fourth = counter.take();
    EXPECT_EQ(fourth->ticket, 4U);
    EXPECT_EQ(fourth->floor, 2U);
    EXPECT_EQ(fourth->limit, 10);
}

TEST(StockTable, GivesATicketThatCameBackToTheNext) {
    Counter counter(10);
    for (int i = 0; i < 3; ++i) (void)counter.take();
    counter.give_back(2);
    const auto again = counter.take();
    EXPECT_EQ(again->ticket, 2U);
    EXPECT_EQ(again->floor, 0U);
}

TEST(StockTable, FillsTheTicketsThatWereMissingAtTheStart) {
    Counter counter(10);
    ledger::TicketSpan span;
    span.add(1, 0);
    span.add(2, 1);
    span.add(5, 2);
    counter.table.restore(card, {.issued = 3}, span);
    EXPECT_EQ(counter.take()->ticket, 3U);
    const auto next = counter.take();
    EXPECT_EQ(next->ticket, 4U);
    EXPECT_EQ(next->floor, 2U);
    EXPECT_EQ(counter.take()->ticket, 6U);
}

TEST(StockTable, LetsTheLastOneWaitForWhatACrashCouldBringBack) {
    Counter counter(1);
    EXPECT_EQ(counter.take()->verdict, OwnerVerdict::taken);
    EXPECT_FALSE(counter.take().has_value());
    counter.staged(1, 7);
    EXPECT_TRUE(counter.answers().empty());
    counter.durable(7);
    const auto answers = counter.answers();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].verdict, OwnerVerdict::exhausted);
    EXPECT_EQ(answers[0].step, 2U);
    EXPECT_TRUE(counter.table.is_quiet());
}

TEST(StockTable, ServesItsLineInOrder) {
    Counter counter(2);
    (void)counter.take(2);
    EXPECT_FALSE(counter.take(2).has_value());
    EXPECT_FALSE(counter.take(1).has_value());  // one could be free sooner, but he came later
    counter.give_back(1);
    const auto answers = counter.answers();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].step, 2U);
    EXPECT_EQ(answers[0].ticket, 1U);
}

TEST(StockTable, IsBusyWhereTooManyWait) {
    Counter counter(1, 1);
    (void)counter.take();
    EXPECT_FALSE(counter.take().has_value());
    EXPECT_EQ(counter.take()->verdict, OwnerVerdict::busy);
}

TEST(StockTable, ClosesOnceWhatIsOnItsWayIsDurable) {
    Counter counter(10);
    (void)counter.take();
    EXPECT_FALSE(counter.close(5).has_value());
    EXPECT_FALSE(counter.take().has_value());  // closed already
    counter.staged(1, 3);
    counter.durable(3);
    auto answers = counter.answers();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].verdict, OwnerVerdict::taken);  // closed, and nobody takes
    counter.open(5);
    answers = counter.answers();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].ticket, 2U);
    EXPECT_EQ(answers[0].limit, 5);
}

TEST(StockTable, RefusesAStockBelowWhatWasGivenAndStaysOpen) {
    Counter counter(10);
    (void)counter.take(4);
    counter.staged(1, 3);
    counter.durable(3);
    const auto refused = counter.close(3);
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->verdict, OwnerVerdict::exhausted);
    EXPECT_EQ(refused->detail, 4);
    EXPECT_EQ(counter.take()->verdict, OwnerVerdict::taken);
}

}  // namespace
}  // namespace suanpan::shard
