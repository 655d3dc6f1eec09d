#include "server/rules/tier.h"

#include <gtest/gtest.h>

namespace suanpan::rules {
namespace {

TEST(TierTable, IsHalfOpen) {
    const TierTable table({{Points{100}, Percent{100}}, {Points{500}, Percent{200}}});
    EXPECT_EQ(table.percent_at(Points{0}), Percent{0});
    EXPECT_EQ(table.percent_at(Points{99}), Percent{0});
    EXPECT_EQ(table.percent_at(Points{100}), Percent{100});
    EXPECT_EQ(table.percent_at(Points{499}), Percent{100});
    EXPECT_EQ(table.percent_at(Points{500}), Percent{200});
    EXPECT_EQ(table.percent_at(Points{INT64_MAX}), Percent{200});
}

TEST(TierTable, SetsNoLimitWithoutRows) {
    EXPECT_EQ(TierTable().percent_at(Points{5}), std::nullopt);
}

TEST(TierTable, KnowsSoundRows) {
    EXPECT_TRUE(TierTable::is_sound({}));
    EXPECT_TRUE(TierTable::is_sound({{Points{0}, Percent{5}}, {Points{1}, Percent{5}}}));
    EXPECT_FALSE(TierTable::is_sound({{Points{1}, Percent{5}}, {Points{1}, Percent{6}}}));
    EXPECT_FALSE(TierTable::is_sound({{Points{0}, Percent{5}}, {Points{1}, Percent{4}}}));
    EXPECT_FALSE(TierTable::is_sound({{Points{-1}, Percent{5}}}));
    EXPECT_FALSE(TierTable::is_sound({{Points{0}, Percent{10'001}}}));
}

}  // namespace
}  // namespace suanpan::rules
