#include "tests/property/move.h"

#include <array>
#include <ostream>
#include <string_view>

namespace suanpan::testing {

Instant after_wait(Instant now, std::uint8_t wait) {
    // Midnight in Shanghai, where most programs count their days.
    const std::int64_t day_ns = days(1).ns;
    const Instant midnight{((now.ns + hours(8).ns) / day_ns + 1) * day_ns - hours(8).ns};
    switch (wait % 16) {
        case 0:
            return now + nanoseconds(1);
        case 1:
            return now + seconds(1);
        case 2:
            return now + seconds(90);
        case 3:
            return now + hours(1);
        case 4:
            return now + hours(7);
        case 5:
            return now + days(1);
        case 6:
            return now + days(2);
        case 7:
            return midnight;
        case 8:
            return midnight - nanoseconds(1);
        case 9:
            return midnight + days(static_cast<std::int64_t>(wait / 16));
        default:
            return now;
    }
}

std::ostream& operator<<(std::ostream& stream, const Move& move) {
    static constexpr std::array<std::string_view, 23> words{
        "earn",         "spend",       "hold",    "capture", "release",      "refund",
        "revoke",       "adjust",      "freeze",  "limit",   "member",       "update_program",
        "quote",        "settle",      "confirm", "cancel",  "refund_order", "repeat",
        "repeat_wrong", "raise_floor", "sweep",   "image",   "restart"};
    return stream << words.at(static_cast<std::size_t>(move.what)) << "(m" << +move.member << " p"
                  << +move.program << " by" << +move.partner << " points " << move.points
                  << " variant " << +move.variant << " pick " << +move.pick << " wait "
                  << +move.wait << ")";
}

}  // namespace suanpan::testing
