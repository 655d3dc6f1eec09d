// Effects: the changes that an entry makes, each on exactly one record.
//
// An effect says everything that applying it takes: no other record and none of today's rules are
// looked at. entry_format.h has their bytes.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/command.h"
#include "protocol/order.h"
#include "server/ledger/counter.h"
#include "server/ledger/hold.h"
#include "server/ledger/lot.h"

#include <cstdint>
#include <variant>

namespace suanpan::ledger {

// Why points moved into or out of a lot. Refunds and revokes go by those of cause `request`.
enum class Cause : std::uint8_t {
    request = 0,         // what the command asked for
    expiry = 1,          // due: the lot had expired
    returned = 2,        // due: a hold had expired and gave its points back
    debt = 3,            // repays what the account owed
    request_lapsed = 4,  // a capture of points whose sliding life has ended meanwhile
};

// Adds to a lot; makes it where it is absent, erases it at zero.
struct LotDelta {
    LotKey lot;
    Points delta;
    Cause cause{};
    friend bool operator==(const LotDelta&, const LotDelta&) = default;
};
// Opens a hold; its HoldSliceDelta effects follow.
struct HoldPut {
    HoldId hold{};
    LocalDate local_date;
    Instant expires_at;
    bool is_order = false;  // holds what an order waits with: its number is the hold's
    friend bool operator==(const HoldPut&, const HoldPut&) = default;
};
// Adds to (placing) or takes from (capture, release, expiry) one slice of a hold.
struct HoldSliceDelta {
    HoldId hold{};
    Cause cause{};
    LotKey lot;
    Points delta;
    friend bool operator==(const HoldSliceDelta&, const HoldSliceDelta&) = default;
};
// Ends a hold whose slices are gone.
struct HoldResolve {
    HoldId hold{};
    HoldEnd end{};
    Instant keep_until;
    friend bool operator==(const HoldResolve&, const HoldResolve&) = default;
};
struct DebtDelta {
    Points delta;  // positive: the account owes more
    friend bool operator==(const DebtDelta&, const DebtDelta&) = default;
};
struct TallyAdd {
    Lsn original;
    Points taken_back;
    Instant keep_until;
    friend bool operator==(const TallyAdd&, const TallyAdd&) = default;
};
struct AccountFrozen {
    bool frozen = false;
    friend bool operator==(const AccountFrozen&, const AccountFrozen&) = default;
};
struct AccountLimit {
    Points spend_per_day_max;  // -1: none
    friend bool operator==(const AccountLimit&, const AccountLimit&) = default;
};
// Adds to what was spent on a local date; another date starts from zero.
struct DaySpent {
    LocalDate date;
    Points delta;
    friend bool operator==(const DaySpent&, const DaySpent&) = default;
};
struct MemberSet {
    std::uint64_t segments = 0;
    std::uint64_t source_version = 0;
    std::uint16_t level = 0;
    std::uint8_t birthday_month = 0;
    std::uint8_t birthday_day = 0;
    friend bool operator==(const MemberSet&, const MemberSet&) = default;
};
// Moves the date at which the account's sliding lots end. `since` is when the running life of
// sliding points began: what was drained before it and comes back now has expired meanwhile.
struct SlidingMove {
    Instant expires_at;
    Instant since;
    friend bool operator==(const SlidingMove&, const SlidingMove&) = default;
};

// The other side of every posting, per program: where points come from and where they go.
// `issued` and `adjusted_up` are sources, the rest are sinks; all of them grow with use.
enum class HouseCounter : std::uint8_t {
    issued = 0,
    adjusted_up = 1,
    spent = 2,  // net of refunds
    expired = 3,
    revoked = 4,
    adjusted_down = 5,
};
inline constexpr std::size_t house_counter_count = 6;

struct HouseDelta {
    HouseCounter counter{};
    Points delta;
    friend bool operator==(const HouseDelta&, const HouseDelta&) = default;
};
// Installs Entry::spec.
struct ProgramPut {
    friend bool operator==(const ProgramPut&, const ProgramPut&) = default;
};

// Puts Entry::orders[place] in the place of the account's order of that number.
struct OrderPut {
    std::uint32_t place = 0;
    friend bool operator==(const OrderPut&, const OrderPut&) = default;
};
// Adds to what the account has used up of a limit per member; another period starts from zero.
struct UseAdd {
    UseKey key;
    LocalDate period;  // its first day; 0: for ever
    UseSum delta;
    friend bool operator==(const UseAdd&, const UseAdd&) = default;
};
// Installs Entry::rules.
struct RulesPut {
    friend bool operator==(const RulesPut&, const RulesPut&) = default;
};

// Adds to a counter that all members share (INV-11). In sum above zero: these units were taken from
// the counter's owner before (docs/decisions/0012), under `limit`. Else they come back, or what was
// set aside is issued.
struct CounterAdd {
    CounterKind kind{};
    std::uint32_t id = 0;  // of the entry's program
    CounterUnits delta;
    Instant times_out;       // of the units that are, or were, set aside
    std::int64_t limit = 0;  // in force when they were taken; 0 where none were

    [[nodiscard]] bool takes() const { return delta.given() > 0; }
    friend bool operator==(const CounterAdd&, const CounterAdd&) = default;
};

// Installs Entry::offers.
struct OffersPut {
    friend bool operator==(const OffersPut&, const OffersPut&) = default;
};

// The redemption's place in the line of its offer. All tickets up to `floor` were durable when the
// owner of the stock granted this one (docs/decisions/0016).
struct TicketTaken {
    std::uint32_t offer = 0;
    std::uint64_t ticket = 0;  // from 1
    std::uint64_t floor = 0;   // < ticket
    friend bool operator==(const TicketTaken&, const TicketTaken&) = default;
};

// Puts Entry::vouchers[place] in the place of the account's voucher of that number.
struct VoucherPut {
    std::uint32_t place = 0;
    friend bool operator==(const VoucherPut&, const VoucherPut&) = default;
};

// Imports Entry::codes.
struct CodesPut {
    friend bool operator==(const CodesPut&, const CodesPut&) = default;
};

// The units that a redemption had set aside under this ticket are issued, or come back; the
// CounterAdd beside it counts them (docs/decisions/0018).
struct ReservationEnded {
    std::uint32_t offer = 0;
    std::uint64_t ticket = 0;
    std::int64_t units = 0;
    bool is_issued = false;
    friend bool operator==(const ReservationEnded&, const ReservationEnded&) = default;
};

// A batch of codes is void from here on: what was free of it leaves the stock, its vouchers and
// what is set aside of it count for nothing once every shard knows (docs/decisions/0021). The
// counts are its owner's, who had closed the offer: what was being paid or given back then was set
// aside.
struct BatchRecalled {
    std::uint32_t offer = 0;
    std::uint32_t batch = 0;
    std::uint64_t voided = 0;  // they were free
    std::uint64_t set_aside = 0;
    std::uint64_t issued = 0;
    friend bool operator==(const BatchRecalled&, const BatchRecalled&) = default;
};

// The alternative's place is its tag on disk, less one; never reordered.
using Effect =
    std::variant<LotDelta, HoldPut, HoldSliceDelta, HoldResolve, DebtDelta, TallyAdd, AccountFrozen,
                 AccountLimit, DaySpent, MemberSet, SlidingMove, HouseDelta, ProgramPut, OrderPut,
                 UseAdd, RulesPut, CounterAdd, OffersPut, TicketTaken, VoucherPut, CodesPut,
                 ReservationEnded, BatchRecalled>;

}  // namespace suanpan::ledger
