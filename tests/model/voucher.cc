#include "tests/model/voucher.h"

#include "protocol/limits.h"

#include <algorithm>

namespace suanpan::model {
namespace {

constexpr std::int64_t number_of(VoucherStateNumber state) {
    return static_cast<std::int64_t>(state);
}

}  // namespace

std::int64_t Voucher::whole() const {
    return terms.amount > 0 ? terms.amount : terms.uses;
}

std::int64_t Voucher::left() const {
    std::int64_t left = whole();
    for (const Use& use : uses)
        if (!use.undone) left -= use.units;
    return left;
}

VoucherStateNumber Voucher::state(Instant now) const {
    if (is_void) return VoucherStateNumber::voided;
    if (left() == 0) return VoucherStateNumber::verified;
    if (expires_at <= now) return VoucherStateNumber::expired;
    if (is_recalled) return VoucherStateNumber::voided;
    return left() < whole() ? VoucherStateNumber::verified : VoucherStateNumber::issued;
}

VoucherRow Voucher::row(Instant now) const {
    return {.number = number,
            .state = state(now),
            .has_code = !code.empty(),
            .revealed = revealed,
            .is_amount = terms.amount > 0,
            .whole = whole(),
            .left = left(),
            .issued_at = issued_at,
            .expires_at = expires_at,
            .merchant = terms.merchant};
}

VoucherAnswer Voucher::reveal(const MemberId& asker, Instant now) {
    if (asker != owner || code.empty()) return {.code = Code::voucher_not_found};
    if (state(now) == VoucherStateNumber::expired)
        return {.code = Code::voucher_expired, .detail = expires_at.ns};
    if (state(now) == VoucherStateNumber::voided)
        return {.code = Code::voucher_resolved, .detail = number_of(VoucherStateNumber::voided)};
    revealed = true;
    return {};
}

VoucherAnswer Voucher::show(const Show& show, Instant now) {
    if (show.task.asker != owner) return {.code = Code::voucher_not_found};
    if (state(now) == VoucherStateNumber::expired)
        return {.code = Code::voucher_expired, .detail = expires_at.ns};
    if (left() == 0 || state(now) == VoucherStateNumber::voided)
        return {.code = Code::voucher_resolved, .detail = number_of(state(now))};
    ++tokens;
    has_token = true;
    token_until = std::min(now + show.life, expires_at);
    return {.detail = token_until.ns};
}

VoucherAnswer Voucher::verify(const Verify& verify, PartnerId partner, const Proof& proof,
                              Instant now) {
    if (proof.is_token && !proof.is_authentic) return {.code = Code::token_not_valid};
    for (const Use& use : uses) {
        if (use.partner != partner || use.reference != verify.reference) continue;
        const bool is_same = use.merchant == verify.merchant && use.store == verify.store &&
                             (verify.units == 0 || verify.units == use.units);
        if (!is_same) return {.code = Code::verification_differs};
        if (use.undone) return {.code = Code::verification_undone};
        return {.detail = use.units};
    }
    if (state(now) == VoucherStateNumber::expired)
        return {.code = Code::voucher_expired, .detail = expires_at.ns};
    if (left() == 0 || state(now) == VoucherStateNumber::voided)
        return {.code = Code::voucher_resolved, .detail = number_of(state(now))};
    const bool is_shop = terms.merchant == 0 || terms.merchant == verify.merchant;
    const bool is_store =
        terms.stores.empty() || std::ranges::find(terms.stores, verify.store) != terms.stores.end();
    if (!is_shop || !is_store) return {.code = Code::voucher_not_here};
    if (proof.is_token) {
        if (!has_token || proof.token != tokens) return {.code = Code::token_not_valid};
        if (token_until <= now) return {.code = Code::token_expired, .detail = token_until.ns};
    }
    const std::int64_t all_or_one = terms.amount > 0 ? left() : 1;
    const std::int64_t units = verify.units == 0 ? all_or_one : verify.units;
    if (units > left()) return {.code = Code::voucher_exceeded, .detail = left()};
    if (std::ranges::count(uses, false, &Use::undone) >= limits::voucher_uses_max)
        return {.code = Code::voucher_exceeded};
    uses.push_back({.partner = partner,
                    .reference = verify.reference,
                    .merchant = verify.merchant,
                    .store = verify.store,
                    .units = units,
                    .at = now});
    has_token = false;
    return {.detail = units};
}

VoucherAnswer Voucher::undo(const UndoVerification& undo, PartnerId partner, Instant now) {
    for (Use& use : uses) {
        if (use.partner != partner || use.reference != undo.reference) continue;
        if (use.undone) return {.detail = use.units};
        if (state(now) == VoucherStateNumber::voided)
            return {.code = Code::voucher_resolved,
                    .detail = number_of(VoucherStateNumber::voided)};
        const Instant until = use.at + seconds(terms.undo_within_seconds);
        if (until <= now) return {.code = Code::undo_too_late, .detail = until.ns};
        if (std::ranges::count(uses, true, &Use::undone) >= terms.undo_max)
            return {.code = Code::undo_limit_reached, .detail = terms.undo_max};
        use.undone = true;
        return {.detail = use.units};
    }
    return {.code = Code::verification_not_found};
}

void Voucher::write_down(Instant now) {
    is_void = state(now) == VoucherStateNumber::voided;
    if (is_void) has_token = false;
    is_recalled = false;
}

}  // namespace suanpan::model
