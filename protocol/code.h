// Every way a request can end. The numbers are wire format: grouped, stable, never reused.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

namespace suanpan {

// A request that is wrong in several ways gets the code that stands first here: checks run in
// this order of groups, and within a group in the order of declaration (docs/protocol.md, "Codes").
// Two exceptions, both so that a retry is never told something new: a repeat of a finished request
// id gets the first result before any 3xx or 4xx is considered, and limits on load (4xx) may be
// answered before the ledger is asked at all.
enum class Code : std::uint16_t {
    ok = 0,

    // 1xx: unreadable bytes; the session closes after this reply. Nothing was done.
    frame_too_large = 100,
    frame_damaged = 101,          // the header's checksum does not match
    version_unsupported = 102,    // of the frame
    message_malformed = 103,      // not a valid FlatBuffer of this kind
    hello_required = 104,         // anything but ping before hello
    hello_repeated = 105,         // a session says hello once
    authentication_failed = 106,  // unknown partner, wrong key, or a hello recorded elsewhere
    hello_timeout = 107,          // connected, and said nothing complete in time

    // 2xx: a wrong request; the same bytes will always fail. Nothing was done.
    amount_not_positive = 200,
    unknown_kind = 201,
    kind_not_allowed = 202,     // for this partner
    program_not_allowed = 203,  // for this partner
    batch_empty = 204,
    batch_too_large = 205,
    member_missing = 206,      // the zero id is no member
    request_id_missing = 207,  // the zero id is no request id
    request_from_future = 208,
    request_too_old = 209,  // older than the floor; says nothing about a first attempt: lookup
    amount_out_of_range = 210,
    field_out_of_range = 211,  // detail: the field's number in the event struct, from 0
    sandbox_only = 212,
    request_id_reused = 213,    // the same id came with another body
    quote_not_authentic = 214,  // the token was altered, or made for somebody else
    too_many_lines = 215,       // detail: lines an order may have
    rules_invalid = 216,        // the reply's message says where and why

    // Of offers, cards and vouchers (docs/cards.md).
    offer_invalid = 230,          // the message says where and why
    quantity_out_of_range = 231,  // detail: what one order may take

    // 3xx: a sound request that the ledger refuses today. It consumes its request id.
    hold_not_found = 300,
    hold_expired = 301,
    capture_exceeds_hold = 302,
    hold_resolved = 303,  // captured, released or expired before, in another way
    hold_too_long = 304,  // longer than the program lets a hold live
    program_not_found = 305,
    program_exists = 306,
    version_not_next = 307,  // detail: the version that the program has
    program_invalid = 308,   // detail: the field's number in ProgramSpec, from 0
    account_frozen = 309,
    original_not_found = 310,       // no such entry of this account and partner
    original_wrong_kind = 311,      // a refund of what was never spent, a revoke of no earning
    refund_exceeds_original = 312,  // detail: points that are still refundable
    revoke_exceeds_earning = 313,   // detail: points that are still revocable
    revoke_not_covered = 314,       // policy `reject`; detail: points missing
    insufficient_points = 315,      // detail: points missing
    below_min_remaining = 316,      // detail: points missing
    daily_limit_exceeded = 317,     // detail: points that may still be spent today
    stale_version = 318,            // detail: the source_version that the account has
    balance_out_of_range = 319,     // the account would leave the range of amounts
    too_many_holds = 320,           // detail: open holds an account may have
    too_many_lots = 321,            // detail: lots one request may drain
    order_not_found = 322,
    order_exists = 323,             // detail: the order's state
    order_resolved = 324,           // detail: the order's state
    order_not_confirmed = 325,      // detail: the order's state
    payment_differs = 326,          // detail: the cash that is due
    refund_exceeds_order = 327,     // detail: money that is still refundable
    refund_by_amount_only = 328,    // lines can no longer be named
    quote_expired = 329,            // detail: when, in nanoseconds
    quote_no_longer_covered = 330,  // detail: the limit, by UncoveredLimit
    rules_not_found = 331,
    rules_adverse = 332,       // detail: the earliest instant it may take effect
    rules_out_of_order = 333,  // detail: the earliest instant it may take effect
    currency_differs = 334,
    too_many_orders = 335,       // detail: orders an account may have
    order_not_priceable = 336,   // detail: 1000 x the reason + the place of the line or coupon
    budget_below_granted = 337,  // detail: what has been granted

    // Of offers, cards and vouchers (docs/cards.md).
    offer_not_found = 350,
    offer_stopped = 351,
    offer_not_open = 352,        // detail: when it opens
    offer_over = 353,            // detail: since when
    offer_not_for_member = 354,  // level or segments
    offer_limit_exceeded = 355,  // detail: units that the member may still take
    sold_out = 356,
    too_many_reservations = 357,  // detail: open reservations that are allowed
    risk_refused = 358,           // detail: the rule's number
    stock_differs = 359,          // detail: the stock that there is
    stock_taken = 360,            // detail: units set aside or issued
    voucher_not_found = 361,      // or another member's
    voucher_expired = 362,        // detail: when
    voucher_resolved = 363,       // detail: the voucher's state
    voucher_in_gift = 364,        // detail: until when
    voucher_partly_used = 365,    // detail: what is left
    voucher_given_away = 366,
    voucher_exceeded = 367,  // detail: what is left
    voucher_not_here = 368,  // another merchant or store
    token_not_valid = 369,
    token_expired = 370,       // detail: when
    token_required = 371,      // an earlier owner knows the code
    gift_limit_reached = 372,  // detail: times it may be given
    verification_not_found = 373,
    verification_undone = 374,
    undo_too_late = 375,       // detail: since when
    undo_limit_reached = 376,  // detail: times
    verification_differs = 377,
    batch_not_found = 378,
    batch_exists = 379,
    batch_recalled = 380,

    // 4xx: not now; nothing was done, and the request id is free: send it again under the same id.
    busy = 400,          // retry_after_ms says when
    storage_full = 401,  // heals by itself when there is room again
    clock_unsafe = 402,  // until an operator decides
    shutting_down = 403,
    rate_limited = 404,  // the partner's own limit; retry_after_ms says when
    too_many_connections = 405,
    too_many_in_flight = 406,  // on this connection
    unavailable = 407,         // the journal could not be read; the operator's log says why
    all_set_aside = 420,       // detail: the earliest instant that some of it may come back

    // 5xx: answers of a read
    not_executed = 500,  // lookup: never ran and, its id being below the floor, never will
    unknown_yet = 501,   // lookup: not seen, but its id could still run
    refused = 502,       // lookup: it was refused; detail: the code
    history_ends = 503,  // the chain goes on in segments that a retention has removed
};

template <typename T>
using Result = std::expected<T, Code>;

[[nodiscard]] inline std::unexpected<Code> refuse(Code code) {
    return std::unexpected(code);
}

// One row of the table of codes: what the command line tool and the metrics print.
struct CodeText {
    Code code;
    std::string_view name;      // as declared above
    std::string_view sentence;  // what happened and what to do, for a person
};

// All codes, in order of declaration.
[[nodiscard]] std::span<const CodeText> all_codes();
// The row of `code`; a row named "unknown_code" for a number that is none.
[[nodiscard]] const CodeText& text_of(Code code);

// True where the request was certainly not executed and its id stays free.
[[nodiscard]] constexpr bool leaves_no_trace(Code code) {
    const auto number = static_cast<std::uint16_t>(code);
    return (number >= 100 && number < 300) || (number >= 400 && number < 500);
}
// True where the answer rests on the ledger's state, consumes the id and is journaled.
[[nodiscard]] constexpr bool is_state_refusal(Code code) {
    const auto number = static_cast<std::uint16_t>(code);
    return number >= 300 && number < 400;
}

}  // namespace suanpan
