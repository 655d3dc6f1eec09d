// Recalled: what the model knows of a batch of codes that was taken back.
#pragma once

#include "protocol/base/ids.h"

#include <compare>
#include <cstdint>

namespace suanpan::model {

struct BatchName {
    ProgramId program{};
    std::uint32_t offer = 0;
    std::uint32_t batch = 0;
    friend auto operator<=>(const BatchName&, const BatchName&) = default;
};

// The batch counts for nothing from the entry `begun` on. Everybody knows it once another entry,
// `active`, has said so; or after a start that found `begun` without that one, with `started` as
// the newest entry. In between somebody may know, and somebody else not yet.
struct Recalled {
    Lsn begun;
    Lsn active;   // 0: not yet, or never
    Lsn started;  // 0: none came in between

    // Whether what was decided for the entry `lsn` cannot have been without it.
    [[nodiscard]] bool is_known_to(Lsn lsn) const {
        return (active != Lsn{} && lsn > active) || (started != Lsn{} && lsn > started);
    }
    // The same of somebody who asked when entries up to `durable` were.
    [[nodiscard]] bool is_known_after(Lsn durable) const {
        return (active != Lsn{} && durable >= active) || (started != Lsn{} && durable > started);
    }
};

// Where the codes of a batch are.
struct BatchCounts {
    std::int64_t voided = 0;  // they were free
    std::int64_t set_aside = 0;
    std::int64_t issued = 0;
    friend bool operator==(const BatchCounts&, const BatchCounts&) = default;
};

}  // namespace suanpan::model
