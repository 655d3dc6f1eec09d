// What is set on an account and a program: freezing, limits, corrections, versions.
#include "tests/unit/ledger/ledger_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suanpan::ledger {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Accounts, ThatAreFrozenTakePointsInButGiveNoneOut) {
    LedgerBook book;
    book.earn(100);
    const std::int64_t hold = book.hold(10).detail;
    const Lsn spent = book.spend(5).entry_id;
    EXPECT_EQ(book.freeze().code, Code::ok);
    EXPECT_EQ(book.spend(1).code, Code::account_frozen);
    EXPECT_EQ(book.hold(1).code, Code::account_frozen);
    EXPECT_EQ(book.capture(hold, 1).code, Code::account_frozen);
    EXPECT_EQ(book.earn(1).code, Code::ok);
    EXPECT_EQ(book.refund(spent).code, Code::ok);
    EXPECT_EQ(book.release(hold).code, Code::ok);
    EXPECT_EQ(book.adjust(-1).code, Code::ok);
    EXPECT_EQ(book.freeze(false).code, Code::ok);
    EXPECT_EQ(book.spend(100).code, Code::ok);
}

TEST(Accounts, SpendWithinTheirLimitPerDay) {
    LedgerBook book;
    book.now = at(2027, 3, 3, 23);
    book.earn(1000);
    book.set_limit(100);
    EXPECT_EQ(book.spend(60).code, Code::ok);
    const Outcome refused = book.spend(41);
    EXPECT_EQ(refused.code, Code::daily_limit_exceeded);
    EXPECT_EQ(refused.detail, 40);
    EXPECT_EQ(book.spend(500, 0, true).amount, Points{40});
    EXPECT_EQ(book.spend(1, 0, true).code, Code::daily_limit_exceeded);
    book.now = at(2027, 3, 4);  // another local date
    EXPECT_EQ(book.spend(100).code, Code::ok);
    book.set_limit(-1);
    EXPECT_EQ(book.spend(500).code, Code::ok);
}

TEST(Accounts, GetBackOfTheirLimitWhatAHoldReturnsTheSameDay) {
    ProgramSpec spec = plain_program();
    spec.spend_per_day_max = Points{100};
    LedgerBook book(spec);
    book.now = at(2027, 3, 3, 10);
    book.earn(1000);
    const std::int64_t first = book.hold(100).detail;
    EXPECT_EQ(book.hold(1).code, Code::daily_limit_exceeded);
    book.capture(first, 30);
    book.release(first);
    EXPECT_EQ(book.spend(71).code, Code::daily_limit_exceeded);
    EXPECT_EQ(book.hold(70, seconds(10)).code, Code::ok);
    book.now = book.now + seconds(10);
    EXPECT_EQ(book.spend(70).code, Code::ok);
}

TEST(Accounts, KeepToTheSmallerOfTwoLimits) {
    ProgramSpec spec = plain_program();
    spec.spend_per_day_max = Points{50};
    LedgerBook book(spec);
    book.earn(1000);
    book.set_limit(80);
    EXPECT_EQ(book.spend(51).code, Code::daily_limit_exceeded);
    book.set_limit(20);
    EXPECT_EQ(book.spend(21).code, Code::daily_limit_exceeded);
}

TEST(Accounts, KnowWhatTheCrmSaidLast) {
    LedgerBook book;
    EXPECT_EQ(book.member_update(10, 2).code, Code::ok);
    const Outcome stale = book.member_update(9, 1);
    EXPECT_EQ(stale.code, Code::stale_version);
    EXPECT_EQ(stale.detail, 10);
    EXPECT_EQ(book.member_update(10, 3).code, Code::ok);
    const AccountRef ref = book.ledger.find_account(alice, shop);
    EXPECT_EQ(book.ledger.account(ref).rare()->member.level, 3);
    EXPECT_EQ(book.ledger.account(ref).rare()->member.birthday_day, 29);
}

TEST(Accounts, AreCorrectedInALotOfItsOwn) {
    LedgerBook book;
    const Instant end = book.now + days(3);
    book.earn(10, end);
    EXPECT_EQ(book.adjust(7, end).amount, Points{7});
    book.earn(1, end);
    EXPECT_THAT(book.lots(), ElementsAre(Pair(end, 11), Pair(end, 7)));
    const Outcome down = book.adjust(-12);
    EXPECT_EQ(down.amount, Points{-12});
    EXPECT_THAT(book.lots(), ElementsAre(Pair(end, 6)));
    EXPECT_EQ(book.adjust(-7).code, Code::insufficient_points);
    EXPECT_EQ(book.adjust(-7).detail, 1);
}

TEST(Accounts, AddUpToWhatWasIssued) {
    LedgerBook book;
    book.earn(100, book.now + days(1));
    book.earn(50);
    book.adjust(10);
    book.spend(30);
    book.hold(20);
    book.adjust(-5);
    const Totals totals = book.ledger.effective_totals(shop, book.now);
    EXPECT_EQ(totals.issued, 160);
    EXPECT_EQ(totals.spent, 35);
    EXPECT_EQ(totals.held, 20);
    EXPECT_EQ(totals.available, 105);
    EXPECT_TRUE(totals.balance());
    const Totals later = book.ledger.effective_totals(shop, book.now + days(2));
    EXPECT_EQ(later.expired, 65);
    EXPECT_EQ(later.available, 60);
    EXPECT_TRUE(later.balance());
    EXPECT_TRUE(book.ledger.posted_totals(shop).balance());
    Totals doubled = totals;
    doubled.add(totals);
    EXPECT_EQ(doubled.issued, 320);
    EXPECT_TRUE(doubled.balance());
}

TEST(Programs, AreMadeOnceAndUpdatedInOrder) {
    LedgerBook book;
    ProgramSpec spec = plain_program();
    EXPECT_EQ(book.put_program(spec, true).code, Code::program_exists);
    spec.id = ProgramId{8};
    EXPECT_EQ(book.put_program(spec, false).code, Code::program_not_found);
    spec.version = 2;
    EXPECT_EQ(book.put_program(spec, true).code, Code::version_not_next);
    spec.version = 1;
    EXPECT_EQ(book.put_program(spec, true).code, Code::ok);
    spec.version = 3;
    const Outcome refused = book.put_program(spec, false);
    EXPECT_EQ(refused.code, Code::version_not_next);
    EXPECT_EQ(refused.detail, 1);
    spec.version = 2;
    spec.expiry = ExpiryPolicy::after_days;
    EXPECT_EQ(book.put_program(spec, false).detail, 9);  // a count of days is missing
    spec.expiry_count = 30;
    EXPECT_EQ(book.put_program(spec, false).code, Code::ok);
    EXPECT_EQ(book.ledger.program(ProgramId{8})->spec().version, 2U);
}

TEST(Programs, SayWhichFieldIsInvalid) {
    const auto with = [](auto change) {
        ProgramSpec spec = plain_program();
        change(spec);
        return invalid_field(spec);
    };
    EXPECT_EQ(invalid_field(plain_program()), std::nullopt);
    EXPECT_EQ(with([](ProgramSpec& s) { s.id = ProgramId{0}; }), 0);
    EXPECT_EQ(with([](ProgramSpec& s) { s.version = 0; }), 1);
    EXPECT_EQ(with([](ProgramSpec& s) { s.name = {}; }), 2);
    EXPECT_EQ(with([](ProgramSpec& s) { s.currency = short_text<8>("yuan"); }), 3);
    EXPECT_EQ(with([](ProgramSpec& s) { s.time_zone = short_text<40>("Mars/Olympus"); }), 4);
    EXPECT_EQ(with([](ProgramSpec& s) { s.time_zone = {}; }), std::nullopt);
    EXPECT_EQ(with([](ProgramSpec& s) { s.expiry_rounding = ExpiryRounding::year_end; }), 6);
    EXPECT_EQ(with([](ProgramSpec& s) {
                  s.expiry = ExpiryPolicy::after_years;
                  s.expiry_count = 101;
              }),
              9);
    EXPECT_EQ(with([](ProgramSpec& s) {
                  s.expiry = ExpiryPolicy::on_date;
                  s.expiry_date.days = -1;
              }),
              10);
    EXPECT_EQ(with([](ProgramSpec& s) { s.hold_grace_days = 40'000; }), 11);
    EXPECT_EQ(with([](ProgramSpec& s) { s.refundable_days = 40'000; }), 12);
    EXPECT_EQ(with([](ProgramSpec& s) { s.hold_default = hours(25); }), 13);
    EXPECT_EQ(with([](ProgramSpec& s) { s.hold_max = days(4000); }), 14);
    EXPECT_EQ(with([](ProgramSpec& s) { s.spend_per_day_max = Points{-2}; }), 15);
}

TEST(Programs, ThatAreUnknownRefuseEverything) {
    LedgerBook book;
    book.program = ProgramId{99};
    EXPECT_EQ(book.earn(1).code, Code::program_not_found);
    EXPECT_EQ(book.spend(1).code, Code::program_not_found);
    EXPECT_EQ(book.hold(1).code, Code::program_not_found);
    EXPECT_EQ(book.refund(Lsn{1}).code, Code::program_not_found);
    EXPECT_EQ(book.revoke(Lsn{1}).code, Code::program_not_found);
    EXPECT_EQ(book.adjust(1).code, Code::program_not_found);
    EXPECT_EQ(book.freeze().code, Code::program_not_found);
    EXPECT_EQ(book.set_limit(1).code, Code::program_not_found);
    EXPECT_EQ(book.member_update(1, 1).code, Code::program_not_found);
    EXPECT_EQ(book.ledger.balances(alice, book.program, book.now).code, Code::program_not_found);
}

TEST(Programs, WhoseDateHasPassedEarnNothing) {
    ProgramSpec spec = plain_program();
    spec.expiry = ExpiryPolicy::on_date;
    spec.expiry_date = LocalDate{.days = 20'000};
    LedgerBook book(spec);
    EXPECT_EQ(book.earn(1).code, Code::program_invalid);
    EXPECT_EQ(book.adjust(1).code, Code::program_invalid);
    EXPECT_EQ(book.earn(1, book.now + days(1)).code, Code::ok);
}

}  // namespace
}  // namespace suanpan::ledger
