// The rules of semantics.md, "Points": earning, expiry and spending, with its worked examples.
#include "tests/unit/ledger/ledger_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suanpan::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

ProgramSpec expiring(ExpiryPolicy policy, std::uint32_t count,
                     ExpiryRounding rounding = ExpiryRounding::none) {
    ProgramSpec spec = plain_program();
    spec.expiry = policy;
    spec.expiry_count = count;
    spec.expiry_rounding = rounding;
    return spec;
}

// When points earned on 31 January 2027 at 10:00 end under the policy.
Instant end_under(const ProgramSpec& spec) {
    LedgerBook book(spec);
    book.now = at(2027, 1, 31, 10);
    EXPECT_EQ(book.earn(100).code, Code::ok);
    return book.lots().front().first;
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

TEST(Points, LieInAsManyLotsAsTheLedgerCounts) {
    LedgerBook book;
    EXPECT_EQ(book.ledger.lot_count(), 0U);
    book.earn(50, book.now + days(9));
    book.earn(30, book.now + days(2));
    book.earn(20, book.now + days(2));  // joins the lot before
    EXPECT_EQ(book.ledger.lot_count(), 2U);
    const Lsn spent = book.spend(60).entry_id;
    EXPECT_EQ(book.ledger.lot_count(), 1U);
    book.refund(spent);
    EXPECT_EQ(book.ledger.lot_count(), 2U);
}

TEST(Points, ThatNeverExpireAreDrainedLast) {
    LedgerBook book;
    const Instant soon = book.now + days(400);
    book.earn(50);
    book.earn(50, soon);
    book.spend(60);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(instant_never, 40)));
}

TEST(Points, OfOneExpiryAreDrainedByActivationThenAge) {
    LedgerBook book;
    const Instant end = book.now + days(30);
    book.earn_restricted(10, 1, end);
    book.earn_restricted(20, 2, end);
    book.now = book.now + days(1);
    book.earn(30, end);
    // Same expiry: the earlier day of activation first, and of that day the older lot.
    book.adjust(-15);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(end, 15), Pair(end, 30)));
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

TEST(Points, EndByTheProgramsPolicy) {
    EXPECT_EQ(end_under(plain_program()), instant_never);
    EXPECT_EQ(end_under(expiring(ExpiryPolicy::after_days, 1)), at(2027, 2, 2));
    EXPECT_EQ(end_under(expiring(ExpiryPolicy::after_months, 2)), at(2027, 4, 1));
    EXPECT_EQ(end_under(expiring(ExpiryPolicy::after_months, 13)), at(2028, 3, 1));  // leap year
    EXPECT_EQ(end_under(expiring(ExpiryPolicy::after_years, 1)), at(2028, 2, 1));
    ProgramSpec dated = plain_program();
    dated.expiry = ExpiryPolicy::on_date;
    dated.expiry_date = LocalDate{.days = 20'910};  // 2027-04-02
    EXPECT_EQ(end_under(dated), at(2027, 4, 3));
}

TEST(Points, EndAtTheEndOfARoundedPeriod) {
    const auto rounded = [](ExpiryRounding rounding) {
        return end_under(expiring(ExpiryPolicy::after_months, 1, rounding));
    };
    EXPECT_EQ(rounded(ExpiryRounding::month_end), at(2027, 3, 1));
    EXPECT_EQ(rounded(ExpiryRounding::quarter_end), at(2027, 4, 1));
    EXPECT_EQ(rounded(ExpiryRounding::half_year_end), at(2027, 7, 1));
    EXPECT_EQ(rounded(ExpiryRounding::year_end), at(2028, 1, 1));
}

TEST(Points, OfOneDayAndPolicyAreOneLot) {
    LedgerBook book(expiring(ExpiryPolicy::after_days, 10));
    book.earn(10);
    book.now = book.now + hours(3);
    book.earn(20);
    EXPECT_EQ(book.lots().size(), 1U);
    book.now = book.now + days(1);
    book.earn(30);
    EXPECT_EQ(book.lots().size(), 2U);
}

TEST(Points, StayInLotsOfTheirOwnWhereMergingIsOff) {
    ProgramSpec spec = expiring(ExpiryPolicy::after_days, 10);
    spec.merge_lots = false;
    LedgerBook book(spec);
    const Lsn first = book.earn(10).entry_id;
    book.earn(20);
    EXPECT_EQ(book.lots().size(), 2U);
    EXPECT_EQ(book.revoke(first).balances.available, Points{20});
    EXPECT_EQ(book.lots().size(), 1U);
}

TEST(Points, ArePendingUntilTheyActivate) {
    LedgerBook book(expiring(ExpiryPolicy::after_days, 10));
    const Instant active = book.now + days(7);
    const Outcome earned = book.earn(100, {}, active);
    EXPECT_EQ(earned.balances.pending, Points{100});
    EXPECT_EQ(earned.balances.available, Points{0});
    EXPECT_EQ(book.spend(1).code, Code::insufficient_points);
    // Its life of ten days starts on 7 February.
    EXPECT_THAT(book.lots(), ElementsAre(Pair(at(2027, 2, 18), 100)));
    book.now = active;
    EXPECT_EQ(book.balances().available, Points{100});
    EXPECT_EQ(book.spend(40).balances.available, Points{60});
}

TEST(Points, ThatArePendingAreCountedAmongManyLots) {
    LedgerBook book;
    const Instant active = book.now + days(7);
    book.earn(5, book.now + days(50));
    book.earn(7, book.now + days(60));
    book.earn(100, book.now + days(30), active);
    EXPECT_EQ(book.balances().pending, Points{100});
    EXPECT_EQ(book.spend(12).code, Code::ok);
    EXPECT_EQ(book.spend(1).code, Code::insufficient_points);
    book.now = active;
    EXPECT_EQ(book.balances().available, Points{100});
}

TEST(Points, UnderASlidingPolicyEndTogetherAfterTheLastUse) {
    LedgerBook book(expiring(ExpiryPolicy::sliding_days, 30));
    book.now = at(2027, 1, 1, 9);
    book.earn(100);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(at(2027, 2, 1), 100)));
    book.now = at(2027, 1, 20, 9);
    book.spend(10);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(at(2027, 2, 20), 90)));
    book.now = at(2027, 2, 10, 9);
    book.earn(5);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(at(2027, 3, 13), 90), Pair(at(2027, 3, 13), 5)));
    book.now = at(2027, 3, 13);
    EXPECT_EQ(book.balances().available, Points{0});
    book.earn(1);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(at(2027, 4, 13), 1)));
}

TEST(Points, ThatSlideAreDrainedInTheirPlaceAmongDatedOnes) {
    LedgerBook book(expiring(ExpiryPolicy::sliding_days, 30));
    book.now = at(2027, 1, 1, 9);
    book.earn(10, at(2027, 1, 10));
    book.earn(20);
    book.earn(40, at(2027, 6, 1));
    book.spend(25);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(at(2027, 6, 1), 40), Pair(at(2027, 2, 1), 5)));
    book.spend(10);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(at(2027, 6, 1), 35)));
}

TEST(Points, SpentInAnEarlierSlidingLifeComeBackExpired) {
    LedgerBook book(expiring(ExpiryPolicy::sliding_days, 30));
    book.now = at(2027, 1, 1, 9);
    book.earn(100);
    const Lsn spent = book.spend(40).entry_id;
    book.now = at(2027, 3, 1, 9);
    book.earn(1);
    const Outcome refund = book.refund(spent);
    EXPECT_EQ(refund.code, Code::ok);
    EXPECT_EQ(refund.detail, 40);
    EXPECT_EQ(refund.balances.available, Points{1});
}

TEST(Points, AreSpentAsFarAsTheyGoWithUpTo) {
    LedgerBook book;
    book.earn(30);
    const Outcome spent = book.spend(100, 0, true);
    EXPECT_EQ(spent.code, Code::ok);
    EXPECT_EQ(spent.amount, Points{30});
    EXPECT_EQ(book.spend(100, 0, true).code, Code::insufficient_points);
    book.earn(30);
    EXPECT_EQ(book.spend(100, 20, true).amount, Points{10});
    EXPECT_EQ(book.spend(100, 20, true).code, Code::below_min_remaining);
}

TEST(Points, AreNotSpentBelowWhatMustRemain) {
    LedgerBook book;
    book.earn(100);
    const Outcome refused = book.spend(60, 50);
    EXPECT_EQ(refused.code, Code::below_min_remaining);
    EXPECT_EQ(refused.detail, 10);
    EXPECT_EQ(book.spend(50, 50).code, Code::ok);
}

TEST(Points, WithARestrictionAreDrainedOnlyByTheirOwnSpends) {
    LedgerBook book;
    const Instant soon = book.now + days(1);
    book.earn_restricted(50, 1, soon);
    book.earn(20);
    const Outcome refused = book.spend(30);
    EXPECT_EQ(refused.code, Code::insufficient_points);
    EXPECT_EQ(refused.detail, 10);
    EXPECT_EQ(book.spend(60, 0, false, 2).code, Code::insufficient_points);
    // Its own kind of spend takes the restricted lot first, since that ends first.
    EXPECT_EQ(book.spend(60, 0, false, 1).code, Code::ok);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(instant_never, 10)));
}

TEST(Points, MissingAreSaidInTheRefusal) {
    LedgerBook book;
    EXPECT_EQ(book.spend(5).detail, 5);
    book.earn(3);
    const Outcome refused = book.spend(5);
    EXPECT_EQ(refused.code, Code::insufficient_points);
    EXPECT_EQ(refused.detail, 2);
    EXPECT_EQ(refused.balances, Balances{});
}

TEST(Points, OfTenThousandLotsAreSpentAndExpire) {
    LedgerBook book;
    book.checks = false;
    for (int i = 0; i < 10'000; ++i) book.earn(1, book.now + days(1 + (i * 7919) % 10'000));
    EXPECT_EQ(book.lots().size(), 10'000U);
    EXPECT_EQ(book.spend(3000).balances.available, Points{7000});
    EXPECT_EQ(book.lots().front().first, book.now + days(3001));
    book.now = book.now + days(9000);
    EXPECT_EQ(book.balances().available, Points{1000});
    // Too much is due for one entry: expire entries go first.
    EXPECT_EQ(book.spend(1000).balances.available, Points{0});
    EXPECT_THAT(book.lots(), IsEmpty());
    EXPECT_EQ(book.ledger.check_invariants(book.now), std::nullopt);
}

TEST(Points, OutOfTooManyLotsAreNotTakenAtOnce) {
    LedgerBook book;
    book.checks = false;
    for (int i = 0; i < 4100; ++i) book.earn(1, book.now + days(1 + i));
    EXPECT_EQ(book.spend(4100).code, Code::too_many_lots);
    EXPECT_EQ(book.hold(4100).code, Code::too_many_lots);
    EXPECT_EQ(book.spend(4096).code, Code::ok);
}

TEST(Points, BeyondTheRangeOfAmountsAreRefused) {
    LedgerBook book;
    EXPECT_EQ(book.earn(amount_points_max + 1).code, Code::amount_out_of_range);
    EXPECT_EQ(book.earn(amount_points_max).code, Code::ok);
    EXPECT_EQ(book.earn(1).code, Code::balance_out_of_range);
    EXPECT_EQ(book.adjust(1).code, Code::balance_out_of_range);
    book.member = bob;  // sums over accounts do not overflow
    for (int i = 0; i < 20; ++i) {
        book.member.high += 1;
        EXPECT_EQ(book.earn(amount_points_max).code, Code::ok);
    }
}

TEST(Points, AreListedByWhenTheyExpire) {
    LedgerBook book;
    const Instant soon = book.now + days(3);
    const Instant later = book.now + days(20);
    book.earn(10, soon);
    book.earn_restricted(5, 1, soon);
    book.earn(30, later);
    const Expiring within = book.ledger.expiring(alice, shop, days(7), book.now);
    EXPECT_EQ(within.outcome.amount, Points{15});
    ASSERT_EQ(within.rows.size(), 1U);
    EXPECT_EQ(within.rows[0].expires_at, soon);
    EXPECT_EQ(within.rows[0].points, Points{15});
    EXPECT_EQ(book.ledger.expiring(alice, shop, days(30), book.now).rows.size(), 2U);
    EXPECT_EQ(book.ledger.expiring(alice, shop, days(30), soon).outcome.amount, Points{30});
}

}  // namespace
}  // namespace suanpan::ledger
