// Waiting times that double, with jitter.
#pragma once

#include "client/options.h"

#include <chrono>
#include <cstdint>
#include <random>

namespace suanpan::client {

// The waiting time before attempt number `attempt` (from 1): first * 2^(attempt - 1), at most
// `longest`, of which the upper half is random.
[[nodiscard]] std::chrono::nanoseconds backoff_delay(const BackoffOptions& options,
                                                     std::uint32_t attempt,
                                                     std::minstd_rand& random);

}  // namespace suanpan::client
