// Earnings and upward or downward corrections.
#include "protocol/limits.h"
#include "server/ledger/decider.h"
#include "server/ledger/due.h"

#include <algorithm>

namespace suanpan::ledger {

std::optional<LotKey> Decider::new_lot(Instant active_from, Instant expires_at) const {
    const bool at_once = active_from <= now_;
    const LocalDate anchor =
        active_from == Instant{} ? today_ : program_->calendar().local_date(active_from);
    LotKey key;
    key.active_from = at_once ? program_->calendar().start_of(anchor) : active_from;
    key.expires_at = expires_at != Instant{} ? expires_at : program_->expires_at(anchor);
    key.sequence = out_.ordinal;
    key.rule_version = program_->spec().version;
    if (key.expires_at <= std::max(now_, active_from)) return std::nullopt;
    return key;
}

Decision Decider::decide(const Earn& command) {
    if (command.expires_at != Instant{} && command.expires_at <= now_)
        return refused(Code::field_out_of_range, 3);
    if (program_ == nullptr) return refused(Code::program_not_found);
    std::optional<LotKey> key = new_lot(command.active_from, command.expires_at);
    if (!key) {
        if (command.active_from != Instant{}) return refused(Code::field_out_of_range, 2);
        return refused(Code::program_invalid, 10);  // its expiry_date has passed
    }
    if (!fits(command.amount)) return refused(Code::balance_out_of_range);
    key->restriction = command.restriction;
    key->origin = command.origin;
    out_.amount = command.amount;
    add_house(HouseCounter::issued, command.amount);
    out_.detail =
        put_into_lot(target_lot(account(), out_, *key, program_->spec().merge_lots), command.amount)
            .value;
    // The life of points that come pending starts when they activate.
    const bool is_pending = command.active_from > now_;
    move_sliding(SlidingUse::extend,
                 is_pending ? program_->calendar().local_date(command.active_from) : today_);
    return accepted();
}

Decision Decider::decide(const Adjust& command) {
    if (command.expires_at != Instant{} && command.expires_at <= now_)
        return refused(Code::field_out_of_range, 2);
    if (program_ == nullptr) return refused(Code::program_not_found);
    out_.reason = command.reason;
    out_.amount = command.delta;
    if (command.delta < Points{}) {
        const Taking taking{.amount = -command.delta,
                            .min_remaining = {},
                            .any_restriction = true,
                            .counts_to_limit = false};
        const auto taken = takeable(taking);
        if (!taken) return taken.error();
        if (!drain(*taken, taking, std::nullopt))
            return refused(Code::too_many_lots, limits::lots_drained_max);
        add_house(HouseCounter::adjusted_down, *taken);
        return accepted();
    }
    std::optional<LotKey> key = new_lot({}, command.expires_at);
    if (!key) return refused(Code::program_invalid, 10);
    if (!fits(command.delta)) return refused(Code::balance_out_of_range);
    // A lot of its own, so that a correction can be told from what it corrects.
    key->own = 1;
    out_.add(LotDelta{.lot = *key, .delta = command.delta, .cause = Cause::request});
    add_house(HouseCounter::adjusted_up, command.delta);
    if (key->expires_at == expires_sliding) move_sliding(SlidingUse::start, today_);
    return accepted();
}

}  // namespace suanpan::ledger
