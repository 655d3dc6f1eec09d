#include "server/ledger/calendar.h"

#include "protocol/base/assert.h"

#include <date/tz.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace suanpan::ledger {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;
constexpr std::int64_t seconds_per_day = 86'400;
// Midnights up to this day (the end of 2261) are instants that fit into int64 nanoseconds.
constexpr std::int32_t last_day = 106'650;

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

const date::time_zone* zone_named(std::string_view name) {
    try {
        return date::locate_zone(name);
    } catch (const std::exception&) {
        return nullptr;
    }
}

}  // namespace

LocalDate to_local_date(const YearMonthDay& ymd) {
    const date::sys_days at{date::year{ymd.year} / static_cast<int>(ymd.month) /
                            static_cast<int>(ymd.day)};
    return {.days = static_cast<std::int32_t>(at.time_since_epoch().count())};
}

YearMonthDay to_year_month_day(LocalDate date) {
    const date::year_month_day ymd{date::sys_days{date::days{date.days}}};
    return {.year = static_cast<int>(ymd.year()),
            .month = static_cast<unsigned>(ymd.month()),
            .day = static_cast<unsigned>(ymd.day())};
}

LocalDate add_months(LocalDate date, std::uint32_t n) {
    const date::year_month_day from{date::sys_days{date::days{date.days}}};
    date::year_month_day to = from + date::months{static_cast<int>(n)};
    if (!to.ok()) to = to.year() / to.month() / date::last;
    return {.days = static_cast<std::int32_t>(date::sys_days{to}.time_since_epoch().count())};
}

bool is_time_zone(std::string_view name) {
    return zone_named(name) != nullptr;
}

Calendar::Calendar(std::string_view name) : zone_(zone_named(name)) {
    if (zone_ == nullptr)
        throw std::runtime_error("time zone '" + std::string(name) +
                                 "' is not in this system's time zone database; install tzdata");
}

void Calendar::load_period(std::int64_t unix_seconds) const {
    const date::sys_info info =
        zone_->get_info(date::sys_seconds{std::chrono::seconds{unix_seconds}});
    period_begin_s_ = info.begin.time_since_epoch().count();
    period_end_s_ = info.end.time_since_epoch().count();
    offset_s_ = info.offset.count();
}

LocalDate Calendar::local_date(Instant at) const {
    const std::int64_t s = floor_div(at.ns, ns_per_second);
    if (s < period_begin_s_ || s >= period_end_s_) load_period(s);
    return {.days = static_cast<std::int32_t>(floor_div(s + offset_s_, seconds_per_day))};
}

Instant Calendar::start_of(LocalDate date) const {
    if (date == cached_date_) return cached_start_;
    const std::int64_t local_s = std::int64_t{std::min(date.days, last_day)} * seconds_per_day;
    std::int64_t start_s = local_s - offset_s_;
    // Near a change of the clocks, a midnight may be missing or come twice: ask the zone.
    if (start_s < period_begin_s_ + seconds_per_day || start_s >= period_end_s_ - seconds_per_day) {
        const date::local_info info =
            zone_->get_info(date::local_seconds{std::chrono::seconds{local_s}});
        start_s = info.result == date::local_info::nonexistent
                      ? info.first.end.time_since_epoch().count()
                      : local_s - info.first.offset.count();
    }
    cached_date_ = date;
    cached_start_ = Instant{start_s * ns_per_second};
    return cached_start_;
}

}  // namespace suanpan::ledger
