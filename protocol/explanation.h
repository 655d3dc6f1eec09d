// Explanation: what one request did, from its entry in the journal alone.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/command.h"

#include <cstdint>
#include <vector>

namespace suanpan {

// Why points went into or out of a lot; the numbers stand in the journal and on the wire.
enum class MovementCause : std::uint8_t {
    request = 0,         // what was asked for
    expiry = 1,          // the lot had expired, and this entry posted it
    returned = 2,        // a hold had expired and gave its points back
    debt = 3,            // repaid what the account owed
    request_lapsed = 4,  // captured after the sliding life of the points had ended
};

// Points that went into (positive) or out of one lot, or one hold's part of it.
struct LotMovement {
    Instant expires_at;   // of the lot; instant_never, or expires_sliding
    Instant active_from;  // of the lot
    Points delta;
    std::uint32_t rule_version = 0;  // of the lot
    std::uint32_t hold = 0;          // 0: the lot itself; else this hold's part of it
    Restriction restriction{};
    LotOrigin origin{};
    MovementCause cause{};
    friend bool operator==(const LotMovement&, const LotMovement&) = default;
};

// What a limit had counted for this request.
struct CountedLimit {
    std::uint8_t kind = 0;  // a UseKind; account_day: points spent on the account's local day
    std::uint32_t id = 0;   // of the limit, campaign or coupon
    LocalDate period;       // its first day; 0: for ever
    Money money;
    Points points;
    std::int64_t count = 0;
    static constexpr std::uint8_t account_day = 255;
    friend bool operator==(const CountedLimit&, const CountedLimit&) = default;
};

// The outcome is what lookup answers; without an entry of its own (refused, not executed) the rest
// is empty.
struct Explanation {
    Outcome outcome;
    Lsn previous_entry;  // of the same account; 0: this is its first
    std::uint64_t reference = 0;
    LocalDate local_date;
    PartnerId partner{};
    PrincipalId principal{};
    std::uint16_t kind = 0;  // as in a statement
    std::uint16_t reason = 0;
    std::uint32_t policy_version = 0;  // of the program, that it was decided under
    std::uint32_t rule_version = 0;    // of its order's rule book; 0: it is about no order
    Sha256 terms_hash{};               // of that rule book
    Sha256 entry_hash{};               // of the entry's bytes in the journal
    std::vector<LotMovement> lots;     // in the order in which they were taken
    std::vector<CountedLimit> limits;
    friend bool operator==(const Explanation&, const Explanation&) = default;
};

}  // namespace suanpan
