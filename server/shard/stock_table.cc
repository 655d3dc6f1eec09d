#include "server/shard/stock_table.h"

#include "protocol/base/assert.h"

#include <algorithm>

namespace suanpan::shard {

void StockTable::restore(const ledger::CounterKey& key, const ledger::CounterUnits& units,
                         const ledger::TicketSpan& tickets) {
    owned(key, cards::stock_units_max)
        .stock.restore(units.issued, cards::Ticket{tickets.last()}, tickets.missing());
}

StockTable::Owned& StockTable::owned(const ledger::CounterKey& key, std::int64_t total_otherwise) {
    const auto at = owned_.find(key);
    if (at != owned_.end()) return at->second;
    return owned_.emplace(key, Owned(total_of_(key).value_or(total_otherwise))).first->second;
}

std::optional<OwnerAnswer> StockTable::take(Owned& owned, const OwnerAsk& ask, Instant now) {
    OwnerAnswer answer{.asker = ask.asker, .step = ask.step, .verdict = OwnerVerdict::taken};
    // Before it is taken: a free ticket may lie below those that are durable.
    std::uint64_t undurable_first = static_cast<std::uint64_t>(owned.stock.last_ticket()) + 1;
    if (!owned.undurable.empty())
        undurable_first = std::min(undurable_first, *owned.undurable.begin());
    if (const auto& missing = owned.stock.missing_tickets(); !missing.empty())
        undurable_first = std::min(undurable_first, *missing.begin());
    const cards::StockAnswer said = owned.stock.take(
        {.quantity = ask.units, .member = ask.member, .origin = cards::OriginKey{ask.origin}}, now);
    switch (said.kind) {
        case cards::StockAnswer::Kind::wait:
            return std::nullopt;
        case cards::StockAnswer::Kind::taken:
            answer.limit = owned.stock.total();
            answer.ticket = static_cast<std::uint64_t>(said.ticket);
            answer.floor = undurable_first - 1;
            SUANPAN_ASSERT(answer.floor < answer.ticket);
            owned.undurable.insert(answer.ticket);
            return answer;
        case cards::StockAnswer::Kind::all_set_aside:
            answer.verdict = OwnerVerdict::all_set_aside;
            answer.detail = said.earliest.ns;
            return answer;
        case cards::StockAnswer::Kind::sold_out:
        case cards::StockAnswer::Kind::too_many:
            break;
    }
    answer.verdict = OwnerVerdict::exhausted;
    return answer;
}

std::optional<OwnerAnswer> StockTable::close(Owned& owned, const OwnerAsk& ask) {
    owned.stock.close();
    if (!owned.stock.is_quiet()) return std::nullopt;
    OwnerAnswer answer{.asker = ask.asker, .step = ask.step, .verdict = OwnerVerdict::taken};
    if (const auto fits = owned.stock.check_resize(owned.stock.total(), ask.units); !fits) {
        answer.verdict = OwnerVerdict::exhausted;
        answer.detail = fits.error().detail;
        owned.stock.open();
    }
    return answer;
}

std::optional<OwnerAnswer> StockTable::ask(const OwnerAsk& ask, Instant now) {
    Owned& from = owned(ask.key, ask.closes ? ask.units : ask.limit);
    if (ask.closes) {
        const auto answer = close(from, ask);
        if (answer)
            serve(from, now);
        else
            from.closer = ask;
        return answer;
    }
    SUANPAN_ASSERT(ask.units > 0);
    if (from.line.empty())
        if (const auto answer = take(from, ask, now)) return answer;
    if (waiting_ >= waiting_max_)
        return OwnerAnswer{.asker = ask.asker, .step = ask.step, .verdict = OwnerVerdict::busy};
    from.line.push_back(ask);
    ++waiting_;
    return std::nullopt;
}

void StockTable::serve(Owned& owned, Instant now) {
    if (owned.closer) {
        const auto answer = close(owned, *owned.closer);
        if (!answer) return;
        owned.closer.reset();
        answers_.push_back(*answer);
    }
    while (!owned.line.empty()) {
        const auto answer = take(owned, owned.line.front(), now);
        if (!answer) return;
        owned.line.pop_front();
        --waiting_;
        answers_.push_back(*answer);
    }
}

void StockTable::tell(const OwnerNotice& notice, Instant now) {
    Owned& to = owned(notice.key, notice.delta.issued);
    switch (notice.what) {
        case OwnerNotice::What::given_back:
            to.stock.abandon(cards::Ticket{notice.ticket});
            to.undurable.erase(notice.ticket);
            return serve(to, now);
        case OwnerNotice::What::opened:
            to.stock.resize(notice.delta.issued);
            to.stock.open();
            changed_.insert(notice.key);
            return serve(to, now);
        case OwnerNotice::What::uncapped:
            to.stock.open();
            return serve(to, now);
        case OwnerNotice::What::staged:
            to.stock.staged(cards::Ticket{notice.ticket}, notice.lsn);
            staged_.push({.lsn = notice.lsn, .key = notice.key, .ticket = notice.ticket});
            return;
    }
}

void StockTable::advance(Lsn durable, Instant now) {
    std::set<ledger::CounterKey> touched;
    for (; !staged_.empty() && staged_.top().lsn <= durable; staged_.pop()) {
        const Staged& staged = staged_.top();
        Owned& to = owned_.at(staged.key);
        to.stock.durable(staged.lsn);
        to.undurable.erase(staged.ticket);
        touched.insert(staged.key);
    }
    for (const ledger::CounterKey& key : touched) serve(owned_.at(key), now);
    changed_.merge(touched);
}

std::int64_t StockTable::given(const ledger::CounterKey& key) const {
    const auto at = owned_.find(key);
    return at == owned_.end() ? 0 : at->second.stock.issued() + at->second.stock.reserved();
}

bool StockTable::is_quiet() const {
    return waiting_ == 0 && staged_.empty() && answers_.empty() &&
           std::ranges::none_of(owned_, [](const auto& each) {
               return !each.second.stock.is_quiet() || each.second.closer.has_value();
           });
}

}  // namespace suanpan::shard
