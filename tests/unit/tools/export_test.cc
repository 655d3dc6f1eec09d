// suanpan-transfer export on a real directory.
#include "tests/unit/tools/points_folder.h"
#include "tools/data_folder.h"
#include "tools/export_balances.h"

#include <gmock/gmock.h>

#include <cstdio>

namespace suanpan::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Instant later{1'900'000'000'000'000'000};
constexpr Instant much_later{2'000'000'000'000'000'000};

std::string export_of(const PointsFolder& folder, ExportOptions options, ExportSummary& summary) {
    DataFolder data(folder.path());
    std::FILE* file = std::tmpfile();
    summary = export_balances(data, options, file);
    std::rewind(file);
    std::string text(1U << 16U, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
}

TEST(Export, WritesOneLinePerLotThatIsStillThere) {
    PointsFolder folder;
    folder.earn(alice, 100);
    folder.run(alice, CommandKind::earn, Earn{.amount = {7}, .expires_at = later});
    folder.commit();
    folder.checkpoint();
    folder.spend(alice, 3);  // out of the lot that ends first
    folder.commit();
    folder.kill();
    ExportSummary summary;
    const std::string before = export_of(folder, {.at = Instant{1}}, summary);
    EXPECT_EQ(summary.rows, 2U);
    EXPECT_EQ(summary.accounts, 1U);
    EXPECT_EQ(summary.points, 104);
    EXPECT_THAT(before, AllOf(HasSubstr("111122223333444400000000000a11ce,1,100,never,0,granted,"),
                              HasSubstr(",1,4,1900000000000000000,0,granted,")));
    const std::string after = export_of(folder, {.at = much_later}, summary);
    EXPECT_EQ(summary.points, 100);
    EXPECT_THAT(after, Not(HasSubstr("1900000000000000000")));
}

TEST(Export, LeavesHeldPointsOutUnlessAsked) {
    PointsFolder folder;
    folder.earn(alice, 100);
    folder.run(alice, CommandKind::hold, PlaceHold{.amount = {30}});
    folder.commit();
    folder.kill();
    ExportSummary summary;
    (void)export_of(folder, {.at = Instant{1}}, summary);
    EXPECT_EQ(summary.points, 70);
    EXPECT_EQ(summary.held_points, 30);
    (void)export_of(folder, {.at = Instant{1}, .with_held = true}, summary);
    EXPECT_EQ(summary.points, 100);
}

TEST(Export, TakesOneProgramWhereAsked) {
    PointsFolder folder;
    folder.earn(bob, 5);
    folder.commit();
    folder.kill();
    ExportSummary summary;
    (void)export_of(folder, {.program = ProgramId{2}, .at = Instant{1}}, summary);
    EXPECT_EQ(summary.rows, 0U);
    (void)export_of(folder, {.program = lotus, .at = Instant{1}}, summary);
    EXPECT_EQ(summary.rows, 1U);
}

}  // namespace
}  // namespace suanpan::tools
