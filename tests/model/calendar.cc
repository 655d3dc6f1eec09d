#include "tests/model/calendar.h"

#include <date/tz.h>

#include <chrono>

namespace suanpan::model {
namespace {

date::year_month_day to_ymd(LocalDate date) {
    return date::year_month_day(date::sys_days(date::days(date.days)));
}

LocalDate from_ymd(const date::year_month_day& ymd) {
    return {.days = static_cast<std::int32_t>(date::sys_days(ymd).time_since_epoch().count())};
}

bool ends_a_period(LocalDate day, ExpiryRounding rounding) {
    const date::year_month_day next = to_ymd({.days = day.days + 1});
    if (static_cast<unsigned>(next.day()) != 1) return false;
    const unsigned month = static_cast<unsigned>(next.month());
    switch (rounding) {
        case ExpiryRounding::none:
        case ExpiryRounding::month_end:
            return true;
        case ExpiryRounding::quarter_end:
            return month == 1 || month == 4 || month == 7 || month == 10;
        case ExpiryRounding::half_year_end:
            return month == 1 || month == 7;
        case ExpiryRounding::year_end:
            return month == 1;
    }
    return false;
}

// The anchor's day of the month, `months` months later, or that month's last day.
LocalDate months_later(LocalDate anchor, std::uint32_t months) {
    const date::year_month_day ymd = to_ymd(anchor);
    date::year_month month = ymd.year() / ymd.month();
    for (std::uint32_t i = 0; i < months; ++i) month += date::months(1);
    unsigned day = static_cast<unsigned>(ymd.day());
    while (!(month / date::day(day)).ok()) --day;
    return from_ymd(month / date::day(day));
}

}  // namespace

std::string zone_of(const ProgramSpec& program) {
    std::string name;
    for (const char c : program.time_zone.bytes)
        if (c != '\0') name += c;
    return name.empty() ? "Asia/Shanghai" : name;
}

LocalDate first_of_month(LocalDate date) {
    const date::year_month_day ymd = to_ymd(date);
    return from_ymd(ymd.year() / ymd.month() / date::day(1));
}

LocalDate local_date(const std::string& zone, Instant at) {
    const date::sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(at.ns)};
    const auto local = date::locate_zone(zone)->to_local(time);
    return {.days = static_cast<std::int32_t>(
                date::floor<date::days>(local).time_since_epoch().count())};
}

Instant start_of(const std::string& zone, LocalDate date) {
    const auto midnight = date::local_days(date::days(date.days));
    const auto time = date::locate_zone(zone)->to_sys(midnight, date::choose::earliest);
    return {.ns = std::chrono::nanoseconds(time.time_since_epoch()).count()};
}

Instant end_after(const std::string& zone, LocalDate date, std::int64_t days) {
    return start_of(zone, {.days = static_cast<std::int32_t>(date.days + days + 1)});
}

LocalDate last_good_day(const ProgramSpec& program, LocalDate anchor) {
    LocalDate day = anchor;
    switch (program.expiry) {
        case ExpiryPolicy::after_days:
        case ExpiryPolicy::sliding_days:
            for (std::uint32_t i = 0; i < program.expiry_count; ++i) ++day.days;
            break;
        case ExpiryPolicy::after_months:
            day = months_later(anchor, program.expiry_count);
            break;
        case ExpiryPolicy::after_years:
            day = months_later(anchor, program.expiry_count * 12);
            break;
        case ExpiryPolicy::on_date:
            day = program.expiry_date;
            break;
        case ExpiryPolicy::never:
            break;
    }
    if (program.expiry_rounding != ExpiryRounding::none)
        while (!ends_a_period(day, program.expiry_rounding)) ++day.days;
    return day;
}

}  // namespace suanpan::model
