// Applying entries and posting due items: all that changes a ledger.
#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/limits.h"
#include "server/ledger/due.h"
#include "server/ledger/ledger.h"

#include <algorithm>

namespace suanpan::ledger {
namespace {

// Due items in one `expire` entry: keeps it below limits::entry_bytes_max, whatever they are. The
// first hold alone does so by what it may be: lots_drained_max, Decider::order_lots_max().
constexpr DueBudget expire_budget{.items_max = limits::lots_drained_max / 2,
                                  .bytes_max = limits::entry_bytes_max * 3 / 4};

}  // namespace

void Ledger::take_house_effects(const Entry& entry) {
    House& counters = house(entry.program);
    for (const Effect& effect : entry.effects)
        if (const auto* delta = std::get_if<HouseDelta>(&effect)) counters.add(*delta);
    if (entry.has_counters)
        for (const Effect& effect : entry.effects) {
            if (const auto* units = std::get_if<CounterAdd>(&effect)) counters.add(*units);
            if (const auto* taken = std::get_if<TicketTaken>(&effect)) counters.add(*taken);
        }
    counters.last_lsn = std::max(counters.last_lsn, entry.lsn);
}

AccountRef Ledger::apply(const Entry& entry, ApplyParts parts) {
    if (entry.spec && entry.kind != EntryKind::program_prepared) install(*entry.spec);
    if (entry.rules != nullptr) rules_.install(entry.rules);
    if (entry.offers != nullptr) offers_.install_newest(entry.offers);
    if (entry.kind == EntryKind::recall)
        for (const Effect& effect : entry.effects)
            if (const auto* recalled = std::get_if<BatchRecalled>(&effect))
                install(RecalledBatch{
                    .program = entry.program, .offer = recalled->offer, .batch = recalled->batch});
    if (entry.ordinal == 0) return no_account;  // about no account
    if (parts.house) take_house_effects(entry);
    if (!parts.account) {
        // Orders and vouchers are records of their own, and know by themselves whether they have
        // the entry.
        if (!entry.orders.empty())
            put_orders(entry, accounts_[accounts_.find_or_make(entry.member, entry.program)]);
        for (const VoucherPtr& voucher : entry.vouchers)
            accounts_[accounts_.find_or_make(entry.member, entry.program)].put_voucher(voucher);
        return no_account;
    }

    AccountRef ref = entry.account_hint;
    if (ref == no_account) ref = accounts_.find_or_make(entry.member, entry.program);
    Account& account = accounts_[ref];
    SUANPAN_ASSERT(account.member() == entry.member);
    SUANPAN_ASSERT(account.program() == entry.program);
    SUANPAN_ASSERT(entry.ordinal == account.ordinal() + 1);  // INV-12: each entry once, in order
    bool puts_hold = false;
    lot_count_ -= account.lots().all().size();
    for (const Effect& effect : entry.effects) {
        account.apply(effect, entry.time);
        puts_hold = puts_hold || std::holds_alternative<HoldPut>(effect);
    }
    lot_count_ += account.lots().all().size();
    if (!entry.orders.empty()) put_orders(entry, account);
    const bool forgets = entry.kind == EntryKind::verify && entry.lsn != Lsn{} &&
                         SUANPAN_CANARY(verification_forgotten_on_recovery);
    if (!forgets)
        for (const VoucherPtr& voucher : entry.vouchers) account.put_voucher(voucher);
    account.set_ordinal(entry.ordinal);
    account.prune(entry.time);
    if (entry.lsn != Lsn{}) {
        SUANPAN_ASSERT(entry.lsn > account.last_lsn());  // INV-2: rising here
        account.set_last_lsn(entry.lsn);
    }
    if (puts_hold) watch_holds(account, ref);
    SUANPAN_ASSERT_SLOW(entry.kind == EntryKind::expire ||
                        account.balances(entry.time) == entry.balances);
    return ref;
}

void Ledger::put_orders(const Entry& entry, Account& account) {
    // First, so that it drops none that this very entry has changed.
    account.prune_orders(entry.time);
    for (const OrderPtr& order : entry.orders) account.put_order(order);
}

Lsn Ledger::exchange_last_lsn(AccountRef ref, Lsn lsn) {
    Account& account = accounts_[ref];
    const Lsn before = account.last_lsn();
    SUANPAN_ASSERT(lsn > before);  // INV-2
    account.set_last_lsn(lsn);
    house(account.program()).last_lsn = lsn;
    return before;
}

bool Ledger::account_lacks(const Entry& entry) const {
    if (entry.ordinal == 0) return false;
    const AccountRef ref = entry.account_hint != no_account
                               ? entry.account_hint
                               : accounts_.find(entry.member, entry.program);
    return ref == no_account || accounts_[ref].last_lsn() < entry.lsn;
}

void Ledger::watch_holds(const Account& account, AccountRef ref) {
    if (account.rare() == nullptr || account.rare()->holds.empty()) return;
    hold_expiries_.push({.at = account.rare()->holds.back().expires_at, .account = ref});
}

bool Ledger::make_expire_entry(const MemberId& member, ProgramId program, Instant now, Entry& out) {
    const AccountRef ref = accounts_.find(member, program);
    return ref != no_account && fill_expire_entry(ref, now, out);
}

bool Ledger::make_withdrawal_entry(const MemberId& member, ProgramId program, std::uint32_t order,
                                   Instant now, Entry& out) {
    const AccountRef ref = accounts_.find(member, program);
    if (ref == no_account) return false;
    const Hold* hold = accounts_[ref].find_hold(HoldId{order});
    if (hold == nullptr || !hold->is_order || hold->expires_at <= now) return false;
    return fill_expire_entry(ref, now, out, order);
}

bool Ledger::fill_expire_entry(AccountRef ref, Instant now, Entry& out,
                               std::uint32_t withdrawn) const {
    const Account& account = accounts_[ref];
    if (withdrawn == 0 && !account.has_due(now)) return false;
    const Program* program = programs_.find(account.program());
    SUANPAN_ASSERT(program != nullptr);
    out.reset();
    out.kind = EntryKind::expire;
    out.time = now;
    out.member = account.member();
    out.program = account.program();
    out.account_hint = ref;
    out.ordinal = account.ordinal() + 1;
    out.config_version = program->spec().version;
    out.local_date = program->calendar().local_date(now);
    DueBudget budget = expire_budget;
    budget.withdrawn = HoldId{withdrawn};
    post_due(account, *program, now, budget, out);
    if (withdrawn == 0) {
        out.balances = effective_balances(account, *program, now);
    } else {
        Account posted = account.clone();
        for (const Effect& effect : out.effects) posted.apply(effect, now);
        out.balances = effective_balances(posted, *program, now);
    }
    for (const Effect& effect : out.effects)
        if (const auto* delta = std::get_if<HouseDelta>(&effect)) out.amount += delta->delta;
    SUANPAN_ASSERT(sum_of_postings(out) == Points{});  // INV-1
    return true;
}

std::size_t Ledger::sweep(Instant now, std::size_t accounts_max, Entry& entry,
                          const std::function<bool(Entry&)>& post,
                          const std::function<bool(const MemberId&)>& is_busy) {
    std::size_t looked_at = 0;
    const auto serve = [&](AccountRef ref) {
        ++looked_at;
        if (is_busy && is_busy(accounts_[ref].member())) return true;
        while (fill_expire_entry(ref, now, entry))
            if (!post(entry)) return false;
        return true;
    };
    std::vector<HoldExpiry> left_alone;
    bool goes_on = true;
    while (goes_on && looked_at < accounts_max && !hold_expiries_.empty() &&
           hold_expiries_.top().at <= now) {
        const HoldExpiry due = hold_expiries_.top();
        goes_on = serve(due.account);
        if (!goes_on) break;
        hold_expiries_.pop();
        if (is_busy && is_busy(accounts_[due.account].member())) left_alone.push_back(due);
    }
    for (const HoldExpiry& due : left_alone) hold_expiries_.push(due);
    if (!goes_on) return looked_at;
    const std::size_t round_max = std::min<std::size_t>(accounts_max, accounts_.size());
    while (looked_at < round_max) {
        if (sweep_next_ >= accounts_.size()) sweep_next_ = 0;
        if (!serve(AccountRef{sweep_next_})) return looked_at;
        ++sweep_next_;
    }
    return looked_at;
}

}  // namespace suanpan::ledger
