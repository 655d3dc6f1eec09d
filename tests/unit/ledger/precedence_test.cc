// A request that is wrong in several ways gets the code that protocol/code.h declares first.
#include "tests/unit/ledger/ledger_book.h"

#include <gtest/gtest.h>

namespace suanpan::ledger {
namespace {

Command earn_command() {
    Command command;
    command.head.kind = CommandKind::earn;
    command.head.program = shop;
    command.head.member = alice;
    command.head.request_id = {.high = 1, .low = 1};
    command.body = Earn{.amount = {1}, .active_from = {}, .expires_at = {}};
    return command;
}

TEST(Precedence, AmountsBeforeIdsBeforeRangesBeforeFields) {
    LedgerBook book;
    Entry entry;
    const auto code_of = [&](const Command& command) {
        return book.ledger.decide(command, book.now, nullptr, entry).code;
    };
    Command command = earn_command();
    command.head.member = {};
    command.head.request_id = {};
    command.body = Earn{.amount = {0}, .active_from = Instant{-1}, .expires_at = {}};
    EXPECT_EQ(code_of(command), Code::amount_not_positive);
    command.body =
        Earn{.amount = {amount_points_max + 1}, .active_from = Instant{-1}, .expires_at = {}};
    EXPECT_EQ(code_of(command), Code::member_missing);
    command.head.member = alice;
    EXPECT_EQ(code_of(command), Code::request_id_missing);
    command.head.request_id = {.high = 1, .low = 1};
    EXPECT_EQ(code_of(command), Code::amount_out_of_range);
    command.body = Earn{.amount = {1}, .active_from = Instant{-1}, .expires_at = {}};
    command.head.program = ProgramId{99};
    EXPECT_EQ(code_of(command), Code::field_out_of_range);
    command.body = Earn{.amount = {1}, .active_from = {}, .expires_at = {}};
    EXPECT_EQ(code_of(command), Code::program_not_found);
}

TEST(Precedence, OfFieldsIsTheirNumber) {
    LedgerBook book;
    const auto field_of = [&](const CommandBody& body, CommandKind kind) {
        const Outcome outcome = book.run(body, kind);
        EXPECT_EQ(outcome.code, Code::field_out_of_range);
        return outcome.detail;
    };
    const Instant past{1};
    EXPECT_EQ(
        field_of(Earn{.amount = {1}, .active_from = {}, .expires_at = past}, CommandKind::earn), 3);
    EXPECT_EQ(field_of(Earn{.amount = {1},
                            .active_from = book.now + days(9),
                            .expires_at = book.now + days(8)},
                       CommandKind::earn),
              3);
    EXPECT_EQ(field_of(Earn{.amount = {1}, .active_from = {}, .expires_at = instant_never},
                       CommandKind::earn),
              3);
    EXPECT_EQ(field_of(Earn{.amount = {1},
                            .active_from = {},
                            .expires_at = {},
                            .origin = static_cast<LotOrigin>(2)},
                       CommandKind::earn),
              5);
    EXPECT_EQ(field_of(Spend{.amount = {1}, .min_remaining = {-1}}, CommandKind::spend), 2);
    EXPECT_EQ(field_of(PlaceHold{.amount = {1}, .min_remaining = {}, .duration = {-1}},
                       CommandKind::hold),
              3);
    EXPECT_EQ(field_of(Adjust{.delta = {1}, .expires_at = past}, CommandKind::adjust), 2);
    EXPECT_EQ(field_of(SetLimit{.spend_per_day_max = {-2}}, CommandKind::set_limit), 1);
    EXPECT_EQ(
        field_of(MemberUpdate{.birthday_month = 2, .birthday_day = 30}, CommandKind::member_update),
        4);
    EXPECT_EQ(book.adjust(amount_points_max + 1).code, Code::amount_out_of_range);
    EXPECT_EQ(book.adjust(0).code, Code::amount_not_positive);
    EXPECT_EQ(book.refund(Lsn{1}, -1).code, Code::amount_not_positive);
    EXPECT_EQ(book.capture(1, 0).code, Code::amount_not_positive);
}

TEST(Precedence, FrozenBeforeMissingPointsBeforeWhatRemainsBeforeTheDay) {
    LedgerBook book;
    book.earn(100);
    book.set_limit(10);
    book.freeze();
    EXPECT_EQ(book.hold(1000, hours(25)).code, Code::hold_too_long);
    EXPECT_EQ(book.spend(1000, 50).code, Code::account_frozen);
    book.freeze(false);
    EXPECT_EQ(book.spend(1000, 50).code, Code::insufficient_points);
    EXPECT_EQ(book.spend(60, 50).code, Code::below_min_remaining);
    EXPECT_EQ(book.spend(40, 50).code, Code::daily_limit_exceeded);
    EXPECT_EQ(book.spend(10, 50).code, Code::ok);
}

TEST(Precedence, OfOriginals) {
    LedgerBook book;
    const Lsn earned = book.earn(10).entry_id;
    book.partner = PartnerId{9};
    EXPECT_EQ(book.refund(earned, 11).code, Code::original_not_found);
    book.partner = till;
    EXPECT_EQ(book.refund(earned, 11).code, Code::original_wrong_kind);
    book.spend(5);
    EXPECT_EQ(book.revoke(earned, 11).code, Code::revoke_exceeds_earning);
    EXPECT_EQ(book.revoke(earned, 10).code, Code::revoke_not_covered);
}

TEST(Precedence, ReadsAreNotDecided) {
    LedgerBook book;
    EXPECT_EQ(book.run(ReadBalance{}, CommandKind::balance).code, Code::unknown_kind);
}

}  // namespace
}  // namespace suanpan::ledger
