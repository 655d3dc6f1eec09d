#include "server/cards/code_pool.h"

#include "protocol/base/hash.h"
#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <array>
#include <cstdio>

namespace suanpan::cards::testing {
namespace {

constexpr BatchId first{1};
constexpr BatchId second{2};

CodeRef add(CodePool& pool, BatchId batch, std::uint64_t number,
            Instant expires_at = instant_never) {
    const auto added = pool.add(
        batch, key_of(number),
        {.lsn = Lsn{number + 100}, .index = static_cast<std::uint32_t>(number)}, expires_at);
    EXPECT_TRUE(added.has_value());
    return added.value_or(CodeRef{});
}

// Takes one; the number it was added under, 0 where there is none.
std::uint64_t take(CodePool& pool, Instant now = at(0)) {
    std::vector<CodeRef> taken;
    if (!pool.take(1, now, taken)) return 0;
    return pool.code(taken.front()).locator.index;
}

TEST(CodePool, GivesOutTheOldestFirst) {
    CodePool pool(IssueOrder::oldest_first);
    pool.open_batch(first);
    add(pool, first, 3);
    add(pool, first, 1, at(10));
    add(pool, first, 2);
    EXPECT_EQ(take(pool), 3U);
    EXPECT_EQ(take(pool), 1U);
    EXPECT_EQ(take(pool), 2U);
    EXPECT_EQ(take(pool), 0U);
}

TEST(CodePool, GivesOutTheSoonestExpiryFirstAndNeverAnExpiredOne) {
    CodePool pool(IssueOrder::soonest_expiry_first);
    pool.open_batch(first);
    add(pool, first, 1);
    add(pool, first, 2, at(20));
    add(pool, first, 3, at(10));
    add(pool, first, 4, at(20));
    add(pool, first, 5, at(5));
    EXPECT_EQ(take(pool, at(5)), 3U);  // exclusive: 5 is gone at its instant
    EXPECT_EQ(take(pool, at(5)), 2U);
    EXPECT_EQ(take(pool, at(5)), 4U);
    EXPECT_EQ(take(pool, at(5)), 1U);
    EXPECT_EQ(pool.counts().of(CodeState::expired), 1U);
}

TEST(CodePool, GivenBackGoesToItsOldPlace) {
    CodePool pool(IssueOrder::oldest_first);
    pool.open_batch(first);
    for (std::uint64_t i = 1; i <= 3; ++i) add(pool, first, i);
    std::vector<CodeRef> taken;
    ASSERT_TRUE(pool.take(2, at(0), taken));
    pool.give_back(taken[0]);
    EXPECT_EQ(take(pool), 1U);
    EXPECT_EQ(take(pool), 3U);
}

TEST(CodePool, TakesAllOrNone) {
    CodePool pool(IssueOrder::oldest_first);
    pool.open_batch(first);
    for (std::uint64_t i = 1; i <= 3; ++i) add(pool, first, i);
    std::vector<CodeRef> taken;
    EXPECT_FALSE(pool.take(4, at(0), taken));
    EXPECT_TRUE(taken.empty());
    EXPECT_EQ(pool.counts().of(CodeState::available), 3U);
    EXPECT_TRUE(pool.take(3, at(0), taken));
    EXPECT_EQ(pool.counts().of(CodeState::set_aside), 3U);
}

TEST(CodePool, RefusesADuplicateAcrossBatches) {
    CodePool pool(IssueOrder::oldest_first);
    pool.open_batch(first);
    pool.open_batch(second);
    add(pool, first, 1);
    EXPECT_EQ(pool.add(second, key_of(1), {}, instant_never).error(),
              CodePool::AddRefusal::duplicate);
    EXPECT_EQ(pool.batch(second)->counts.imported, 0U);
    // Also of one that was issued long ago.
    std::vector<CodeRef> taken;
    ASSERT_TRUE(pool.take(1, at(0), taken));
    pool.issue(taken[0]);
    EXPECT_FALSE(pool.add(second, key_of(1), {}, instant_never).has_value());
    EXPECT_EQ(pool.find(key_of(1)), taken[0]);
    EXPECT_EQ(pool.find(key_of(2)), std::nullopt);
}

TEST(CodePool, RecallVoidsWhatIsFreeAndSaysWhatIsNot) {
    CodePool pool(IssueOrder::oldest_first);
    pool.open_batch(first);
    pool.open_batch(second);
    for (std::uint64_t i = 1; i <= 5; ++i) add(pool, first, i);
    add(pool, second, 6);
    std::vector<CodeRef> taken;
    ASSERT_TRUE(pool.take(3, at(0), taken));
    pool.issue(taken[0]);
    EXPECT_EQ(pool.check_recall(BatchId{9}).error().code, Code::batch_not_found);
    EXPECT_EQ(pool.recall(first), (RecallReport{.voided = 2, .set_aside = 2, .issued = 1}));
    EXPECT_EQ(pool.check_recall(first).error().code, Code::batch_recalled);
    EXPECT_EQ(pool.check_import(first).error().code, Code::batch_recalled);
    // What comes back later is void too: a recall is never overtaken by a take.
    pool.give_back(taken[1]);
    EXPECT_EQ(pool.code(taken[1]).state, CodeState::voided);
    EXPECT_EQ(take(pool), 6U);
    EXPECT_EQ(take(pool), 0U);
    pool.issue(taken[2]);  // what was promised before the recall is kept
    EXPECT_EQ(pool.batch(first)->counts.of(CodeState::issued), 2U);
    EXPECT_TRUE(pool.is_whole());
}

TEST(CodePool, KnowsItsBatches) {
    CodePool pool(IssueOrder::oldest_first);
    EXPECT_EQ(pool.check_import(first).error().code, Code::batch_not_found);
    pool.open_batch(first);
    EXPECT_EQ(pool.check_open(first).error().code, Code::batch_exists);
    EXPECT_TRUE(pool.check_import(first).has_value());
    EXPECT_EQ(pool.batch(second), nullptr);
}

TEST(CodePool, PostsExpiriesInSlicesRoundAndRound) {
    CodePool pool(IssueOrder::oldest_first);
    pool.open_batch(first);
    for (std::uint64_t i = 1; i <= 10; ++i) add(pool, first, i, at(static_cast<std::int64_t>(i)));
    EXPECT_EQ(pool.expire_some(4, at(5)), 4U);
    EXPECT_EQ(pool.expire_some(4, at(5)), 1U);
    EXPECT_EQ(pool.expire_some(4, at(20)), 2U);  // 9, 10, then 1, 2 again
    EXPECT_EQ(pool.expire_some(100, at(20)), 3U);
    EXPECT_EQ(pool.counts().of(CodeState::expired), 10U);
    EXPECT_EQ(take(pool), 0U);
}

TEST(CodePool, RetiredIsNeverTakenAgain) {
    CodePool pool(IssueOrder::oldest_first);
    pool.open_batch(first);
    const CodeRef code = add(pool, first, 1);
    std::vector<CodeRef> taken;
    ASSERT_TRUE(pool.take(1, at(0), taken));
    pool.issue(code);
    pool.retire(code);
    EXPECT_EQ(take(pool), 0U);
    EXPECT_EQ(pool.code(code).state, CodeState::voided);
}

TEST(CodePool, RestoresAnyStateForAReplay) {
    CodePool pool(IssueOrder::oldest_first);
    pool.open_batch(first);
    const CodeRef one = add(pool, first, 1);
    const CodeRef two = add(pool, first, 2);
    pool.restore(one, CodeState::issued);
    pool.restore(two, CodeState::set_aside);
    pool.restore(two, CodeState::available);
    pool.restore(two, CodeState::available);
    EXPECT_EQ(take(pool), 2U);
    EXPECT_EQ(take(pool), 0U);
    EXPECT_TRUE(pool.is_whole());
}

TEST(CodePoolDeathTest, IssuesACodeAtMostOnce) {
    CodePool pool(IssueOrder::oldest_first);
    pool.open_batch(first);
    add(pool, first, 1);
    std::vector<CodeRef> taken;
    ASSERT_TRUE(pool.take(1, at(0), taken));
    pool.issue(taken[0]);
    EXPECT_DEATH(pool.issue(taken[0]), "set_aside");
}

TEST(CodePool, KeepsACodeInSixtyFourBytes) {
    for (const std::uint64_t codes : {1'000'000ULL, 180'000ULL, 262'145ULL}) {
        const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        CodePool pool(IssueOrder::soonest_expiry_first);
        pool.open_batch(first);
        for (std::uint64_t i = 0; i < codes; ++i) {
            const std::array<std::uint64_t, 2> words{i, ~i};
            const Hash128 hash = xxh3_128(std::as_bytes(std::span(words)), 7);
            ASSERT_TRUE(pool.add(first, {.high = hash.high, .low = hash.low},
                                 {.lsn = Lsn{i}, .index = 1}, at(static_cast<std::int64_t>(i))));
        }
        const std::size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
        const auto count = static_cast<double>(codes);
        const double counted = static_cast<double>(pool.bytes()) / count;
        const double allocated = static_cast<double>(after - before) / count;
        std::printf("%llu codes: %.1f bytes a code, %.1f by malloc\n",
                    static_cast<unsigned long long>(codes), counted, allocated);
        EXPECT_LE(counted, 64.0);
        EXPECT_GE(counted, 44.0);  // slot and queue alone
        // A sanitizer's malloc says nothing here.
        EXPECT_TRUE(after <= before || allocated <= 64.0);
    }
}

}  // namespace
}  // namespace suanpan::cards::testing
