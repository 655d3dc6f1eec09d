// What redemptions do to the model's account.
#include "tests/model/account.h"
#include "tests/model/calendar.h"

#include <algorithm>

namespace suanpan::model {

Code Account::admits(const ProgramSpec& program, const OfferSpec& offer, std::int64_t quantity,
                     Instant now) const {
    if (offer.stopped) return Code::offer_stopped;
    if (now < offer.start) return Code::offer_not_open;
    if (now >= offer.end || now >= offer.valid_until) return Code::offer_over;
    const bool is_for_all = offer.levels.empty();
    if (!is_for_all && std::ranges::find(offer.levels, level_) == offer.levels.end())
        return Code::offer_not_for_member;
    const std::int64_t today =
        used(program, {.kind = UseKind::offer_day, .id = offer.id}, now).count;
    const std::int64_t ever = used(program, {.kind = UseKind::offer, .id = offer.id}, now).count;
    const bool is_over = quantity > offer.per_order ||
                         (offer.per_day >= 0 && today + quantity > offer.per_day) ||
                         (offer.ever >= 0 && ever + quantity > offer.ever);
    return is_over ? Code::offer_limit_exceeded : Code::ok;
}

Answer Account::redeem(const ProgramSpec& program, const OfferSpec& offer, std::int64_t quantity,
                       Instant now, Sums& sums) {
    if (const Code code = admits(program, offer, quantity, now); code != Code::ok)
        return {.code = code};
    if (frozen_) return {.code = Code::account_frozen};
    const Wish wish{.points = offer.points * quantity};
    const Answer answer = takeable(program, wish, now);
    if (answer.code != Code::ok) return answer;
    const LocalDate today = local_date(zone_of(program), now);
    last_ = {};
    drain(wish, answer.amount, now);
    sums.spent += answer.amount;
    if (day_limit(program) >= 0) count_spent(today, answer.amount);
    slide(program, today, now);
    for (const UseKind kind : {UseKind::offer_day, UseKind::offer})
        uses_[use_name({.kind = kind, .id = offer.id}, today)].count += quantity;
    return answer;
}

Answer Account::reveal(const VoucherNumber& voucher, Instant now) const {
    const auto found = vouchers_.find(voucher);
    if (found == vouchers_.end() || found->second.code.empty())
        return {.code = Code::voucher_not_found};
    if (found->second.expires_at <= now) return {.code = Code::voucher_expired};
    return {};
}

}  // namespace suanpan::model
