// Captures and releases: how a hold ends.
#include "protocol/base/canary.h"
#include "protocol/base/probe.h"
#include "server/ledger/decider.h"

#include <algorithm>

namespace suanpan::ledger {

// What is kept longer than promised is not used: how long depends on when some entry came by.
const ResolvedHold* Decider::find_ended(HoldId id) const {
    const ResolvedHold* ended = account().find_resolved(id);
    return ended == nullptr || ended->keep_until <= now_ ? nullptr : ended;
}

Decision Decider::decide(const CaptureHold& command) {
    const Hold* hold = program_ == nullptr ? nullptr : account().find_hold(command.hold);
    if (hold == nullptr) {
        const ResolvedHold* ended = find_ended(command.hold);
        if (ended == nullptr) return refused(Code::hold_not_found);
        if (ended->end == HoldEnd::expired) return refused(Code::hold_expired);
        if (command.amount > ended->amount) return refused(Code::capture_exceeds_hold);
        return refused(Code::hold_resolved, static_cast<std::int64_t>(ended->end));  // INV-6
    }
    if (hold->is_order) return refused(Code::hold_not_found);  // its order alone ends it
    if (command.amount > hold->left) return refused(Code::capture_exceeds_hold);  // INV-6
    if (account().is_frozen()) return refused(Code::account_frozen);

    // Points set aside in time are spent even where their lot has ended since (INV-5).
    Points left = command.amount;
    for (const HoldSlice& slice : hold->slices) {
        const Points piece = std::min(left, slice.amount);
        if (piece == Points{}) break;
        left -= piece;
        const Cause cause =
            is_alive(slice.lot, hold->placed_at) ? Cause::request : Cause::request_lapsed;
        out_.add(
            HoldSliceDelta{.hold = hold->id, .cause = cause, .lot = slice.lot, .delta = -piece});
    }
    if (command.amount == hold->left)
        out_.add(HoldResolve{
            .hold = hold->id, .end = HoldEnd::captured, .keep_until = now_ + hold_outcome_kept});
    out_.amount = command.amount;
    out_.detail = (hold->left - command.amount).value;
    out_.reference = static_cast<std::uint64_t>(hold->id);
    add_house(HouseCounter::spent, command.amount);
    move_sliding(SlidingUse::extend, today_);
    return accepted();
}

Decision Decider::decide(const ReleaseHold& command) {
    const Hold* hold = program_ == nullptr ? nullptr : account().find_hold(command.hold);
    if (hold == nullptr) {
        const ResolvedHold* ended = find_ended(command.hold);
        if (ended == nullptr) return refused(Code::hold_not_found);
        if (ended->end == HoldEnd::expired) return refused(Code::hold_expired);
        if (ended->end == HoldEnd::captured)
            return refused(Code::hold_resolved, static_cast<std::int64_t>(ended->end));  // INV-6
        SUANPAN_PROBE("a hold was released twice");
        if (SUANPAN_CANARY(hold_released_twice)) out_.amount = ended->amount;
        out_.reference = static_cast<std::uint64_t>(ended->id);
        return accepted();  // the same resolution again: done, and nothing moves
    }
    if (hold->is_order) return refused(Code::hold_not_found);  // its order alone ends it
    Points expired;
    for (const HoldSlice& slice : hold->slices) {
        out_.add(HoldSliceDelta{
            .hold = hold->id, .cause = Cause::request, .lot = slice.lot, .delta = -slice.amount});
        expired +=
            give_back(slice.lot, slice.amount, hold->placed_at, program_->spec().hold_grace_days);
    }
    out_.add(HoldResolve{
        .hold = hold->id, .end = HoldEnd::released, .keep_until = now_ + hold_outcome_kept});
    if (hold->local_date == today_ && account().rare()->day == today_)
        out_.add(DaySpent{.date = today_, .delta = -hold->left});
    add_house(HouseCounter::expired, expired);
    out_.amount = hold->left;
    out_.detail = expired.value;
    out_.reference = static_cast<std::uint64_t>(hold->id);
    return accepted();
}

}  // namespace suanpan::ledger
