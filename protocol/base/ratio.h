// Exact products of amounts: every product is formed in 128 bits and checked (semantics.md, head).
#pragma once

#include "protocol/base/assert.h"

#include <cstdint>
#include <optional>

namespace suanpan {

// floor(a * num / den) for a >= 0, num >= 0, den > 0; nothing where the result leaves int64.
[[nodiscard]] inline std::optional<std::int64_t> mul_div_floor(std::int64_t a, std::int64_t num,
                                                               std::int64_t den) {
    SUANPAN_ASSERT(a >= 0);
    SUANPAN_ASSERT(num >= 0);
    SUANPAN_ASSERT(den > 0);
    __extension__ using Wide = __int128;
    const Wide quotient = static_cast<Wide>(a) * num / den;
    if (quotient > INT64_MAX) return std::nullopt;
    return static_cast<std::int64_t>(quotient);
}

}  // namespace suanpan
