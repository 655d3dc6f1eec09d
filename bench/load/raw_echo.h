// Raw echo: what Asio and the loopback do with frames of our size when nothing is behind them.
#pragma once

#include "bench/load/raw_report.h"

#include <cstdint>

namespace suanpan::load {

struct RawEchoOptions {
    std::uint32_t connections = 1;
    std::uint32_t in_flight = 1;  // frames per connection
    std::uint32_t frame_bytes = 64;
    double seconds = 3;
};

// A server of one thread that sends back what it reads, and one client thread that keeps
// `in_flight` frames on their way on each connection; both in this process, over 127.0.0.1.
// Throws std::runtime_error.
[[nodiscard]] RawReport measure_raw_echo(const RawEchoOptions& options);

}  // namespace suanpan::load
