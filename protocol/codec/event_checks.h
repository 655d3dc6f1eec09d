// The faults of single events: which code and which field's number they are answered with.
#pragma once

#include "protocol/codec.h"

#include <array>
#include <cstdint>

namespace suanpan::codec {

// Keeps the code that stands first in code.h; among equals, the first one reported.
inline void fail(DecodedEvent& event, Code code, std::int64_t detail = 0) {
    if (event.code != Code::ok && event.code <= code) return;
    event.code = code;
    event.detail = detail;
}
inline void expect_field(DecodedEvent& event, bool is_sound, std::int64_t field_number) {
    if (!is_sound) fail(event, Code::field_out_of_range, field_number);
}
inline void expect_amount(DecodedEvent& event, std::int64_t amount_points) {
    if (amount_points <= 0) fail(event, Code::amount_not_positive);
    if (amount_points > amount_points_max) fail(event, Code::amount_out_of_range);
}
// Of commands where 0 says "all that is left".
inline void expect_amount_or_all(DecodedEvent& event, std::int64_t amount_points) {
    if (amount_points != 0) expect_amount(event, amount_points);
}

inline bool is_instant(std::int64_t ns) {
    return ns >= 0 && ns <= instant_max.ns;
}
inline constexpr std::int64_t duration_ms_max = instant_max.ns / 1'000'000;
inline bool is_duration_ms(std::int64_t ms) {
    return ms >= 0 && ms <= duration_ms_max;
}
inline bool is_limit(std::int64_t points) {
    return points >= -1 && points <= amount_points_max;
}
inline bool is_amount_or_zero(std::int64_t points) {
    return points >= 0 && points <= amount_points_max;
}
// Of a file of codes, so that its lines can be counted.
inline constexpr std::uint64_t code_file_lines_max = 1'000'000'000'000;
inline constexpr std::int32_t date_days_max =
    static_cast<std::int32_t>(instant_max.ns / days(1).ns);

inline bool is_birthday(unsigned month, unsigned day) {
    if (month == 0) return day == 0;
    constexpr std::array<unsigned, 12> days_of{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month <= 12 && day >= 1 && day <= days_of[month - 1];
}

}  // namespace suanpan::codec
