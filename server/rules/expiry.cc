#include "server/rules/expiry.h"

#include <algorithm>
#include <chrono>

namespace suanpan::rules {
namespace {

namespace chrono = std::chrono;

chrono::year_month_day to_ymd(LocalDate date) {
    return chrono::year_month_day(chrono::sys_days(chrono::days(date.days)));
}

LocalDate from_ymd(chrono::year_month_day ymd) {
    const auto days = chrono::sys_days(ymd).time_since_epoch();
    return LocalDate{static_cast<std::int32_t>(days.count())};
}

LocalDate last_of(chrono::year_month month) {
    return from_ymd(month / chrono::last);
}

// The end of the part of the year, of so many months, that `date` lies in.
LocalDate end_of_part(LocalDate date, unsigned months) {
    const chrono::year_month_day ymd = to_ymd(date);
    const unsigned month = static_cast<unsigned>(ymd.month());
    return last_of(ymd.year() / chrono::month((month - 1) / months * months + months));
}

LocalDate rounded_up(LocalDate date, ExpiryRounding rounding) {
    switch (rounding) {
        case ExpiryRounding::none:
            return date;
        case ExpiryRounding::month_end:
            return end_of_part(date, 1);
        case ExpiryRounding::quarter_end:
            return end_of_part(date, 3);
        case ExpiryRounding::half_year_end:
            return end_of_part(date, 6);
        case ExpiryRounding::year_end:
            return end_of_part(date, 12);
    }
    return date;
}

}  // namespace

LocalDate local_date(std::int32_t year, std::uint32_t month, std::uint32_t day) {
    return from_ymd(chrono::year(year) / chrono::month(month) / chrono::day(day));
}

LocalDate plus_months(LocalDate date, std::uint32_t n) {
    const chrono::year_month_day ymd = to_ymd(date);
    const chrono::year_month month = ymd.year() / ymd.month() + chrono::months(static_cast<int>(n));
    const LocalDate last = last_of(month);
    const chrono::year_month_day same_day = month / ymd.day();
    return same_day.ok() ? from_ymd(same_day) : last;
}

LocalDate last_good_day(const ExpiryTerms& terms, LocalDate anchor) {
    const auto count = static_cast<std::int32_t>(terms.count);
    LocalDate last = last_day_ever;
    switch (terms.policy) {
        case ExpiryPolicy::never:
            return last_day_ever;
        case ExpiryPolicy::on_date:
            return terms.date;
        case ExpiryPolicy::after_days:
        case ExpiryPolicy::sliding_days:
            last = LocalDate{anchor.days + count};
            break;
        case ExpiryPolicy::after_months:
            last = plus_months(anchor, terms.count);
            break;
        case ExpiryPolicy::after_years:
            last = plus_months(anchor, terms.count * 12);
            break;
    }
    return std::min(rounded_up(last, terms.rounding), last_day_ever);
}

}  // namespace suanpan::rules
