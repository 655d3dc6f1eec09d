// ReplayLine: how to see a simulation again, told even where the process ends in the middle of it.
#pragma once

#include "tests/sim/simulator.h"

#include <string_view>

namespace suanpan::sim {

// While one is there, a process that an assertion, a signal or a sanitizer ends prints the command
// that repeats the run, on standard output and behind whatever else was said. One at a time.
class ReplayLine {
public:
    // `more`: further words of the command.
    explicit ReplayLine(const SimOptions& options, std::string_view more = {});
    ~ReplayLine();
    ReplayLine(const ReplayLine&) = delete;
    ReplayLine& operator=(const ReplayLine&) = delete;

    // "replay: suanpan-sim --seed=...", with the end of the line.
    [[nodiscard]] static std::string_view text();
};

}  // namespace suanpan::sim
