// Trace: what happens in a simulation, line by line, for whoever looks into a failure.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <utility>

namespace suanpan::sim {

// Off unless asked for; prints to standard output, each line with its step.
struct Trace {
    bool is_on = false;
    std::uint64_t step = 0;

    template <typename... Args>
    void say(fmt::format_string<Args...> text, Args&&... args) const {
        if (is_on) fmt::print("{:>8}  {}\n", step, fmt::format(text, std::forward<Args>(args)...));
    }
};

}  // namespace suanpan::sim
