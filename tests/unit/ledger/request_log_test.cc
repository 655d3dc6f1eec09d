#include "server/ledger/request_log.h"

#include "tests/unit/ledger/ledger_book.h"

#include <gtest/gtest.h>

namespace suanpan::ledger {
namespace {

Hash128 digest_of(std::uint64_t i) {
    return request_digest(till, alice, {.high = 1, .low = i}, 42);
}

TEST(RequestLog, TellsARepeatFromAnotherBody) {
    RequestLog log;
    const std::int64_t ms = 1'800'000'000'123;
    EXPECT_EQ(log.find(digest_of(1), ms, 5).kind, RequestFound::Kind::absent);
    const RequestRef ref = log.insert(digest_of(1), ms, 5);
    EXPECT_EQ(log.find(digest_of(1), ms, 5).lsn, Lsn{0});
    log.set_lsn(ref, Lsn{77}, false);
    const RequestFound found = log.find(digest_of(1), ms, 5);
    EXPECT_EQ(found.kind, RequestFound::Kind::same);
    EXPECT_EQ(found.lsn, Lsn{77});
    EXPECT_FALSE(found.refused);
    EXPECT_EQ(log.find(digest_of(1), ms, 6).kind, RequestFound::Kind::other_body);
    EXPECT_EQ(log.find(digest_of(2), ms, 5).kind, RequestFound::Kind::absent);
    EXPECT_EQ(log.size(), 1U);
}

TEST(RequestLog, DropsWholeSecondsBelowTheFloor) {
    RequestLog log;
    for (std::uint64_t i = 0; i < 100; ++i)
        log.set_lsn(log.insert(digest_of(i), static_cast<std::int64_t>(i) * 100, i), Lsn{i + 1},
                    true);
    EXPECT_EQ(log.oldest_second(), 0);
    EXPECT_EQ(log.oldest_size(), 10U);
    log.drop_below(1999);
    EXPECT_EQ(log.oldest_second(), 1);
    EXPECT_EQ(log.size(), 90U);
    EXPECT_EQ(log.find(digest_of(3), 300, 3).kind, RequestFound::Kind::absent);
    EXPECT_TRUE(log.find(digest_of(13), 1300, 13).refused);
    log.drop_below(100'000);
    EXPECT_EQ(log.oldest_second(), std::nullopt);
    EXPECT_EQ(log.size(), 0U);
}

TEST(RequestLog, RemembersWhatAReplayBringsBack) {
    LedgerBook book;
    const Lsn earned = book.earn(10).entry_id;
    const Entry& entry = book.entry(earned);
    Ledger replayed({.seed = 42});
    const auto all = [](std::uint64_t) { return true; };
    replayed.remember(entry, 0, all);
    CommandHead head;
    head.partner = entry.partner;
    head.member = entry.member;
    head.request_id = entry.request_id;
    const Hash128 digest = replayed.digest_of(head);
    const std::int64_t ms = entry.request_id.unix_ms();
    EXPECT_EQ(replayed.request_log().find(digest, ms, entry.body_hash).lsn, earned);

    Entry block;
    block.kind = EntryKind::refusals;
    block.lsn = Lsn{9};
    head.request_id.low = 777;
    head.body_hash = 3;
    block.refusals.push_back(
        Ledger::refusal_record(head, replayed.digest_of(head), Code::insufficient_points, 4, 1));
    replayed.remember(block, ms + 1, all);  // below the floor
    EXPECT_EQ(replayed.request_log().size(), 1U);
    replayed.remember(block, 0, [](std::uint64_t hash) { return hash == 2; });  // another shard's
    EXPECT_EQ(replayed.request_log().size(), 1U);
    replayed.remember(block, 0, all);
    const RequestFound found = replayed.request_log().find(replayed.digest_of(head), ms, 3);
    EXPECT_EQ(found.kind, RequestFound::Kind::same);
    EXPECT_TRUE(found.refused);
    EXPECT_EQ(found.lsn, Lsn{9});
}

}  // namespace
}  // namespace suanpan::ledger
