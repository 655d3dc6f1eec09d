// What decode_request promises of an event that it calls sound.
#pragma once

#include "protocol/base/assert.h"
#include "protocol/command.h"
#include "protocol/limits.h"
#include "protocol/offer.h"
#include "protocol/order.h"

namespace suanpan::fuzz {

// Every amount, instant and number of the command lies within the bounds that the ledger relies on.
struct SoundBody {
    static void amount(Points points) {
        SUANPAN_ASSERT(points.value > 0);
        SUANPAN_ASSERT(points.value <= amount_points_max);
    }
    static void amount_or_zero(Points points) {
        SUANPAN_ASSERT(points.value >= 0);
        SUANPAN_ASSERT(points.value <= amount_points_max);
    }
    static void money(Money money) { amount_or_zero(Points{money.value}); }
    static void instant(Instant at) {
        SUANPAN_ASSERT(at >= Instant{});
        SUANPAN_ASSERT(at <= instant_max);
    }
    static void duration(Duration time) { instant(Instant{time.ns}); }

    void operator()(const Earn& c) const {
        amount(c.amount);
        instant(c.active_from);
        instant(c.expires_at);
        SUANPAN_ASSERT(c.origin <= LotOrigin::purchased);
    }
    void operator()(const Spend& c) const {
        amount(c.amount);
        amount_or_zero(c.min_remaining);
    }
    void operator()(const PlaceHold& c) const {
        amount(c.amount);
        amount_or_zero(c.min_remaining);
        duration(c.duration);
    }
    void operator()(const CaptureHold& c) const {
        amount(c.amount);
        SUANPAN_ASSERT(c.hold != HoldId{});
    }
    void operator()(const ReleaseHold& c) const { SUANPAN_ASSERT(c.hold != HoldId{}); }
    void operator()(const Refund& c) const {
        amount_or_zero(c.amount);
        SUANPAN_ASSERT(c.original.value != 0);
    }
    void operator()(const Revoke& c) const {
        amount_or_zero(c.amount);
        SUANPAN_ASSERT(c.original.value != 0);
    }
    void operator()(const Adjust& c) const {
        SUANPAN_ASSERT(c.delta.value != 0);
        SUANPAN_ASSERT(c.delta.value >= -amount_points_max);
        SUANPAN_ASSERT(c.delta.value <= amount_points_max);
        instant(c.expires_at);
    }
    void operator()(const Freeze&) const {}
    void operator()(const SetLimit& c) const {
        SUANPAN_ASSERT(c.spend_per_day_max.value >= -1);
        SUANPAN_ASSERT(c.spend_per_day_max.value <= amount_points_max);
    }
    void operator()(const MemberUpdate& c) const {
        SUANPAN_ASSERT(c.birthday_month <= 12);
        SUANPAN_ASSERT(c.birthday_day <= 31);
        SUANPAN_ASSERT((c.birthday_month == 0) == (c.birthday_day == 0));
    }
    void operator()(const ReadBalance&) const {}
    void operator()(const ReadStatement& c) const {
        SUANPAN_ASSERT(c.lines_max > 0);
        SUANPAN_ASSERT(c.lines_max <= limits::statement_lines_max);
    }
    void operator()(const Lookup&) const {}
    void operator()(const ReadExpiring& c) const { duration(c.within); }
    void operator()(const PutProgram& c) const {
        SUANPAN_ASSERT(c.spec.id != ProgramId{});
        SUANPAN_ASSERT(c.spec.version != 0);
        SUANPAN_ASSERT(c.spec.expiry <= ExpiryPolicy::sliding_days);
        SUANPAN_ASSERT(c.spec.expiry_rounding <= ExpiryRounding::year_end);
        SUANPAN_ASSERT(c.spec.revoke <= RevokePolicy::take_what_is_there);
        duration(c.spec.hold_default);
        duration(c.spec.hold_max);
    }
    void operator()(const AskQuote& c) const {
        const AskedOrder& order = c.payload->order;
        SUANPAN_ASSERT(!order.lines.empty());
        SUANPAN_ASSERT(order.lines.size() <= limits::order_lines_max);
        SUANPAN_ASSERT(order.coupons.size() <= limits::order_coupons_max);
        SUANPAN_ASSERT(order.wanted.value >= -1);
        for (const AskedLine& line : order.lines) {
            SUANPAN_ASSERT(line.quantity > 0);
            money(line.unit_price);
        }
    }
    void operator()(const Settle& c) const {
        SUANPAN_ASSERT(c.order != OrderId{});
        SUANPAN_ASSERT(c.terms == nullptr);
        SUANPAN_ASSERT(!c.payload->token.empty());
        SUANPAN_ASSERT(c.payload->token.size() <= limits::quote_token_bytes_max);
    }
    void operator()(const ConfirmOrder& c) const {
        SUANPAN_ASSERT(c.order != OrderId{});
        SUANPAN_ASSERT(c.payment != PaymentId{});
        SUANPAN_ASSERT(c.currency != Currency{});
        amount(Points{c.amount.value});
    }
    void operator()(const CancelOrder& c) const { SUANPAN_ASSERT(c.order != OrderId{}); }
    void operator()(const RefundOrder& c) const {
        SUANPAN_ASSERT(c.order != OrderId{});
        money(c.amount);
        SUANPAN_ASSERT(c.payload->refunds.size() <= limits::order_lines_max);
        SUANPAN_ASSERT(c.payload->refunds.empty() || c.amount == Money{});
        for (const LineRefund& line : c.payload->refunds) money(line.amount);
    }
    void operator()(const ReadOrder& c) const { SUANPAN_ASSERT(c.order != OrderId{}); }
    void operator()(const PutRules& c) const {
        SUANPAN_ASSERT(!c.payload->text.empty());
        SUANPAN_ASSERT(c.payload->text.size() <= limits::rule_book_bytes_max);
    }
    void operator()(const ReadTerms&) const {}
    void operator()(const Explain&) const {}
    void operator()(const Redeem& c) const {
        SUANPAN_ASSERT(c.offer != 0);
        SUANPAN_ASSERT(c.quantity >= 1 && c.quantity <= limits::offer_quantity_max);
        SUANPAN_ASSERT(c.cash >= Money{} && c.cash <= Money{amount_money_max});
        SUANPAN_ASSERT((c.cash > Money{}) == (c.order != OrderId{}));
        SUANPAN_ASSERT(c.terms == nullptr);
    }
    void operator()(const Reveal& c) const {
        SUANPAN_ASSERT(c.voucher.offer != 0 && c.voucher.ticket != 0);
    }
    void operator()(const Show& c) const {
        SUANPAN_ASSERT(c.task.voucher.offer != 0 && c.task.voucher.ticket != 0);
        SUANPAN_ASSERT(c.life > Duration{} && c.life <= limits::show_token_life_max);
        SUANPAN_ASSERT(c.task.next == nullptr);
    }
    void operator()(const Verify& c) const {
        SUANPAN_ASSERT(c.has_token == (c.payload == nullptr));
        if (c.payload != nullptr) {
            SUANPAN_ASSERT(!c.payload->text.empty());
            SUANPAN_ASSERT(c.payload->text.size() <= limits::code_line_bytes_max);
        }
        SUANPAN_ASSERT(c.reference != VerificationId{});
        SUANPAN_ASSERT(c.units >= 0 && c.units <= amount_money_max);
        SUANPAN_ASSERT(!c.is_routed && c.task.voucher == VoucherNumber{});
    }
    void operator()(const UndoVerification& c) const {
        SUANPAN_ASSERT(c.task.voucher.offer != 0 && c.task.voucher.ticket != 0);
        SUANPAN_ASSERT(c.reference != VerificationId{});
    }
    void operator()(const ReadOffers& c) const {
        SUANPAN_ASSERT(c.rows_max <= limits::offer_rows_max);
    }
    void operator()(const ReadVouchers& c) const {
        SUANPAN_ASSERT(c.rows_max <= limits::voucher_rows_max);
        SUANPAN_ASSERT(c.state <= static_cast<std::uint8_t>(VoucherStateNumber::voided));
    }
    void operator()(const PutOffers& c) const {
        SUANPAN_ASSERT(c.version != 0);
        SUANPAN_ASSERT(!c.payload->text.empty());
        SUANPAN_ASSERT(c.payload->text.size() <= limits::offer_file_bytes_max);
    }
    void operator()(const ImportCodes& c) const {
        SUANPAN_ASSERT(c.offer != 0 && c.batch != 0 && c.first_line != 0);
        SUANPAN_ASSERT(c.first_line <= 1'000'000'000'000);
        SUANPAN_ASSERT(!c.payload->text.empty());
        SUANPAN_ASSERT(c.payload->text.size() <= limits::code_chunk_bytes_max);
    }
    void operator()(const RecallBatch& c) const { SUANPAN_ASSERT(c.offer != 0 && c.batch != 0); }
    void operator()(const AdvanceClock& c) const {
        SUANPAN_ASSERT(c.by.ns > 0);
        duration(c.by);
    }
};

inline void expect_sound(const Command& command) {
    std::visit(SoundBody{}, command.body);
}

}  // namespace suanpan::fuzz
