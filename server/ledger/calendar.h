// Calendar: local dates of one time zone.
#pragma once

#include "protocol/base/time.h"

#include <cstdint>
#include <string_view>

namespace date {
class time_zone;
}

namespace suanpan::ledger {

struct YearMonthDay {
    std::int32_t year = 0;
    std::uint32_t month = 0;  // 1 to 12
    std::uint32_t day = 0;    // 1 to 31
    friend bool operator==(const YearMonthDay&, const YearMonthDay&) = default;
};

[[nodiscard]] LocalDate to_local_date(const YearMonthDay& ymd);
[[nodiscard]] YearMonthDay to_year_month_day(LocalDate date);
// `date` plus n months, clamped to the last day of the month it lands in (31 Jan + 1 = 28 Feb).
[[nodiscard]] LocalDate add_months(LocalDate date, std::uint32_t n);

// True where the system's time zone database has the name.
[[nodiscard]] bool is_time_zone(std::string_view name);

// Local dates of one zone, by the system's time zone database. Keeps the zone's present period
// between two changes of the clocks, so that the common call is two comparisons and a division.
// Single-threaded.
class Calendar {
public:
    // Expects is_time_zone(name).
    explicit Calendar(std::string_view name);

    [[nodiscard]] LocalDate local_date(Instant at) const;
    // The first instant of the day, also where the clocks skip midnight.
    [[nodiscard]] Instant start_of(LocalDate date) const;

private:
    void load_period(std::int64_t unix_seconds) const;

    const date::time_zone* zone_;
    mutable std::int64_t period_begin_s_ = 0;
    mutable std::int64_t period_end_s_ = 0;  // exclusive
    mutable std::int64_t offset_s_ = 0;
    mutable LocalDate cached_date_{INT32_MIN};
    mutable Instant cached_start_;
};

}  // namespace suanpan::ledger
