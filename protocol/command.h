// Commands and outcomes: the plain values that travel between sessions, shards and the ledger.
//
// codec.h turns verified FlatBuffers into these and back. They are trivially copyable, so that they
// may cross the rings between threads by value.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/code.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace suanpan {

// Wire numbers of messages; never reused.
enum class CommandKind : std::uint16_t {
    challenge = 1,  // server to client only
    hello = 2,
    ping = 3,

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
    redeem = 26,
    reveal = 27,
    show = 28,
    verify = 29,

    balance = 30,
    statement = 31,
    lookup = 32,
    expiring = 33,
    quote = 34,
    order = 35,
    terms = 36,
    explain = 37,
    offers = 38,
    vouchers = 39,

    program_create = 40,
    program_update = 41,
    rules_put = 42,
    offers_put = 43,
    codes_import = 44,
    undo_verify = 47,
    recall = 48,

    clock_advance = 50,  // sandbox only
};

// Of a lot that ends when its account's sliding date does (ExpiryPolicy::sliding_days).
inline constexpr Instant expires_sliding{INT64_MAX - 1};

enum class LotOrigin : std::uint8_t { granted = 0, purchased = 1 };

// The set of order lines that points may pay for; 0: any. Restriction sets of a program are
// disjoint.
enum class Restriction : std::uint16_t {};
inline constexpr Restriction unrestricted{0};

struct Earn {
    Points amount;
    Instant active_from;  // 0: at once
    Instant expires_at;   // 0: by the program's policy
    Restriction restriction{};
    LotOrigin origin{};
};
struct Spend {
    Points amount;
    Points min_remaining;
    Restriction restriction{};
    bool up_to = false;
};
struct PlaceHold {
    Points amount;
    Points min_remaining;
    Duration duration;  // 0: the program's default
    Restriction restriction{};
    bool up_to = false;
};
struct CaptureHold {
    HoldId hold{};
    Points amount;
};
struct ReleaseHold {
    HoldId hold{};
};
struct Refund {
    Lsn original;
    Points amount;  // 0: all that is left
    std::uint16_t reason = 0;
    std::uint16_t grace_days = 0;
};
struct Revoke {
    Lsn original;
    Points amount;  // 0: all that is left
};
struct Adjust {
    Points delta;
    Instant expires_at;  // 0: by the program's policy
    std::uint16_t reason = 0;
};
struct Freeze {
    bool frozen = true;  // false: unfreeze
    std::uint16_t reason = 0;
};
struct SetLimit {
    Points spend_per_day_max;  // -1: none
};
struct MemberUpdate {
    std::uint64_t segments = 0;
    std::uint64_t source_version = 0;
    std::uint16_t level = 0;
    std::uint8_t birthday_month = 0;
    std::uint8_t birthday_day = 0;
};
struct ReadBalance {};
struct ReadStatement {
    Lsn before;  // 0: from the newest
    std::uint16_t lines_max = 0;
};
struct Lookup {};   // of head.request_id
struct Explain {};  // likewise
struct ReadExpiring {
    Duration within;
};

enum class ExpiryPolicy : std::uint8_t {
    never,
    after_days,
    after_months,
    after_years,
    on_date,
    sliding_days
};
enum class ExpiryRounding : std::uint8_t { none, month_end, quarter_end, half_year_end, year_end };
enum class RevokePolicy : std::uint8_t { reject, allow_debt, take_what_is_there };

// Text of bounded length inside a plain value; unused bytes are zero.
template <std::size_t N>
struct ShortText {
    std::array<char, N> bytes{};
    friend bool operator==(const ShortText&, const ShortText&) = default;
};

// One version of a program's policies. Journaled as it is (server/ledger/program.h has the layout).
struct ProgramSpec {
    ProgramId id{};
    std::uint32_t version = 0;
    ShortText<48> name;
    ShortText<8> currency;
    ShortText<40> time_zone;
    ExpiryPolicy expiry{};
    ExpiryRounding expiry_rounding{};
    RevokePolicy revoke{};
    bool merge_lots = true;
    std::uint32_t expiry_count = 0;
    LocalDate expiry_date;
    std::uint16_t hold_grace_days = 0;
    std::uint32_t refundable_days = 400;
    Duration hold_default = hours(24);
    Duration hold_max = hours(24);
    Points spend_per_day_max{-1};
};
struct PutProgram {
    ProgramSpec spec;
    bool create = true;  // false: the next version of an existing one
};
struct AdvanceClock {
    Duration by;
};

// The partner's own name of an order; not empty. Unique per partner and account.
using OrderId = ShortText<64>;
// The partner's name of a payment; not empty.
using PaymentId = ShortText<64>;
using Currency = ShortText<8>;

// protocol/order.h: what has no fixed size lies outside of the command.
struct CommandPayload;
struct OrderTerms;

struct AskQuote {
    const CommandPayload* payload = nullptr;
};
struct Settle {
    const CommandPayload* payload = nullptr;
    const OrderTerms* terms = nullptr;  // of the token, once its shard has verified it
    OrderId order;
};
struct ConfirmOrder {
    OrderId order;
    PaymentId payment;
    Money amount;
    Currency currency;
};
struct CancelOrder {
    OrderId order;
};
struct RefundOrder {
    const CommandPayload* payload = nullptr;  // the lines; without any, it goes by amount
    OrderId order;
    Money amount;  // 0: all that is left
    std::uint16_t reason = 0;
    std::uint16_t grace_days = 0;
};
struct ReadOrder {
    OrderId order;
};
struct PutRules {
    const CommandPayload* payload = nullptr;  // the text; the owner's shard reads the rest there
    std::uint32_t version = 0;
    Instant effective_from;
};
struct ReadTerms {
    std::uint32_t version = 0;  // 0: the one in force
};

// protocol/offer.h
struct RedeemTerms;

// A voucher's name: the ticket of its redemption, its unit of it, and whose shard keeps it. It
// opens nothing by itself, and means nothing to a client.
struct VoucherNumber {
    std::uint32_t offer = 0;
    std::uint32_t unit = 0;    // of the redemption, from 0
    std::uint64_t ticket = 0;  // from 1; 0: no voucher
    std::uint64_t home = 0;    // hash of the member who bought it (docs/decisions/0016)
    // By offer, then in the order of issue.
    friend std::strong_ordering operator<=>(const VoucherNumber& a, const VoucherNumber& b) {
        if (a.offer != b.offer) return a.offer <=> b.offer;
        if (a.ticket != b.ticket) return a.ticket <=> b.ticket;
        if (a.unit != b.unit) return a.unit <=> b.unit;
        return a.home <=> b.home;
    }
    friend bool operator==(const VoucherNumber&, const VoucherNumber&) = default;
};
static_assert(sizeof(VoucherNumber) == 24);

struct Redeem {
    std::uint32_t offer = 0;
    std::int64_t quantity = 0;
    std::uint64_t origin = 0;            // hash of an address or device; 0: not known
    Money cash;                          // that the member will pay in all; 0: points only
    OrderId order;                       // names the order that waits for it; empty without cash
    const RedeemTerms* terms = nullptr;  // of the offer, once the shard has looked at it
};
struct Reveal {
    VoucherNumber voucher;
    std::uint64_t origin = 0;
    const std::vector<std::byte>* next = nullptr;  // the voucher afterwards, once the shard knows
};

// What stands for a voucher: its home, and what the server's secret makes of the rest
// (server/cards/voucher_token.h). Whoever has it may do with the voucher what it is for.
inline constexpr std::size_t token_bytes = 48;
using TokenBytes = std::array<std::byte, token_bytes>;

// protocol/offer.h
struct VoucherNext;

// What commands on vouchers have in common. They belong to the voucher, and so do their request
// ids: its home executes them, whoever asks (docs/decisions/0017).
struct VoucherTask {
    VoucherNumber voucher;              // ticket 0: not known yet
    MemberId asker;                     // who asks; zero: a shop does
    std::uint64_t origin = 0;           // as of a redemption
    const VoucherNext* next = nullptr;  // the voucher afterwards, once the shard knows
};
struct Show {
    VoucherTask task;
    Duration life = seconds(60);
};
// The partner's own name of a verification; not empty.
using VerificationId = ShortText<64>;
struct Verify {
    const CommandPayload* payload = nullptr;  // the code in the clear, until it is hashed; or none
    VoucherTask task;
    // The token's bytes; or keyed hashes of the code, two words each: as it is, and folded, zero
    // where it is none. Once it is known who has the code: that of the voucher, and zero.
    std::array<std::uint64_t, token_bytes / 8> proof{};
    bool has_token = false;
    bool is_routed = false;  // the shard `route` has the voucher of that code
    std::uint16_t route = 0;
    VerificationId reference;
    std::uint32_t merchant = 0;
    std::uint32_t store = 0;
    std::int64_t units = 0;  // 0: one use; of an amount all that is left
};
struct UndoVerification {
    VoucherTask task;
    VerificationId reference;
};
// The whole file of a program's offers and velocity rules.
struct PutOffers {
    const CommandPayload* payload = nullptr;  // the text
    std::uint32_t version = 0;                // of the file: the one that there is, plus 1
};
// A piece of a file of codes: whole lines, in the clear.
struct ImportCodes {
    const CommandPayload* payload = nullptr;  // the text; wiped by whoever owns it
    std::uint32_t offer = 0;
    std::uint32_t batch = 0;
    std::uint64_t first_line = 1;  // of the file, that the piece begins with
};
// Takes a batch of codes back: it was leaked, or its supplier will not honour it.
struct RecallBatch {
    std::uint32_t offer = 0;
    std::uint32_t batch = 0;
    std::uint16_t reason = 0;
};
struct ReadOffers {
    std::uint32_t after = 0;     // the last one of the page before; 0: from the beginning
    std::uint16_t rows_max = 0;  // 0: as many as one answer may have
};
struct ReadVouchers {
    VoucherNumber after;         // likewise
    std::uint8_t state = 0;      // VoucherStateNumber; 0: any
    std::uint16_t rows_max = 0;  // likewise
};

// What every command has in common.
struct CommandHead {
    CommandKind kind{};
    PartnerId partner{};
    PrincipalId principal{};
    ProgramId program{};
    RequestId request_id;
    MemberId member;
    std::uint64_t body_hash = 0;  // keyed; covers partner, kind and all fields
};

using CommandBody =
    std::variant<Earn, Spend, PlaceHold, CaptureHold, ReleaseHold, Refund, Revoke, Adjust, Freeze,
                 SetLimit, MemberUpdate, ReadBalance, ReadStatement, Lookup, ReadExpiring,
                 PutProgram, AdvanceClock, AskQuote, Settle, ConfirmOrder, CancelOrder, RefundOrder,
                 ReadOrder, PutRules, ReadTerms, Explain, Redeem, Reveal, PutOffers, ImportCodes,
                 ReadOffers, ReadVouchers, Show, Verify, UndoVerification, RecallBatch>;

struct Command {
    CommandHead head;
    CommandBody body;
};
static_assert(std::is_trivially_copyable_v<Command>);

// True for kinds that change nothing and carry no request id of their own.
[[nodiscard]] constexpr bool is_read(CommandKind kind) {
    return kind == CommandKind::balance || kind == CommandKind::statement ||
           kind == CommandKind::lookup || kind == CommandKind::expiring ||
           kind == CommandKind::quote || kind == CommandKind::order || kind == CommandKind::terms ||
           kind == CommandKind::explain || kind == CommandKind::offers ||
           kind == CommandKind::vouchers;
}

// True for kinds that change a voucher wherever it lives, and whose request ids are the voucher's.
[[nodiscard]] constexpr bool is_of_a_voucher(CommandKind kind) {
    return kind == CommandKind::show || kind == CommandKind::verify ||
           kind == CommandKind::undo_verify;
}
// What such a command has in common with the others; null for others.
[[nodiscard]] constexpr const VoucherTask* voucher_task_of(const Command& command) {
    if (const auto* show = std::get_if<Show>(&command.body)) return &show->task;
    if (const auto* verify = std::get_if<Verify>(&command.body)) return &verify->task;
    if (const auto* undo = std::get_if<UndoVerification>(&command.body)) return &undo->task;
    return nullptr;
}
[[nodiscard]] constexpr VoucherTask* voucher_task_of(Command& command) {
    return const_cast<VoucherTask*>(voucher_task_of(std::as_const(command)));
}
// Whose request id it is: the voucher's; where no voucher is known, that of what was said to be its
// code, so that an answer to it depends on nothing else.
[[nodiscard]] constexpr VoucherNumber request_owner_of(const Command& command) {
    const VoucherTask* task = voucher_task_of(command);
    if (task == nullptr) return {};
    const auto* verify = std::get_if<Verify>(&command.body);
    if (task->voucher.ticket != 0 || verify == nullptr || verify->has_token) return task->voucher;
    return {.offer = 0, .unit = 0, .ticket = verify->proof[0], .home = verify->proof[1]};
}

// True for kinds whose request is a table with one event, not a batch.
[[nodiscard]] constexpr bool takes_one_event(CommandKind kind) {
    switch (kind) {
        case CommandKind::ping:
        case CommandKind::statement:
        case CommandKind::expiring:
        case CommandKind::settle:
        case CommandKind::confirm:
        case CommandKind::cancel:
        case CommandKind::refund_order:
        case CommandKind::quote:
        case CommandKind::order:
        case CommandKind::terms:
        case CommandKind::explain:
        case CommandKind::program_create:
        case CommandKind::program_update:
        case CommandKind::rules_put:
        case CommandKind::clock_advance:
        case CommandKind::redeem:
        case CommandKind::reveal:
        case CommandKind::show:
        case CommandKind::verify:
        case CommandKind::undo_verify:
        case CommandKind::offers:
        case CommandKind::vouchers:
        case CommandKind::offers_put:
        case CommandKind::codes_import:
        case CommandKind::recall:
            return true;
        default:
            return false;
    }
}

// An account's points as a client sees them: the effective form at the server's time of the answer.
struct Balances {
    Points available;  // active, unexpired, not held, less debt
    Points held;
    Points pending;  // not active yet
    Points debt;
    friend bool operator==(const Balances&, const Balances&) = default;
};

// The answer to one event. What a repeat gets is equal to the first, byte for byte.
struct Outcome {
    Code code = Code::ok;
    std::uint32_t retry_after_ms = 0;
    Lsn entry_id;
    Instant time;
    Balances balances;
    Points amount;
    std::int64_t detail = 0;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct StatementLine {
    Lsn entry_id;
    Instant time;
    RequestId request_id;
    Points amount;
    Balances balances;
    std::uint64_t reference = 0;
    LocalDate local_date;
    PartnerId partner{};
    PrincipalId principal{};
    std::uint16_t kind =
        0;  // a CommandKind, or an EntryKind of the server's own (docs/protocol.md)
    std::uint16_t reason = 0;
};
struct Statement {
    Outcome outcome;
    std::vector<StatementLine> lines;  // newest first
    Lsn next;                          // 0: that was all
};

struct ExpiringRow {
    Instant expires_at;
    Points points;
};
struct Expiring {
    Outcome outcome;
    std::vector<ExpiringRow> rows;  // soonest first
};

}  // namespace suanpan
