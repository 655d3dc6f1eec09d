#include "server/ledger/account.h"

#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "server/ledger/calendar.h"

#include <algorithm>

namespace suanpan::ledger {

AccountRare& Account::make_rare() {
    LotTail& tail = lots_.make_tail();
    if (tail.rare == nullptr) tail.rare = std::make_unique<AccountRare>();
    return *tail.rare;
}

const Hold* Account::find_hold(HoldId id) const {
    if (rare() == nullptr) return nullptr;
    const auto at = std::ranges::lower_bound(rare()->holds, id, {}, &Hold::id);
    return at != rare()->holds.end() && at->id == id ? &*at : nullptr;
}

const ResolvedHold* Account::find_resolved(HoldId id) const {
    if (rare() == nullptr) return nullptr;
    const auto at = std::ranges::find(rare()->resolved, id, &ResolvedHold::id);
    return at != rare()->resolved.end() ? &*at : nullptr;
}

const Tally* Account::find_tally(Lsn original) const {
    if (rare() == nullptr) return nullptr;
    const auto at = std::ranges::lower_bound(rare()->tallies, original, {}, &Tally::original);
    return at != rare()->tallies.end() && at->original == original ? &*at : nullptr;
}

LocalDate use_period(UseKind kind, LocalDate today) {
    if (kind == UseKind::limit_day || kind == UseKind::offer_day) return today;
    if (kind == UseKind::limit_month) {
        YearMonthDay first = to_year_month_day(today);
        first.day = 1;
        return to_local_date(first);
    }
    return {};
}

OrderPtr Account::find_order(std::uint32_t number) const {
    return rare() == nullptr ? nullptr : rare()->orders.find(number);
}

OrderPtr Account::find_order(PartnerId partner, const OrderId& id, Instant now) const {
    return rare() == nullptr ? nullptr : rare()->orders.find(partner, id, now);
}

std::optional<Points> Account::left_today(Points program_max, LocalDate today) const {
    Points limit = program_max;
    Points spent;
    if (const AccountRare* rare_part = rare(); rare_part != nullptr) {
        const Points own = rare_part->spend_per_day_max;
        if (own >= Points{}) limit = limit < Points{} ? own : std::min(limit, own);
        if (rare_part->day == today) spent = rare_part->day_spent;
    }
    if (limit < Points{}) return std::nullopt;
    return std::max(limit - spent, Points{});
}

UseSum Account::used(const UseKey& key, LocalDate today) const {
    if (rare() == nullptr) return {};
    const auto at = std::ranges::lower_bound(rare()->uses, key, {}, &UseCount::key);
    if (at == rare()->uses.end() || at->key != key || at->period != use_period(key.kind, today))
        return {};
    return at->used;
}

bool Account::has_due(Instant now) const {
    if (SUANPAN_CANARY(expiry_inclusive)) now = now - nanoseconds(1);
    const std::span<const Lot> lots = lots_.all();
    if (!lots.empty() && lots.front().key.expires_at <= now) return true;
    const AccountRare* rare_part = rare();
    if (rare_part == nullptr) return false;
    if (rare_part->hold_expires_next <= now) return true;
    if (rare_part->sliding_expires_at > now || rare_part->sliding_expires_at == Instant{})
        return false;
    const auto sliding = std::ranges::lower_bound(
        lots, expires_sliding, {}, [](const Lot& lot) { return lot.key.expires_at; });
    return sliding != lots.end() && sliding->key.expires_at == expires_sliding;
}

Balances Account::balances(Instant now) const {
    Balances balances;
    balances.pending = lots_.pending(now);
    if (const AccountRare* rare_part = rare(); rare_part != nullptr) {
        balances.held = rare_part->held;
        balances.debt = rare_part->debt;
    }
    balances.available = lots_.sum() - balances.pending - balances.debt;
    return balances;
}

namespace {

void refresh_hold_expiry(AccountRare& rare) {
    rare.hold_expires_next = instant_never;
    for (const Hold& hold : rare.holds)
        rare.hold_expires_next = std::min(rare.hold_expires_next, hold.expires_at);
}

Hold& hold_of(AccountRare& rare, HoldId id) {
    const auto at = std::ranges::lower_bound(rare.holds, id, {}, &Hold::id);
    SUANPAN_ASSERT(at != rare.holds.end());
    SUANPAN_ASSERT(at->id == id);
    return *at;
}

void put_hold(AccountRare& rare, const HoldPut& effect, Instant time) {
    // Holds are numbered by a rising ordinal, so the newest goes to the end.
    SUANPAN_ASSERT(rare.holds.empty() || rare.holds.back().id < effect.hold);
    Hold& hold = rare.holds.emplace_back();
    hold.id = effect.hold;
    hold.local_date = effect.local_date;
    hold.placed_at = time;
    hold.expires_at = effect.expires_at;
    hold.is_order = effect.is_order;
    rare.hold_expires_next = std::min(rare.hold_expires_next, effect.expires_at);
}

void resolve_hold(AccountRare& rare, const HoldResolve& effect) {
    const Hold& hold = hold_of(rare, effect.hold);
    SUANPAN_ASSERT(hold.left == Points{});  // INV-6: a hold ends empty, and once
    // What became of an order's hold the order says, and to its partner alone.
    if (!hold.is_order) {
        if (rare.resolved.size() >= hold_outcomes_max) rare.resolved.erase(rare.resolved.begin());
        rare.resolved.push_back({.id = effect.hold,
                                 .end = effect.end,
                                 .amount = hold.amount,
                                 .keep_until = effect.keep_until});
        rare.prune_next = std::min(rare.prune_next, effect.keep_until);
    }
    const bool was_next = hold.expires_at == rare.hold_expires_next;
    rare.holds.erase(rare.holds.begin() + (&hold - rare.holds.data()));
    if (was_next) refresh_hold_expiry(rare);
}

void add_tally(AccountRare& rare, const TallyAdd& effect) {
    if (SUANPAN_CANARY(refund_tally_forgotten)) return;
    auto at = std::ranges::lower_bound(rare.tallies, effect.original, {}, &Tally::original);
    if (at == rare.tallies.end() || at->original != effect.original)
        at = rare.tallies.insert(
            at, Tally{.original = effect.original, .taken_back = {}, .keep_until = {}});
    at->taken_back += effect.taken_back;
    at->keep_until = effect.keep_until;
    rare.prune_next = std::min(rare.prune_next, effect.keep_until);
}

// Counts of days and months that are over, wherever the program's clock stands, now or after a
// change of its time zone: a local date is at most one away from the date in UTC.
void drop_uses_that_are_over(AccountRare& rare, Instant time) {
    const LocalDate today{static_cast<std::int32_t>(time.ns / days(1).ns) - 1};
    std::erase_if(rare.uses, [&](const UseCount& use) {
        const LocalDate present = use_period(use.key.kind, today);
        return present != LocalDate{} && use.period < present;
    });
}

void add_use(AccountRare& rare, const UseAdd& effect, Instant time) {
    drop_uses_that_are_over(rare, time);
    auto at = std::ranges::lower_bound(rare.uses, effect.key, {}, &UseCount::key);
    if (at == rare.uses.end() || at->key != effect.key)
        at = rare.uses.insert(at, UseCount{.key = effect.key, .period = effect.period, .used = {}});
    if (at->period != effect.period) *at = {.key = effect.key, .period = effect.period, .used = {}};
    at->used.money += effect.delta.money;
    at->used.points += effect.delta.points;
    at->used.count += effect.delta.count;
    // INV-10: what is given back was used before.
    SUANPAN_ASSERT(at->used.money >= Money{});
    SUANPAN_ASSERT(at->used.points >= Points{});
    SUANPAN_ASSERT(at->used.count >= 0);
}

void add_day_spent(AccountRare& rare, const DaySpent& effect) {
    if (rare.day != effect.date) {
        rare.day = effect.date;
        rare.day_spent = Points{};
    }
    rare.day_spent += effect.delta;
}

}  // namespace

void Account::apply_hold_slice(const HoldSliceDelta& effect) {
    AccountRare& rare_part = make_rare();
    Hold& hold = hold_of(rare_part, effect.hold);
    auto at = std::ranges::find(hold.slices, effect.lot, &HoldSlice::lot);
    if (at == hold.slices.end()) {
        SUANPAN_ASSERT(effect.delta > Points{});
        hold.slices.push_back({.lot = effect.lot, .amount = {}});
        at = hold.slices.end() - 1;
    }
    at->amount += effect.delta;
    SUANPAN_ASSERT(at->amount >= Points{});  // INV-6: Σ captures ≤ hold
    if (effect.delta > Points{}) hold.amount += effect.delta;
    hold.left += effect.delta;
    rare_part.held += effect.delta;
    if (at->amount == Points{}) hold.slices.erase(at);
}

void Account::apply(const Effect& effect, Instant time) {
    struct Apply {
        Account& account;
        Instant time;
        void operator()(const LotDelta& e) const { account.lots_.change(e.lot, e.delta); }
        void operator()(const HoldPut& e) const { put_hold(account.make_rare(), e, time); }
        void operator()(const HoldSliceDelta& e) const { account.apply_hold_slice(e); }
        void operator()(const HoldResolve& e) const { resolve_hold(account.make_rare(), e); }
        void operator()(const DebtDelta& e) const {
            Points& debt = account.make_rare().debt;
            debt += e.delta;
            SUANPAN_ASSERT(debt >= Points{});  // INV-4
        }
        void operator()(const TallyAdd& e) const { add_tally(account.make_rare(), e); }
        void operator()(const AccountFrozen& e) const { account.make_rare().frozen = e.frozen; }
        void operator()(const AccountLimit& e) const {
            account.make_rare().spend_per_day_max = e.spend_per_day_max;
        }
        void operator()(const DaySpent& e) const { add_day_spent(account.make_rare(), e); }
        void operator()(const MemberSet& e) const {
            account.make_rare().member = e;
            account.make_rare().has_member = true;
        }
        void operator()(const SlidingMove& e) const {
            account.make_rare().sliding_expires_at = e.expires_at;
            account.make_rare().sliding_since = e.since;
        }
        void operator()(const HouseDelta&) const {}  // another record's
        void operator()(const ProgramPut&) const {}
        void operator()(const OrderPut&) const {}  // put_order() does it
        void operator()(const UseAdd& e) const { add_use(account.make_rare(), e, time); }
        void operator()(const RulesPut&) const {}
        void operator()(const CounterAdd&) const {}  // the house record's
        void operator()(const OffersPut&) const {}
        void operator()(const TicketTaken&) const {}  // the house record's
        void operator()(const VoucherPut&) const {}   // put_voucher() does it
        void operator()(const CodesPut&) const {}
        void operator()(const ReservationEnded&) const {}  // put_order() does it
        void operator()(const BatchRecalled&) const {}     // the ledger's own
    };
    std::visit(Apply{*this, time}, effect);
}

void Account::put_order(const OrderPtr& order) {
    make_rare().orders.put(order);
}

VoucherPtr Account::find_voucher(const VoucherNumber& number) const {
    const auto at = std::ranges::lower_bound(vouchers(), number, {},
                                             [](const VoucherPtr& each) { return each->number; });
    return at != vouchers().end() && (*at)->number == number ? *at : nullptr;
}

void Account::put_voucher(const VoucherPtr& voucher) {
    std::vector<VoucherPtr>& vouchers = make_rare().vouchers;
    const auto at = std::ranges::lower_bound(vouchers, voucher->number, {},
                                             [](const VoucherPtr& each) { return each->number; });
    if (at == vouchers.end() || (*at)->number != voucher->number)
        vouchers.insert(at, voucher);
    else if ((*at)->last_ordinal <= voucher->last_ordinal)
        *at = voucher;
}

void Account::prune_orders(Instant time) {
    make_rare().orders.prune(time);
}

void Account::prune(Instant time) {
    if (rare() == nullptr || rare()->prune_next > time) return;
    AccountRare& rare_part = make_rare();
    std::erase_if(rare_part.resolved,
                  [time](const ResolvedHold& hold) { return hold.keep_until <= time; });
    std::erase_if(rare_part.tallies,
                  [time](const Tally& tally) { return tally.keep_until <= time; });
    rare_part.prune_next = instant_never;
    for (const ResolvedHold& hold : rare_part.resolved)
        rare_part.prune_next = std::min(rare_part.prune_next, hold.keep_until);
    for (const Tally& tally : rare_part.tallies)
        rare_part.prune_next = std::min(rare_part.prune_next, tally.keep_until);
}

}  // namespace suanpan::ledger
