#include "server/cards/voucher.h"

#include "protocol/limits.h"

#include <algorithm>

namespace suanpan::cards {
namespace {

// What the state says of the rest.
bool state_fits(const Voucher& voucher) {
    const bool is_unused = voucher.left == voucher.whole;
    switch (voucher.state) {
        case VoucherState::issued:
            return is_unused && voucher.token != TokenKind::claim;
        case VoucherState::gift_pending:
            return is_unused && voucher.token == TokenKind::claim &&
                   voucher.hops < voucher.hops_max;
        case VoucherState::verified:
            return !is_unused && voucher.token != TokenKind::claim;
        case VoucherState::expired:
            return voucher.left > 0 && voucher.token == TokenKind::none;
        case VoucherState::refunded:
            return is_unused && voucher.token == TokenKind::none;
        case VoucherState::voided:
            return voucher.left > 0 && voucher.token == TokenKind::none;
    }
    return false;
}

bool verifications_fit(const Voucher& voucher) {
    std::int64_t used = 0;
    std::uint32_t undone = 0;
    for (const Verification& one : voucher.verifications) {
        if (one.units < 1 || one.units > voucher.whole) return false;
        if (one.at < Instant{0} || one.at > instant_max) return false;
        if (one.undone)
            ++undone;
        else if ((used += one.units) > voucher.whole)
            return false;
    }
    return used == voucher.whole - voucher.left && undone == voucher.undone;
}

bool is_instant(Instant at) {
    return at == instant_never || (at >= Instant{0} && at <= instant_max);
}

}  // namespace

std::int64_t Voucher::used() const {
    std::int64_t units = 0;
    for (const Verification& one : verifications)
        if (!one.undone) units += one.units;
    return units;
}

bool Voucher::is_sound() const {
    const bool has_bounds = whole >= 1 &&
                            whole <= (is_amount ? amount_money_max : limits::voucher_uses_max) &&
                            left >= 0 && left <= whole && undo_max <= limits::voucher_uses_max &&
                            undone <= undo_max && hops_max <= limits::voucher_hops_max &&
                            hops <= hops_max && stores.size() <= limits::voucher_stores_max &&
                            verifications.size() <= limits::voucher_verifications_max;
    const bool has_times = is_instant(issued_at) && issued_at != instant_never &&
                           is_instant(expires_at) && is_instant(token_until) &&
                           undo_within >= Duration{0} && undo_within <= days(365) &&
                           claim_within >= Duration{0} && claim_within <= days(30);
    const bool has_token =
        token <= TokenKind::claim && (token == TokenKind::none || token_number > 0);
    const bool has_code_flags = !code_known || (revealed && hops > 0);
    return has_bounds && has_times && has_token && has_code_flags &&
           std::ranges::adjacent_find(stores, std::ranges::greater_equal{}) == stores.end() &&
           state_fits(*this) && verifications_fit(*this);
}

Voucher issue_voucher(const Offer& offer, const IssuedUnit& unit, Instant now) {
    const VoucherTerms& terms = offer.voucher;
    Voucher voucher;
    voucher.id = unit.id;
    voucher.revision = 1;
    voucher.program = offer.program;
    voucher.buyer = voucher.owner = unit.buyer;
    voucher.code = unit.code;
    voucher.locator = unit.locator;
    voucher.batch = unit.batch;
    voucher.revealed = unit.revealed;
    voucher.issued_at = now;
    voucher.expires_at = std::min(terms.valid_until, unit.code_expires_at);
    if (terms.valid_for.ns != INT64_MAX)
        voucher.expires_at = std::min(voucher.expires_at, now + terms.valid_for);
    if (voucher.expires_at != instant_never)
        voucher.expires_at = std::min(voucher.expires_at, instant_max);
    voucher.is_amount = terms.amount.value > 0;
    voucher.whole = voucher.left = voucher.is_amount ? terms.amount.value : terms.uses;
    voucher.merchant = terms.merchant;
    voucher.stores = terms.stores;
    voucher.undo_within = terms.undo_within;
    voucher.undo_max = terms.undo_max;
    voucher.hops_max = terms.hops_max;
    voucher.claim_within = terms.claim_within;
    return voucher;
}

Voucher as_of(const Voucher& voucher, Instant now) {
    Voucher effective = voucher;
    const bool ends =
        (voucher.state == VoucherState::issued || voucher.state == VoucherState::gift_pending ||
         voucher.state == VoucherState::verified) &&
        voucher.left > 0;
    if (ends && voucher.expires_at <= now) {
        effective.state = VoucherState::expired;
        effective.token = TokenKind::none;
    } else if (voucher.state == VoucherState::gift_pending && voucher.token_until <= now) {
        effective.state = VoucherState::issued;
        effective.token = TokenKind::none;
    }
    return effective;
}

}  // namespace suanpan::cards
