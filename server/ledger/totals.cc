// Totals and invariants: the ledger checked against its house counters, the slow way.
#include "server/ledger/due.h"
#include "server/ledger/ledger.h"

#include <algorithm>
#include <string>

namespace suanpan::ledger {
namespace {

WideSum points_expired_in(const Entry& entry) {
    WideSum sum = 0;
    for (const Effect& effect : entry.effects)
        if (const auto* delta = std::get_if<HouseDelta>(&effect);
            delta != nullptr && delta->counter == HouseCounter::expired)
            sum += delta->delta.value;
    return sum;
}

void add_account(const Account& account, const Balances& balances, Totals& totals) {
    totals.available += balances.available.value;
    totals.held += balances.held.value;
    totals.pending += balances.pending.value;
    totals.debt += balances.debt.value;
    totals.accounts += 1;
    totals.lots += account.lots().all().size();
    if (account.rare() != nullptr) totals.open_holds += account.rare()->holds.size();
}

void add_house(const House& house, Totals& totals) {
    totals.issued += house[HouseCounter::issued] + house[HouseCounter::adjusted_up];
    totals.spent += house[HouseCounter::spent] + house[HouseCounter::adjusted_down];
    totals.expired += house[HouseCounter::expired];
    totals.revoked += house[HouseCounter::revoked];
}

// The first thing wrong inside one account, or null.
const char* fault_of(const Account& account) {
    Points sum;
    const Lot* before = nullptr;
    for (const Lot& lot : account.lots().all()) {
        if (lot.remaining <= Points{}) return "INV-4: a lot holds no points";
        if (before != nullptr && !(before->key < lot.key)) return "INV-5: lots are out of order";
        sum += lot.remaining;
        before = &lot;
    }
    if (sum != account.lots().sum()) return "INV-3: the sum of the lots is off";
    const AccountRare* rare = account.rare();
    if (rare == nullptr) return nullptr;
    if (rare->debt < Points{}) return "INV-4: the debt is negative";
    Points held;
    for (const Hold& hold : rare->holds) {
        Points left;
        for (const HoldSlice& slice : hold.slices) {
            if (slice.amount <= Points{}) return "INV-4: a slice of a hold has no points";
            left += slice.amount;
        }
        if (left != hold.left || left > hold.amount)
            return "INV-6: a hold's slices do not add up to what is left of it";
        if (account.find_resolved(hold.id) != nullptr) return "INV-6: an open hold has ended";
        held += left;
    }
    if (held != rare->held) return "INV-3: held is not the sum of the open holds";
    std::size_t waiting = 0;
    for (const OrderPtr& order : rare->orders) {
        const Hold* hold = account.find_hold(HoldId{order->number});
        const bool waits = order->state == OrderState::waiting;
        waiting += waits ? 1 : 0;
        if (waits != (hold != nullptr) || (waits && hold->left != order->terms.points))
            return "INV-6: an order waits without the points that were held for it";
        if (order->refunded() > order->terms.payable)
            return "INV-6: more than an order was refunded";
    }
    for (const Hold& hold : rare->holds) waiting -= hold.is_order ? 1 : 0;
    if (waiting != 0) return "INV-6: a hold belongs to no order";
    for (const Tally& tally : rare->tallies)
        if (tally.taken_back <= Points{}) return "INV-6: a tally is empty";
    return nullptr;
}

}  // namespace

void Totals::add(const Totals& other) {
    issued += other.issued;
    available += other.available;
    held += other.held;
    pending += other.pending;
    debt += other.debt;
    spent += other.spent;
    expired += other.expired;
    revoked += other.revoked;
    accounts += other.accounts;
    lots += other.lots;
    open_holds += other.open_holds;
}

Account Ledger::settled(const Account& account, Instant now, WideSum& expired) const {
    Entry due;
    due.ordinal = account.ordinal() + 1;
    post_due(account, *programs_.find(account.program()), now, {}, due);
    expired += points_expired_in(due);
    Account posted = account.clone();
    for (const Effect& effect : due.effects) posted.apply(effect, now);
    for (const OrderPtr& order : due.orders) posted.put_order(order);
    return posted;
}

const Account* Ledger::account_at(const MemberId& member, ProgramId program, Instant now,
                                  std::optional<Account>& room) const {
    const AccountRef ref = accounts_.find(member, program);
    if (ref == no_account) return nullptr;
    if (!accounts_[ref].has_due(now)) return &accounts_[ref];
    WideSum ignored = 0;
    return &room.emplace(settled(accounts_[ref], now, ignored));
}

Totals Ledger::posted_totals(ProgramId program) const {
    Totals totals;
    for (std::uint32_t slot = 0; slot < accounts_.size(); ++slot) {
        const Account& account = accounts_[AccountRef{slot}];
        if (account.program() != program) continue;
        // Which points are pending depends on the instant alone, so all of them count as available.
        add_account(account, account.balances(instant_never), totals);
    }
    if (const auto at = houses_.find(program); at != houses_.end()) add_house(at->second, totals);
    return totals;
}

Totals Ledger::effective_totals(ProgramId program, Instant now) const {
    Totals totals;
    for (std::uint32_t slot = 0; slot < accounts_.size(); ++slot) {
        const Account& account = accounts_[AccountRef{slot}];
        if (account.program() != program) continue;
        if (account.has_due(now)) {
            const Account posted = settled(account, now, totals.expired);
            add_account(posted, posted.balances(now), totals);
        } else {
            add_account(account, account.balances(now), totals);
        }
    }
    if (const auto at = houses_.find(program); at != houses_.end()) add_house(at->second, totals);
    return totals;
}

void Ledger::add_house_to(HouseMap& sum) const {
    for (const auto& [program, house] : houses_) {
        sum[program].add(house);
    }
}

void Ledger::add_counters_to(CounterMap& sum) const {
    for (const auto& [program, house] : houses_)
        for (const auto& [key, units] : house.shared)
            sum[{.program = program, .kind = key.first, .id = key.second}].add(units);
}

void Ledger::for_each_voucher(const std::function<void(const HeldVoucher&)>& take) const {
    for (std::uint32_t slot = 0; slot < accounts_.size(); ++slot)
        for (const VoucherPtr& voucher : accounts_[AccountRef{slot}].vouchers()) take(*voucher);
}

void Ledger::add_tickets_to(std::map<CounterKey, TicketSpan>& sum) const {
    for (const auto& [program, house] : houses_)
        for (const auto& [offer, span] : house.tickets)
            sum[{.program = program, .kind = CounterKind::offer_stock, .id = offer}].add(span);
}

// Some of them may have none any more.
std::vector<AccountRef> Ledger::accounts_with_holds() const {
    std::vector<AccountRef> accounts;
    for (const HoldExpiry& hold : hold_expiries_.all()) accounts.push_back(hold.account);
    std::ranges::sort(accounts);
    const auto repeated = std::ranges::unique(accounts);
    accounts.erase(repeated.begin(), repeated.end());
    std::erase_if(accounts, [this](AccountRef ref) { return accounts_[ref].rare() == nullptr; });
    return accounts;
}

void Ledger::add_reserved_to(std::map<CounterKey, ReservedMap>& sum) const {
    for_each_waiting([&](const Account& account, const Order& order) {
        for_each_shared_use(order, [&](const SharedUse& shared) {
            sum[{.program = account.program(), .kind = shared.kind, .id = shared.id}]
               [order.times_out] += shared.units;
        });
    });
}

void Ledger::for_each_waiting(const std::function<void(const Account&, const Order&)>& take) const {
    for (const AccountRef ref : accounts_with_holds())
        for (const OrderPtr& order : accounts_[ref].rare()->orders)
            if (order->state == OrderState::waiting) take(accounts_[ref], *order);
}

std::optional<std::string> Ledger::check_invariants(Instant now) const {
    std::uint64_t lots = 0;
    for (std::uint32_t slot = 0; slot < accounts_.size(); ++slot) {
        const Account& account = accounts_[AccountRef{slot}];
        if (const char* fault = fault_of(account); fault != nullptr) return std::string(fault);
        lots += account.lots().all().size();
    }
    if (lots != lot_count_) return "the count of lots is off";
    for (const auto& [program, house] : houses_) {
        if (!posted_totals(program).balance())
            return "INV-3: issued is not available + held + pending + spent + expired + revoked";
        if (programs_.find(program) != nullptr && !effective_totals(program, now).balance())
            return "INV-3: the effective form does not add up";
    }
    return std::nullopt;
}

}  // namespace suanpan::ledger
