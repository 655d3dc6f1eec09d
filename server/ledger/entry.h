// Entry: what one accepted request did.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/code.h"
#include "protocol/command.h"
#include "server/ledger/effect.h"
#include "server/ledger/held_codes.h"
#include "server/ledger/held_voucher.h"
#include "server/ledger/order.h"
#include "server/ledger/rule_text.h"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

namespace suanpan::ledger {

// Client commands keep their wire number (CommandKind); the server's own entries start at 100.
// The meaning of a (kind, version) never changes.
enum class EntryKind : std::uint16_t {
    none = 0,
    earn = 10,
    spend = 11,
    hold = 12,
    capture = 13,
    release = 14,
    refund = 15,
    revoke = 16,
    adjust = 17,
    freeze = 18,
    unfreeze = 19,
    set_limit = 20,
    member_update = 21,
    settle = 22,
    confirm = 23,
    cancel = 24,
    refund_order = 25,
    redeem = 26,  // reference: offer, and above 32 bits its version; detail: the ticket
    reveal = 27,  // reference: offer
    show = 28,    // likewise; detail: until when, in nanoseconds
    verify = 29,  // likewise; detail: units
    program_create = 40,
    program_update = 41,
    rules_put = 42,
    offers_put = 43,     // detail: version of the file
    codes_import = 44,   // reference: offer, and above 32 bits the batch; detail: lines refused
    undo_verify = 47,    // reference: offer; detail: units
    recall = 48,         // reference: offer, and above 32 bits the batch; amount: codes
                         // that were free; detail: codes with members
    clock_advance = 50,  // amount: nanoseconds

    start = 100,           // the process began; reference: incarnation, detail: the shell's own
    refusals = 101,        // a block of refused requests of one shard and commit
    expire = 102,          // due items that no request came to post
    clock_decision = 103,  // an operator accepted the clock
    // Carries the spec, installs nothing. Reserved: a program that was asked for is rolled forward
    // after a crash, so that its own entry (40, 41) is all the preparing there is.
    program_prepared = 104,
    program_active = 105,  // carries the spec, installs it
    rules_active = 106,    // reference: LSN of the rules_put that every shard has now
    offers_active = 107,   // likewise of an offers_put
    recall_active = 108,   // likewise of a recall
};
inline constexpr std::uint16_t entry_kind_version = 1;

[[nodiscard]] constexpr EntryKind entry_kind_of(CommandKind kind) {
    return static_cast<EntryKind>(kind);
}
// True for entries that a client's request made, whose request id the log remembers.
[[nodiscard]] constexpr bool is_client_kind(EntryKind kind) {
    return kind != EntryKind::none && static_cast<std::uint16_t>(kind) < 100;
}

// Place of an account in its ledger's table; stable as long as the ledger lives.
enum class AccountRef : std::uint32_t {};
inline constexpr AccountRef no_account{UINT32_MAX};

// One refused request inside a block (P2: a late retry gets the same refusal). 48 bytes on disk.
struct RefusalRecord {
    Hash128 digest;  // request_digest() of (partner, member, request id)
    std::uint64_t body_hash = 0;
    std::int64_t request_ms = 0;  // of the request id, 48 bits
    Code code{};
    std::int64_t detail = 0;
    std::uint64_t member_hash = 0;  // protocol/base/hash.h: which shard remembers it
    friend bool operator==(const RefusalRecord&, const RefusalRecord&) = default;
};

using EffectList = boost::container::small_vector<Effect, 6>;

// One entry in memory. The shard reuses one object for all its entries, so that the common ones
// allocate nothing. `lsn` is 0 until the batch that it belongs to has reserved its numbers.
struct Entry {
    EntryKind kind{};
    std::uint16_t kind_version = entry_kind_version;
    std::uint16_t reason = 0;
    LocalDate local_date;  // that it is counted under, in the program's time zone
    Lsn lsn;
    Lsn prev_lsn;  // the entry before of the same account; 0: none
    Instant time;
    RequestId request_id;
    MemberId member;
    std::uint64_t body_hash = 0;
    PartnerId partner{};
    PrincipalId principal{};
    ProgramId program{};
    std::uint32_t config_version = 0;  // of the program's policies it was decided under
    std::uint32_t ordinal = 0;         // count of entries of the account, this one included
    Balances balances;                 // after it, in the effective form at `time`
    Points amount;                     // that the request moved; adjust: signed
    std::int64_t detail = 0;
    std::uint64_t reference = 0;  // LSN of the original, or number of the hold, or as its kind says
    EffectList effects;
    std::optional<ProgramSpec> spec;      // of ProgramPut
    std::vector<OrderPtr> orders;         // of OrderPut
    RuleTextPtr rules;                    // of RulesPut
    RuleTextPtr offers;                   // of OffersPut
    std::vector<VoucherPtr> vouchers;     // of VoucherPut
    CodesPtr codes;                       // of CodesPut
    std::vector<RefusalRecord> refusals;  // of kind `refusals`

    // Not on disk: where decide() found the account, so that apply() need not look again.
    AccountRef account_hint = no_account;
    // Not on disk: it has a CounterAdd, so that a shard need not look for one in every entry.
    bool has_counters = false;

    // Back to a fresh entry; keeps what it has allocated.
    void reset();
    template <typename T>
    void add(const T& effect) {
        effects.emplace_back(effect);
        if constexpr (std::is_same_v<T, CounterAdd>) has_counters = true;
    }
    // Puts an order, or a voucher, as this entry leaves it.
    void put(Order&& order);
    void put(HeldVoucher&& voucher);
};

// Σ of an entry's signed postings; zero for every sound entry (INV-1).
[[nodiscard]] Points sum_of_postings(const Entry& entry);

// The answer that the entry's request got, from the entry alone (P2).
[[nodiscard]] Outcome outcome_of(const Entry& entry);
// The same for a refusal inside a block: exactly code, time, entry id and detail.
[[nodiscard]] Outcome outcome_of_refusal(Lsn block_lsn, Instant block_time,
                                         const RefusalRecord& refusal);
// The line that a statement shows of an entry; `amount` is negative where the account lost points.
[[nodiscard]] StatementLine statement_line_of(const Entry& entry);

}  // namespace suanpan::ledger
