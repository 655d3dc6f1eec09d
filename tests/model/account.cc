#include "tests/model/account.h"

#include "protocol/limits.h"
#include "tests/model/calendar.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <tuple>

namespace suanpan::model {
namespace {

constexpr Duration ended_hold_known{hours(24)};
constexpr std::size_t ended_holds_max = 64;

std::int64_t sum_of(const Pieces& pieces) {
    std::int64_t sum = 0;
    for (const Piece& piece : pieces) sum += piece.points;
    return sum;
}

bool is_live_at(const LotName& lot, Instant now) {
    return lot.active_from <= now;
}

Answer refusal(Code code, std::int64_t detail = 0) {
    return {.code = code, .detail = detail};
}

}  // namespace

std::int64_t Hold::left() const {
    return sum_of(pieces);
}

Instant Account::end_of(const LotName& lot) const {
    return lot.sliding ? sliding_ends_ : lot.expires_at;
}

// ---- what time does

void Account::pass_time(const ProgramSpec& program, Instant now, Sums& sums) {
    while (true) {
        // The first thing to happen, if it is not in the future.
        Instant next = instant_never;
        for (const auto& [id, hold] : holds_) next = std::min(next, hold.expires_at);
        for (const Piece& lot : lots_) next = std::min(next, end_of(lot.lot));
        if (next > now) return forget_orders(now);
        for (auto it = holds_.begin(); it != holds_.end();) {
            const auto id = it->first;
            const bool due = it->second.expires_at == next;
            const bool is_order = it->second.is_order;
            ++it;
            if (!due) continue;
            sums.expired += end_hold(program, id, HoldEnd::expired, next);
            if (is_order) time_out(id, next);
        }
        for (std::size_t i = 0; i < lots_.size();) {
            if (end_of(lots_[i].lot) > next) {
                ++i;
                continue;
            }
            sums.expired += lots_[i].points;
            lots_.erase(lots_.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
}

// ---- points that come in

LotName Account::new_lot(const ProgramSpec& program, Instant active_from, Instant expires_at,
                         Instant now) const {
    const std::string zone = zone_of(program);
    const LocalDate anchor = local_date(zone, active_from == Instant{} ? now : active_from);
    LotName lot;
    // One day's earnings are one lot; what comes pending keeps its exact instant.
    lot.active_from = active_from > now ? active_from : start_of(zone, anchor);
    lot.made = entries_ + 1;
    lot.version = program.version;
    if (expires_at != Instant{})
        lot.expires_at = expires_at;
    else if (program.expiry == ExpiryPolicy::sliding_days)
        lot.sliding = true;
    else if (program.expiry == ExpiryPolicy::never)
        lot.expires_at = instant_never;
    else
        lot.expires_at = end_after(zone, last_good_day(program, anchor), 0);
    return lot;
}

bool Account::fits(std::int64_t points, Instant now) const {
    const Balances has = balances(now);
    return points <= amount_points_max - (has.available.value + has.debt.value + has.pending.value +
                                          has.held.value);
}

void Account::slide(const ProgramSpec& program, LocalDate anchor, Instant now) {
    if (program.expiry != ExpiryPolicy::sliding_days) return;
    if (sliding_ends_ <= now) sliding_began_ = now;
    sliding_ends_ =
        std::max(sliding_ends_, end_after(zone_of(program), last_good_day(program, anchor), 0));
}

std::int64_t Account::put_in(const ProgramSpec& program, const LotName& lot, std::int64_t points,
                             Instant now) {
    // Points that are not active yet repay nothing.
    const std::int64_t repaid = is_live_at(lot, now) ? std::min(debt_, points) : 0;
    debt_ -= repaid;
    const std::int64_t stays = points - repaid;
    if (stays == 0) return repaid;
    const LotName home = home_of(program, lot);
    for (Piece& there : lots_) {
        if (there.lot != home) continue;
        there.points += stays;
        return repaid;
    }
    lots_.push_back({.lot = lot, .points = stays});
    return repaid;
}

LotName Account::home_of(const ProgramSpec& program, const LotName& lot) const {
    if (!program.merge_lots || lot.own) return lot;
    const LotName* oldest = nullptr;
    for (const Piece& there : lots_) {
        if (there.lot == lot) return lot;
        LotName same = lot;
        same.made = there.lot.made;
        if (there.lot == same && (oldest == nullptr || same.made < oldest->made))
            oldest = &there.lot;
    }
    return oldest == nullptr ? lot : *oldest;
}

std::int64_t Account::give_back(const ProgramSpec& program, const Piece& piece, Instant taken_at,
                                Instant now, std::int64_t grace_days) {
    LotName lot = piece.lot;
    // Sliding points that were taken out in an earlier life have ended with it.
    const bool ended = end_of(lot) <= now || (lot.sliding && taken_at < sliding_began_);
    if (ended) {
        if (grace_days == 0) return piece.points;
        lot.sliding = false;
        lot.expires_at = end_after(zone_of(program), local_date(zone_of(program), now), grace_days);
    }
    put_in(program, lot, piece.points, now);
    return 0;
}

Answer Account::earn(const ProgramSpec& program, const Earn& earn, Instant now, Sums& sums) {
    LotName lot = new_lot(program, earn.active_from, earn.expires_at, now);
    lot.restriction = earn.restriction;
    lot.origin = earn.origin;
    if (!lot.sliding && lot.expires_at <= std::max(now, earn.active_from))
        return earn.active_from != Instant{} ? refusal(Code::field_out_of_range, 2)
                                             : refusal(Code::program_invalid, 10);
    if (!fits(earn.amount.value, now)) return refusal(Code::balance_out_of_range);
    // A sliding life runs from the day on which the points can be used.
    slide(program, local_date(zone_of(program), std::max(now, earn.active_from)), now);
    last_ = {};
    // A later version may merge no more: what came into a lot stays that lot's.
    last_.pieces = {{.lot = home_of(program, lot), .points = earn.amount.value}};
    last_.points = earn.amount.value;
    sums.issued += earn.amount.value;
    const std::int64_t repaid = put_in(program, lot, earn.amount.value, now);
    return {.amount = earn.amount.value, .detail = repaid};
}

Answer Account::adjust(const ProgramSpec& program, const Adjust& adjust, Instant now, Sums& sums) {
    last_ = {};
    if (adjust.delta.value < 0) {
        const Wish wish{
            .points = -adjust.delta.value, .any_restriction = true, .counts_to_limit = false};
        const Answer answer = takeable(program, wish, now);
        if (answer.code != Code::ok) return answer;
        if (drains_too_many(wish, wish.points, now))
            return refusal(Code::too_many_lots, limits::lots_drained_max);
        drain(wish, wish.points, now);
        sums.spent += wish.points;
        return {.amount = adjust.delta.value};
    }
    LotName lot = new_lot(program, {}, adjust.expires_at, now);
    if (!lot.sliding && lot.expires_at <= now) return refusal(Code::program_invalid, 10);
    if (!fits(adjust.delta.value, now)) return refusal(Code::balance_out_of_range);
    lot.own = true;
    // A correction is neither an earning nor a spend: it only starts a sliding life where none
    // runs.
    if (lot.sliding && sliding_ends_ <= now) slide(program, local_date(zone_of(program), now), now);
    lots_.push_back({.lot = lot, .points = adjust.delta.value});
    sums.issued += adjust.delta.value;
    return {.amount = adjust.delta.value};
}

// ---- points that go out

bool Account::allows(const LotName& lot, const Wish& wish, Instant now) const {
    if (!is_live_at(lot, now) || end_of(lot) <= now) return false;
    return wish.any_restriction || lot.restriction == unrestricted ||
           lot.restriction == wish.restriction;
}

std::int64_t Account::day_limit(const ProgramSpec& program) const {
    const std::int64_t of_program = program.spend_per_day_max.value;
    if (of_program < 0) return own_day_limit_;
    if (own_day_limit_ < 0) return of_program;
    return std::min(of_program, own_day_limit_);
}

std::int64_t Account::left_today(const ProgramSpec& program, Instant now) const {
    const bool same_day = day_ == local_date(zone_of(program), now);
    return std::max<std::int64_t>(day_limit(program) - (same_day ? day_spent_ : 0), 0);
}

Answer Account::takeable(const ProgramSpec& program, const Wish& wish, Instant now) const {
    const std::int64_t available = balances(now).available.value;
    std::int64_t allowed = 0;
    for (const Piece& lot : lots_)
        if (allows(lot.lot, wish, now)) allowed += lot.points;
    const std::int64_t there = std::max<std::int64_t>(std::min(allowed, available), 0);
    const bool limited = wish.counts_to_limit && day_limit(program) >= 0;
    const std::int64_t today = limited ? left_today(program, now) : wish.points;

    const std::int64_t least = wish.up_to ? 1 : wish.points;  // up to: at least one point
    if (there < least) return refusal(Code::insufficient_points, wish.points - there);
    if (available - least < wish.min_remaining)
        return refusal(Code::below_min_remaining, wish.min_remaining - (available - least));
    if (today < least) return refusal(Code::daily_limit_exceeded, today);
    return {.amount = std::min({wish.points, there, available - wish.min_remaining, today})};
}

bool Account::drains_too_many(const Wish& wish, std::int64_t points, Instant now) const {
    if (lots_.size() <= limits::lots_drained_max) return false;
    Account copy = *this;
    return copy.drain(wish, points, now).size() > limits::lots_drained_max;
}

Pieces Account::drain(const Wish& wish, std::int64_t points, Instant now) {
    Pieces taken;
    while (points > 0) {
        // The lot that is nearest its end; then the one that was active earlier; then the older.
        Piece* next = nullptr;
        const auto order = [this](const Piece& lot) {
            return std::tuple(end_of(lot.lot), lot.lot.active_from, lot.lot.made, lot.lot.version,
                              lot.lot.restriction, lot.lot.origin);
        };
        for (Piece& lot : lots_)
            if (allows(lot.lot, wish, now) && (next == nullptr || order(lot) < order(*next)))
                next = &lot;
        const std::int64_t piece = std::min(points, next->points);
        taken.push_back({.lot = next->lot, .points = piece});
        points -= piece;
        next->points -= piece;
        std::erase_if(lots_, [](const Piece& lot) { return lot.points == 0; });
    }
    return taken;
}

void Account::count_spent(LocalDate day, std::int64_t points) {
    if (day_ != day) day_spent_ = 0;
    day_ = day;
    day_spent_ += points;
}

Answer Account::spend(const ProgramSpec& program, const Spend& spend, Instant now, Sums& sums) {
    if (frozen_) return refusal(Code::account_frozen);
    const Wish wish{.points = spend.amount.value,
                    .min_remaining = spend.min_remaining.value,
                    .restriction = spend.restriction,
                    .up_to = spend.up_to};
    const Answer answer = takeable(program, wish, now);
    if (answer.code != Code::ok) return answer;
    if (drains_too_many(wish, answer.amount, now))
        return refusal(Code::too_many_lots, limits::lots_drained_max);
    const LocalDate today = local_date(zone_of(program), now);
    last_ = {};
    last_.pieces = drain(wish, answer.amount, now);
    last_.points = answer.amount;
    last_.taken_at = now;
    sums.spent += answer.amount;
    if (day_limit(program) >= 0) count_spent(today, answer.amount);
    slide(program, today, now);
    return answer;
}

Answer Account::place(const ProgramSpec& program, const PlaceHold& place, Instant now) {
    const Duration life = place.duration == Duration{} ? program.hold_default : place.duration;
    if (life > program.hold_max) return refusal(Code::hold_too_long);
    if (frozen_) return refusal(Code::account_frozen);
    const Wish wish{.points = place.amount.value,
                    .min_remaining = place.min_remaining.value,
                    .restriction = place.restriction,
                    .up_to = place.up_to};
    const Answer answer = takeable(program, wish, now);
    if (answer.code != Code::ok) return answer;
    if (holds_.size() >= limits::holds_per_account_max)
        return refusal(Code::too_many_holds, limits::holds_per_account_max);
    if (drains_too_many(wish, answer.amount, now))
        return refusal(Code::too_many_lots, limits::lots_drained_max);
    last_ = {};
    last_hold_ = {.placed_at = now,
                  .expires_at = now + life,
                  .day = local_date(zone_of(program), now),
                  .counted = day_limit(program) >= 0,
                  .placed_points = answer.amount,
                  .pieces = drain(wish, answer.amount, now)};
    if (last_hold_.counted) count_spent(last_hold_.day, answer.amount);
    return answer;
}

// ---- how holds end

const EndedHold* Account::find_ended(HoldId id, Instant now) const {
    for (const EndedHold& ended : ended_)
        if (ended.id == static_cast<std::uint32_t>(id) && now < ended.known_until) return &ended;
    return nullptr;
}

std::int64_t Account::end_hold(const ProgramSpec& program, std::uint32_t id, HoldEnd end,
                               Instant at) {
    const Hold hold = holds_.at(id);
    holds_.erase(id);
    std::int64_t expired = 0;
    for (const Piece& piece : hold.pieces)
        expired += give_back(program, piece, hold.placed_at, at, program.hold_grace_days);
    if (hold.counted && day_ == hold.day) day_spent_ -= hold.left();
    if (hold.is_order) return expired;  // the order says how it ended
    if (ended_.size() == ended_holds_max) ended_.erase(ended_.begin());
    ended_.push_back({.id = id,
                      .end = end,
                      .placed_points = hold.placed_points,
                      .known_until = at + ended_hold_known});
    return expired;
}

Answer Account::capture(const ProgramSpec& program, const CaptureHold& capture, Instant now,
                        Sums& sums) {
    const auto found = holds_.find(static_cast<std::uint32_t>(capture.hold));
    if (found == holds_.end()) {
        const EndedHold* ended = find_ended(capture.hold, now);
        if (ended == nullptr) return refusal(Code::hold_not_found);
        if (ended->end == HoldEnd::expired) return refusal(Code::hold_expired);
        if (capture.amount.value > ended->placed_points) return refusal(Code::capture_exceeds_hold);
        return refusal(Code::hold_resolved, static_cast<std::int64_t>(ended->end));
    }
    Hold& hold = found->second;
    if (hold.is_order) return refusal(Code::hold_not_found);
    if (capture.amount.value > hold.left()) return refusal(Code::capture_exceeds_hold);
    if (frozen_) return refusal(Code::account_frozen);
    last_ = {};
    last_.taken_at = hold.placed_at;
    last_.points = capture.amount.value;
    std::int64_t left = capture.amount.value;
    for (Piece& piece : hold.pieces) {
        const std::int64_t part = std::min(left, piece.points);
        if (part == 0) continue;
        last_.pieces.push_back({.lot = piece.lot, .points = part});
        piece.points -= part;
        left -= part;
    }
    std::erase_if(hold.pieces, [](const Piece& piece) { return piece.points == 0; });
    sums.spent += capture.amount.value;
    const std::int64_t still_held = hold.left();
    if (still_held == 0)
        end_hold(program, static_cast<std::uint32_t>(capture.hold), HoldEnd::captured, now);
    slide(program, local_date(zone_of(program), now), now);
    return {.amount = capture.amount.value, .detail = still_held};
}

Answer Account::release(const ProgramSpec& program, const ReleaseHold& release, Instant now,
                        Sums& sums) {
    const auto found = holds_.find(static_cast<std::uint32_t>(release.hold));
    last_ = {};
    if (found == holds_.end()) {
        const EndedHold* ended = find_ended(release.hold, now);
        if (ended == nullptr) return refusal(Code::hold_not_found);
        if (ended->end == HoldEnd::expired) return refusal(Code::hold_expired);
        if (ended->end == HoldEnd::captured)
            return refusal(Code::hold_resolved, static_cast<std::int64_t>(ended->end));
        return {};  // the same resolution once more
    }
    if (found->second.is_order) return refusal(Code::hold_not_found);
    const std::int64_t points = found->second.left();
    const std::int64_t expired =
        end_hold(program, static_cast<std::uint32_t>(release.hold), HoldEnd::released, now);
    sums.expired += expired;
    return {.amount = points, .detail = expired};
}

// ---- taking back

Answer Account::find_original(Lsn entry, PartnerId partner, Instant now, bool wants_earning,
                              std::int64_t points, Original** found) {
    const auto original = originals_.find(entry.value);
    if (original == originals_.end() || original->second.partner != partner)
        return refusal(Code::original_not_found);
    const CommandKind kind = original->second.kind;
    const bool fits = wants_earning ? kind == CommandKind::earn
                                    : kind == CommandKind::spend || kind == CommandKind::capture;
    if (!fits) return refusal(Code::original_wrong_kind);
    *found = &original->second;
    const std::int64_t left =
        now < (*found)->open_until ? (*found)->points - (*found)->taken_back : 0;
    const std::int64_t wanted = points == 0 ? left : points;
    if (left == 0 || wanted > left)
        return refusal(wants_earning ? Code::revoke_exceeds_earning : Code::refund_exceeds_original,
                       left);
    return {.amount = wanted};
}

Answer Account::refund(const ProgramSpec& program, const Refund& refund, PartnerId partner,
                       Instant now, Sums& sums) {
    Original* original = nullptr;
    Answer answer =
        find_original(refund.original, partner, now, false, refund.amount.value, &original);
    if (answer.code != Code::ok) return answer;
    if (!fits(answer.amount, now)) return refusal(Code::balance_out_of_range);
    // Point by point it would be: the last point that was drained comes back first.
    std::int64_t skip = original->taken_back;
    std::int64_t left = answer.amount;
    for (std::size_t i = original->pieces.size(); i-- > 0 && left > 0;) {
        Piece piece = original->pieces[i];
        const std::int64_t skipped = std::min(skip, piece.points);
        skip -= skipped;
        piece.points = std::min(piece.points - skipped, left);
        if (piece.points == 0) continue;
        left -= piece.points;
        answer.detail += give_back(program, piece, original->taken_at, now, refund.grace_days);
    }
    original->taken_back += answer.amount;
    sums.spent -= answer.amount;
    sums.expired += answer.detail;
    last_ = {};
    return answer;
}

Answer Account::revoke(const ProgramSpec& program, const Revoke& revoke, PartnerId partner,
                       Instant now, Sums& sums) {
    Original* original = nullptr;
    Answer answer =
        find_original(revoke.original, partner, now, true, revoke.amount.value, &original);
    if (answer.code != Code::ok) return answer;
    // What is there: the unheld points of the lot that the earning is in, whoever put them there.
    const LotName home = home_of(program, original->pieces.front().lot);
    Piece* lot = nullptr;
    for (Piece& there : lots_)
        if (there.lot == home) lot = &there;
    const std::int64_t there = lot == nullptr ? 0 : std::min(lot->points, answer.amount);
    const std::int64_t missing = answer.amount - there;
    if (missing > 0 && program.revoke == RevokePolicy::reject)
        return refusal(Code::revoke_not_covered, missing);
    if (missing > 0 && program.revoke == RevokePolicy::allow_debt) {
        if (missing > amount_points_max - debt_) return refusal(Code::balance_out_of_range);
        debt_ += missing;
    }
    if (program.revoke == RevokePolicy::take_what_is_there) answer.amount = there;
    if (lot != nullptr) lot->points -= there;
    std::erase_if(lots_, [](const Piece& piece) { return piece.points == 0; });
    original->taken_back += answer.amount;
    sums.revoked += answer.amount;
    answer.detail = missing;
    last_ = {};
    return answer;
}

// ---- what an operator or a CRM sets

Answer Account::freeze(const Freeze& freeze) {
    last_ = {};
    frozen_ = freeze.frozen;
    return {};
}

Answer Account::set_limit(const SetLimit& limit) {
    last_ = {};
    own_day_limit_ = limit.spend_per_day_max.value;
    return {.detail = own_day_limit_};
}

Answer Account::update_member(const MemberUpdate& update) {
    last_ = {};
    if (has_member_ && update.source_version < source_version_)
        return refusal(Code::stale_version, static_cast<std::int64_t>(source_version_));
    has_member_ = true;
    source_version_ = update.source_version;
    level_ = update.level;
    return {};
}

void Account::name_last(const ProgramSpec& program, const CommandHead& head, Instant now, Lsn entry,
                        HoldId hold) {
    ++entries_;
    last_.kind = head.kind;
    last_.partner = head.partner;
    last_.open_until = now + days(program.refundable_days);
    originals_[entry.value] = last_;
    const auto number = static_cast<std::uint32_t>(hold);
    if (head.kind == CommandKind::hold) holds_[number] = last_hold_;
    if (!last_order_) return;
    Order& order = orders_[number] = *last_order_;
    last_order_.reset();
    order.number = number;
    if (order.state == OrderState::waiting)
        holds_[number] = last_hold_;
    else
        order_pieces_[number] = last_.pieces;
}

// ---- reads

Balances Account::balances(Instant now) const {
    Balances has;
    for (const Piece& lot : lots_) {
        if (is_live_at(lot.lot, now))
            has.available.value += lot.points;
        else
            has.pending.value += lot.points;
    }
    for (const auto& [id, hold] : holds_) has.held.value += hold.left();
    has.debt.value = debt_;
    has.available.value -= debt_;
    return has;
}

std::vector<ExpiringRow> Account::expiring(Instant until) const {
    std::map<Instant, std::int64_t> by_end;
    for (const Piece& lot : lots_)
        if (end_of(lot.lot) <= until) by_end[end_of(lot.lot)] += lot.points;
    std::vector<ExpiringRow> rows;
    for (const auto& [end, points] : by_end)
        rows.push_back({.expires_at = end, .points = Points{points}});
    return rows;
}

}  // namespace suanpan::model
