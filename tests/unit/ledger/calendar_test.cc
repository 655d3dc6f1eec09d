#include "server/ledger/calendar.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace suanpan::ledger {
namespace {

LocalDate date(int year, unsigned month, unsigned day) {
    return to_local_date({.year = year, .month = month, .day = day});
}
Instant utc(int year, unsigned month, unsigned day, int hour) {
    return Instant{days(date(year, month, day).days).ns + hours(hour).ns};
}

TEST(Calendar, ClampsMonthsFromTheirAnchor) {
    EXPECT_EQ(add_months(date(2027, 1, 31), 1), date(2027, 2, 28));
    EXPECT_EQ(add_months(date(2028, 1, 31), 1), date(2028, 2, 29));
    EXPECT_EQ(add_months(date(2027, 1, 31), 2), date(2027, 3, 31));
    EXPECT_EQ(add_months(date(2028, 2, 29), 12), date(2029, 2, 28));
    EXPECT_EQ(to_year_month_day(date(2027, 12, 31)),
              (YearMonthDay{.year = 2027, .month = 12, .day = 31}));
}

TEST(Calendar, CountsTheDaysOfItsZone) {
    const Calendar shanghai("Asia/Shanghai");
    EXPECT_EQ(shanghai.local_date(utc(2027, 1, 31, 15)), date(2027, 1, 31));
    EXPECT_EQ(shanghai.local_date(utc(2027, 1, 31, 16)), date(2027, 2, 1));
    EXPECT_EQ(shanghai.start_of(date(2027, 2, 1)), utc(2027, 1, 31, 16));
    EXPECT_EQ(shanghai.start_of(date(2027, 2, 1)), utc(2027, 1, 31, 16));  // again
    const Calendar newfoundland("America/St_Johns");
    EXPECT_EQ(newfoundland.start_of(date(2027, 1, 1)).ns, utc(2027, 1, 1, 3).ns + hours(1).ns / 2);
}

TEST(Calendar, FollowsTheClocksThroughTheYear) {
    const Calendar berlin("Europe/Berlin");
    EXPECT_EQ(berlin.start_of(date(2027, 3, 28)), utc(2027, 3, 27, 23));
    EXPECT_EQ(berlin.start_of(date(2027, 3, 29)), utc(2027, 3, 28, 22));
    EXPECT_EQ(berlin.start_of(date(2027, 10, 31)), utc(2027, 10, 30, 22));
    EXPECT_EQ(berlin.start_of(date(2027, 11, 1)), utc(2027, 10, 31, 23));
    EXPECT_EQ(berlin.local_date(utc(2027, 7, 1, 22)), date(2027, 7, 2));
    EXPECT_EQ(berlin.local_date(utc(2027, 12, 1, 22)), date(2027, 12, 1));
}

TEST(Calendar, BeginsADayWhoseMidnightIsMissingAtItsFirstInstant) {
    // Santiago puts its clocks forward at midnight: 5 September 2027 begins at 01:00.
    const Calendar santiago("America/Santiago");
    EXPECT_EQ(santiago.start_of(date(2027, 9, 5)), utc(2027, 9, 5, 4));
    EXPECT_EQ(santiago.local_date(utc(2027, 9, 5, 4)), date(2027, 9, 5));
    EXPECT_EQ(santiago.local_date(utc(2027, 9, 5, 3)), date(2027, 9, 4));
}

TEST(Calendar, StaysWithinItsRange) {
    const Calendar shanghai("Asia/Shanghai");
    EXPECT_GT(shanghai.start_of(date(2400, 1, 1)), instant_max);
    EXPECT_LT(shanghai.start_of(date(2400, 1, 1)), instant_never);
}

TEST(Calendar, RefusesAZoneThatIsNone) {
    EXPECT_FALSE(is_time_zone("Mars/Olympus"));
    EXPECT_THROW(Calendar("Mars/Olympus"), std::runtime_error);
}

}  // namespace
}  // namespace suanpan::ledger
