#include "server/shard/retainer.h"

#include "server/shard/baseline_builder.h"
#include "server/shard/state_digest.h"
#include "tests/unit/shard/shard_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string_view>

namespace suanpan::shard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A world whose members earn, spend, hold, take back and let points expire, by a seed.
class RetainerTest : public testing::Test {
protected:
    void SetUp() override { world.make_program(); }

    void live_on(int steps) {
        for (int i = 0; i < steps; ++i) {
            world.clock.pass(hours(static_cast<std::int64_t>(random() % 7)));
            Command command = next_command();
            command.head.member.low += random() % 40;
            const Outcome outcome = world.ask(command);
            if (outcome.code != Code::ok) continue;
            if (command.head.kind == CommandKind::spend) spends.push_back({command, outcome});
            if (command.head.kind == CommandKind::hold) holds.push_back({command, outcome});
        }
    }
    Command next_command() {
        switch (random() % 8) {
            case 0:
            case 1:
            case 2:
                return world.command(CommandKind::earn, Earn{.amount = Points{amount()},
                                                             .expires_at = world.clock.now() +
                                                                           days(1 + amount() % 9)});
            case 3:
            case 4:
                return world.command(CommandKind::spend,
                                     Spend{.amount = Points{amount()}, .up_to = true});
            case 5:
                return world.command(CommandKind::hold,
                                     PlaceHold{.amount = Points{amount()}, .up_to = true});
            case 6: {
                if (holds.empty()) return world.command(CommandKind::balance, ReadBalance{});
                const auto [placed, outcome] = holds.back();
                holds.pop_back();
                Command release = world.command(
                    CommandKind::release,
                    ReleaseHold{.hold = HoldId{static_cast<std::uint32_t>(outcome.detail)}});
                release.head.member = placed.head.member;
                return release;
            }
            default: {
                if (spends.empty()) return world.command(CommandKind::balance, ReadBalance{});
                const auto& [spent, outcome] = spends[random() % spends.size()];
                Command refund = world.command(
                    CommandKind::refund, Refund{.original = outcome.entry_id, .amount = Points{1}});
                refund.head.member = spent.head.member;
                return refund;
            }
        }
    }
    // What concerns no member lies in a baseline as well.
    void put_offers() {
        constexpr std::string_view text =
            "[[offer]]\nid = 1\nversion = 1\nprogram = 7\nname = \"card\"\nkind = \"counted\"\n"
            "stock = 9\npoints = 1\nstart = 2027-01-01T00:00:00Z\n";
        CommandPayload payload;
        const auto bytes = std::as_bytes(std::span(text));
        payload.text.assign(bytes.begin(), bytes.end());
        Command put =
            world.command(CommandKind::offers_put, PutOffers{.payload = &payload, .version = 1});
        put.head.member = {};
        ASSERT_EQ(world.ask(put).code, Code::ok);
    }
    std::int64_t amount() { return static_cast<std::int64_t>(1 + random() % 90); }

    // The next commit goes into the next segment, as if this one had been filled.
    void fill_segment() {
        const std::string name = storage::segment_name(world.journal().segments().back().ordinal);
        world.volume.stores[name]->used = world.journal_options().segment_bytes - 1024;
        world.ask(world.command(CommandKind::earn, Earn{.amount = Points{1}}));
        while (true) {
            const auto built = world.journal().build_ahead();
            ASSERT_TRUE(built.has_value()) << built.error().sentence;
            if (!*built) break;
        }
        ASSERT_TRUE(world.journal().segments().front().has_trailer);
    }
    Retainer retainer(Duration keep) {
        return {world.directory(),
                world.journal(),
                world.clock,
                metrics,
                {.keep = keep, .bytes_per_second = 0, .accounts_per_part = 10},
                {.accounts = [this] { return world.accounts(); },
                 .note = [](const std::string&) {},
                 .complain = [this](const std::string& why) { complaints.push_back(why); }}};
    }
    // The state of the journal as a start would have it, on `shards` shards.
    [[nodiscard]] StateDigest recovered_state(std::uint16_t shards) {
        Recovered recovered =
            recover(world.directory(), world.journal(), {.shards = shards, .threads = false});
        replayed = recovered.replayed;
        return digest_of(recovered.ledgers);
    }
    ShardWorld world;
    StorageMetrics metrics;
    std::vector<std::string> complaints;
    std::mt19937_64 random{20261122};
    std::vector<std::pair<Command, Outcome>> spends;
    std::vector<std::pair<Command, Outcome>> holds;
    std::uint64_t replayed = 0;
};

TEST_F(RetainerTest, GivesTheSameStateFromABaselineOnAnyNumberOfShardsAndParts) {
    put_offers();
    for (int round = 0; round < 4; ++round) {
        live_on(120);
        fill_segment();
    }
    live_on(60);
    const StateDigest from_zero = recovered_state(1);
    ASSERT_EQ(replayed, world.journal().last_lsn().value);
    const std::vector<storage::SegmentInfo> segments = world.journal().segments();
    ASSERT_THAT(segments, SizeIs(5));
    // Each rests on the one before, with another number of parts.
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        const Lsn end = segments[i].last_lsn;
        const auto seal = build_baseline(world.directory(), world.journal(), end,
                                         {.parts = static_cast<std::uint16_t>(1 + i * 2)});
        ASSERT_TRUE(seal.has_value()) << seal.error();
        ASSERT_TRUE(
            world.journal().retire_before(end + 1, {.lsn = end, .chain = seal->chain}).has_value());
        ASSERT_TRUE(storage::remove_baselines_but(world.volume, end).has_value());
        for (const std::uint16_t shards : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}}) {
            EXPECT_EQ(recovered_state(shards), from_zero) << "from " << end.value;
            EXPECT_EQ(replayed, world.journal().last_lsn().value - end.value);
        }
    }
}

TEST_F(RetainerTest, RetiresWhatIsOlderThanTheRetentionAndNothingElse) {
    live_on(40);
    fill_segment();
    live_on(40);
    fill_segment();
    const Lsn second_end = world.journal().segments()[1].last_lsn;
    world.clock.pass(days(10));
    live_on(40);
    fill_segment();
    Retainer keeps = retainer(days(9));
    EXPECT_TRUE(keeps.step());
    EXPECT_THAT(complaints, IsEmpty());
    EXPECT_EQ(world.journal().oldest_lsn(), second_end + 1);
    EXPECT_THAT(*storage::list_baselines(world.volume), ElementsAre(second_end));
    EXPECT_EQ(metrics.segments_retired.read(), 2U);
    EXPECT_EQ(metrics.baseline_lsn.read(), second_end.value);

    world.clock.pass(days(30));
    EXPECT_TRUE(keeps.step());
    world.clock.pass(hours(23));
    fill_segment();
    world.clock.pass(hours(10 * 24 - 23));
    live_on(1);
    EXPECT_TRUE(keeps.step());
    EXPECT_THAT(*storage::list_baselines(world.volume), SizeIs(1));
}

TEST_F(RetainerTest, SealsAtMostOneBaselineADay) {
    live_on(20);
    fill_segment();
    world.clock.pass(days(20));
    Retainer keeps = retainer(days(9));
    EXPECT_TRUE(keeps.step());
    live_on(5);
    fill_segment();
    world.clock.pass(hours(23));
    EXPECT_FALSE(keeps.step());  // whatever is due
}

TEST_F(RetainerTest, GoesOnWhereACrashCameBetweenTheSealAndTheSegments) {
    live_on(60);
    fill_segment();
    const Lsn end = world.journal().segments().front().last_lsn;
    live_on(20);
    world.clock.pass(days(20));
    const StateDigest before = recovered_state(2);
    ASSERT_TRUE(build_baseline(world.directory(), world.journal(), end, {.parts = 2}).has_value());
    world.restart();
    EXPECT_EQ(world.journal().oldest_lsn(), Lsn{1});
    EXPECT_EQ(recovered_state(2), before);
    EXPECT_TRUE(retainer(days(9)).step());
    EXPECT_EQ(world.journal().oldest_lsn(), end + 1);
    EXPECT_EQ(recovered_state(2), before);
}

TEST_F(RetainerTest, StartsFromTheBaselineWhereEveryCheckpointIsOlder) {
    live_on(40);
    world.write_checkpoint();
    live_on(40);
    fill_segment();
    live_on(20);
    const StateDigest before = recovered_state(1);
    world.clock.pass(days(20));
    ASSERT_TRUE(retainer(days(9)).step());
    const Lsn end{world.journal().oldest_lsn().value - 1};
    world.restart();
    EXPECT_EQ(world.recovered().checkpoint_lsn, end);
    EXPECT_EQ(recovered_state(1), before);
}

TEST_F(RetainerTest, EndsAStatementAndRefusesARefundOfWhatIsGone) {
    world.ask(world.command(CommandKind::earn, Earn{.amount = Points{100}}));
    const Outcome spent = world.ask(world.command(CommandKind::spend, Spend{.amount = Points{10}}));
    Command old = world.command(CommandKind::lookup, Lookup{});
    old.head.request_id.low = 5;  // that nobody has used
    fill_segment();
    world.clock.pass(days(20));
    world.ask(world.command(CommandKind::spend, Spend{.amount = Points{7}}));
    ASSERT_TRUE(retainer(days(9)).step());

    const std::uint32_t asked =
        world.send(world.command(CommandKind::statement, ReadStatement{.lines_max = 50}));
    world.settle();
    ASSERT_NE(world.reply(asked), nullptr);
    EXPECT_EQ(world.answer(asked)->code, Code::history_ends);
    ASSERT_THAT(std::get<Statement>(*world.reply(asked)->body).lines, SizeIs(2));
    EXPECT_EQ(std::get<Statement>(*world.reply(asked)->body).lines[0].amount, Points{-7});
    EXPECT_EQ(std::get<Statement>(*world.reply(asked)->body).next, Lsn{});

    const Lsn before = world.committer().durable();
    EXPECT_EQ(
        world.ask(world.command(CommandKind::refund, Refund{.original = spent.entry_id})).code,
        Code::history_ends);
    EXPECT_EQ(world.committer().durable(), before);  // no trace

    EXPECT_EQ(world.ask(old).code, Code::history_ends);
}

TEST_F(RetainerTest, LeavesTheSegmentsWhereTheirBaselineCannotBeWritten) {
    live_on(20);
    fill_segment();
    world.clock.pass(days(20));
    world.volume.stores_max = world.volume.stores.size();  // the disk is full
    EXPECT_FALSE(retainer(days(9)).step());
    EXPECT_THAT(complaints, SizeIs(1));
    EXPECT_EQ(world.journal().oldest_lsn(), Lsn{1});
    EXPECT_THAT(*storage::list_baselines(world.volume), IsEmpty());
}

}  // namespace
}  // namespace suanpan::shard
