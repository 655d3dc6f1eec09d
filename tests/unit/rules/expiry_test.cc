#include "server/rules/expiry.h"

#include <gtest/gtest.h>

namespace suanpan::rules {
namespace {

LocalDate last(ExpiryPolicy policy, std::uint32_t count, LocalDate anchor,
               ExpiryRounding rounding = ExpiryRounding::none) {
    return last_good_day({.policy = policy, .rounding = rounding, .count = count}, anchor);
}

TEST(Expiry, ClampsMonthsFromTheAnchor) {
    const LocalDate anchor = local_date(2027, 1, 31);
    EXPECT_EQ(last(ExpiryPolicy::after_months, 1, anchor), local_date(2027, 2, 28));
    EXPECT_EQ(last(ExpiryPolicy::after_months, 2, anchor), local_date(2027, 3, 31));
    EXPECT_EQ(last(ExpiryPolicy::after_months, 3, anchor), local_date(2027, 4, 30));
    EXPECT_EQ(last(ExpiryPolicy::after_months, 13, anchor), local_date(2028, 2, 29));
}

TEST(Expiry, ClampsLeapDaysToo) {
    EXPECT_EQ(last(ExpiryPolicy::after_years, 1, local_date(2028, 2, 29)), local_date(2029, 2, 28));
    EXPECT_EQ(last(ExpiryPolicy::after_years, 4, local_date(2028, 2, 29)), local_date(2032, 2, 29));
    EXPECT_EQ(last(ExpiryPolicy::after_days, 1, local_date(2028, 2, 28)), local_date(2028, 2, 29));
}

TEST(Expiry, RoundsUpToTheEndOfAPartOfTheYear) {
    const LocalDate anchor = local_date(2027, 4, 2);
    const auto rounded = [&](ExpiryRounding rounding) {
        return last(ExpiryPolicy::after_days, 10, anchor, rounding);
    };
    EXPECT_EQ(rounded(ExpiryRounding::none), local_date(2027, 4, 12));
    EXPECT_EQ(rounded(ExpiryRounding::month_end), local_date(2027, 4, 30));
    EXPECT_EQ(rounded(ExpiryRounding::quarter_end), local_date(2027, 6, 30));
    EXPECT_EQ(rounded(ExpiryRounding::half_year_end), local_date(2027, 6, 30));
    EXPECT_EQ(rounded(ExpiryRounding::year_end), local_date(2027, 12, 31));
    EXPECT_EQ(
        last(ExpiryPolicy::after_days, 0, local_date(2027, 12, 31), ExpiryRounding::half_year_end),
        local_date(2027, 12, 31));
}

TEST(Expiry, KnowsItsEnds) {
    EXPECT_EQ(last_day_ever, local_date(9999, 12, 31));
    EXPECT_EQ(last(ExpiryPolicy::never, 0, local_date(2027, 1, 1)), last_day_ever);
    EXPECT_EQ(last_good_day({.policy = ExpiryPolicy::on_date, .date = local_date(2028, 6, 30)},
                            local_date(2027, 1, 1)),
              local_date(2028, 6, 30));
}

}  // namespace
}  // namespace suanpan::rules
