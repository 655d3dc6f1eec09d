// Refunds and revokes: what takes an earlier entry back.
#include "protocol/base/canary.h"
#include "protocol/base/probe.h"
#include "server/ledger/decider.h"
#include "server/ledger/due.h"

#include <algorithm>
#include <vector>

namespace suanpan::ledger {
namespace {

// What one entry took out of one lot.
struct Drained {
    LotKey lot;
    Points amount;
    bool lapsed = false;  // their sliding life had ended before they were captured
};

// The pieces that a spend or a capture took, in the order it took them.
std::vector<Drained> drained_by(const Entry& original) {
    std::vector<Drained> drained;
    for (const Effect& effect : original.effects) {
        if (const auto* lot = std::get_if<LotDelta>(&effect);
            lot != nullptr && lot->cause == Cause::request && lot->delta < Points{})
            drained.push_back({.lot = lot->lot, .amount = -lot->delta});
        if (const auto* slice = std::get_if<HoldSliceDelta>(&effect);
            slice != nullptr && slice->delta < Points{} &&
            (slice->cause == Cause::request || slice->cause == Cause::request_lapsed))
            drained.push_back({.lot = slice->lot,
                               .amount = -slice->delta,
                               .lapsed = slice->cause == Cause::request_lapsed});
    }
    if (SUANPAN_CANARY(refund_order_reversed)) std::ranges::reverse(drained);
    return drained;
}

// The lot that an earning went into, or null.
const LotKey* lot_earned_into(const Entry& original) {
    for (const Effect& effect : original.effects)
        if (const auto* lot = std::get_if<LotDelta>(&effect);
            lot != nullptr && lot->cause == Cause::request && lot->delta > Points{})
            return &lot->lot;
    return nullptr;
}

}  // namespace

std::optional<Code> Decider::check_original(bool wants_earning) const {
    if (original_ == nullptr || original_->member != out_.member ||
        original_->program != out_.program || original_->partner != out_.partner)
        return Code::original_not_found;
    const EntryKind kind = original_->kind;
    const bool fits_kind = wants_earning ? kind == EntryKind::earn
                                         : kind == EntryKind::spend || kind == EntryKind::capture;
    if (!fits_kind) return Code::original_wrong_kind;
    return std::nullopt;
}

Points Decider::taken_back_already() const {
    const Tally* tally = account().find_tally(original_->lsn);
    return tally == nullptr ? Points{} : tally->taken_back;
}

// By the version that the original was made under: a later version must not make an original
// refundable again whose tally is gone already.
Instant Decider::tally_end() const {
    const Program* then = ledger_.programs().find(out_.program, original_->config_version);
    return original_->time + days(then->spec().refundable_days);
}

Decision Decider::decide(const Refund& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    if (const auto code = check_original(false)) return refused(*code);
    const Instant end = tally_end();
    const Points taken = taken_back_already();
    const Points left = now_ < end ? original_->amount - taken : Points{};
    const Points amount = command.amount == Points{} ? left : command.amount;
    if (amount > left || left == Points{})
        return refused(Code::refund_exceeds_original, left.value);  // INV-6
    if (!fits(amount)) return refused(Code::balance_out_of_range);

    // In the reverse order of draining, behind what earlier refunds have given back.
    Points skip = taken;
    Points to_give = amount;
    Points expired;
    const std::vector<Drained> drained = drained_by(*original_);
    for (auto piece = drained.rbegin(); piece != drained.rend() && to_give > Points{}; ++piece) {
        const Points skipped = std::min(skip, piece->amount);
        skip -= skipped;
        const Points given = std::min(to_give, piece->amount - skipped);
        if (given == Points{}) continue;
        to_give -= given;
        const Instant taken_at = piece->lapsed ? Instant{} : original_->time;
        expired += give_back(piece->lot, given, taken_at, command.grace_days);
    }
    SUANPAN_ASSERT(to_give == Points{});  // INV-6
    out_.add(TallyAdd{.original = original_->lsn, .taken_back = amount, .keep_until = end});
    add_house(HouseCounter::spent, -amount);
    add_house(HouseCounter::expired, expired);
    out_.amount = amount;
    out_.detail = expired.value;
    out_.reason = command.reason;
    out_.reference = original_->lsn.value;
    return accepted();
}

Decision Decider::decide(const Revoke& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    if (const auto code = check_original(true)) return refused(*code);
    const Instant end = tally_end();
    const Points left = now_ < end ? original_->amount - taken_back_already() : Points{};
    const Points amount = command.amount == Points{} ? left : command.amount;
    if (amount > left || left == Points{})
        return refused(Code::revoke_exceeds_earning, left.value);  // INV-6

    const LotKey* earned = lot_earned_into(*original_);
    const Lot* lot = earned == nullptr
                         ? nullptr
                         : account().lots().find_same(*earned, program_->spec().merge_lots);
    const Points there = lot == nullptr ? Points{} : std::min(lot->remaining, amount);
    const Points missing = amount - there;
    Points revoked = amount;
    if (missing > Points{}) {
        switch (program_->spec().revoke) {
            case RevokePolicy::reject:
                return refused(Code::revoke_not_covered, missing.value);
            case RevokePolicy::allow_debt:
                if (missing > Points{amount_points_max} - account().debt())
                    return refused(Code::balance_out_of_range);
                break;
            case RevokePolicy::take_what_is_there:
                revoked = there;
                break;
        }
    }
    if (there > Points{})
        out_.add(LotDelta{.lot = lot->key, .delta = -there, .cause = Cause::request});
    if (revoked > there) {
        SUANPAN_PROBE("a revoke made debt");
        out_.add(DebtDelta{.delta = revoked - there});
    }
    if (revoked > Points{})
        out_.add(TallyAdd{.original = original_->lsn, .taken_back = revoked, .keep_until = end});
    add_house(HouseCounter::revoked, revoked);
    out_.amount = revoked;
    out_.detail = missing.value;
    out_.reference = original_->lsn.value;
    return accepted();
}

}  // namespace suanpan::ledger
