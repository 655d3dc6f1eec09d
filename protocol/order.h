// Orders (抵扣): the plain values of quote, settle, confirm, cancel and refund_order.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/command.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace suanpan {

// Where an order stands. It ends as confirmed, cancelled or refunded (in full).
enum class OrderState : std::uint8_t {
    waiting = 1,  // for its cash; the points are held
    confirmed = 2,
    cancelled = 3,  // by the partner, or by its time-out
    refunded = 4,
};

// How it came to where it stands.
enum class OrderStep : std::uint8_t {
    settled = 1,      // waiting for cash
    points_only = 2,  // nothing else was due
    paid = 3,
    paid_late = 4,  // after its end, and the points could be taken again
    cancelled = 5,
    timed_out = 6,
    payment_to_return = 7,  // paid after its end; the partner must give the cash back
    refunded = 8,           // in part or in full
};

// What becomes of a payment that comes after an order's time-out or cancellation.
enum class LatePayment : std::uint8_t { auto_refund = 0, reacquire = 1 };

// One line as it was quoted. INV-8: 0 <= value <= payable <= list.
struct QuotedLine {
    Money list;
    Money payable;  // after all prices, reductions and coupons
    Points points;
    Money value;  // of the points
    friend bool operator==(const QuotedLine&, const QuotedLine&) = default;
};

// What an order counts for. Most are limits per member, whose counters lie in the account; two are
// counted across all members, each by the shard that owns the counter (docs/decisions/0012).
enum class UseKind : std::uint8_t {
    limit_day = 0,
    limit_month = 1,
    campaign_budget = 2,  // of all members
    campaign = 3,
    coupon_total = 4,  // of all members
    coupon = 5,
    offer_day = 6,  // units of an offer; of redemptions, never of a quote
    offer = 7,
};
[[nodiscard]] constexpr bool is_shared(UseKind kind) {
    return kind == UseKind::campaign_budget || kind == UseKind::coupon_total;
}
struct UseKey {
    UseKind kind{};
    std::array<std::uint8_t, 3> zero{};
    std::uint32_t id = 0;  // of the limit, campaign or coupon
    friend auto operator<=>(const UseKey&, const UseKey&) = default;
};
static_assert(sizeof(UseKey) == 8);

struct UseSum {
    Money money;
    Points points;
    std::int64_t count = 0;
    friend bool operator==(const UseSum&, const UseSum&) = default;
};

// What an order uses up of a limit, and how much may be used in all (INV-10); -1: no
// such limit.
struct QuotedUse {
    UseKey key;
    UseSum amount;
    UseSum most{.money = {-1}, .points = {-1}, .count = -1};
    friend bool operator==(const QuotedUse&, const QuotedUse&) = default;
};

// Points of one restriction that the order's lines take at most.
struct RestrictedMost {
    Restriction restriction{};
    Points most;
    friend bool operator==(const RestrictedMost&, const RestrictedMost&) = default;
};

// What a quote promises and an order keeps for its whole life: rule version, lines, amounts. It is
// what a quote token carries; a settlement takes exactly these numbers and never prices again.
struct OrderTerms {
    std::uint64_t quote = 0;  // its number; two settlements of one quote are one order
    PartnerId partner{};
    ProgramId program{};
    MemberId member;
    std::uint32_t rule_version = 0;
    LatePayment late_payment{};
    std::uint16_t grace_days = 0;  // for points whose lot has expired when they come back
    std::uint32_t refundable_days = 0;
    ShortText<8> currency;
    Sha256 terms_hash{};
    Instant valid_until;
    Duration time_out;  // for the cash
    Money list;
    Money payable;
    Money value;
    Points points;
    std::vector<QuotedLine> lines;
    std::vector<QuotedUse> uses;
    std::vector<RestrictedMost> restricted;  // rising; what is not named may not be taken

    [[nodiscard]] Money cash() const { return payable - value; }
    // INV-8 for each line and for their sums, and every amount in its range.
    [[nodiscard]] bool is_sound() const;
    friend bool operator==(const OrderTerms&, const OrderTerms&) = default;
};

// What is given back of one line.
struct LineRefund {
    std::uint32_t line = 0;  // its place in the quote, from 0
    Money amount;            // of its payable
    friend bool operator==(const LineRefund&, const LineRefund&) = default;
};

// What quote_no_longer_covered names: its detail.
enum class UncoveredLimit : std::uint8_t {
    points = 1,       // too few, or not the ones that the lines take
    account = 2,      // frozen
    account_day = 3,  // the account's or the program's limit on spending per day
    limit_day = 4,    // of a member, per day
    limit_month = 5,
    campaign = 6,         // of a member
    coupon = 7,           // of a member
    lots = 8,             // the points lie in more lots than the order may take
    campaign_budget = 9,  // of all members
    coupon_total = 10,    // of all members
    offer = 11,  // of a redemption's late payment only: its offer's stock, or the member's limit
};

// What a quote is asked for: the order as the partner has it.
struct AskedLine {
    std::uint64_t product = 0;
    Money unit_price;  // before everything
    std::int64_t quantity = 0;
    std::uint32_t category = 0;
    friend bool operator==(const AskedLine&, const AskedLine&) = default;
};
struct AskedOrder {
    std::uint32_t merchant = 0;
    std::uint32_t channel = 0;
    Points wanted{-1};  // -1: as many as bring something
    Currency currency;  // empty: the program's
    std::vector<AskedLine> lines;
    std::vector<std::uint32_t> coupons;  // in the order of use
    friend bool operator==(const AskedOrder&, const AskedOrder&) = default;
};

// What a command carries beside its fixed fields, where that has no fixed size.
//
// Immutable. Owned by the session that decoded it (a client: by the caller) until the command is
// answered; commands only point to it (docs/decisions/0011).
struct CommandPayload {
    AskedOrder order;                 // of quote
    std::vector<std::byte> token;     // of settle
    std::vector<LineRefund> refunds;  // of refund_order
    std::vector<std::byte> text;      // of rules_put, offers_put, codes_import

    // Of memory that it keeps, about.
    [[nodiscard]] std::size_t bytes() const {
        return sizeof *this + order.lines.size() * sizeof(AskedLine) +
               order.coupons.size() * sizeof(std::uint32_t) + token.size() +
               refunds.size() * sizeof(LineRefund) + text.size();
    }
};

// ---- answers with more than an outcome

struct QuotedLimit {
    std::uint8_t kind = 0;  // LimitKind of server/rules; docs/checkout.md has the table
    bool bound = false;
    std::uint32_t id = 0;
    std::int64_t value = 0;
    friend bool operator==(const QuotedLimit&, const QuotedLimit&) = default;
};

struct QuoteAnswer {
    Outcome outcome;  // amount: points
    std::uint32_t rule_version = 0;
    std::uint32_t campaign = 0;
    Instant valid_until;
    Money list;
    Money discounts;
    Money coupons;
    Money payable;
    Money eligible;
    Money value;
    Money cash;
    Points points;
    Points points_missing;
    Money gap;
    std::vector<QuotedLine> lines;
    std::vector<QuotedLimit> limits;
    std::vector<std::byte> token;
    friend bool operator==(const QuoteAnswer&, const QuoteAnswer&) = default;
};

struct OrderedLine {
    QuotedLine quoted;
    Money refunded;
    friend bool operator==(const OrderedLine&, const OrderedLine&) = default;
};

struct OrderAnswer {
    Outcome outcome;
    OrderState state{};
    OrderStep step{};
    std::uint32_t rule_version = 0;
    Sha256 terms_hash{};
    Currency currency;
    Money list;
    Money payable;
    Money value;
    Money cash;
    Points points;
    Instant settled_at;
    Instant times_out;
    Instant refundable_until;
    PaymentId payment;
    Money paid;
    Money refunded;
    Points refunded_points;
    Money refunded_cash;
    // Of a redemption: what it buys, and its place in the offer's line; else 0.
    std::uint32_t offer = 0;
    std::uint64_t ticket = 0;
    std::int64_t quantity = 0;
    std::vector<OrderedLine> lines;
    friend bool operator==(const OrderAnswer&, const OrderAnswer&) = default;
};

struct TermsAnswer {
    Outcome outcome;
    std::uint32_t version = 0;
    Instant effective_from;
    Sha256 hash{};
    std::string text;
    friend bool operator==(const TermsAnswer&, const TermsAnswer&) = default;
};

struct RulesAnswer {
    Outcome outcome;
    std::string message;
    friend bool operator==(const RulesAnswer&, const RulesAnswer&) = default;
};

}  // namespace suanpan
