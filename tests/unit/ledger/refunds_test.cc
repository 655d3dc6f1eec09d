// Taking earlier entries back: refunds, revokes, debt.
#include "tests/unit/ledger/ledger_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suanpan::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

ProgramSpec revoking(RevokePolicy policy) {
    ProgramSpec spec = plain_program();
    spec.revoke = policy;
    return spec;
}

TEST(Refunds, NeverExceedTheirOriginal) {
    LedgerBook book;
    book.earn(100);
    const Lsn spent = book.spend(50).entry_id;
    EXPECT_EQ(book.refund(spent, 30).balances.available, Points{80});
    const Outcome refused = book.refund(spent, 21);
    EXPECT_EQ(refused.code, Code::refund_exceeds_original);
    EXPECT_EQ(refused.detail, 20);
    EXPECT_EQ(book.refund(spent).amount, Points{20});  // the rest, exactly
    EXPECT_EQ(book.refund(spent).code, Code::refund_exceeds_original);
    EXPECT_EQ(book.balances().available, Points{100});
}

TEST(Refunds, MakeALotAgainAsItWas) {
    LedgerBook book;
    const Instant end = book.now + days(5);
    book.earn(10, end);
    const Lsn spent = book.spend(10).entry_id;
    EXPECT_THAT(book.lots(), IsEmpty());
    book.now = book.now + days(2);
    book.refund(spent);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(end, 10)));
}

TEST(Refunds, OfAnEndedLotComeBackExpiredOrWithAGrace) {
    LedgerBook book;
    book.now = at(2027, 6, 1, 12);
    book.earn(100, at(2027, 6, 3));
    const Lsn spent = book.spend(60).entry_id;
    book.now = at(2027, 6, 10, 12);
    const Outcome own_return = book.refund(spent, 10);
    EXPECT_EQ(own_return.detail, 10);
    EXPECT_EQ(own_return.balances.available, Points{0});
    const Outcome our_fault = book.refund(spent, 50, 7);
    EXPECT_EQ(our_fault.detail, 0);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(at(2027, 6, 18), 50)));
}

TEST(Refunds, GoThroughTheSlicesOfACapture) {
    LedgerBook book;
    const Instant a = book.now + days(2);
    const Instant b = book.now + days(9);
    book.earn(30, a);
    book.earn(50, b);
    const std::int64_t hold = book.hold(60).detail;
    const Lsn captured = book.capture(hold, 45).entry_id;
    book.refund(captured, 20);  // 15 of B, then 5 of A
    EXPECT_THAT(book.lots(), ElementsAre(Pair(a, 5), Pair(b, 35)));
    book.refund(captured);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(a, 30), Pair(b, 35)));
}

TEST(Refunds, NeedAnOriginalOfThisAccountAndPartner) {
    LedgerBook book;
    const Lsn earned = book.earn(100).entry_id;
    const Lsn spent = book.spend(50).entry_id;
    EXPECT_EQ(book.refund(Lsn{99}).code, Code::original_not_found);
    EXPECT_EQ(book.refund(earned).code, Code::original_wrong_kind);
    book.partner = PartnerId{8};
    EXPECT_EQ(book.refund(spent).code, Code::original_not_found);
    book.partner = till;
    book.member = bob;
    EXPECT_EQ(book.refund(spent).code, Code::original_not_found);
}

TEST(Refunds, EndWithTheTimeTheProgramAllows) {
    ProgramSpec spec = plain_program();
    spec.refundable_days = 10;
    LedgerBook book(spec);
    book.earn(100);
    const Lsn spent = book.spend(50).entry_id;
    book.refund(spent, 10);
    // A later version with a longer time does not bring an original back whose tally is gone.
    spec.version = 2;
    spec.refundable_days = 1000;
    EXPECT_EQ(book.put_program(spec, false).code, Code::ok);
    book.now = book.now + days(10);
    book.earn(1);
    const Outcome refused = book.refund(spent, 50);
    EXPECT_EQ(refused.code, Code::refund_exceeds_original);
    EXPECT_EQ(refused.detail, 0);
}

TEST(Revokes, TakeFromTheLotOfTheEarning) {
    LedgerBook book(revoking(RevokePolicy::reject));
    const Lsn earned = book.earn(100, book.now + days(9)).entry_id;
    book.earn(40, book.now + days(5));
    EXPECT_EQ(book.revoke(earned, 30).balances.available, Points{110});
    EXPECT_EQ(book.revoke(earned, 71).code, Code::revoke_exceeds_earning);
    EXPECT_EQ(book.revoke(earned, 71).detail, 70);
    EXPECT_EQ(book.revoke(earned).amount, Points{70});
    EXPECT_EQ(book.balances().available, Points{40});
    EXPECT_EQ(book.revoke(earned).code, Code::revoke_exceeds_earning);
    EXPECT_EQ(book.revoke(Lsn{77}).code, Code::original_not_found);
}

TEST(Revokes, OfWhatIsGoneAreRejectedWhereTheProgramSaysSo) {
    LedgerBook book(revoking(RevokePolicy::reject));
    const Lsn earned = book.earn(100, book.now + days(9)).entry_id;
    book.earn(40, book.now + days(5));
    const Lsn spent = book.spend(60).entry_id;
    const Outcome refused = book.revoke(earned);
    EXPECT_EQ(refused.code, Code::revoke_not_covered);
    EXPECT_EQ(refused.detail, 20);
    EXPECT_EQ(book.revoke(spent).code, Code::original_wrong_kind);
}

TEST(Revokes, CountHeldPointsAsSpent) {
    LedgerBook book(revoking(RevokePolicy::reject));
    const Lsn earned = book.earn(100).entry_id;
    const std::int64_t hold = book.hold(30).detail;
    EXPECT_EQ(book.revoke(earned).detail, 30);
    book.release(hold);
    EXPECT_EQ(book.revoke(earned).code, Code::ok);
}

TEST(Revokes, TakeWhatIsThere) {
    LedgerBook book(revoking(RevokePolicy::take_what_is_there));
    const Lsn earned = book.earn(100).entry_id;
    book.spend(70);
    const Outcome taken = book.revoke(earned);
    EXPECT_EQ(taken.amount, Points{30});
    EXPECT_EQ(taken.detail, 70);
    EXPECT_EQ(book.revoke(earned).amount, Points{0});
    EXPECT_EQ(book.balances(), Balances{});
}

TEST(Revokes, MakeDebtThatIsRepaidFirst) {
    LedgerBook book(revoking(RevokePolicy::allow_debt));
    const Lsn earned = book.earn(100).entry_id;
    const Lsn spent = book.spend(80).entry_id;
    const Outcome revoked = book.revoke(earned);
    EXPECT_EQ(revoked.balances.debt, Points{80});
    EXPECT_EQ(revoked.balances.available, Points{-80});
    EXPECT_EQ(book.spend(1).code, Code::insufficient_points);
    const Outcome by_earning = book.earn(30);
    EXPECT_EQ(by_earning.detail, 30);
    EXPECT_EQ(by_earning.balances.debt, Points{50});
    EXPECT_THAT(book.lots(), IsEmpty());
    const Outcome by_refund = book.refund(spent, 60);
    EXPECT_EQ(by_refund.balances.debt, Points{0});
    EXPECT_EQ(by_refund.balances.available, Points{10});
}

TEST(Revokes, LeaveDebtBesideOtherLotsUntilPointsComeIn) {
    LedgerBook book(revoking(RevokePolicy::allow_debt));
    const Lsn earned = book.earn(100, book.now + days(5)).entry_id;
    book.earn(50, book.now + days(50));
    const std::int64_t hold = book.hold(100).detail;
    const Outcome revoked = book.revoke(earned, 70);
    EXPECT_EQ(revoked.balances.debt, Points{70});
    EXPECT_EQ(revoked.balances.available, Points{-20});
    EXPECT_EQ(book.spend(1).code, Code::insufficient_points);
    // A release repays as well.
    const Outcome released = book.release(hold);
    EXPECT_EQ(released.balances.debt, Points{0});
    EXPECT_EQ(released.balances.available, Points{80});
}

TEST(Revokes, MakeDebtThatAnExpiredHoldRepays) {
    LedgerBook book(revoking(RevokePolicy::allow_debt));
    const Lsn earned = book.earn(100).entry_id;
    book.hold(100, seconds(10));
    book.revoke(earned, 70);
    book.now = book.now + seconds(10);
    EXPECT_EQ(book.balances().available, Points{30});
    EXPECT_EQ(book.balances().debt, Points{0});
    EXPECT_EQ(book.spend(30).code, Code::ok);
}

TEST(Revokes, MakeDebtThatPendingPointsDoNotRepay) {
    LedgerBook book(revoking(RevokePolicy::allow_debt));
    const Lsn earned = book.earn(100).entry_id;
    book.spend(100);
    book.revoke(earned, 40);
    const Instant active = book.now + days(7);
    const Outcome pending = book.earn(100, {}, active);
    EXPECT_EQ(pending.balances.debt, Points{40});
    EXPECT_EQ(pending.balances.available, Points{-40});
    book.now = active;
    EXPECT_EQ(book.balances().available, Points{60});
    EXPECT_EQ(book.spend(61).code, Code::insufficient_points);
    EXPECT_EQ(book.spend(60).code, Code::ok);
}

}  // namespace
}  // namespace suanpan::ledger
