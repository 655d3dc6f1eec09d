#include "server/ledger/due.h"

#include "protocol/base/canary.h"
#include "protocol/base/probe.h"
#include "server/ledger/order_format.h"

#include <algorithm>

namespace suanpan::ledger {
namespace {

constexpr std::size_t lot_bytes = 40;       // of a LotDelta
constexpr std::size_t hold_end_bytes = 32;  // its HoldResolve, and the day that it counted under

// Collects one account's due items. Points that a hold returns to a lot that is itself due go to
// `expired` at once, so that no lot is changed twice.
class DuePoster {
public:
    DuePoster(const Account& account, const Program& program, Instant now, const DueBudget& budget,
              Entry& out)
        : account_(account),
          program_(program),
          now_(now),
          budget_(budget),
          out_(out),
          debt_(account.debt()) {}

    bool post() {
        const bool complete = post_holds() && post_lots();
        if (repaid_ > Points{}) out_.add(DebtDelta{.delta = -repaid_});
        if (expired_ > Points{})
            out_.add(HouseDelta{.counter = HouseCounter::expired, .delta = expired_});
        return complete;
    }

private:
    // False where the budget has no room for so much more.
    bool take(std::size_t items, std::size_t bytes) {
        const bool is_first = items_ == 0 && budget_.takes_first;
        const bool fits = items <= budget_.items_max - std::min(items_, budget_.items_max) &&
                          bytes <= budget_.bytes_max - std::min(bytes_, budget_.bytes_max);
        if (!is_first && !fits) return false;
        items_ += items;
        bytes_ += bytes;
        return true;
    }

    bool post_holds() {
        const AccountRare* rare = account_.rare();
        if (rare == nullptr) return true;
        if (budget_.withdrawn != HoldId{}) {
            Hold hold = *account_.find_hold(budget_.withdrawn);
            hold.expires_at = now_;
            if (!post_within_budget(hold)) return false;
        }
        if (rare->hold_expires_next > now_) return true;
        std::vector<const Hold*> due;
        for (const Hold& hold : rare->holds)
            if (hold.expires_at <= now_) due.push_back(&hold);
        std::ranges::sort(due, [](const Hold* a, const Hold* b) {
            return std::tie(a->expires_at, a->id) < std::tie(b->expires_at, b->id);
        });
        return std::ranges::all_of(due, [this](const Hold* hold) {
            return hold->id == budget_.withdrawn || post_within_budget(*hold);
        });
    }

    bool post_within_budget(const Hold& hold) {
        const std::size_t slices = std::max<std::size_t>(hold.slices.size(), 1);
        std::size_t bytes = slices * returned_slice_bytes + hold_end_bytes;
        const OrderPtr order = hold.is_order ? order_of(hold) : nullptr;
        if (order != nullptr) bytes += order_entry_bytes(*order);
        if (!take(slices, bytes)) return false;
        post_hold(hold);
        return true;
    }

    void post_hold(const Hold& hold) {
        SUANPAN_PROBE("a hold expired and gave its points back");
        for (const HoldSlice& slice : hold.slices) {
            out_.add(HoldSliceDelta{.hold = hold.id,
                                    .cause = Cause::returned,
                                    .lot = slice.lot,
                                    .delta = -slice.amount});
            give_back(slice, hold);
        }
        out_.add(HoldResolve{.hold = hold.id,
                             .end = HoldEnd::expired,
                             .keep_until = hold.expires_at + hold_outcome_kept});
        if (hold.is_order) end_order(hold);
        const AccountRare& rare = *account_.rare();
        if (hold.local_date == rare.day && program_.calendar().local_date(now_) == rare.day)
            out_.add(DaySpent{.date = rare.day, .delta = -hold.left});
    }

    [[nodiscard]] OrderPtr order_of(const Hold& hold) const {
        return account_.find_order(static_cast<std::uint32_t>(hold.id));
    }

    // Its hold has expired, so no cash came in time.
    void end_order(const Hold& hold) {
        SUANPAN_PROBE("an order timed out");
        const OrderPtr found = order_of(hold);
        if (found == nullptr) return;  // a damaged checkpoint: check_invariants() says so
        Order order = *found;
        order.state = OrderState::cancelled;
        order.step = OrderStep::timed_out;
        order.units.codes.clear();
        order.keep_from(hold.expires_at, unpaid_order_kept_min);
        if (!SUANPAN_CANARY(time_out_keeps_the_uses))
            give_back_uses(account_, order, program_.calendar().local_date(now_), 0, out_);
        out_.put(std::move(order));
    }

    void give_back(const HoldSlice& slice, const Hold& hold) {
        LotKey key = slice.lot;
        const Instant end = account_.expires_at(key);
        const bool alive = end > hold.expires_at &&
                           (key.expires_at != expires_sliding || hold.placed_at >= sliding_since());
        if (!alive) {
            if (program_.spec().hold_grace_days == 0) {
                expired_ += slice.amount;
                return;
            }
            key.expires_at = program_.end_after_days(
                program_.calendar().local_date(hold.expires_at), program_.spec().hold_grace_days);
        }
        // The hold ended before its lot: the points were there to repay debt, whenever this is
        // posted.
        const Points repaid = std::min(debt_, slice.amount);
        debt_ -= repaid;
        repaid_ += repaid;
        if (account_.expires_at(key) <= now_) {
            expired_ += slice.amount - repaid;
            return;
        }
        key = target_lot(account_, out_, key, program_.spec().merge_lots);
        out_.add(LotDelta{.lot = key, .delta = slice.amount, .cause = Cause::returned});
        if (repaid == Points{}) return;
        out_.add(LotDelta{.lot = key, .delta = -repaid, .cause = Cause::debt});
    }

    bool post_lots() {
        const Instant sliding_end = account_.sliding_expires_at();
        const bool sliding_due = sliding_end != Instant{} && sliding_end <= now_;
        for (const Lot& lot : account_.lots().all()) {
            if (lot.key.expires_at > now_ && !sliding_due) break;
            if (account_.expires_at(lot.key) > now_) {
                if (lot.key.expires_at > expires_sliding) break;
                continue;
            }
            if (!take(1, lot_bytes)) return false;
            expired_ += lot.remaining;
            out_.add(LotDelta{.lot = lot.key, .delta = -lot.remaining, .cause = Cause::expiry});
        }
        return true;
    }

    [[nodiscard]] Instant sliding_since() const {
        return account_.rare() == nullptr ? Instant{} : account_.rare()->sliding_since;
    }

    const Account& account_;
    const Program& program_;
    Instant now_;
    DueBudget budget_;
    Entry& out_;
    Points debt_;    // still owed
    Points repaid_;  // of it, here
    Points expired_;
    std::size_t items_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace

void give_back_uses(const Account& account, const Order& order, LocalDate today,
                    std::size_t first_effect, Entry& out) {
    for_each_shared_use(order, [&](const SharedUse& shared) {
        out.add(CounterAdd{.kind = shared.kind,
                           .id = shared.id,
                           .delta = {.issued = 0, .reserved = -shared.units},
                           .times_out = order.times_out,
                           .limit = 0});
    });
    if (order.units.any())
        out.add(ReservationEnded{.offer = order.units.offer,
                                 .ticket = order.units.ticket,
                                 .units = order.units.quantity,
                                 .is_issued = false});
    for (const QuotedUse& use : order.terms.uses) {
        if (is_shared(use.key.kind)) continue;
        const LocalDate period = use_period(use.key.kind, order.counted_on);
        UseSum used = account.used(use.key, today);
        for (std::size_t i = first_effect; i < out.effects.size(); ++i) {
            const auto* add = std::get_if<UseAdd>(&out.effects[i]);
            if (add == nullptr || add->key != use.key || add->period != period) continue;
            used.money += add->delta.money;
            used.points += add->delta.points;
            used.count += add->delta.count;
        }
        // What was counted in a period that is over counts for nothing any more.
        if (period != use_period(use.key.kind, today) || used == UseSum{}) continue;
        out.add(UseAdd{.key = use.key,
                       .period = period,
                       .delta = {.money = Money{} - std::min(use.amount.money, used.money),
                                 .points = -std::min(use.amount.points, used.points),
                                 .count = -std::min(use.amount.count, used.count)}});
    }
}

namespace {

// True where points that the entry puts into a lot stay there: debt may have taken them all, in the
// very next effect. Then the lot is not there, as it would not be had they been posted alone.
bool stay(const LotDelta& put, const Entry& entry, std::size_t at) {
    if (at + 1 == entry.effects.size()) return true;
    const auto* next = std::get_if<LotDelta>(&entry.effects[at + 1]);
    return next == nullptr || next->cause != Cause::debt || next->lot != put.lot ||
           next->delta + put.delta > Points{};
}

}  // namespace

LotKey target_lot(const Account& account, const Entry& entry, const LotKey& key, bool merge) {
    if (!merge) return key;
    if (const Lot* same = account.lots().find_same(key, true); same != nullptr) return same->key;
    for (std::size_t i = 0; i < entry.effects.size(); ++i)
        if (const auto* put = std::get_if<LotDelta>(&entry.effects[i]);
            put != nullptr && put->delta > Points{} && put->lot.merges_with(key) &&
            stay(*put, entry, i))
            return put->lot;
    return key;
}

std::size_t order_entry_bytes(const Order& order) {
    // Both behind the length of the order and the key of the use.
    constexpr std::size_t order_head_bytes = 8;
    constexpr std::size_t use_bytes = 44;
    constexpr std::size_t units_bytes = 68;  // a CounterAdd and a ReservationEnded
    return order_head_bytes + order_bytes(order) + order.terms.uses.size() * use_bytes +
           (order.units.any() ? units_bytes : 0);
}

bool post_due(const Account& account, const Program& program, Instant now, const DueBudget& budget,
              Entry& out) {
    return DuePoster(account, program, now, budget, out).post();
}

Balances effective_balances(const Account& account, const Program& program, Instant now) {
    if (!account.has_due(now)) return account.balances(now);
    Entry due;
    post_due(account, program, now, {}, due);
    Account posted = account.clone();
    for (const Effect& effect : due.effects) posted.apply(effect, now);
    return posted.balances(now);
}

}  // namespace suanpan::ledger
