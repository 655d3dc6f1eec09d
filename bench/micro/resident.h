// What the process holds in memory, from the kernel.
#pragma once

#include <cstddef>

namespace suanpan::bench {

// Gives back what is free first, so that the difference of two looks is what came in between, also
// where another benchmark has just freed something.
[[nodiscard]] std::size_t resident_bytes();
// At its highest since the start.
[[nodiscard]] std::size_t resident_bytes_peak();

}  // namespace suanpan::bench
