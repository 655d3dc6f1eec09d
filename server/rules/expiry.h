// Expiry: the last day on which points are good, by calendar arithmetic alone.
#pragma once

#include "protocol/base/time.h"
#include "server/rules/rule_spec.h"

#include <cstdint>

namespace suanpan::rules {

// Nothing later ever expires: "never". The last day of 9999, which no arithmetic here leaves.
inline constexpr LocalDate last_day_ever{2'932'896};

[[nodiscard]] LocalDate local_date(std::int32_t year, std::uint32_t month, std::uint32_t day);
// `date` plus `n` months, clamped to the last day of the month that it lands in.
[[nodiscard]] LocalDate plus_months(LocalDate date, std::uint32_t n);

// The last good day of points whose life began on the local date `anchor`; they are gone at the
// midnight after it. Months are counted from the anchor, never from an earlier clamped result.
// last_day_ever for `never`. Sliding lives are counted from the account's last movement: give its
// date as the anchor.
[[nodiscard]] LocalDate last_good_day(const ExpiryTerms& terms, LocalDate anchor);

}  // namespace suanpan::rules
