#include "server/shard/restore.h"

#include "tests/unit/shard/shard_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suanpan::shard {
namespace {

using ::testing::HasSubstr;

// A copy of all files, as a backup has them.
struct Backup {
    explicit Backup(const storage::MemoryVolume& volume) : files(volume.files) {
        for (const auto& [name, store] : volume.stores) {
            stores[name] = std::make_shared<storage::MemoryFile>();
            stores[name]->values = store->values;
            stores[name]->used = store->used;
        }
    }
    void put_back(storage::MemoryVolume& volume) const {
        volume.files = files;
        volume.stores = stores;
    }
    std::map<std::string, std::vector<std::byte>> files;
    std::map<std::string, std::shared_ptr<storage::MemoryFile>> stores;
};

Command lookup_of(Command command) {
    command.head.kind = CommandKind::lookup;
    command.body = Lookup{};
    return command;
}

// INV-7 across a restore: what was acknowledged after the copy is lost, and cannot run again.
TEST(Restore, NeverRunsWhatWasAcknowledgedAfterTheCopyTwice) {
    ShardWorld world;
    world.make_program();
    const Command kept = world.command(CommandKind::earn, Earn{.amount = Points{5}});
    const Outcome first = world.ask(kept);
    ASSERT_EQ(first.code, Code::ok);
    const Backup backup(world.volume);
    const Command lost = world.command(CommandKind::earn, Earn{.amount = Points{7}});
    ASSERT_EQ(world.ask(lost).code, Code::ok);

    world.stop();
    backup.put_back(world.volume);
    world.clock.pass(seconds(20));
    const RestoreReport report = restore(world.volume, {.now = world.clock.now()});
    EXPECT_EQ(report.incarnation, 2U);
    EXPECT_EQ(report.last_lsn, first.entry_id);
    EXPECT_EQ(report.request_floor_ms, (world.clock.now() + seconds(60)).unix_ms());
    world.restart();

    EXPECT_EQ(world.directory().incarnation(), 2U);
    EXPECT_EQ(world.ask(lost).code, Code::request_too_old);
    EXPECT_EQ(world.ask(lookup_of(lost)).code, Code::not_executed);
    EXPECT_EQ(world.ask(kept).code, Code::request_too_old);
    Outcome again = world.ask(lookup_of(kept));
    EXPECT_EQ(again, first);  // the first result, byte for byte
    // A client whose clock runs a minute ahead could have sent this before the restore.
    EXPECT_EQ(world.ask(world.command(CommandKind::earn, Earn{.amount = Points{1}})).code,
              Code::request_too_old);
    world.clock.pass(seconds(61));
    const Outcome fresh = world.ask(world.command(CommandKind::earn, Earn{.amount = Points{1}}));
    EXPECT_EQ(fresh.code, Code::ok);
    EXPECT_EQ(fresh.balances.available, Points{6});
}

TEST(Restore, GoesByTheJournalsTimeWhereThatIsLater) {
    ShardWorld world;
    world.make_program();
    world.stop();
    const RestoreReport report = restore(world.volume, {.now = Instant{1'000'000'000}});
    EXPECT_EQ(report.request_floor_ms, (report.last_time + seconds(60)).unix_ms());
    EXPECT_EQ(restore(world.volume, {.now = world.clock.now()}).incarnation, 3U);
}

TEST(Restore, RefusesWhatIsInUseOrNoDataDirectory) {
    ShardWorld world;
    EXPECT_THROW(static_cast<void>(restore(world.volume, {.now = world.clock.now()})),
                 storage::OpenError);
    storage::MemoryVolume empty;
    try {
        static_cast<void>(restore(empty, {.now = world.clock.now()}));
        ADD_FAILURE() << "an empty folder was restored";
    } catch (const storage::OpenError& error) {
        EXPECT_THAT(error.what(), HasSubstr("SUANPAN"));
    }
    EXPECT_TRUE(empty.files.empty());
}

}  // namespace
}  // namespace suanpan::shard
