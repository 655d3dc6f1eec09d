#include "tools/balance_row.h"

#include "protocol/base/points.h"

#include <gmock/gmock.h>

namespace suanpan::tools {
namespace {

using ::testing::HasSubstr;

constexpr const char* member_text = "0102030405060708090a0b0c0d0e0f10";

TEST(BalanceRow, ReadsEveryColumn) {
    const auto row = parse_balance_row(std::string(member_text) +
                                       ", 7 ,250,2027-01-31,3,purchased,1700000000000000000\r");
    ASSERT_TRUE(row.has_value()) << row.error();
    EXPECT_EQ(row->member, (MemberId{.high = 0x0102030405060708, .low = 0x090a0b0c0d0e0f10}));
    EXPECT_EQ(row->program, ProgramId{7});
    EXPECT_EQ(row->earn.amount, Points{250});
    EXPECT_EQ(row->earn.expires_at, Instant{1'801'353'600'000'000'000});
    EXPECT_EQ(row->earn.restriction, Restriction{3});
    EXPECT_EQ(row->earn.origin, LotOrigin::purchased);
    EXPECT_EQ(row->earn.active_from, Instant{1'700'000'000'000'000'000});
}

TEST(BalanceRow, LeavesWhatIsMissingToTheProgram) {
    const auto row = parse_balance_row(std::string(member_text) + ",1,5");
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->earn.expires_at, Instant{});
    EXPECT_EQ(row->earn.restriction, unrestricted);
    EXPECT_EQ(row->earn.origin, LotOrigin::granted);
}

TEST(BalanceRow, ReadsBackWhatItWrites) {
    const auto row =
        parse_balance_row(std::string(member_text) + ",1,5,1800000000000000001,9,purchased,12");
    ASSERT_TRUE(row.has_value());
    const auto again = parse_balance_row(text_of(*row));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, *row);
    const auto never = parse_balance_row(std::string(member_text) + ",1,5,never");
    ASSERT_TRUE(never.has_value());
    EXPECT_THAT(text_of(*never), HasSubstr(",never,"));
}

TEST(BalanceRow, NamesTheColumnThatIsWrong) {
    const auto error_of = [](const std::string& line) {
        const auto row = parse_balance_row(line);
        return row.has_value() ? std::string("none") : row.error();
    };
    const std::string member = member_text;
    EXPECT_THAT(error_of("nonsense,1,5"), HasSubstr("member"));
    EXPECT_THAT(error_of(std::string(32, '0') + ",1,5"), HasSubstr("member is zero"));
    EXPECT_THAT(error_of(member + ",x,5"), HasSubstr("program"));
    EXPECT_THAT(error_of(member + ",1,0"), HasSubstr("amount"));
    EXPECT_THAT(error_of(member + ",1,1000000000000000001"), HasSubstr("amount"));
    EXPECT_THAT(error_of(member + ",1,5,tomorrow"), HasSubstr("expires_at"));
    EXPECT_THAT(error_of(member + ",1,5,,70000"), HasSubstr("restriction"));
    EXPECT_THAT(error_of(member + ",1,5,,,stolen"), HasSubstr("origin"));
    EXPECT_THAT(error_of(member + ",1,5,,,,-1"), HasSubstr("active_from"));
    EXPECT_THAT(error_of(member + ",1"), HasSubstr("columns"));
    EXPECT_THAT(error_of(""), HasSubstr("columns"));
}

// A whole member id is never in a message, not even a wrong one.
TEST(BalanceRow, KeepsMembersOutOfItsErrors) {
    const std::string almost = "0102030405060708090a0b0c0d0e0f1";
    EXPECT_THAT(parse_balance_row(almost + ",1,5").error(), ::testing::Not(HasSubstr("0102")));
}

}  // namespace
}  // namespace suanpan::tools
