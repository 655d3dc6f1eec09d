// The rules of holds: captured, released or expired, once, and never a lot's life made longer.
#include "protocol/limits.h"
#include "tests/unit/ledger/ledger_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suanpan::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(Holds, LeaveAvailableAtOnceAndAreCapturedInParts) {
    LedgerBook book;
    book.earn(100);
    const Outcome held = book.hold(60);
    EXPECT_EQ(held.balances.available, Points{40});
    EXPECT_EQ(held.balances.held, Points{60});
    EXPECT_EQ(book.spend(50).code, Code::insufficient_points);
    const Outcome part = book.capture(held.detail, 25);
    EXPECT_EQ(part.balances.held, Points{35});
    EXPECT_EQ(part.detail, 35);
    EXPECT_EQ(book.capture(held.detail, 36).code, Code::capture_exceeds_hold);
    EXPECT_EQ(book.capture(held.detail, 35).balances.held, Points{0});
    EXPECT_EQ(book.capture(held.detail, 1).code, Code::hold_resolved);
    EXPECT_EQ(book.capture(held.detail, 61).code, Code::capture_exceeds_hold);
    EXPECT_EQ(book.release(held.detail).code, Code::hold_resolved);
    EXPECT_EQ(book.balances().available, Points{40});
}

TEST(Holds, GiveBackToTheirOwnLots) {
    LedgerBook book;
    const Instant a = book.now + days(2);
    const Instant b = book.now + days(9);
    book.earn(30, a);
    book.earn(50, b);
    const std::int64_t hold = book.hold(60).detail;
    book.capture(hold, 10);
    const Outcome released = book.release(hold);
    EXPECT_EQ(released.amount, Points{50});
    EXPECT_THAT(book.lots(), ElementsAre(Pair(a, 20), Pair(b, 50)));
}

TEST(Holds, ReleasedTwiceAreDoneAndMoveNothing) {
    LedgerBook book;
    book.earn(10);
    const std::int64_t hold = book.hold(10).detail;
    EXPECT_EQ(book.release(hold).amount, Points{10});
    const Outcome again = book.release(hold);
    EXPECT_EQ(again.code, Code::ok);
    EXPECT_EQ(again.amount, Points{0});
    EXPECT_EQ(again.balances.available, Points{10});
    EXPECT_EQ(book.capture(hold, 1).code, Code::hold_resolved);
}

TEST(Holds, AreCapturedAfterTheirLotHasEnded) {
    LedgerBook book;
    book.earn(100, book.now + hours(1));
    const std::int64_t hold = book.hold(60, hours(10)).detail;
    book.now = book.now + hours(2);
    EXPECT_EQ(book.balances().available, Points{0});
    const Outcome captured = book.capture(hold, 20);
    EXPECT_EQ(captured.code, Code::ok);
    EXPECT_EQ(captured.balances.held, Points{40});
    // What is left comes back expired: a hold never makes a lot live longer.
    const Outcome released = book.release(hold);
    EXPECT_EQ(released.detail, 40);
    EXPECT_EQ(released.balances, Balances{});
}

TEST(Holds, GiveBackToAGraceWhereTheProgramHasOne) {
    ProgramSpec spec = plain_program();
    spec.hold_grace_days = 3;
    LedgerBook book(spec);
    book.now = at(2027, 5, 1, 10);
    book.earn(100, book.now + hours(1));
    const std::int64_t hold = book.hold(100, hours(5)).detail;
    book.now = book.now + hours(2);
    EXPECT_EQ(book.release(hold).detail, 0);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(at(2027, 5, 5), 100)));
}

TEST(Holds, ThatExpireGiveTheirPointsBack) {
    LedgerBook book;
    book.earn(100);
    const std::int64_t hold = book.hold(60, seconds(10)).detail;
    EXPECT_EQ(book.spend(50).code, Code::insufficient_points);
    book.now = book.now + seconds(10);
    EXPECT_EQ(book.balances().available, Points{100});
    EXPECT_EQ(book.capture(hold, 60).code, Code::hold_expired);
    EXPECT_EQ(book.release(hold).code, Code::hold_expired);
    EXPECT_EQ(book.spend(100).code, Code::ok);
    EXPECT_EQ(book.capture(hold, 60).code, Code::hold_expired);
}

TEST(Holds, ThatExpireGiveToTheGraceOfTheirOwnEnd) {
    ProgramSpec spec = plain_program();
    spec.hold_grace_days = 3;
    LedgerBook book(spec);
    book.now = at(2027, 5, 1, 10);
    book.earn(100, book.now + hours(1));
    book.hold(100, hours(5));
    book.now = at(2027, 5, 4, 10);
    EXPECT_EQ(book.balances().available, Points{100});
    book.now = at(2027, 5, 5);
    EXPECT_EQ(book.balances().available, Points{0});
    book.sweep();
    EXPECT_THAT(book.lots(), IsEmpty());
}

TEST(Holds, OfLotsThatEndWithTheHoldAreExpired) {
    LedgerBook book;
    book.earn(30, book.now + hours(1));
    book.earn(70);
    book.hold(50, hours(2));
    book.now = book.now + hours(3);
    EXPECT_EQ(book.balances().available, Points{70});
    EXPECT_EQ(book.spend(70).code, Code::ok);
}

TEST(Holds, AreSweptWhenNobodyComes) {
    LedgerBook book;
    book.earn(100);
    book.hold(60, seconds(10));
    const std::uint64_t before = book.last_lsn();
    book.sweep();
    EXPECT_EQ(book.last_lsn(), before);
    book.now = book.now + seconds(11);
    book.sweep();
    EXPECT_EQ(book.last_lsn(), before + 1);
    EXPECT_EQ(book.entry(Lsn{before + 1}).kind, EntryKind::expire);
    EXPECT_EQ(book.entry(Lsn{before + 1}).balances.available, Points{100});
}

TEST(Holds, UnknownOrForgottenAreNotFound) {
    LedgerBook book;
    EXPECT_EQ(book.capture(1, 1).code, Code::hold_not_found);
    EXPECT_EQ(book.release(1).code, Code::hold_not_found);
    book.earn(10);
    const std::int64_t hold = book.hold(10).detail;
    book.release(hold);
    book.now = book.now + days(2);
    book.earn(1);
    EXPECT_EQ(book.release(hold).code, Code::hold_not_found);
}

TEST(Holds, LiveNoLongerThanTheProgramAllows) {
    ProgramSpec spec = plain_program();
    spec.hold_default = hours(1);
    spec.hold_max = hours(2);
    LedgerBook book(spec);
    book.earn(100);
    EXPECT_EQ(book.hold(10, hours(3)).code, Code::hold_too_long);
    EXPECT_EQ(book.hold(10, hours(2)).code, Code::ok);
    book.hold(10);
    book.now = book.now + hours(1);
    EXPECT_EQ(book.balances().held, Points{10});
}

TEST(Holds, AreBoundedInNumber) {
    LedgerBook book;
    book.checks = false;
    book.earn(10'000);
    for (std::uint32_t i = 0; i < limits::holds_per_account_max; ++i)
        ASSERT_EQ(book.hold(1).code, Code::ok);
    const Outcome refused = book.hold(1);
    EXPECT_EQ(refused.code, Code::too_many_holds);
    EXPECT_EQ(refused.detail, limits::holds_per_account_max);
    // More than one entry posts along is due: expire entries go first.
    book.now = book.now + days(1);
    EXPECT_EQ(book.spend(10'000).code, Code::ok);
    EXPECT_EQ(book.ledger.check_invariants(book.now), std::nullopt);
}

TEST(Holds, TakeAsMuchAsThereIsWithUpTo) {
    LedgerBook book;
    book.earn(10);
    EXPECT_EQ(book.hold(25, {}, true).amount, Points{10});
}

}  // namespace
}  // namespace suanpan::ledger
