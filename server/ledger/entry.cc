#include "server/ledger/entry.h"

#include <variant>

namespace suanpan::ledger {
namespace {

// How an effect moves points, as seen from the members' side and from the house's.
struct Posting {
    std::int64_t operator()(const LotDelta& e) const { return e.delta.value; }
    std::int64_t operator()(const HoldSliceDelta& e) const { return e.delta.value; }
    std::int64_t operator()(const DebtDelta& e) const { return -e.delta.value; }
    std::int64_t operator()(const HouseDelta& e) const {
        const bool source =
            e.counter == HouseCounter::issued || e.counter == HouseCounter::adjusted_up;
        return source ? -e.delta.value : e.delta.value;
    }
    template <typename T>
    std::int64_t operator()(const T&) const {
        return 0;
    }
};

// True for kinds whose amount left the account's available points.
bool takes_points(EntryKind kind) {
    switch (kind) {
        case EntryKind::spend:
        case EntryKind::hold:
        case EntryKind::capture:
        case EntryKind::revoke:
        case EntryKind::settle:
        case EntryKind::redeem:
        case EntryKind::confirm:
        case EntryKind::expire:
            return true;
        default:
            return false;
    }
}

}  // namespace

void Entry::reset() {
    kind = EntryKind::none;
    kind_version = entry_kind_version;
    reason = 0;
    local_date = {};
    lsn = {};
    prev_lsn = {};
    time = {};
    request_id = {};
    member = {};
    body_hash = 0;
    partner = {};
    principal = {};
    program = {};
    config_version = 0;
    ordinal = 0;
    balances = {};
    amount = {};
    detail = 0;
    reference = 0;
    effects.clear();
    spec.reset();
    orders.clear();
    rules.reset();
    offers.reset();
    vouchers.clear();
    codes.reset();
    refusals.clear();
    account_hint = no_account;
    has_counters = false;
}

void Entry::put(Order&& order) {
    order.last_ordinal = ordinal;
    add(OrderPut{.place = static_cast<std::uint32_t>(orders.size())});
    orders.push_back(std::make_shared<const Order>(std::move(order)));
}

void Entry::put(HeldVoucher&& voucher) {
    voucher.last_ordinal = ordinal;
    add(VoucherPut{.place = static_cast<std::uint32_t>(vouchers.size())});
    vouchers.push_back(std::make_shared<const HeldVoucher>(std::move(voucher)));
}

Points sum_of_postings(const Entry& entry) {
    // Modulo 2^64, so that the sum of any number of bounded postings is exact where it ends at
    // zero.
    std::uint64_t sum = 0;
    for (const Effect& effect : entry.effects)
        sum += static_cast<std::uint64_t>(std::visit(Posting{}, effect));
    return Points{static_cast<std::int64_t>(sum)};
}

Outcome outcome_of(const Entry& entry) {
    Outcome outcome;
    outcome.entry_id = entry.lsn;
    outcome.time = entry.time;
    // A shop that uses a voucher is told nothing of its member's points.
    if (entry.kind != EntryKind::verify && entry.kind != EntryKind::undo_verify)
        outcome.balances = entry.balances;
    outcome.amount = entry.amount;
    outcome.detail = entry.detail;
    return outcome;
}

Outcome outcome_of_refusal(Lsn block_lsn, Instant block_time, const RefusalRecord& refusal) {
    Outcome outcome;
    outcome.code = refusal.code;
    outcome.entry_id = block_lsn;
    outcome.time = block_time;
    outcome.detail = refusal.detail;
    return outcome;
}

StatementLine statement_line_of(const Entry& entry) {
    StatementLine line;
    line.entry_id = entry.lsn;
    line.time = entry.time;
    line.request_id = entry.request_id;
    line.amount = takes_points(entry.kind) ? -entry.amount : entry.amount;
    line.balances = entry.balances;
    line.reference = entry.reference;
    line.local_date = entry.local_date;
    line.partner = entry.partner;
    line.principal = entry.principal;
    line.kind = static_cast<std::uint16_t>(entry.kind);
    line.reason = entry.reason;
    return line;
}

}  // namespace suanpan::ledger
