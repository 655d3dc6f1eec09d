// Bytes of entries: there and back, cut short anywhere, and of later releases.
#include "server/ledger/entry_format.h"

#include "tests/unit/ledger/ledger_book.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace suanpan::ledger {
namespace {

LotKey some_lot() {
    LotKey key;
    key.expires_at = Instant{1'900'000'000'000'000'000};
    key.active_from = Instant{1'800'000'000'000'000'000};
    key.sequence = 3;
    key.rule_version = 2;
    key.restriction = Restriction{5};
    key.origin = LotOrigin::purchased;
    key.own = 1;
    return key;
}

// An entry with one of every effect and nothing left at zero.
Entry full_entry() {
    Entry entry;
    entry.kind = EntryKind::spend;
    entry.reason = 4;
    entry.local_date.days = 20'000;
    entry.lsn = Lsn{9};
    entry.prev_lsn = Lsn{8};
    entry.time = Instant{1'800'000'000'000'000'001};
    entry.request_id = {.high = 11, .low = 12};
    entry.member = {.high = 13, .low = 14};
    entry.body_hash = 15;
    entry.partner = PartnerId{16};
    entry.principal = PrincipalId{17};
    entry.program = ProgramId{18};
    entry.config_version = 19;
    entry.ordinal = 20;
    entry.balances = {.available = {21}, .held = {22}, .pending = {23}, .debt = {24}};
    entry.amount = Points{25};
    entry.detail = -26;
    entry.reference = 27;
    entry.add(LotDelta{.lot = some_lot(), .delta = {-5}, .cause = Cause::expiry});
    entry.add(HoldPut{.hold = HoldId{6}, .local_date = {7}, .expires_at = Instant{8}});
    entry.add(HoldSliceDelta{
        .hold = HoldId{6}, .cause = Cause::returned, .lot = some_lot(), .delta = {9}});
    entry.add(HoldResolve{.hold = HoldId{6}, .end = HoldEnd::released, .keep_until = Instant{10}});
    entry.add(DebtDelta{.delta = {-11}});
    entry.add(TallyAdd{.original = {12}, .taken_back = {13}, .keep_until = Instant{14}});
    entry.add(AccountFrozen{.frozen = true});
    entry.add(AccountLimit{.spend_per_day_max = {-1}});
    entry.add(DaySpent{.date = {15}, .delta = {16}});
    entry.add(MemberSet{.segments = 17,
                        .source_version = 18,
                        .level = 19,
                        .birthday_month = 12,
                        .birthday_day = 31});
    entry.add(SlidingMove{.expires_at = Instant{20}, .since = Instant{21}});
    entry.add(HouseDelta{.counter = HouseCounter::revoked, .delta = {22}});
    entry.add(CounterAdd{.kind = CounterKind::coupon_total,
                         .id = 24,
                         .delta = {.issued = 25, .reserved = -26},
                         .times_out = Instant{27},
                         .limit = 28});
    entry.add(ReservationEnded{.offer = 29, .ticket = 30, .units = 31, .is_issued = true});
    entry.add(BatchRecalled{.offer = 32, .batch = 33, .voided = 34, .set_aside = 35, .issued = 36});
    entry.spec = plain_program();
    entry.spec->merge_lots = false;
    entry.spec->hold_grace_days = 23;
    entry.add(ProgramPut{});
    return entry;
}

Entry refusal_block() {
    Entry entry;
    entry.kind = EntryKind::refusals;
    entry.lsn = Lsn{5};
    entry.time = Instant{1'800'000'000'000'000'000};
    for (std::uint64_t i = 1; i <= 3; ++i)
        entry.refusals.push_back({.digest = {.high = i, .low = i * 2},
                                  .body_hash = i * 3,
                                  .request_ms = 1'800'000'000'000 + static_cast<std::int64_t>(i),
                                  .code = Code::insufficient_points,
                                  .detail = -static_cast<std::int64_t>(i),
                                  .member_hash = i * 5});
    return entry;
}

std::vector<std::byte> bytes_of_entry(const Entry& entry) {
    std::vector<std::byte> bytes;
    const std::size_t length_bytes = encode(entry, bytes);
    EXPECT_EQ(length_bytes, bytes.size());
    return bytes;
}

TEST(EntryFormat, RefusesAnAmountThatHasNoOpposite) {
    Entry entry = full_entry();
    std::vector<std::byte> bytes;
    for (const std::int64_t amount :
         {std::numeric_limits<std::int64_t>::min() + 1, std::numeric_limits<std::int64_t>::min()}) {
        entry.amount = Points{amount};
        bytes.clear();
        encode(entry, bytes);
        Entry decoded;
        const auto done = decode(bytes, decoded);
        EXPECT_EQ(done.has_value(), amount != std::numeric_limits<std::int64_t>::min());
        if (!done) {
            EXPECT_EQ(done.error(), EntryDamage::malformed);
        }
    }
}

TEST(EntryFormat, GivesBackWhatWentIn) {
    for (const Entry& entry : {full_entry(), refusal_block()}) {
        const std::vector<std::byte> bytes = bytes_of_entry(entry);
        Entry decoded;
        ASSERT_TRUE(decode(bytes, decoded).has_value());
        EXPECT_EQ(decoded.effects, entry.effects);
        EXPECT_EQ(decoded.has_counters, entry.has_counters);
        EXPECT_EQ(decoded.refusals, entry.refusals);
        EXPECT_EQ(outcome_of(decoded), outcome_of(entry));
        EXPECT_EQ(bytes_of_entry(decoded), bytes);  // every field
    }
}

TEST(EntryFormat, CutShortAnywhereIsAnError) {
    for (const Entry& entry : {full_entry(), refusal_block()}) {
        const std::vector<std::byte> bytes = bytes_of_entry(entry);
        Entry decoded;
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            const auto cut = decode(std::span(bytes).first(length), decoded);
            ASSERT_FALSE(cut.has_value());
            ASSERT_EQ(cut.error(), EntryDamage::truncated);
        }
    }
}

TEST(EntryFormat, CutShortWithALengthThatAgreesIsAnError) {
    std::vector<std::byte> bytes = bytes_of_entry(full_entry());
    Entry decoded;
    for (std::size_t length = sizeof(EntryHeaderBytes); length < bytes.size(); ++length) {
        std::vector<std::byte> cut(bytes.begin(),
                                   bytes.begin() + static_cast<std::ptrdiff_t>(length));
        const auto stated = static_cast<std::uint32_t>(length);
        std::memcpy(cut.data() + offsetof(EntryHeaderBytes, length_bytes), &stated, 4);
        ASSERT_FALSE(decode(cut, decoded).has_value());
    }
}

TEST(EntryFormat, WithAnyBitFlippedIsAnErrorOrAnotherEntry) {
    for (const Entry& entry : {full_entry(), refusal_block()}) {
        const std::vector<std::byte> sound = bytes_of_entry(entry);
        std::vector<std::byte> bytes = sound;
        Entry decoded;
        std::size_t refused = 0;
        std::size_t accepted = 0;
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            const auto mask = static_cast<std::byte>(1U << (bit % 8));
            bytes[bit / 8] ^= mask;
            if (decode(bytes, decoded).has_value()) {
                // What was read is what stands there, down to the flipped bit, or the entry as it
                // was, where the bit lies in reserved space; never a third thing.
                ++accepted;
                const std::vector<std::byte> again = bytes_of_entry(decoded);
                EXPECT_TRUE(again == bytes || again == sound) << "bit " << bit;
            } else {
                ++refused;
            }
            bytes[bit / 8] ^= mask;
        }
        EXPECT_GT(refused, 0U);
        EXPECT_GT(accepted, 0U);
    }
}

TEST(EntryFormat, OfALaterReleaseIsToldApartFromDamage) {
    std::vector<std::byte> bytes = bytes_of_entry(full_entry());
    Entry decoded;
    std::vector<std::byte> later_version = bytes;
    later_version[offsetof(EntryHeaderBytes, kind_version)] = std::byte{2};
    EXPECT_EQ(decode(later_version, decoded).error(), EntryDamage::unknown_kind);
    std::vector<std::byte> later_kind = bytes;
    later_kind[offsetof(EntryHeaderBytes, kind)] = std::byte{99};
    EXPECT_EQ(decode(later_kind, decoded).error(), EntryDamage::unknown_kind);
    std::vector<std::byte> later_effect = bytes;
    later_effect[sizeof(EntryHeaderBytes)] = std::byte{200};
    EXPECT_EQ(decode(later_effect, decoded).error(), EntryDamage::unknown_effect);
}

TEST(EntryFormat, TakesItsNumbersLater) {
    Entry entry = full_entry();
    entry.lsn = {};
    entry.prev_lsn = {};
    std::vector<std::byte> bytes = bytes_of_entry(entry);
    patch_lsn(bytes, Lsn{9}, Lsn{8});
    EXPECT_EQ(bytes, bytes_of_entry(full_entry()));
    const auto view = EntryHeaderView::of(bytes);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->lsn(), Lsn{9});
    EXPECT_EQ(view->prev_lsn(), Lsn{8});
    EXPECT_EQ(view->kind(), EntryKind::spend);
    EXPECT_EQ(view->request_id(), (RequestId{.high = 11, .low = 12}));
    EXPECT_EQ(view->length_bytes(), bytes.size());
    EXPECT_FALSE(EntryHeaderView::of(std::span(bytes).first(bytes.size() - 1)).has_value());
}

TEST(EntryFormat, OfASpendOutOfOneLotIsSmall) {
    LedgerBook book;
    book.earn(100);
    EXPECT_LE(bytes_of_entry(book.entry(book.spend(1).entry_id)).size(), 220U);
}

TEST(EntryFormat, OfARefusalIsFortyEightBytes) {
    EXPECT_EQ(bytes_of_entry(refusal_block()).size(), sizeof(EntryHeaderBytes) + 3 * 48);
    const Entry block = refusal_block();
    const Outcome outcome = outcome_of_refusal(block.lsn, block.time, block.refusals[1]);
    EXPECT_EQ(outcome.code, Code::insufficient_points);
    EXPECT_EQ(outcome.detail, -2);
    EXPECT_EQ(outcome.entry_id, Lsn{5});
    EXPECT_EQ(outcome.time, block.time);
}

TEST(Statement, LinesAreNegativeWhereTheAccountLostPoints) {
    LedgerBook book;
    const Lsn earned = book.earn(100).entry_id;
    const Lsn spent = book.spend(30).entry_id;
    const Lsn refunded = book.refund(spent, 10).entry_id;
    EXPECT_EQ(statement_line_of(book.entry(earned)).amount, Points{100});
    EXPECT_EQ(statement_line_of(book.entry(spent)).amount, Points{-30});
    const StatementLine line = statement_line_of(book.entry(refunded));
    EXPECT_EQ(line.amount, Points{10});
    EXPECT_EQ(line.reference, spent.value);
    EXPECT_EQ(line.reason, 9);
    EXPECT_EQ(line.balances.available, Points{80});
}

}  // namespace
}  // namespace suanpan::ledger
