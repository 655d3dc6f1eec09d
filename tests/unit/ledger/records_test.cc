// Checkpoints and replays: the same state from either, on any number of shards.
#include "server/ledger/entry_format.h"
#include "tests/unit/ledger/ledger_book.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace suanpan::ledger {
namespace {

// A story that leaves something of everything behind.
void tell(LedgerBook& book) {
    for (std::uint64_t i = 1; i <= 40; ++i) {
        book.member = {.high = i, .low = i * i};
        const Lsn earned = book.earn(100, book.now + days(static_cast<int>(i))).entry_id;
        book.earn(50);
        book.earn(20, book.now + days(100), book.now + days(10));
        const Lsn spent = book.spend(static_cast<std::int64_t>(30 + i)).entry_id;
        const std::int64_t hold = book.hold(20, hours(5)).detail;
        if (i % 2 == 0) book.capture(hold, 5);
        if (i % 3 == 0) book.release(hold);
        if (i % 4 == 0) book.refund(spent, 7);
        if (i % 5 == 0) book.revoke(earned, 3);
        if (i % 6 == 0) book.adjust(-2);
        if (i % 7 == 0) book.set_limit(500);
        if (i % 8 == 0) book.member_update(i, 2);
        if (i % 9 == 0) book.freeze();
        book.now = book.now + hours(1);
    }
}

std::vector<std::vector<std::byte>> records_of(const Ledger& ledger, std::size_t budget) {
    std::vector<std::vector<std::byte>> records;
    RecordCursor cursor;
    RecordSlice slice;
    for (bool more = true; more;) {
        slice.clear();
        more = ledger.next_slice(cursor, budget, slice);
        for (const RecordSlice::Place& place : slice.records) {
            const auto bytes = slice.record(place);
            EXPECT_LE(place.lsn, slice.highest);
            records.emplace_back(bytes.begin(), bytes.end());
        }
    }
    return records;
}

TEST(Replay, FromZeroGivesTheSameState) {
    LedgerBook book;
    book.checks = false;
    tell(book);
    Ledger replayed({.seed = 1234});
    replayed.install(plain_program());
    book.replay_into(replayed);
    EXPECT_EQ(replayed.state_hash(), book.ledger.state_hash());  // INV-12
    HouseMap house;
    HouseMap replayed_house;
    book.ledger.add_house_to(house);
    replayed.add_house_to(replayed_house);
    EXPECT_EQ(Ledger::hash_of_house(house), Ledger::hash_of_house(replayed_house));
    EXPECT_EQ(replayed.check_invariants(book.now), std::nullopt);
}

// Each shard's part may be below zero; what counts is the sum (INV-11).
TEST(Records, AddUpThePartsOfACounterThatAllMembersShare) {
    const auto part_of = [](std::uint32_t shard, std::int64_t issued, std::int64_t reserved) {
        Ledger ledger({.seed = 1, .shard = shard, .shard_count = 2});
        ledger.install(plain_program());
        Entry entry;
        entry.kind = EntryKind::earn;
        entry.lsn = Lsn{shard + 1};
        entry.member = {.high = 1, .low = shard + 1};
        entry.program = plain_program().id;
        entry.ordinal = 1;
        entry.add(CounterAdd{.kind = CounterKind::coupon_total,
                             .id = 5,
                             .delta = {.issued = issued, .reserved = reserved}});
        ledger.apply(entry);
        return records_of(ledger, 1 << 20);
    };
    const auto sum_of = [](const std::vector<std::vector<std::vector<std::byte>>>& parts) {
        Ledger ledger({.seed = 1});
        for (const auto& part : parts)
            for (const std::vector<std::byte>& record : part)
                EXPECT_TRUE(ledger.load_record(record).has_value());
        HouseMap house;
        ledger.add_house_to(house);
        CounterMap counters;
        ledger.add_counters_to(counters);
        return std::pair(counters, Ledger::hash_of_house(house));
    };
    const auto both = sum_of({part_of(0, 7, 2), part_of(1, -3, -2)});
    ASSERT_EQ(both.first.size(), 1U);
    EXPECT_EQ(both.first.begin()->second, (CounterUnits{.issued = 4}));
    EXPECT_EQ(both.second, sum_of({part_of(0, 1, -1), part_of(1, 3, 1)}).second);  // INV-12
    const auto none = sum_of({part_of(0, 3, 0), part_of(1, -3, 0)});
    EXPECT_TRUE(none.first.empty());
    EXPECT_EQ(none.second, sum_of({part_of(0, 0, 0)}).second);

    std::vector<std::byte> cut = part_of(0, 7, 2).at(1);  // behind the program's
    ASSERT_TRUE(house_record_info(cut).has_value());
    cut.resize(cut.size() - 1);
    Ledger ledger({.seed = 1});
    EXPECT_FALSE(ledger.load_record(cut).has_value());
}

TEST(Replay, OnAnyNumberOfShardsGivesTheSameState) {
    LedgerBook book;
    book.checks = false;
    tell(book);
    HashSum state;
    HouseMap house;
    for (std::uint64_t shard = 0; shard < 4; ++shard) {
        Ledger part({.seed = 99, .shard = static_cast<std::uint32_t>(shard), .shard_count = 4});
        part.install(plain_program());
        for (std::uint64_t lsn = 1; lsn <= book.last_lsn(); ++lsn)
            if (member_hash(book.entry(Lsn{lsn}).member, 5) % 4 == shard)
                part.apply(book.entry(Lsn{lsn}));
        state.add(part.state_hash());
        part.add_house_to(house);
    }
    EXPECT_EQ(state, book.ledger.state_hash());  // INV-12
    HouseMap whole;
    book.ledger.add_house_to(whole);
    EXPECT_EQ(Ledger::hash_of_house(house), Ledger::hash_of_house(whole));
}

TEST(Checkpoint, GivesTheSameStateWhateverItsSlices) {
    LedgerBook book;
    book.checks = false;
    tell(book);
    RequestLog& log = book.ledger.request_log();
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const RequestRef ref =
            log.insert({.high = i * 7919, .low = i}, 1000 + static_cast<int>(i) * 10, i);
        if (i != 500) log.set_lsn(ref, Lsn{i + 1}, i % 3 == 0);
    }
    for (const std::size_t budget : {std::size_t{1}, std::size_t{700}, std::size_t{1} << 20U}) {
        Ledger loaded({.seed = 77});
        for (const auto& record : records_of(book.ledger, budget))
            ASSERT_TRUE(loaded.load_record(record).has_value());
        EXPECT_EQ(loaded.state_hash(), book.ledger.state_hash());  // INV-12
        EXPECT_EQ(loaded.hash_of_programs(), book.ledger.hash_of_programs());
        EXPECT_EQ(loaded.check_invariants(book.now), std::nullopt);
        EXPECT_EQ(loaded.request_log().size(), 999U);  // one had no LSN yet
        const RequestFound found = loaded.request_log().find({.high = 7919 * 3, .low = 3}, 1030, 3);
        EXPECT_EQ(found.kind, RequestFound::Kind::same);
        EXPECT_EQ(found.lsn, Lsn{4});
        EXPECT_TRUE(found.refused);
    }
}

TEST(Checkpoint, ThenReplayOfTheRestGivesTheSameState) {
    LedgerBook book;
    book.checks = false;
    tell(book);
    const auto records = records_of(book.ledger, 1U << 20U);
    tell(book);  // goes on: same members, later
    Ledger loaded({.seed = 5});
    Lsn house_lsn;
    for (const auto& record : records) {
        ASSERT_TRUE(loaded.load_record(record).has_value());
        if (const auto info = house_record_info(record)) house_lsn = info->lsn;
    }
    for (std::uint64_t lsn = 1; lsn <= book.last_lsn(); ++lsn) {
        const Entry& entry = book.entry(Lsn{lsn});
        loaded.apply(entry,
                     {.account = loaded.account_lacks(entry), .house = lsn > house_lsn.value});
    }
    EXPECT_EQ(loaded.state_hash(), book.ledger.state_hash());  // INV-12
    EXPECT_EQ(loaded.check_invariants(book.now), std::nullopt);
}

TEST(Checkpoint, BringsRecalledBatchesBack) {
    LedgerBook book;
    book.checks = false;
    book.earn(5);
    const HashSum before = book.ledger.hash_of_programs();
    for (const std::uint32_t batch : {3U, 1U, 2U, 3U})
        book.ledger.install(RecalledBatch{.program = ProgramId{1}, .offer = 5, .batch = batch});
    EXPECT_NE(book.ledger.hash_of_programs(), before);
    for (const std::size_t budget : {std::size_t{1}, std::size_t{100'000}}) {
        Ledger loaded({.seed = 1234});
        for (const auto& record : records_of(book.ledger, budget)) {
            EXPECT_TRUE(loaded.load_record(record).has_value());
            if (record[0] == std::byte{static_cast<std::uint8_t>(RecordType::recalled)}) {
                EXPECT_TRUE(loaded.load_record(record).has_value());
            }
        }
        EXPECT_EQ(loaded.recalled(), book.ledger.recalled());
        EXPECT_EQ(loaded.recalled().size(), 3U);
    }
}

TEST(Checkpoint, RecordsCutShortAnywhereAreRefused) {
    LedgerBook book;
    book.checks = false;
    tell(book);
    for (const auto& record : records_of(book.ledger, 1U << 20U)) {
        Ledger loaded({.seed = 5});
        for (std::size_t length = 0; length < record.size(); ++length)
            ASSERT_FALSE(loaded.load_record(std::span(record).first(length)).has_value());
    }
    std::vector<std::byte> unknown(64);
    unknown[0] = std::byte{77};
    Ledger loaded({.seed = 5});
    EXPECT_EQ(loaded.load_record(unknown).error(), RecordDamage::unknown_type);
}

TEST(Checkpoint, HouseCountersThatAddUpTooFarAreRefused) {
    LedgerBook book;
    book.earn(1);
    for (auto record : records_of(book.ledger, 1U << 20U)) {
        if (!house_record_info(record)) continue;
        // The first counter's high half follows two heads and its low half: 2^119, sound by itself.
        constexpr std::size_t high_at = 16 + 8 + 8;
        record.at(high_at + 6) = std::byte{0x80};
        Ledger loaded({.seed = 5});
        EXPECT_TRUE(loaded.load_record(record).has_value());
        const auto second = loaded.load_record(record);
        ASSERT_FALSE(second.has_value());
        EXPECT_EQ(second.error(), RecordDamage::malformed);
        return;
    }
    FAIL() << "an earning leaves a house record";
}

TEST(Checkpoint, RequestIdsWithoutAnLsnAreRefused) {
    LedgerBook book;
    RequestLog& log = book.ledger.request_log();
    log.set_lsn(log.insert({.high = 1, .low = 2}, 1000, 3), Lsn{4}, true);
    auto record = records_of(book.ledger, 1U << 20U).back();
    EXPECT_TRUE(Ledger({.seed = 5}).load_record(record).has_value());
    record.at(record.size() - 8) = std::byte{0};  // of the LSN; its refused bit stays
    const auto loaded = Ledger({.seed = 5}).load_record(record);
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error(), RecordDamage::malformed);
}

TEST(Checkpoint, RecordsSayWhoseTheyAre) {
    LedgerBook book;
    book.earn(1);
    std::size_t accounts = 0;
    for (const auto& record : records_of(book.ledger, 1U << 20U)) {
        if (const auto member = account_record_member(record)) {
            EXPECT_EQ(*member, alice);
            ++accounts;
        }
        if (const auto info = house_record_info(record)) {
            EXPECT_EQ(info->shard_count, 1U);
            EXPECT_EQ(info->program, static_cast<std::uint32_t>(shop));
            EXPECT_EQ(info->lsn, Lsn{1});
        }
    }
    EXPECT_EQ(accounts, 1U);
}

TEST(StateHash, ChangesWithEveryPoint) {
    LedgerBook book;
    book.earn(10);
    const HashSum before = book.ledger.state_hash();
    book.spend(1);
    EXPECT_NE(book.ledger.state_hash(), before);
}

}  // namespace
}  // namespace suanpan::ledger
