// The model's calendar: local dates by counting days and months one by one.
#pragma once

#include "protocol/base/time.h"
#include "protocol/command.h"

#include <string>

namespace suanpan::model {

// The program's time zone; Asia/Shanghai where it names none.
[[nodiscard]] std::string zone_of(const ProgramSpec& program);
[[nodiscard]] LocalDate local_date(const std::string& zone, Instant at);
[[nodiscard]] LocalDate first_of_month(LocalDate date);
// The first instant of a local day.
[[nodiscard]] Instant start_of(const std::string& zone, LocalDate date);
// The first instant after the last good day, `days` days after `date`.
[[nodiscard]] Instant end_after(const std::string& zone, LocalDate date, std::int64_t days);
// The last good day of points whose life began on `anchor`. Expects a policy that has one.
[[nodiscard]] LocalDate last_good_day(const ProgramSpec& program, LocalDate anchor);

}  // namespace suanpan::model
