// Offers, cards, vouchers (卡券): the plain values of offers_put, offers, redeem, vouchers,
// codes_import, recall, reveal, show, verify and undo_verify.
#pragma once

#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/clear_code.h"
#include "protocol/command.h"
#include "protocol/order.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace suanpan {

// What a redemption takes and under which limits, as its offer's version says; what the shard gives
// to the ledger with a Redeem. Not on the wire.
struct RedeemTerms {
    std::uint32_t offer = 0;
    std::uint32_t version = 0;
    std::int64_t quantity = 0;
    Points points;                  // of all units
    std::int64_t stock = 0;         // of the offer; its owner has the last word
    std::size_t voucher_bytes = 0;  // of one voucher in the entry, at most
    Money cash;                     // of all units; above 0: they are set aside until it is there
    // Where cash is due; what the order that waits for it keeps.
    Currency currency;
    Duration pay_within{0};
    LatePayment late_payment{};
    std::int64_t per_day_max = -1;  // units of the member; -1: no limit
    std::int64_t ever_max = -1;
    std::vector<std::byte> pinned;  // what its vouchers are made of (docs/decisions/0018)
};

// A voucher after a command on it, as the shard gives it to the ledger. Not on the wire.
struct VoucherNext {
    std::vector<std::byte> bytes;  // as the ledger holds it
    std::int64_t detail = 0;       // of the outcome
};

// The state of a voucher, as cards/voucher.h has it.
enum class VoucherStateNumber : std::uint8_t {
    any = 0,
    issued = 1,
    gift_pending = 2,
    verified = 3,
    expired = 4,
    refunded = 5,
    voided = 6,
};

// ---- answers

// One unit that a redemption issued. `code` is empty where the offer has none.
struct RedeemedVoucher {
    VoucherNumber number;
    Instant expires_at;
    ClearCode code;
    friend bool operator==(const RedeemedVoucher&, const RedeemedVoucher&) = default;
};
// The answer to redeem. Where it was refused it has nothing but the outcome. What a repeat gets is
// equal to the first, codes included.
struct RedeemAnswer {
    Outcome outcome;  // amount: points that were taken; detail: the ticket
    std::uint32_t offer = 0;
    std::uint64_t ticket = 0;  // its place in the offer's line, from 1
    // Cash that is due; above 0: there are no vouchers yet, the units are set aside and the points
    // held until `held_until`. Confirm or cancel the order that the request named.
    Money cash;
    Currency currency;
    Instant held_until;
    std::vector<RedeemedVoucher> vouchers;
    friend bool operator==(const RedeemAnswer&, const RedeemAnswer&) = default;
};

// The answer to reveal.
struct RevealAnswer {
    Outcome outcome;
    VoucherNumber number;
    ClearCode code;
    friend bool operator==(const RevealAnswer&, const RevealAnswer&) = default;
};

// The answer to show.
struct ShowAnswer {
    Outcome outcome;  // detail: `until`
    VoucherNumber number;
    TokenBytes token{};
    Instant until;  // exclusive
    friend bool operator==(const ShowAnswer&, const ShowAnswer&) = default;
};
// The answer to verify and undo_verify: the voucher after it, and what of it was used or given
// back.
struct VerifyAnswer {
    Outcome outcome;  // detail: `units`
    VoucherNumber number;
    std::int64_t units = 0;
    std::int64_t left = 0;
    VoucherStateNumber state{};
    bool is_amount = false;  // `units` and `left` are money, else uses
    friend bool operator==(const VerifyAnswer&, const VerifyAnswer&) = default;
};

// An offer that the member could take now.
struct OfferRow {
    std::uint32_t offer = 0;
    std::uint32_t version = 0;
    std::uint8_t kind = 0;  // StockKind: 1 counted, 2 code-backed, 3 loop code
    std::string name;
    Points points;                // of a unit
    Instant ends;                 // exclusive; instant_never: open end
    std::int64_t stock_left = 0;  // may be 100 ms old
    std::int64_t units_max = 0;   // that the member could take at once, points included
    Money cash;                   // of a unit
    Money cash_now;     // that one unit would cost this member now, missing points included
    Currency currency;  // of both; empty where no cash is due
    friend bool operator==(const OfferRow&, const OfferRow&) = default;
};
struct OffersAnswer {
    Outcome outcome;             // balances: the member's
    std::vector<OfferRow> rows;  // by offer
    std::uint32_t next = 0;      // `after` of the next page; 0: that was all
    friend bool operator==(const OffersAnswer&, const OffersAnswer&) = default;
};

struct VoucherRow {
    VoucherNumber number;
    VoucherStateNumber state{};
    bool has_code = false;
    bool revealed = false;   // somebody has seen its code
    bool is_amount = false;  // `whole` and `left` are money, else uses
    std::int64_t whole = 0;
    std::int64_t left = 0;
    Instant issued_at;
    Instant expires_at;  // exclusive; instant_never: none
    std::uint32_t merchant = 0;
    friend bool operator==(const VoucherRow&, const VoucherRow&) = default;
};
struct VouchersAnswer {
    Outcome outcome;
    std::vector<VoucherRow> rows;  // by number
    VoucherNumber next;            // `after` of the next page; all zero: that was all
    friend bool operator==(const VouchersAnswer&, const VouchersAnswer&) = default;
};

// The answer to offers_put: what is wrong with the file, a line each. The same shape as that of
// rules_put (RulesAnswer).

// A line of an import that was refused; never what stands in it.
struct RefusedCodeLine {
    std::uint64_t line = 0;  // counted through the file
    std::uint8_t fault =
        0;  // LineFault of server/cards/code_file.h; docs/protocol.md has the table
    friend bool operator==(const RefusedCodeLine&, const RefusedCodeLine&) = default;
};
// The answer to one chunk of codes_import. amount of the outcome: codes that were taken.
struct CodesAnswer {
    Outcome outcome;
    std::uint64_t lines = 0;  // of the chunk; the next one begins at first_line + lines
    std::uint64_t taken = 0;
    std::uint64_t refused = 0;
    std::vector<RefusedCodeLine> refused_lines;  // the first code_refusals_max of them
    friend bool operator==(const CodesAnswer&, const CodesAnswer&) = default;
};

// The answer to recall: where the codes of the batch were. amount of the outcome: `voided`.
struct RecallAnswer {
    Outcome outcome;
    std::uint64_t voided = 0;     // they were free, and are no more
    std::uint64_t set_aside = 0;  // waiting for their cash, which will not buy them
    std::uint64_t issued = 0;     // with members, whose vouchers are void where they were not used
    friend bool operator==(const RecallAnswer&, const RecallAnswer&) = default;
};

}  // namespace suanpan
