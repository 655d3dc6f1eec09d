// suanpan-verify on real directories: sound ones, and one for each kind of damage.
#include "tests/unit/tools/points_folder.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace suanpan::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ToolRun verify(const PointsFolder& folder, const std::string& flags = "") {
    return run_tool(std::string(SUANPAN_VERIFY) + " " + folder.path() + " " + flags);
}

// Two members, a hold, three commits.
void tell_a_story(PointsFolder& folder) {
    folder.earn(alice, 100);
    folder.earn(bob, 50);
    folder.commit();
    folder.spend(alice, 30);
    folder.run(bob, CommandKind::hold, PlaceHold{.amount = {20}});
    folder.commit();
    folder.run(bob, CommandKind::capture, CaptureHold{.hold = HoldId{2}, .amount = {5}});
    folder.run(alice, CommandKind::adjust, Adjust{.delta = {-10}});
    folder.commit();
}

TEST(Verify, FindsAKilledServersJournalSound) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.kill();
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 0) << run.output;
    EXPECT_THAT(run.output, HasSubstr("INV-3 program 1: issued 150 = available 90 + held 15 + "
                                      "pending 0 + spent 45 + expired 0 + revoked 0: holds"));
    EXPECT_THAT(run.output, HasSubstr("LSN 1 to 7"));
}

// A retention has removed the first segment: "from zero" means from its baseline.
TEST(Verify, StartsFromTheBaselineWhereARetentionHasRemovedSegments) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.fill_segment();
    folder.earn(alice, 7);
    folder.commit();
    folder.checkpoint();
    folder.retire_first_segment();
    folder.spend(alice, 2);
    folder.commit();
    folder.kill();
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 0) << run.output;
    EXPECT_THAT(run.output, HasSubstr("baseline: the history begins after LSN"));
    EXPECT_THAT(run.output, HasSubstr("+ held 15 + pending 0 + spent 47 + expired 0"));
    EXPECT_THAT(run.output, HasSubstr("the same state (INV-12)"));
}

TEST(Verify, HoldsABaselineAgainstItsSeal) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.fill_segment();
    folder.retire_first_segment();
    const std::string baseline = folder.baseline();
    folder.kill();
    // In a record, in every copy of its page that LMDB has left; its checksum no longer fits.
    for (const std::uint64_t offset : offsets_of(baseline, "Lotus")) flip_bit(baseline, offset);
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1) << run.output;
    EXPECT_THAT(run.output, HasSubstr("baseline-"));
    EXPECT_THAT(run.output, HasSubstr("restore this file from a backup"));
}

TEST(Verify, SaysItAsJson) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.stop();
    const ToolRun run = verify(folder, "--json");
    ASSERT_EQ(run.exit_code, 0) << run.output;
    const boost::json::value report = boost::json::parse(run.output);
    EXPECT_TRUE(report.at("sound").as_bool());
    EXPECT_EQ(report.at("last_lsn").as_int64(), 7);
    EXPECT_EQ(report.at("programs").at(0).at("available").as_string(), "90");
    EXPECT_TRUE(report.at("problems").as_array().empty());
}

TEST(Verify, GivesTheSameStateOnAnyNumberOfShards) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.kill();
    const auto hash_on = [&](int shards) {
        const ToolRun run = verify(folder, "--json --shards " + std::to_string(shards));
        return std::string(boost::json::parse(run.output).at("state_hash").as_string());
    };
    const std::string one = hash_on(1);
    EXPECT_EQ(one.size(), 32U);
    EXPECT_EQ(one, hash_on(2));
    EXPECT_EQ(one, hash_on(7));
}

TEST(Verify, ChangesNothingInTheDirectory) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.kill();
    const auto files = [&] {
        std::vector<std::pair<std::string, std::uintmax_t>> all;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
            if (entry.path().filename() != "LOCK")
                all.emplace_back(entry.path().filename(), entry.file_size());
        std::sort(all.begin(), all.end());
        return all;
    };
    const auto before = files();
    EXPECT_EQ(verify(folder).exit_code, 0);
    EXPECT_EQ(files(), before);
}

TEST(Verify, LoadsTheCheckpointToTheSameState) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.checkpoint();
    folder.spend(bob, 3);
    folder.commit();
    folder.kill();
    const ToolRun run = verify(folder, "--shards 2");
    EXPECT_EQ(run.exit_code, 0) << run.output;
    EXPECT_THAT(run.output, HasSubstr("the same state (INV-12)"));
}

TEST(Verify, NoticesADamagedCheckpoint) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.checkpoint();
    folder.kill();
    // In every copy: LMDB leaves old ones of a page behind.
    const std::string file = folder.path() + "/checkpoint-0000000001.lmdb";
    for (const std::uint64_t offset : offsets_of(file, "Lotus")) flip_bit(file, offset);
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1) << run.output;
    EXPECT_THAT(run.output, AllOf(HasSubstr("checkpoint"), HasSubstr("move this file away")));
}

// A start falls back on it.
TEST(Verify, NoticesADamagedCheckpointBehindASoundOne) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.checkpoint();
    folder.spend(bob, 3);
    folder.commit();
    folder.checkpoint();
    folder.kill();
    const std::string file = folder.path() + "/checkpoint-0000000001.lmdb";
    for (const std::uint64_t offset : offsets_of(file, "Lotus")) flip_bit(file, offset);
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1) << run.output;
    EXPECT_THAT(run.output,
                AllOf(HasSubstr("checkpoint generation 1"), HasSubstr("move this file away")));
}

TEST(Verify, NamesTheFirstCommitWithAFlippedBit) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.kill();
    flip_bit(folder.segment(1), commit_offset(folder.segment(1), Lsn{4}) + 300);
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.output, AllOf(HasSubstr("first wrong LSN: 4"),
                                  HasSubstr("journal-0000000001.lmdb"), HasSubstr("backup")));
}

TEST(Verify, NamesTheLsnWhereATreeIsBroken) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.fill_segment();
    folder.earn(alice, 1);
    folder.commit();
    folder.kill();
    // Cut in the middle: LMDB's pages point beyond the end of the file. It does not put commits
    // into rising pages, so the first that is gone need not be the one at the cut.
    const std::uint64_t cut = commit_offset(folder.segment(1), Lsn{4});
    std::uint64_t first_gone = 4;
    for (const std::uint64_t lsn : {2U, 1U})
        if (commit_offset(folder.segment(1), Lsn{lsn}) > cut) first_gone = lsn;
    std::filesystem::resize_file(folder.segment(1), cut - storage::page_header_bytes);
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.output,
                AllOf(HasSubstr("first wrong LSN: " + std::to_string(first_gone)),
                      HasSubstr("journal-0000000001.lmdb"), HasSubstr("restore this segment")));
}

TEST(Verify, NamesAMissingSegment) {
    PointsFolder folder;
    folder.fill_segment();
    folder.fill_segment();
    folder.kill();
    std::filesystem::remove(folder.segment(2));
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.output, AllOf(HasSubstr("first wrong LSN:"), Not(HasSubstr("LSN: 1\n")),
                                  HasSubstr("journal-0000000002.lmdb"), HasSubstr("is missing")));
}

TEST(Verify, FindsPostingsThatDoNotSumToZero) {
    PointsFolder folder;
    folder.earn(alice, 100);
    folder.tamper_next([](ledger::Entry& entry) {
        for (ledger::Effect& effect : entry.effects)
            if (auto* house = std::get_if<ledger::HouseDelta>(&effect)) house->delta.value -= 1;
    });
    const Lsn wrong = folder.spend(alice, 40);
    folder.commit();
    folder.kill();
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.output, AllOf(HasSubstr("first wrong LSN: " + std::to_string(wrong.value)),
                                  HasSubstr("INV-1")));
}

TEST(Verify, FindsABalanceThatTheJournalDoesNotComeTo) {
    PointsFolder folder;
    folder.earn(alice, 100);
    folder.tamper_next([](ledger::Entry& entry) { entry.balances.available.value += 1; });
    const Lsn wrong = folder.spend(alice, 40);
    folder.commit();
    folder.kill();
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.output, HasSubstr("first wrong LSN: " + std::to_string(wrong.value)));
}

TEST(Verify, FindsARequestThatWasExecutedTwice) {
    PointsFolder folder;
    folder.earn(alice, 100);
    const RequestId first = folder.last_request_id();
    folder.tamper_next([&](ledger::Entry& entry) { entry.request_id = first; });
    const Lsn wrong = folder.earn(alice, 100);
    folder.commit();
    folder.kill();
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.output, AllOf(HasSubstr("first wrong LSN: " + std::to_string(wrong.value)),
                                  HasSubstr("INV-7")));
}

TEST(Verify, FindsABrokenLinkBetweenTheEntriesOfAnAccount) {
    PointsFolder folder;
    folder.earn(alice, 100);
    folder.tamper_next([](ledger::Entry& entry) { entry.prev_lsn = Lsn{1}; });
    folder.spend(alice, 1);
    folder.commit();
    folder.kill();
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.output, AllOf(HasSubstr("first wrong LSN: 3"), HasSubstr("INV-2")));
}

// The replay's own assertions end the process that replays; the tool turns that into a message.
TEST(Verify, TurnsAnImpossibleEntryIntoAMessage) {
    PointsFolder folder;
    folder.earn(alice, 100);
    folder.tamper_next([](ledger::Entry& entry) {
        for (ledger::Effect& effect : entry.effects) {
            if (auto* lot = std::get_if<ledger::LotDelta>(&effect)) lot->delta.value -= 1000;
            if (auto* house = std::get_if<ledger::HouseDelta>(&effect)) house->delta.value += 1000;
        }
    });
    const Lsn wrong = folder.spend(alice, 40);
    folder.commit();
    folder.kill();
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 1) << run.output;
    EXPECT_THAT(run.output, HasSubstr("first wrong LSN: " + std::to_string(wrong.value)));
}

TEST(Verify, RefusesADirectoryInUse) {
    PointsFolder folder;
    const ToolRun run = verify(folder);
    EXPECT_EQ(run.exit_code, 3);
    EXPECT_THAT(run.output, AllOf(HasSubstr("in use by process"), HasSubstr("stop")));
}

TEST(Verify, RefusesWhatIsNoDataDirectory) {
    const ToolRun run = run_tool(std::string(SUANPAN_VERIFY) + " /usr/share");
    EXPECT_EQ(run.exit_code, 3);
    EXPECT_THAT(run.output, HasSubstr("no data directory of ours"));
    EXPECT_EQ(run_tool(std::string(SUANPAN_VERIFY) + " --no-such-flag").exit_code, 2);
}

// Any byte of the journal may be hit: the answer is a message, and never wrongly `sound`.
TEST(Verify, NeverCallsADamagedCommitSound) {
    PointsFolder folder;
    tell_a_story(folder);
    folder.kill();
    const std::uint64_t begin = commit_offset(folder.segment(1), Lsn{2});
    for (std::uint64_t offset = begin; offset < begin + 800; offset += 97) {
        flip_bit(folder.segment(1), offset);
        const ToolRun run = verify(folder);
        EXPECT_EQ(run.exit_code, 1) << offset << "\n" << run.output;
        EXPECT_THAT(run.output, HasSubstr("first wrong LSN: 2")) << offset;
        flip_bit(folder.segment(1), offset);
    }
    EXPECT_EQ(verify(folder).exit_code, 0);
}

}  // namespace
}  // namespace suanpan::tools
