// Spends and holds: what takes points out of lots.
#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/limits.h"
#include "server/ledger/decider.h"

#include <algorithm>

namespace suanpan::ledger {

std::optional<Points> Decider::left_today() const {
    return account().left_today(program_->spec().spend_per_day_max, today_);
}

void Decider::count_day_spent(Points delta) {
    if (SUANPAN_CANARY(daily_limit_not_counted)) return;
    if (delta != Points{} && left_today().has_value())
        out_.add(DaySpent{.date = today_, .delta = delta});
}

void Decider::move_sliding(SlidingUse use, LocalDate anchor) {
    if (!program_->is_sliding()) return;
    const Instant end = account().sliding_expires_at();
    const bool running = end > now_;
    if (running && use == SlidingUse::start) return;
    const Instant moved = program_->end_after_days(anchor, program_->spec().expiry_count);
    if (running && moved <= end) return;  // moved as far already; it never goes back
    out_.add(SlidingMove{.expires_at = moved,
                         .since = running ? account().rare()->sliding_since : now_});
}

Points Decider::spendable(const Taking& taking) const {
    const Points available = account().balances(now_).available;
    if (taking.any_restriction || !account().lots().has_restricted()) return available;
    Points allowed;
    for (const Lot& lot : account().lots().all())
        if (lot.key.active_from <= now_ &&
            (lot.key.restriction == unrestricted || lot.key.restriction == taking.restriction))
            allowed += lot.remaining;
    return std::min(allowed, available);
}

std::expected<Points, Decision> Decider::takeable(const Taking& taking) const {
    const auto no = [](Code code, Points detail) {
        return std::unexpected(refused(code, detail.value));
    };
    const Points available = account().balances(now_).available;
    const Points there = std::max(spendable(taking), Points{});
    // No amount is larger than this one: it stands for "no limit".
    Points today{amount_points_max};
    if (taking.counts_to_limit) today = left_today().value_or(today);
    if (!taking.up_to) {
        if (there < taking.amount) return no(Code::insufficient_points, taking.amount - there);
        if (available - taking.amount < taking.min_remaining)
            return no(Code::below_min_remaining,
                      taking.min_remaining - (available - taking.amount));
        if (today < taking.amount) return no(Code::daily_limit_exceeded, today);
        return taking.amount;
    }
    if (there == Points{}) return no(Code::insufficient_points, taking.amount);
    const Points above = available - taking.min_remaining;
    if (above <= Points{}) return no(Code::below_min_remaining, Points{1} - above);
    if (today == Points{}) return no(Code::daily_limit_exceeded, today);
    return std::min({taking.amount, there, above, today});
}

bool Decider::drain(Points amount, const Taking& taking, std::optional<HoldId> hold) {
    Points left = amount;
    std::size_t lots = 0;
    DrainCursor cursor(account().lots(), account().sliding_expires_at());
    while (left > Points{}) {
        const Lot* lot = cursor.next();
        SUANPAN_ASSERT(lot != nullptr);  // INV-3: takeable() has counted these points
        const LotKey& key = lot->key;
        if (key.active_from > now_) continue;
        if (key.restriction != unrestricted && key.restriction != taking.restriction &&
            !taking.any_restriction)
            continue;
        SUANPAN_ASSERT(account().expires_at(key) > now_);  // INV-5
        if (++lots > taking.lots_max) return false;
        const Points piece = std::min(left, lot->remaining);
        left -= piece;
        out_.add(LotDelta{.lot = key, .delta = -piece, .cause = Cause::request});
        if (hold)
            out_.add(
                HoldSliceDelta{.hold = *hold, .cause = Cause::request, .lot = key, .delta = piece});
    }
    return true;
}

Decision Decider::decide(const Spend& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    if (account().is_frozen() && !SUANPAN_CANARY(frozen_account_spends))
        return refused(Code::account_frozen);
    const Taking taking{.amount = command.amount,
                        .min_remaining = command.min_remaining,
                        .restriction = command.restriction,
                        .up_to = command.up_to};
    const auto taken = takeable(taking);
    if (!taken) return taken.error();
    if (!drain(*taken, taking, std::nullopt))
        return refused(Code::too_many_lots, limits::lots_drained_max);
    out_.amount = *taken;
    add_house(HouseCounter::spent, *taken);
    count_day_spent(*taken);
    move_sliding(SlidingUse::extend, today_);
    return accepted();
}

Decision Decider::decide(const PlaceHold& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    const ProgramSpec& spec = program_->spec();
    const Duration life = command.duration == Duration{} ? spec.hold_default : command.duration;
    if (life > spec.hold_max) return refused(Code::hold_too_long);
    if (account().is_frozen()) return refused(Code::account_frozen);
    const Taking taking{.amount = command.amount,
                        .min_remaining = command.min_remaining,
                        .restriction = command.restriction,
                        .up_to = command.up_to};
    const auto taken = takeable(taking);
    if (!taken) return taken.error();
    if (account().rare() != nullptr &&
        account().rare()->holds.size() >= limits::holds_per_account_max)
        return refused(Code::too_many_holds, limits::holds_per_account_max);
    const HoldId hold{out_.ordinal};
    // A hold that no limit counts takes nothing off one when it ends.
    const LocalDate counted_on = left_today().has_value() ? today_ : LocalDate{};
    out_.add(HoldPut{.hold = hold, .local_date = counted_on, .expires_at = now_ + life});
    if (!drain(*taken, taking, hold)) return refused(Code::too_many_lots, limits::lots_drained_max);
    count_day_spent(*taken);
    out_.amount = *taken;
    out_.reference = out_.ordinal;
    out_.detail = out_.ordinal;
    return accepted();
}

}  // namespace suanpan::ledger
