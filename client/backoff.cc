#include "client/backoff.h"

#include <algorithm>

namespace suanpan::client {

std::chrono::nanoseconds backoff_delay(const BackoffOptions& options, std::uint32_t attempt,
                                       std::minstd_rand& random) {
    std::int64_t full_ns = options.first.ns;
    for (std::uint32_t i = 1; i < attempt && full_ns < options.longest.ns; ++i) full_ns *= 2;
    full_ns = std::min(full_ns, options.longest.ns);
    std::uniform_int_distribution<std::int64_t> between(full_ns / 2, full_ns);
    return std::chrono::nanoseconds(between(random));
}

}  // namespace suanpan::client
