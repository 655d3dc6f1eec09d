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
        : table([this](const ledger::CounterKey&) { return std::optional(total_); },
                [this](const ledger::CounterKey&) { return std::optional(terms); }, pools_,
                [](Lsn) {}, line_max),
          total_(total) {}

    std::optional<OwnerAnswer> take(std::int64_t units = 1) {
        return table.ask({.key = card, .step = ++steps_, .units = units, .limit = total_}, now);
    }
    std::optional<OwnerAnswer> close(std::int64_t total) {
        return table.ask({.key = card, .step = ++steps_, .units = total, .closes = true}, now);
    }
    void staged(std::uint64_t ticket, std::uint64_t lsn) {
        tell_staged({.issued = 1}, ticket, lsn);
    }
    // The same, unpaid.
    std::optional<OwnerAnswer> set_aside(std::int64_t until, std::uint64_t member = 1,
                                         std::uint64_t origin = 0) {
        return table.ask({.key = card,
                          .step = ++steps_,
                          .units = 1,
                          .limit = total_,
                          .unpaid = true,
                          .times_out = Instant{until},
                          .member = {.high = 1, .low = member},
                          .origin = origin},
                         now);
    }
    void set_aside_staged(std::uint64_t ticket, std::uint64_t lsn) {
        tell_staged({.reserved = 1}, ticket, lsn);
    }
    void paid(std::uint64_t ticket, std::uint64_t lsn) {
        tell_staged({.issued = 1, .reserved = -1}, ticket, lsn);
    }
    void timed_out(std::uint64_t ticket, std::uint64_t lsn) {
        tell_staged({.reserved = -1}, ticket, lsn);
    }
    void tell_staged(const ledger::CounterUnits& delta, std::uint64_t ticket, std::uint64_t lsn) {
        table.tell({.what = OwnerNotice::What::staged,
                    .key = card,
                    .delta = delta,
                    .lsn = {lsn},
                    .ticket = ticket},
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
    cards::ReservationTerms terms;
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

TEST(StockTable, KeepsWhatIsUnpaidUntilItsEndIsDurable) {
    Counter counter(2);
    EXPECT_EQ(counter.set_aside(5000, 1)->ticket, 1U);
    EXPECT_EQ(counter.set_aside(6000, 2)->ticket, 2U);
    counter.set_aside_staged(1, 10);
    counter.set_aside_staged(2, 11);
    counter.durable(11);
    EXPECT_EQ(counter.table.given(card), 2);
    EXPECT_EQ(counter.take()->verdict, OwnerVerdict::all_set_aside);
    EXPECT_EQ(counter.take()->detail, 5000);
    counter.timed_out(1, 20);
    EXPECT_EQ(counter.take()->verdict, OwnerVerdict::all_set_aside);  // a crash could undo it
    counter.durable(20);
    EXPECT_EQ(counter.take()->ticket, 3U);
    counter.staged(3, 21);
    counter.paid(2, 22);
    counter.durable(22);
    EXPECT_EQ(counter.take()->verdict, OwnerVerdict::exhausted);
    EXPECT_TRUE(counter.table.is_quiet());
}

// A payment may come before the entry that it pays for is on disk.
TEST(StockTable, FollowsAReservationThatEndsBeforeItIsDurable) {
    Counter counter(1);
    EXPECT_EQ(counter.set_aside(5000)->ticket, 1U);
    counter.set_aside_staged(1, 10);
    counter.paid(1, 11);
    counter.durable(10);
    EXPECT_EQ(counter.table.given(card), 1);
    counter.durable(11);
    EXPECT_EQ(counter.take()->verdict, OwnerVerdict::exhausted);
}

// Or it would wait for its own member's shard, which waits for the answer.
TEST(StockTable, MakesNobodyWaitForWhatIsOverdue) {
    Counter counter(1);
    EXPECT_EQ(counter.set_aside(900)->verdict, OwnerVerdict::taken);  // `now` is 1000
    counter.set_aside_staged(1, 10);
    counter.durable(10);
    const auto answer = counter.take();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->verdict, OwnerVerdict::all_set_aside);
    EXPECT_EQ(answer->detail, 900);
}

TEST(StockTable, CapsWhatAMemberAndAnOriginMaySetAside) {
    Counter counter(10);
    counter.terms = {.share_percent = 50, .per_member = 1, .per_origin = 2};
    EXPECT_EQ(counter.set_aside(5000, 1, 7)->ticket, 1U);
    EXPECT_FALSE(counter.set_aside(5000, 1, 8).has_value());  // waits for what may be undone
    counter.set_aside_staged(1, 10);
    counter.durable(10);
    const auto answers = counter.answers();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].verdict, OwnerVerdict::too_many);
    EXPECT_EQ(answers[0].detail, 1);
    EXPECT_EQ(counter.set_aside(5000, 2, 7)->ticket, 2U);
    counter.set_aside_staged(2, 11);
    counter.durable(11);
    EXPECT_EQ(counter.set_aside(5000, 3, 7)->verdict, OwnerVerdict::too_many);
    EXPECT_EQ(counter.take()->verdict, OwnerVerdict::taken);  // with points nothing caps it
}

}  // namespace
}  // namespace suanpan::shard
