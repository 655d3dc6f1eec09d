// suanpan-inspect on a real directory.
#include "tests/unit/tools/points_folder.h"

#include <gmock/gmock.h>

#include <cstdio>

namespace suanpan::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* alice_text = "111122223333444400000000000a11ce";

std::string text_of(const RequestId& id) {
    std::array<char, 33> text{};
    std::snprintf(text.data(), text.size(), "%016llx%016llx",
                  static_cast<unsigned long long>(id.high),
                  static_cast<unsigned long long>(id.low));
    return text.data();
}

ToolRun inspect(const PointsFolder& folder, const std::string& what) {
    return run_tool(std::string(SUANPAN_INSPECT) + " " + folder.path() + " " + what);
}

TEST(Inspect, PrintsEntriesWithMaskedMembers) {
    PointsFolder folder;
    folder.earn(alice, 100);
    folder.commit();
    folder.kill();
    const ToolRun run = inspect(folder, "journal --from 2");
    EXPECT_EQ(run.exit_code, 0) << run.output;
    EXPECT_THAT(run.output, AllOf(HasSubstr("LSN 2  earn"), HasSubstr("member 1111****11ce"),
                                  HasSubstr("house    issued +100"), HasSubstr("available 100"),
                                  HasSubstr("program 1, version 1 of its rules")));
    EXPECT_THAT(run.output, Not(HasSubstr(alice_text)));
    EXPECT_EQ(inspect(folder, "journal --from 3").exit_code, 1);
}

TEST(Inspect, PrintsAnAccountWithItsLotsAndHolds) {
    PointsFolder folder;
    folder.earn(alice, 100);
    folder.earn(bob, 5);
    folder.run(alice, CommandKind::hold, PlaceHold{.amount = {30}});
    folder.commit();
    folder.kill();
    const ToolRun run = inspect(folder, std::string("account ") + alice_text + " 1");
    EXPECT_EQ(run.exit_code, 0) << run.output;
    EXPECT_THAT(run.output, AllOf(HasSubstr(alice_text), HasSubstr("2 entries, last LSN 4"),
                                  HasSubstr("lot    70: expires never"),
                                  HasSubstr("hold   2: 30 left of 30"), Not(HasSubstr("LSN 3 "))));
    EXPECT_EQ(inspect(folder, "account 00000000000000000000000000000001 1").exit_code, 1);
}

TEST(Inspect, FindsAnExecutedAndARefusedRequest) {
    PointsFolder folder;
    folder.earn(alice, 100);
    const RequestId executed = folder.last_request_id();
    const RequestId refused{.high = executed.high, .low = 0x8000'0000'0000'ffff};
    folder.refuse(alice, refused, Code::insufficient_points, 15);
    folder.commit();
    folder.kill();
    const std::string request = std::string("request ") + alice_text + " ";
    EXPECT_THAT(inspect(folder, request + text_of(executed)).output,
                AllOf(HasSubstr("executed:"), HasSubstr("LSN 2  earn")));
    EXPECT_THAT(inspect(folder, request + text_of(refused)).output,
                AllOf(HasSubstr("refused at"), HasSubstr("insufficient_points (315), detail 15"),
                      HasSubstr("partner 1")));
    const ToolRun none = inspect(folder, request + text_of({.high = 1, .low = 2}));
    EXPECT_EQ(none.exit_code, 1);
    EXPECT_THAT(none.output, HasSubstr("no such request"));
}

TEST(Inspect, PrintsSegmentsCommitsAndCheckpoint) {
    PointsFolder folder;
    folder.fill_segment();
    folder.checkpoint();
    folder.kill();
    EXPECT_THAT(inspect(folder, "segment").output,
                AllOf(HasSubstr("journal-0000000001.lmdb  LSN 1 to"), HasSubstr("sealed"),
                      HasSubstr("journal-0000000002.lmdb"), HasSubstr("active")));
    EXPECT_THAT(inspect(folder, "segment 1").output, HasSubstr("commit LSN 2 to 201"));
    EXPECT_EQ(inspect(folder, "segment 9").exit_code, 1);
    EXPECT_THAT(inspect(folder, "checkpoint").output,
                AllOf(HasSubstr("generation 1"), HasSubstr("account      1 records"),
                      HasSubstr("complete")));
}

TEST(Inspect, RefusesWhatItCannotRead) {
    PointsFolder folder;
    EXPECT_EQ(inspect(folder, "journal").exit_code, 3);
    folder.kill();
    EXPECT_EQ(inspect(folder, "account nonsense 1").exit_code, 2);
    EXPECT_EQ(inspect(folder, "").exit_code, 2);
}

}  // namespace
}  // namespace suanpan::tools
