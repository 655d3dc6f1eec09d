#include "server/cards/stock.h"

#include "tests/unit/cards/card_shop.h"

#include <gmock/gmock.h>

#include <vector>

namespace suanpan::cards::testing {
namespace {

using ::testing::ElementsAre;
using Kind = StockAnswer::Kind;

StockRequest paid(std::int64_t quantity = 1) {
    return {.quantity = quantity, .member = alice};
}
StockRequest unpaid(std::int64_t return_s, const MemberId& member = alice,
                    std::int64_t quantity = 1, OriginKey origin = {}) {
    return {.quantity = quantity,
            .unpaid = true,
            .member = member,
            .origin = origin,
            .return_at = at(return_s)};
}

Stock stock_of(std::int64_t total) {
    return {total, {.per_member = std::nullopt}};
}
Ticket must_take(Stock& stock, const StockRequest& request, std::int64_t now = 0) {
    const StockAnswer answer = stock.take(request, at(now));
    EXPECT_EQ(answer.kind, Kind::taken);
    return answer.ticket;
}
// Takes it, and its entry is durable.
Ticket settle(Stock& stock, const StockRequest& request, std::uint64_t lsn, std::int64_t now = 0) {
    const Ticket ticket = must_take(stock, request, now);
    stock.staged(ticket, Lsn{lsn});
    stock.durable(Lsn{lsn});
    return ticket;
}

TEST(Stock, SellsExactlyWhatThereIs) {
    Stock stock = stock_of(3);
    for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_EQ(settle(stock, paid(), i), Ticket{i});
    EXPECT_EQ(stock.take(paid(), at(0)).kind, Kind::sold_out);
    EXPECT_EQ(stock.issued(), 3);
}

TEST(Stock, RefusalIsNeverBasedOnATakeThatACrashCouldUndo) {
    Stock stock = stock_of(1);
    const Ticket ticket = must_take(stock, paid());
    EXPECT_EQ(stock.take(paid(), at(0)).kind, Kind::wait);
    stock.staged(ticket, Lsn{10});
    stock.durable(Lsn{9});
    EXPECT_EQ(stock.take(paid(), at(0)).kind, Kind::wait);
    stock.durable(Lsn{10});
    EXPECT_EQ(stock.take(paid(), at(0)).kind, Kind::sold_out);
}

TEST(Stock, AbandonedTakeIsFreeAtOnceAndItsTicketGoesToTheNext) {
    Stock stock = stock_of(2);
    const Ticket first = must_take(stock, paid());
    const Ticket second = must_take(stock, paid());
    stock.abandon(first);
    EXPECT_EQ(stock.free(), 1);
    EXPECT_EQ(must_take(stock, paid()), first);
    stock.staged(second, Lsn{1});
    stock.durable(Lsn{1});
    EXPECT_EQ(stock.issued(), 1);
}

TEST(Stock, SetAsideSaysWhenItMayComeBack) {
    Stock stock = stock_of(2);
    settle(stock, unpaid(100), 1);
    settle(stock, unpaid(90, bob), 2);
    const StockAnswer answer = stock.take(paid(), at(1));
    EXPECT_EQ(answer.kind, Kind::all_set_aside);
    EXPECT_EQ(answer.refusal(), (Refusal{Code::all_set_aside, at(90).ns}));
    // Over, and not posted yet: it comes back, so nobody is refused for it.
    EXPECT_EQ(stock.take(paid(), at(90)).kind, Kind::wait);
}

TEST(Stock, GivenBackIsFreeOnlyOnceThatIsDurable) {
    Stock stock = stock_of(1);
    const Ticket ticket = settle(stock, unpaid(100), 1);
    stock.give_back(ticket, Lsn{5});
    EXPECT_FALSE(stock.is_reserved(ticket));
    EXPECT_EQ(stock.take(paid(), at(1)).kind, Kind::wait);
    stock.durable(Lsn{5});
    EXPECT_EQ(must_take(stock, paid(), 1), Ticket{2});
}

TEST(Stock, PaidReservationIsIssued) {
    Stock stock = stock_of(1);
    const Ticket ticket = settle(stock, unpaid(100), 1);
    stock.pay(ticket, Lsn{5});
    EXPECT_EQ(stock.take(paid(), at(1)).kind, Kind::wait);
    stock.durable(Lsn{5});
    EXPECT_EQ(stock.issued(), 1);
    EXPECT_EQ(stock.take(paid(), at(1)).kind, Kind::sold_out);
}

TEST(Stock, RestockedIsFreeOnlyOnceThatIsDurable) {
    Stock stock = stock_of(1);
    settle(stock, paid(), 1);
    stock.restock(1, Lsn{7});
    EXPECT_EQ(stock.take(paid(), at(1)).kind, Kind::wait);
    stock.durable(Lsn{7});
    EXPECT_EQ(must_take(stock, paid(), 1), Ticket{2});
}

TEST(Stock, TakesAllOrNone) {
    Stock stock = stock_of(5);
    settle(stock, paid(3), 1);
    EXPECT_EQ(stock.take(paid(3), at(0)).kind, Kind::sold_out);
    EXPECT_EQ(settle(stock, paid(2), 2), Ticket{2});
    EXPECT_EQ(stock.issued(), 5);
    EXPECT_EQ(stock.take(paid(std::int64_t{1} << 31), at(0)).kind, Kind::sold_out);
}

TEST(Stock, ReservationsOfOneMemberOrOriginCannotLockTheShop) {
    Stock stock(100, {.per_member = 2, .per_origin = 3});
    settle(stock, unpaid(50, alice, 2, OriginKey{9}), 1);
    EXPECT_EQ(stock.take(unpaid(50), at(0)).refusal(), (Refusal{Code::too_many_reservations, 2}));
    settle(stock, unpaid(50, bob, 1, OriginKey{9}), 2);
    EXPECT_EQ(stock.take(unpaid(50, carol, 1, OriginKey{9}), at(0)).refusal(),
              (Refusal{Code::too_many_reservations, 3}));
    must_take(stock, unpaid(50, carol, 1, OriginKey{8}));
    must_take(stock, unpaid(50, carol));  // no origin: only the member counts
    // Who pays with points is held up by none of this.
    must_take(stock, paid(5));
}

TEST(Stock, CapFilledByWhatIsUncommittedMakesOneWait) {
    Stock stock(100, {.per_member = 1});
    const Ticket ticket = must_take(stock, unpaid(50));
    EXPECT_EQ(stock.take(unpaid(50), at(0)).kind, Kind::wait);
    stock.staged(ticket, Lsn{1});
    stock.durable(Lsn{1});
    EXPECT_EQ(stock.take(unpaid(50), at(0)).kind, Kind::too_many);
    EXPECT_EQ(stock.take(unpaid(50), at(50)).kind, Kind::wait);  // over, and not posted yet
    stock.give_back(ticket, Lsn{2});
    EXPECT_EQ(stock.take(unpaid(90), at(50)).kind, Kind::wait);
    stock.durable(Lsn{2});
    must_take(stock, unpaid(90), 50);
}

TEST(Stock, OnlyItsShareMayStandUnpaid) {
    Stock stock(10, {.share_percent = 25, .per_member = std::nullopt});
    EXPECT_EQ(stock.set_aside_max(), 2);
    settle(stock, unpaid(50), 1);
    settle(stock, unpaid(60, bob), 2);
    EXPECT_EQ(stock.take(unpaid(70, carol), at(0)).refusal(),
              (Refusal{Code::all_set_aside, at(50).ns}));
    EXPECT_EQ(stock.take(unpaid(70, carol, 3), at(0)).refusal(),
              (Refusal{Code::too_many_reservations, 2}));
    must_take(stock, paid(8));
    EXPECT_EQ(Stock(3, {.share_percent = 1}).set_aside_max(), 1);
}

TEST(Stock, NamesWhatIsDueInSlicesSoonestFirst) {
    Stock stock = stock_of(1000);
    std::vector<Ticket> tickets;
    for (std::uint64_t i = 1; i <= 200; ++i)
        tickets.push_back(settle(stock, unpaid(static_cast<std::int64_t>(300 - i), bob), i));
    stock.pay(tickets[199], Lsn{1000});  // the soonest
    std::vector<Ticket> due;
    stock.due(at(103), 100, due);
    EXPECT_THAT(due, ElementsAre(tickets[198], tickets[197], tickets[196]));
    due.clear();
    stock.due(at(1000), 2, due);
    EXPECT_THAT(due, ElementsAre(tickets[198], tickets[197]));
    // Ten thousand that were paid leave no trace behind.
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        const Ticket ticket = settle(stock, unpaid(5000), 2000 + 2 * i);
        stock.give_back(ticket, Lsn{2001 + 2 * i});
        stock.durable(Lsn{2001 + 2 * i});
    }
    due.clear();
    stock.due(at(10'000), 1000, due);
    EXPECT_EQ(due.size(), 199U);
}

TEST(Stock, ChangesItsSizeOnlyWhenQuietAndNeverBelowWhatIsTaken) {
    Stock stock = stock_of(10);
    settle(stock, paid(4), 1);
    settle(stock, unpaid(100, bob, 2), 2);
    const Ticket last = must_take(stock, paid());
    stock.close();
    EXPECT_EQ(stock.take(paid(), at(0)).kind, Kind::wait);
    EXPECT_FALSE(stock.is_quiet());
    stock.staged(last, Lsn{3});
    stock.durable(Lsn{3});
    ASSERT_TRUE(stock.is_quiet());
    EXPECT_EQ(stock.check_resize(9, 20).error(), (Refusal{Code::stock_differs, 10}));
    EXPECT_EQ(stock.check_resize(10, 6).error(), (Refusal{Code::stock_taken, 7}));
    EXPECT_EQ(stock.check_resize(10, stock_units_max + 1).error().code, Code::amount_out_of_range);
    stock.resize(7);
    stock.open();
    EXPECT_EQ(stock.take(paid(), at(0)).kind, Kind::all_set_aside);
}

TEST(Stock, ReplaysToTheSameAndGivesLostTicketsOutAgain) {
    Stock stock = stock_of(10);
    stock.replay(StockTaken{.ticket = Ticket{3}, .request = paid()});
    stock.replay(StockTaken{.ticket = Ticket{1}, .request = unpaid(100, bob, 2)});
    stock.replay(StockTaken{.ticket = Ticket{5}, .request = unpaid(110)});
    stock.replay(StockPaid{Ticket{1}});
    stock.replay(StockGivenBack{Ticket{5}});
    stock.replay(StockRestocked{1});
    EXPECT_EQ(stock.issued(), 2);
    EXPECT_EQ(stock.reserved(), 0);
    EXPECT_THAT(stock.missing_tickets(), ElementsAre(2, 4));
    EXPECT_EQ(must_take(stock, paid()), Ticket{2});
    EXPECT_EQ(must_take(stock, paid()), Ticket{4});
    EXPECT_EQ(must_take(stock, paid()), Ticket{6});
}

}  // namespace
}  // namespace suanpan::cards::testing
