// Texts of bounded length, for the commands of a simulation.
#pragma once

#include "protocol/command.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace suanpan::sim {

// Expects at most N bytes.
template <std::size_t N>
[[nodiscard]] ShortText<N> short_text(std::string_view text) {
    ShortText<N> out;
    std::ranges::copy(text, out.bytes.begin());
    return out;
}

}  // namespace suanpan::sim
