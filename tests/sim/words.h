// Texts of bounded length, for the commands of a simulation.
#pragma once

#include "protocol/command.h"
#include "protocol/order.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace suanpan::sim {

// Expects at most N bytes.
template <std::size_t N>
[[nodiscard]] ShortText<N> short_text(std::string_view text) {
    ShortText<N> out;
    std::ranges::copy(text, out.bytes.begin());
    return out;
}

[[nodiscard]] inline std::shared_ptr<const CommandPayload> payload_of(std::string_view text) {
    auto payload = std::make_shared<CommandPayload>();
    const auto bytes = std::as_bytes(std::span(text));
    payload->text.assign(bytes.begin(), bytes.end());
    return payload;
}

}  // namespace suanpan::sim
