// The rules of semantics.md, "Points", one by one, with its worked examples.
#include "tests/unit/ledger/ledger_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suanpan::ledger {
namespace {

using testing::ElementsAre;
using testing::Pair;

ProgramSpec expiring(ExpiryPolicy policy, std::uint32_t count,
                     ExpiryRounding rounding = ExpiryRounding::none) {
    ProgramSpec spec = plain_program();
    spec.expiry = policy;
    spec.expiry_count = count;
    spec.expiry_rounding = rounding;
    return spec;
}

TEST(Points, EarnedAndSpentLeaveTheDifference) {
    LedgerBook book;
    EXPECT_EQ(book.earn(100).code, Code::ok);
    const Outcome spent = book.spend(30);
    EXPECT_EQ(spent.code, Code::ok);
    EXPECT_EQ(spent.amount, Points{30});
    EXPECT_EQ(spent.entry_id, Lsn{2});
    EXPECT_EQ(spent.balances.available, Points{70});
    EXPECT_EQ(book.entry(Lsn{2}).prev_lsn, Lsn{1});
}

TEST(Points, TheLotNearestItsExpiryIsDrainedFirst) {
    LedgerBook book;
    const Instant a = book.now + days(2);
    const Instant b = book.now + days(9);
    book.earn(50, b);
    book.earn(30, a);
    const Lsn spent = book.spend(60).entry_id;
    EXPECT_THAT(book.lots(), ElementsAre(Pair(b, 20)));
    // In reverse: B had given 30, A 30.
    book.refund(spent, 40);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(a, 10), Pair(b, 50)));
    book.refund(spent, 20);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(a, 30), Pair(b, 50)));
    EXPECT_EQ(book.refund(spent).code, Code::refund_exceeds_original);
}

TEST(Points, OfOneMonthFromTheEndOfJanuaryAreGoneOnTheFirstOfMarch) {
    LedgerBook book(expiring(ExpiryPolicy::after_months, 1));
    book.now = at(2027, 1, 31, 10);
    book.earn(100);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(at(2027, 3, 1), 100)));
    book.now = Instant{at(2027, 3, 1).ns - 1};
    EXPECT_EQ(book.balances().available, Points{100});
    book.now = at(2027, 3, 1);
    EXPECT_EQ(book.balances().available, Points{0});
    EXPECT_EQ(book.spend(1).code, Code::insufficient_points);
}

}  // namespace
}  // namespace suanpan::ledger
