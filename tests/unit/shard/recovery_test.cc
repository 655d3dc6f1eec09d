#include "server/shard/recovery.h"

#include "server/ledger/entry_format.h"
#include "tests/unit/shard/shard_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace suanpan::shard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What must not depend on shards and threads (INV-12).
struct Digest {
    ledger::HashSum accounts;
    ledger::HashSum programs;
    ledger::HashSum house;
    std::uint64_t account_count = 0;
    friend bool operator==(const Digest& a, const Digest& b) {
        const auto same = [](const ledger::HashSum& x, const ledger::HashSum& y) {
            return x.high == y.high && x.low == y.low;
        };
        return same(a.accounts, b.accounts) && same(a.programs, b.programs) &&
               same(a.house, b.house) && a.account_count == b.account_count;
    }
};

Digest digest_of(const Recovered& recovered) {
    Digest digest;
    ledger::HouseMap house;
    for (const auto& each : recovered.ledgers) {
        digest.accounts.add(each->state_hash());
        digest.account_count += each->account_count();
        each->add_house_to(house);
    }
    digest.programs = recovered.ledgers.front()->hash_of_programs();
    digest.house = ledger::Ledger::hash_of_house(house);
    return digest;
}

Recovered recover(ShardWorld& world, const RecoveryOptions& options) {
    return shard::recover(world.directory(), world.journal(), options);
}

constexpr RecoveryOptions ways[] = {
    {.shards = 1, .threads = false}, {.shards = 1, .threads = true}, {.shards = 2, .threads = true},
    {.shards = 3, .threads = false}, {.shards = 4, .threads = true},
};

constexpr std::uint64_t members = 150;

// Earnings with one to three lots, spends, holds and refusals of many members.
void live_a_while(ShardWorld& world, std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t i = first; i < last; ++i) {
        Earn earn{.amount = Points{static_cast<std::int64_t>(10 + i % 5)}};
        earn.active_from = world.clock.now() + hours(24LL * static_cast<std::int64_t>(i % 3));
        Command command = world.command(CommandKind::earn, earn);
        command.head.member = {.high = 9, .low = i % members + 1};
        world.send(command);
        if (i % 2 == 0) {
            Command spend =
                world.command(CommandKind::spend, Spend{.amount = Points{i % 4 == 0 ? 3 : 3000}});
            spend.head.member = {.high = 9, .low = i * 7 % members + 1};
            world.send(spend);
        }
        if (i % 10 == 0) world.settle();
    }
    world.settle();
}

void forget_checkpoints(ShardWorld& world) {
    std::erase_if(world.volume.stores,
                  [](const auto& each) { return each.first.starts_with("checkpoint-"); });
}

// Flips a bit in the middle of the value under `key`.
void damage(ShardWorld& world, const std::string& store, std::uint64_t key) {
    std::vector<std::byte>& value = world.volume.stores.at(store)->values.at(key);
    value[value.size() / 3] ^= std::byte{4};
}

TEST(Recovery, GivesTheSameStateOnAnyNumberOfShardsAndThreads) {
    ShardWorld world(2);
    world.make_program();
    live_a_while(world, 0, 400);
    world.write_checkpoint();
    live_a_while(world, 400, 700);

    const Recovered first = recover(world, ways[0]);
    const Digest wanted = digest_of(first);
    EXPECT_EQ(wanted.account_count, members);
    EXPECT_GT(first.checkpoint_lsn, Lsn{400});
    EXPECT_GT(first.replayed, 300U);
    const std::uint64_t ids = first.ledgers.front()->request_log().size();
    EXPECT_GT(ids, 1000U) << "executed and refused ids are remembered";
    for (const RecoveryOptions& way : ways) {
        const Recovered again = recover(world, way);
        EXPECT_EQ(digest_of(again), wanted) << way.shards << " shards";
        EXPECT_EQ(again.replayed, first.replayed);
        if (way.shards != 2) continue;  // as many as wrote the checkpoint: each id is on one shard
        std::uint64_t sum = 0;
        for (const auto& each : again.ledgers) sum += each->request_log().size();
        EXPECT_EQ(sum, ids);
    }

    forget_checkpoints(world);
    for (const RecoveryOptions& way : ways) {
        const Recovered from_zero = recover(world, way);
        EXPECT_EQ(from_zero.checkpoint_lsn, Lsn{});
        EXPECT_EQ(digest_of(from_zero), wanted) << way.shards << " shards, from zero";
    }
}

TEST(Recovery, FallsBackFromARecordThatIsDamaged) {
    ShardWorld world(2);
    world.make_program();
    live_a_while(world, 0, 200);
    world.write_checkpoint();
    live_a_while(world, 200, 300);
    world.write_checkpoint();
    live_a_while(world, 300, 350);
    const Recovered sound = recover(world, ways[0]);

    damage(world, "checkpoint-0000000002.lmdb", 1);
    for (const RecoveryOptions& way : ways) {
        const Recovered recovered = recover(world, way);
        EXPECT_LT(recovered.checkpoint_lsn, sound.checkpoint_lsn);
        EXPECT_EQ(digest_of(recovered), digest_of(sound));
        EXPECT_THAT(recovered.notes, ElementsAre(HasSubstr("generation 2 is damaged")));
    }
}

TEST(Recovery, NamesTheFirstCommitThatIsDamaged) {
    ShardWorld world(2);
    world.make_program();
    live_a_while(world, 0, 300);
    std::vector<std::uint64_t> keys;
    for (const auto& [key, value] : world.volume.stores.at("journal-0000000001.lmdb")->values)
        keys.push_back(key);
    ASSERT_GT(keys.size(), 20U);
    const std::uint64_t first = keys[keys.size() / 2];
    damage(world, "journal-0000000001.lmdb", first);
    damage(world, "journal-0000000001.lmdb", keys[keys.size() / 2 + 3]);
    for (const RecoveryOptions& way : ways) {
        try {
            static_cast<void>(recover(world, way));
            FAIL() << "damage was not noticed";
        } catch (const storage::OpenError& error) {
            EXPECT_EQ(error.fault(), storage::OpenFault::damaged);
            EXPECT_THAT(error.what(), HasSubstr("LSN " + std::to_string(first) + ":"));
        }
    }
}

Command create_shop(ShardWorld& world) {
    PutProgram put;
    put.spec.id = shop;
    put.spec.version = 1;
    std::string_view("Shop").copy(put.spec.name.bytes.data(), 4);
    std::string_view("CNY").copy(put.spec.currency.bytes.data(), 3);
    std::string_view("Asia/Shanghai").copy(put.spec.time_zone.bytes.data(), 13);
    Command create = world.command(CommandKind::program_create, put);
    create.head.member = {};
    return create;
}

std::vector<ledger::EntryKind> kinds_in(const storage::Journal& journal) {
    std::vector<ledger::EntryKind> kinds;
    const auto walked = journal.for_each_commit(
        Lsn{1}, storage::CommitCheck::chain, [&](const storage::CommitView& commit) {
            for (std::uint32_t i = 0; i < commit.count(); ++i)
                kinds.push_back(ledger::EntryHeaderView::of(commit.entry(i))->kind());
            return true;
        });
    EXPECT_TRUE(walked.has_value());
    return kinds;
}

std::size_t count_of(const std::vector<ledger::EntryKind>& kinds, ledger::EntryKind kind) {
    return static_cast<std::size_t>(std::ranges::count(kinds, kind));
}

// Design §3: the owner journals "prepared", every shard installs it, the owner journals "active",
// then the reply. "Prepared" is the client's own entry (program_create): once it is durable its
// request id counts as executed, for ever, so that a program which a crash forgot would be a lie to
// lookup() and to the repeat. So a start rolls forward: it installs, on every shard, what was
// prepared. Nobody could have used the program before (the owner is its only shard that has it, and
// an entry that it decides comes after "prepared" in the journal), so "active" is not missed.
TEST(Recovery, RollsAProgramForwardThatACrashCutOffBetweenPreparedAndActive) {
    ShardWorld world(2);
    const Command create = create_shop(world);
    const std::uint32_t number = world.send(create);
    world.step_shards();
    while (world.committer().try_commit()) {
    }
    // The owner has not been told that it is durable: no other shard knows, nothing was answered.
    ASSERT_EQ(world.answer(number), nullptr);
    auto kinds = kinds_in(world.journal());
    ASSERT_EQ(count_of(kinds, ledger::EntryKind::program_create), 1U);
    ASSERT_EQ(count_of(kinds, ledger::EntryKind::program_active), 0U);

    for (const RecoveryOptions& way : ways) {
        const Recovered recovered = recover(world, way);
        for (const auto& each : recovered.ledgers)
            EXPECT_NE(each->program(shop), nullptr) << "whole, on every shard";
    }
    world.restart();
    const Outcome repeated = world.ask(create);
    EXPECT_EQ(repeated.code, Code::ok) << "the repeat gets the first result";
    kinds = kinds_in(world.journal());
    EXPECT_EQ(count_of(kinds, ledger::EntryKind::program_create), 1U) << "executed once (P2)";
    // Members of both shards can use it at once.
    for (std::uint64_t i = 1; i <= 20; ++i) {
        Command earn = world.command(CommandKind::earn, Earn{.amount = Points{5}});
        earn.head.member = {.high = 9, .low = i};
        EXPECT_EQ(world.ask(earn).code, Code::ok);
    }
}

TEST(Recovery, ForgetsAProgramWhoseEntryWasNeverDurable) {
    ShardWorld world(2);
    const Command create = create_shop(world);
    const std::uint32_t number = world.send(create);
    world.step_shards();  // decided, applied on the owner, staged
    ASSERT_EQ(world.answer(number), nullptr);
    world.restart();
    for (const RecoveryOptions& way : ways)
        for (const auto& each : recover(world, way).ledgers)
            EXPECT_EQ(each->program(shop), nullptr);
    EXPECT_EQ(world.ask(create).code, Code::ok);
}

// Kind 104 is reserved for a configuration that may still be taken back: it installs nothing, in a
// replay as in Ledger::apply().
TEST(Recovery, InstallsNothingFromAnEntryThatOnlyPrepares) {
    ShardWorld world(2);
    const Command create = create_shop(world);
    ledger::Entry prepared;
    prepared.kind = ledger::EntryKind::program_prepared;
    prepared.time = world.clock.now();
    prepared.program = shop;
    prepared.spec = std::get<PutProgram>(create.body).spec;
    prepared.add(ledger::ProgramPut{});
    StagedBatch staged;
    staged.entry_bytes.push_back(static_cast<std::uint32_t>(encode(prepared, staged.bytes)));
    staged.first = world.committer().reserve(1);
    staged.time = prepared.time;
    ledger::patch_lsn(staged.bytes, staged.first, Lsn{});
    world.committer().stage(ShardIndex{0}, staged);
    ASSERT_TRUE(world.committer().try_commit());
    for (const RecoveryOptions& way : ways)
        for (const auto& each : recover(world, way).ledgers)
            EXPECT_EQ(each->program(shop), nullptr);
}

}  // namespace
}  // namespace suanpan::shard
