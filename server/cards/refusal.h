// Refusal: why a sound request is not carried out, and the number that goes with it.
#pragma once

#include "protocol/code.h"

#include <cstdint>
#include <expected>

namespace suanpan::cards {

struct Refusal {
    Code code{};
    std::int64_t detail = 0;  // as docs/protocol.md, "Codes", says
    friend bool operator==(const Refusal&, const Refusal&) = default;
};

template <typename T>
using Decided = std::expected<T, Refusal>;

[[nodiscard]] inline std::unexpected<Refusal> refuse_with(Code code, std::int64_t detail = 0) {
    return std::unexpected(Refusal{code, detail});
}

}  // namespace suanpan::cards
