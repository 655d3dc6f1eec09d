// Bytes per account and per request id, and the function that places members.
#include "protocol/base/hash.h"
#include "tests/unit/ledger/ledger_book.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>

namespace suanpan::ledger {
namespace {

TEST(Memory, OfAnAccountWithOneLotIsAtMostNinetySixBytes) {
    Ledger ledger({.seed = 42});
    ledger.install(plain_program());
    Entry entry;
    Command command;
    command.head.kind = CommandKind::earn;
    command.head.program = shop;
    command.head.request_id = {.high = 1, .low = 1};
    command.body = Earn{.amount = {5}, .active_from = {}, .expires_at = {}};
    constexpr std::uint64_t accounts = 1'000'000;
    for (std::uint64_t i = 1; i <= accounts; ++i) {
        command.head.member = {.high = i, .low = i * 31};
        ASSERT_TRUE(ledger.decide(command, at(2027, 1, 1), nullptr, entry).accepted());
        ledger.apply(entry);
    }
    const double bytes = static_cast<double>(ledger.account_bytes()) / accounts;
    std::printf("bytes per account: %.1f\n", bytes);
    EXPECT_LE(bytes, 96.0);
    EXPECT_GE(bytes, 80.0);
    EXPECT_EQ(ledger.account_count(), accounts);
}

TEST(Memory, OfARequestIdIsAtMostFortyBytes) {
    RequestLog log;
    constexpr std::uint64_t ids = 1'000'000;
    for (std::uint64_t i = 0; i < ids; ++i)
        log.insert(request_digest(till, alice, {.high = 1, .low = i}, 42),
                   static_cast<std::int64_t>(i / 200), i);
    const double bytes = static_cast<double>(log.bytes()) / ids;
    std::printf("bytes per request id: %.1f\n", bytes);
    EXPECT_LE(bytes, 40.0);
    EXPECT_GE(bytes, 24.0);
}

// Frozen: a change would send members to other shards than the ones that hold them.
TEST(MemberHash, IsWhatItAlwaysWas) {
    EXPECT_EQ(member_hash({.high = 0, .low = 1}, 0), 0x0cfbaea74a8cc0e5U);
    EXPECT_EQ(member_hash({.high = 0x0123456789abcdef, .low = 0xfedcba9876543210}, 42),
              0x41ffc43dd086b0ceU);
}

}  // namespace
}  // namespace suanpan::ledger
