// What the process holds in memory, from the kernel.
#pragma once

#include <cstddef>

namespace suanpan::bench {

// Resident now, and at its highest since the start, in bytes; 0 where the kernel does not say.
[[nodiscard]] std::size_t resident_bytes();
[[nodiscard]] std::size_t resident_bytes_peak();

}  // namespace suanpan::bench
