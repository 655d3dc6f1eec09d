#include "server/cards/stock.h"

#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/base/hash.h"
#include "protocol/base/ratio.h"

#include <algorithm>
#include <functional>
#include <span>

namespace suanpan::cards {

Refusal StockAnswer::refusal() const {
    switch (kind) {
        case Kind::taken:
        case Kind::wait:
            break;
        case Kind::all_set_aside:
            return {Code::all_set_aside, earliest.ns};
        case Kind::sold_out:
            return {Code::sold_out, 0};
        case Kind::too_many:
            return {Code::too_many_reservations, cap};
    }
    return {};
}

std::size_t Stock::MemberHash::operator()(const MemberId& member) const {
    return xxh3_64(std::as_bytes(std::span(&member, 1)), 0);
}

Stock::Stock(std::int64_t total, const ReservationTerms& terms) : total_(total), terms_(terms) {
    SUANPAN_ASSERT(total >= 0);
    SUANPAN_ASSERT(total <= stock_units_max);
}

std::int64_t Stock::set_aside_max() const {
    // At least one: a share of nothing would mean that cash never buys it.
    return std::max<std::int64_t>(1, *mul_div_floor(total_, terms_.share_percent, 100));
}

// ---- taking

StockAnswer Stock::take(const StockRequest& request, Instant now) {
    SUANPAN_ASSERT(request.quantity > 0);
    if (closed_) return {.kind = StockAnswer::Kind::wait};
    const std::int64_t gone =
        issued_ + (SUANPAN_CANARY(sold_out_on_uncommitted_take) ? uncommitted_ : 0);
    if (request.quantity > total_ - gone) return {.kind = StockAnswer::Kind::sold_out};
    if (request.unpaid)
        if (const auto refused = refused_as_unpaid(request, now)) return *refused;
    if (request.quantity > free()) {
        // What is on its way may still come, or come back (INV-10).
        if (request.quantity <= free() + uncommitted_) return {.kind = StockAnswer::Kind::wait};
        return set_aside_until(now);
    }
    std::uint64_t ticket = next_ticket_;
    if (missing_.empty()) {
        ++next_ticket_;
    } else {
        ticket = *missing_.begin();
        missing_.erase(missing_.begin());
    }
    const Take& taken =
        takes_.emplace(ticket, Take{.request = request, .phase = Phase::taking}).first->second;
    count(taken, 1);
    check_sums();
    return {.kind = StockAnswer::Kind::taken, .ticket = Ticket{ticket}};
}

// The caps on what is set aside. A cap that only something uncommitted fills makes it wait: a
// crash could still take that away.
std::optional<StockAnswer> Stock::refused_as_unpaid(const StockRequest& request, Instant now) {
    const auto over = [&](const Open& open, std::int64_t cap) -> std::optional<StockAnswer> {
        if (open.units + request.quantity <= cap) return std::nullopt;
        // A time that is over and not posted yet counts as one that is.
        const std::optional<Instant> earliest = earliest_return();
        if (open.units - open.uncommitted + request.quantity <= cap)
            return StockAnswer{.kind = StockAnswer::Kind::wait};
        if (earliest && *earliest <= now)
            return StockAnswer{.kind = StockAnswer::Kind::wait, .earliest = *earliest};
        return StockAnswer{.kind = StockAnswer::Kind::too_many, .cap = cap};
    };
    const auto of_member = by_member_.find(request.member);
    if (terms_.per_member)
        if (const auto refused = over(of_member == by_member_.end() ? Open{} : of_member->second,
                                      *terms_.per_member))
            return refused;
    const auto of_origin = by_origin_.find(static_cast<std::uint64_t>(request.origin));
    if (terms_.per_origin && request.origin != OriginKey{})
        if (const auto refused = over(of_origin == by_origin_.end() ? Open{} : of_origin->second,
                                      *terms_.per_origin))
            return refused;
    if (const auto refused = over(unpaid_, set_aside_max())) {
        if (refused->kind == StockAnswer::Kind::wait || request.quantity > set_aside_max())
            return refused;
        return set_aside_until(now);
    }
    return std::nullopt;
}

StockAnswer Stock::set_aside_until(Instant now) {
    const std::optional<Instant> earliest = earliest_return();
    // Due already, or all of it is being paid or given back: that comes first.
    if (!earliest || *earliest <= now)
        return {.kind = StockAnswer::Kind::wait, .earliest = earliest.value_or(Instant{})};
    return {.kind = StockAnswer::Kind::all_set_aside, .earliest = *earliest};
}

std::optional<Instant> Stock::earliest_return() {
    while (!returns_.empty() && !is_reserved(returns_.front().ticket)) {
        std::ranges::pop_heap(returns_, std::greater<>{});
        returns_.pop_back();
    }
    if (returns_.empty()) return std::nullopt;
    return returns_.front().at;
}

void Stock::abandon(Ticket ticket) {
    Take& take = take_of(ticket);
    SUANPAN_ASSERT(take.phase == Phase::taking);
    count(take, -1);
    if (SUANPAN_CANARY(stock_given_back_twice)) total_ += take.request.quantity;
    takes_.erase(static_cast<std::uint64_t>(ticket));
    missing_.insert(static_cast<std::uint64_t>(ticket));
    check_sums();
}

void Stock::staged(Ticket ticket, Lsn lsn) {
    SUANPAN_ASSERT(take_of(ticket).phase == Phase::taking);
    add_pending({.lsn = lsn, .ticket = ticket});
}

// ---- reservations

bool Stock::is_reserved(Ticket ticket) const {
    const auto found = takes_.find(static_cast<std::uint64_t>(ticket));
    return found != takes_.end() && found->second.phase == Phase::reserved;
}

void Stock::pay(Ticket ticket, Lsn lsn) {
    SUANPAN_ASSERT(is_reserved(ticket));
    set_phase(take_of(ticket), Phase::paying);
    add_pending({.lsn = lsn, .ticket = ticket});
}

void Stock::give_back(Ticket ticket, Lsn lsn) {
    SUANPAN_ASSERT(is_reserved(ticket));
    set_phase(take_of(ticket), Phase::returning);
    add_pending({.lsn = lsn, .ticket = ticket});
    if (SUANPAN_CANARY(reservation_given_back_twice)) total_ += take_of(ticket).request.quantity;
}

void Stock::restock(std::int64_t units, Lsn lsn) {
    SUANPAN_ASSERT(units > 0);
    SUANPAN_ASSERT(units <= issued_);
    issued_ -= units;
    uncommitted_ += units;
    add_pending({.lsn = lsn, .units = units});
    check_sums();
}

void Stock::due(Instant now, std::size_t count_max, std::vector<Ticket>& tickets) {
    (void)earliest_return();  // takes off the top what is gone
    // The heap's part that is due, from its top; children are never sooner than their parent.
    std::vector<std::size_t> open;
    const auto sooner = [&](std::size_t a, std::size_t b) { return returns_[a] > returns_[b]; };
    const auto look_at = [&](std::size_t at) {
        if (at >= returns_.size() || returns_[at].at > now) return;
        open.push_back(at);
        std::ranges::push_heap(open, sooner);
    };
    look_at(0);
    const std::size_t count_before = tickets.size();
    while (!open.empty() && tickets.size() - count_before < count_max) {
        std::ranges::pop_heap(open, sooner);
        const std::size_t at = open.back();
        open.pop_back();
        if (is_reserved(returns_[at].ticket)) tickets.push_back(returns_[at].ticket);
        look_at(2 * at + 1);
        look_at(2 * at + 2);
    }
}

// ---- durability

void Stock::durable(Lsn lsn) {
    while (!pending_.empty() && pending_.front().lsn <= lsn) {
        const Pending pending = pending_.front();
        std::ranges::pop_heap(pending_, std::greater<>{});
        pending_.pop_back();
        settle(pending);
    }
    check_sums();
}

void Stock::settle(const Pending& pending) {
    if (pending.ticket == Ticket{}) {
        uncommitted_ -= pending.units;
        return;
    }
    Take& take = take_of(pending.ticket);
    if (take.phase == Phase::taking && take.request.unpaid) {
        set_phase(take, Phase::reserved);
        add_return(pending.ticket, take.request.return_at);
        return;
    }
    const bool is_issued = take.phase != Phase::returning;
    count(take, -1);
    if (is_issued) issued_ += take.request.quantity;
    takes_.erase(static_cast<std::uint64_t>(pending.ticket));
}

// ---- the stock itself

Decided<void> Stock::check_resize(std::int64_t expected, std::int64_t total) const {
    SUANPAN_ASSERT(is_quiet());
    if (expected != total_) return refuse_with(Code::stock_differs, total_);
    if (total < issued_ + reserved_) return refuse_with(Code::stock_taken, issued_ + reserved_);
    if (total > stock_units_max) return refuse_with(Code::amount_out_of_range);
    return {};
}
void Stock::resize(std::int64_t total) {
    SUANPAN_ASSERT(check_resize(total_, total).has_value());
    total_ = total;
}

void Stock::set_total(std::int64_t total) {
    total_ = total;
    check_sums();
}

// ---- replay

void Stock::restore(std::int64_t issued, Ticket last, const std::set<std::uint64_t>& missing) {
    SUANPAN_ASSERT(takes_.empty() && issued_ == 0);
    issued_ = issued;
    next_ticket_ = static_cast<std::uint64_t>(last) + 1;
    missing_ = missing;
    check_sums();
}
void Stock::restore_reserved(Ticket ticket, const StockRequest& request) {
    SUANPAN_ASSERT(request.unpaid);
    const bool is_new = takes_
                            .emplace(static_cast<std::uint64_t>(ticket),
                                     Take{.request = request, .phase = Phase::reserved})
                            .second;
    SUANPAN_ASSERT(is_new);
    count(take_of(ticket), 1);
    add_return(ticket, request.return_at);
    check_sums();
}
void Stock::replay(const StockTaken& taken) {
    const auto ticket = static_cast<std::uint64_t>(taken.ticket);
    SUANPAN_ASSERT(ticket > 0);
    // Entries of two shards may lie in another order than their tickets.
    for (; next_ticket_ <= ticket; ++next_ticket_) missing_.insert(next_ticket_);
    SUANPAN_ASSERT(missing_.erase(ticket) == 1);
    if (!taken.request.unpaid) {
        issued_ += taken.request.quantity;
    } else {
        const Take& take =
            takes_.emplace(ticket, Take{.request = taken.request, .phase = Phase::reserved})
                .first->second;
        count(take, 1);
        add_return(taken.ticket, taken.request.return_at);
    }
    check_sums();
}
void Stock::replay(const StockPaid& paid) {
    SUANPAN_ASSERT(is_reserved(paid.ticket));
    const Take take = take_of(paid.ticket);
    count(take, -1);
    issued_ += take.request.quantity;
    takes_.erase(static_cast<std::uint64_t>(paid.ticket));
    check_sums();
}
void Stock::replay(const StockGivenBack& given_back) {
    SUANPAN_ASSERT(is_reserved(given_back.ticket));
    count(take_of(given_back.ticket), -1);
    takes_.erase(static_cast<std::uint64_t>(given_back.ticket));
    check_sums();
}
void Stock::replay(const StockRestocked& restocked) {
    SUANPAN_ASSERT(restocked.units > 0);
    SUANPAN_ASSERT(restocked.units <= issued_);
    issued_ -= restocked.units;
}

// ---- sums

Stock::Take& Stock::take_of(Ticket ticket) {
    const auto found = takes_.find(static_cast<std::uint64_t>(ticket));
    SUANPAN_ASSERT(found != takes_.end());
    return found->second;
}

void Stock::set_phase(Take& take, Phase phase) {
    count(take, -1);
    take.phase = phase;
    count(take, 1);
    check_sums();
}

void Stock::count(const Take& take, std::int64_t sign) {
    const std::int64_t units = sign * take.request.quantity;
    const bool is_settled = take.phase == Phase::reserved;
    (is_settled ? reserved_ : uncommitted_) += units;
    if (!take.request.unpaid) return;
    const auto add = [&](Open& open) {
        open.units += units;
        if (!is_settled) open.uncommitted += units;
    };
    add(unpaid_);
    Open& of_member = by_member_[take.request.member];
    add(of_member);
    if (of_member.units == 0) by_member_.erase(take.request.member);
    if (take.request.origin == OriginKey{}) return;
    const auto origin = static_cast<std::uint64_t>(take.request.origin);
    Open& of_origin = by_origin_[origin];
    add(of_origin);
    if (of_origin.units == 0) by_origin_.erase(origin);
}

void Stock::add_pending(const Pending& pending) {
    pending_.push_back(pending);
    std::ranges::push_heap(pending_, std::greater<>{});
}
void Stock::add_return(Ticket ticket, Instant at) {
    // What was paid or given back stays until it comes up; never more of that than of what is not.
    if (returns_.size() >= 2 * takes_.size() + 64) {
        std::erase_if(returns_, [&](const Return& one) { return !is_reserved(one.ticket); });
        std::ranges::make_heap(returns_, std::greater<>{});
    }
    returns_.push_back({at, ticket});
    std::ranges::push_heap(returns_, std::greater<>{});
}

void Stock::check_sums() const {
    SUANPAN_ASSERT(issued_ >= 0);
    SUANPAN_ASSERT(reserved_ >= 0);
    SUANPAN_ASSERT(uncommitted_ >= 0);
    SUANPAN_ASSERT(free() >= 0);  // INV-9: set aside + issued <= stock
}

}  // namespace suanpan::cards
