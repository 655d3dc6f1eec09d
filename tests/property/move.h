// Move: one random thing that happens to a ledger, as a few small numbers that shrink well.
#pragma once

#include "protocol/base/time.h"

#include <cstdint>
#include <iosfwd>

namespace suanpan::testing {

struct Move {
    enum class What : std::uint8_t {
        earn,
        spend,
        hold,
        capture,
        release,
        refund,
        revoke,
        adjust,
        freeze,
        limit,
        member,
        update_program,
        quote,
        settle,
        confirm,
        cancel,
        refund_order,
        repeat,        // an earlier request again
        repeat_wrong,  // an earlier request id with another body
        raise_floor,
        sweep,
        image,    // a checkpoint slice by slice, while the next moves happen
        restart,  // replayed with another number of shards, from zero or from the image
    } what{};
    std::uint8_t member = 0;
    std::uint8_t program = 0;
    std::uint8_t partner = 0;
    std::uint16_t points = 0;
    std::uint8_t variant = 0;  // picks options: dates, restriction, up_to, ...
    std::uint8_t pick = 0;     // of earlier entries, holds, requests; counted from the newest
    std::uint8_t wait = 0;     // before it
};

// How long a move waits before it happens: often nothing, sometimes exactly until midnight.
[[nodiscard]] Instant after_wait(Instant now, std::uint8_t wait);

std::ostream& operator<<(std::ostream& stream, const Move& move);

}  // namespace suanpan::testing
