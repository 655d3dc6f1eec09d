// Validate: what is wrong with a command whatever the state (codes 2xx).
#pragma once

#include "protocol/code.h"
#include "protocol/command.h"

#include <cstdint>
#include <optional>

namespace suanpan::ledger {

struct Fault {
    Code code{};
    std::int64_t detail = 0;  // of field_out_of_range: the field's number in its event, head is 0
};

// The first fault of a command that changes something, in the order of Code. Session and shard look
// at frame, partner and clock; this is the rest.
[[nodiscard]] std::optional<Fault> validate(const Command& command);

}  // namespace suanpan::ledger
