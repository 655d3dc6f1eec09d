#include "server/shard/stock_table.h"

#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/base/probe.h"

#include <algorithm>

namespace suanpan::shard {

void StockTable::restore(const ledger::CounterKey& key, const ledger::CounterUnits& units,
                         const ledger::TicketSpan& tickets,
                         std::span<const ReservedUnits> reserved) {
    Owned& to = owned(key, cards::stock_units_max);
    const bool forgets = SUANPAN_CANARY(ticket_given_twice_after_recovery);
    const ledger::TicketSpan known{.floor = tickets.floor,
                                   .above = forgets ? std::set<std::uint64_t>{} : tickets.above};
    if (!known.missing().empty()) {
        SUANPAN_PROBE("a start found tickets that a crash took");
    }
    cards::CodePool* pool = pools_.find(key.id);
    for (const ReservedUnits& each : reserved) {
        if (pool == nullptr || each.codes.empty()) continue;
        if (SUANPAN_CANARY(set_aside_codes_free_after_recovery)) continue;
        std::vector<cards::CodeRef>& codes = to.codes[each.ticket];
        for (const cards::CodeKey& code : each.codes) {
            const auto found = pool->find(code);
            if (!found) continue;
            pool->restore(*found, cards::CodeState::set_aside);
            pools_.set_home(key.id, *found, each.home);
            codes.push_back(*found);
        }
    }
    // Of a recalled batch what is set aside counts, and what is free does not.
    if (pool != nullptr) to.stock.set_total(pools_.usable(key.id));
    to.stock.restore(units.issued, cards::Ticket{known.last()}, known.missing());
    for (const ReservedUnits& each : reserved)
        to.stock.restore_reserved(cards::Ticket{each.ticket}, each.request);
    SUANPAN_ASSERT(to.stock.reserved() == units.reserved);  // INV-9
    changed_.insert(key);
}

StockTable::Owned& StockTable::owned(const ledger::CounterKey& key, std::int64_t total_otherwise) {
    const auto at = owned_.find(key);
    if (at != owned_.end()) return at->second;
    return owned_.emplace(key, Owned(total_of_(key).value_or(total_otherwise))).first->second;
}

// Units and, of a code-backed offer, as many codes. Codes whose time is over are found here: the
// stock is less by them.
cards::StockAnswer StockTable::take_units(Owned& owned, const OwnerAsk& ask, Instant now,
                                          Instant& until) {
    cards::StockRequest request{.quantity = ask.units,
                                .unpaid = ask.unpaid,
                                .member = ask.member,
                                .origin = cards::OriginKey{ask.origin},
                                .return_at = ask.unpaid ? ask.times_out : instant_never};
    until = request.return_at;
    cards::StockAnswer said = owned.stock.take(request, now);
    cards::CodePool* pool = pools_.find(ask.key.id);
    if (pool == nullptr || said.kind != cards::StockAnswer::Kind::taken) return said;
    std::vector<cards::CodeRef> codes;
    const bool has_codes = pool->take(ask.units, now, codes);
    if (!has_codes) {
        SUANPAN_PROBE("codes had expired before they were taken");
        owned.stock.abandon(said.ticket);
    }
    owned.stock.set_total(pools_.usable(ask.key.id));
    if (!has_codes) return owned.stock.take(request, now);  // INV-9: it can only say no now
    // Nobody is to pay for a code that has ended meanwhile.
    if (ask.unpaid)
        for (const cards::CodeRef code : codes)
            until = std::min(until, pool->code(code).expires_at);
    if (until < request.return_at) {
        owned.stock.abandon(said.ticket);
        request.return_at = until;
        said = owned.stock.take(request, now);
        SUANPAN_ASSERT(said.kind == cards::StockAnswer::Kind::taken);  // nothing came in between
    }
    // Whoever asks keeps the vouchers.
    for (const cards::CodeRef code : codes) pools_.set_home(ask.key.id, code, ask.asker);
    owned.codes[static_cast<std::uint64_t>(said.ticket)] = std::move(codes);
    return said;
}

StockTable::Taken StockTable::take(Owned& owned, const OwnerAsk& ask, Instant now,
                                   OwnerAnswer& answer) {
    answer = {.asker = ask.asker, .step = ask.step, .verdict = OwnerVerdict::taken};
    // Before it is taken: a free ticket may lie below those that are durable.
    std::uint64_t undurable_first = static_cast<std::uint64_t>(owned.stock.last_ticket()) + 1;
    if (!owned.undurable.empty())
        undurable_first = std::min(undurable_first, *owned.undurable.begin());
    if (const auto& missing = owned.stock.missing_tickets(); !missing.empty())
        undurable_first = std::min(undurable_first, *missing.begin());
    if (ask.unpaid) {
        // Its file is on its way to this shard.
        const auto terms = terms_of_(ask.key);
        if (!terms) {
            answer.verdict = OwnerVerdict::busy;
            return Taken::answered;
        }
        owned.stock.set_terms(*terms);
    }
    const cards::StockAnswer said = take_units(owned, ask, now, answer.times_out);
    switch (said.kind) {
        case cards::StockAnswer::Kind::wait:
            if (said.earliest == Instant{}) return Taken::waits;
            // What has timed out is posted by its member's shard, perhaps only when this very
            // request is answered: whoever asks comes again.
            answer.verdict = OwnerVerdict::all_set_aside;
            answer.detail = said.earliest.ns;
            return Taken::answered;
        case cards::StockAnswer::Kind::taken: {
            answer.limit = owned.stock.total();
            answer.ticket = static_cast<std::uint64_t>(said.ticket);
            answer.floor = undurable_first - 1;
            SUANPAN_ASSERT(answer.floor < answer.ticket);
            owned.undurable.insert(answer.ticket);
            const auto missing = add_codes(ask.key, answer);
            if (!missing) return Taken::answered;
            fetching_.push_back({.key = ask.key, .answer = answer, .missing = *missing});
            want_(*missing);
            return Taken::fetching;
        }
        case cards::StockAnswer::Kind::all_set_aside:
            answer.verdict = OwnerVerdict::all_set_aside;
            answer.detail = said.earliest.ns;
            return Taken::answered;
        case cards::StockAnswer::Kind::too_many:
            answer.verdict = OwnerVerdict::too_many;
            answer.detail = said.cap;
            return Taken::answered;
        case cards::StockAnswer::Kind::sold_out:
            break;
    }
    answer.verdict = OwnerVerdict::exhausted;
    return Taken::answered;
}

std::optional<Lsn> StockTable::add_codes(const ledger::CounterKey& key, OwnerAnswer& answer) {
    const Owned& from = owned_.at(key);
    const auto refs = from.codes.find(answer.ticket);
    if (refs == from.codes.end()) return std::nullopt;
    const cards::CodePool& pool = *pools_.find(key.id);
    auto codes = std::make_shared<std::vector<GrantedCode>>();
    for (const cards::CodeRef ref : refs->second) {
        const cards::PooledCode code = pool.code(ref);
        const ChunkPtr chunk = pools_.chunk(code.locator.lsn);
        if (chunk == nullptr) return code.locator.lsn;
        const auto sealed = chunk->find_sealed(code.locator.index);
        codes->push_back({.key = code.key,
                          .locator = code.locator,
                          .batch = code.batch,
                          .expires_at = code.expires_at,
                          .wrapped = chunk->wrapped,
                          .sealed = {sealed.begin(), sealed.end()}});
    }
    answer.codes = std::move(codes);
    return std::nullopt;
}

void StockTable::chunk_came() {
    for (auto at = fetching_.begin(); at != fetching_.end();) {
        if (const auto missing = add_codes(at->key, at->answer)) {
            if (*missing != at->missing) want_(*missing);
            at->missing = *missing;
            ++at;
            continue;
        }
        answers_.push_back(at->answer);
        at = fetching_.erase(at);
    }
}

void StockTable::chunk_failed(Lsn lsn, Instant now) {
    std::set<ledger::CounterKey> touched;
    for (auto at = fetching_.begin(); at != fetching_.end();) {
        if (at->missing != lsn) {
            ++at;
            continue;
        }
        abandon(at->key, at->answer.ticket);
        touched.insert(at->key);
        answers_.push_back({.asker = at->answer.asker,
                            .step = at->answer.step,
                            .verdict = OwnerVerdict::unavailable});
        at = fetching_.erase(at);
    }
    for (const ledger::CounterKey& key : touched) serve(key, now);
}

void StockTable::want_again() {
    for (const Fetching& each : fetching_) want_(each.missing);
}

void StockTable::abandon(const ledger::CounterKey& key, std::uint64_t ticket) {
    Owned& to = owned_.at(key);
    to.stock.abandon(cards::Ticket{ticket});
    to.undurable.erase(ticket);
    const auto codes = to.codes.find(ticket);
    if (codes == to.codes.end()) return;
    for (const cards::CodeRef code : codes->second) pools_.find(key.id)->give_back(code);
    to.codes.erase(codes);
}

void StockTable::grow(const ledger::CounterKey& key, Instant now) {
    Owned& to = owned(key, 0);
    to.stock.set_total(pools_.usable(key.id));
    changed_.insert(key);
    serve(key, now);
}

std::optional<OwnerAnswer> StockTable::close(Owned& owned, const OwnerAsk& ask) const {
    const bool recalls = ask.recalls != cards::BatchId{};
    owned.stock.close();
    // A recall never overtakes a take: what is on its way becomes durable before it is staged.
    const bool overtakes = recalls && SUANPAN_CANARY(recall_overtakes_a_take);
    if (!owned.stock.is_quiet() && !overtakes) return std::nullopt;
    OwnerAnswer answer{.asker = ask.asker, .step = ask.step, .verdict = OwnerVerdict::taken};
    const cards::CodePool* pool = pools_.find(ask.key.id);
    const bool has_pool = pool != nullptr;
    if (recalls) {
        // A batch that no code went into is none: nothing is left of it after the next start.
        const cards::CodeBatch* batch = has_pool ? pool->batch(ask.recalls) : nullptr;
        const bool is_there = batch != nullptr && batch->counts.imported > 0;
        const auto found =
            is_there ? pool->check_recall(ask.recalls) : cards::refuse_with(Code::batch_not_found);
        if (found) {
            owned.recalling = ask.recalls;
            answer.recalled = *found;
            return answer;
        }
        answer.verdict = OwnerVerdict::no_batch;
        answer.detail = static_cast<std::int64_t>(found.error().code);
        owned.stock.open();
        return answer;
    }
    const std::int64_t total = has_pool ? owned.stock.total() : ask.units;
    if (const auto fits = owned.stock.check_resize(owned.stock.total(), total); !fits) {
        answer.verdict = OwnerVerdict::exhausted;
        answer.detail = fits.error().detail;
        owned.stock.open();
    }
    return answer;
}

// Every shard knows that the batch is void. Nothing was taken of it meanwhile; what came back of it
// since then is void as well.
void StockTable::recall(const ledger::CounterKey& key, Owned& owned) {
    cards::CodePool* pool = pools_.find(key.id);
    SUANPAN_ASSERT(pool != nullptr);
    pool->recall(owned.recalling);
    owned.stock.set_total(pools_.usable(key.id));  // INV-9
    owned.recalling = {};
}

bool StockTable::is_recalling(const ledger::CounterKey& key, cards::BatchId batch) const {
    const auto at = owned_.find(key);
    if (at == owned_.end()) return false;
    const Owned& owned = at->second;
    return owned.recalling == batch || (owned.closer && owned.closer->recalls == batch);
}

std::optional<OwnerAnswer> StockTable::ask(const OwnerAsk& ask, Instant now) {
    Owned& from = owned(ask.key, ask.closes ? ask.units : ask.limit);
    if (ask.closes) {
        if (!from.stock.is_quiet()) {
            SUANPAN_PROBE("an offer was closed while units were on their way");
            if (ask.recalls != cards::BatchId{})
                SUANPAN_PROBE("a recall waited for what was on its way");
        }
        const auto answer = close(from, ask);
        if (answer)
            serve(ask.key, now);
        else
            from.closer = ask;
        return answer;
    }
    SUANPAN_ASSERT(ask.units > 0);
    if (from.line.empty()) {
        OwnerAnswer answer;
        const Taken taken = take(from, ask, now, answer);
        if (taken == Taken::answered) return answer;
        if (taken == Taken::fetching) return std::nullopt;
    }
    if (waiting_ >= waiting_max_)
        return OwnerAnswer{.asker = ask.asker, .step = ask.step, .verdict = OwnerVerdict::busy};
    from.line.push_back(ask);
    ++waiting_;
    return std::nullopt;
}

void StockTable::serve(const ledger::CounterKey& key, Instant now) {
    Owned& from = owned_.at(key);
    if (from.closer) {
        const auto answer = close(from, *from.closer);
        if (!answer) return;
        from.closer.reset();
        answers_.push_back(*answer);
    }
    while (!from.line.empty()) {
        OwnerAnswer answer;
        const Taken taken = take(from, from.line.front(), now, answer);
        if (taken == Taken::waits) return;
        SUANPAN_PROBE("a redemption waited for what was on its way");
        from.line.pop_front();
        --waiting_;
        if (taken == Taken::answered) answers_.push_back(std::move(answer));
    }
}

void StockTable::tell(const OwnerNotice& notice, Instant now) {
    Owned& to = owned(notice.key, notice.delta.issued);
    switch (notice.what) {
        case OwnerNotice::What::given_back:
            abandon(notice.key, notice.ticket);
            return serve(notice.key, now);
        case OwnerNotice::What::opened:
            if (to.recalling != cards::BatchId{})
                recall(notice.key, to);
            else if (pools_.find(notice.key.id) == nullptr)
                to.stock.resize(notice.delta.issued);
            to.stock.open();
            changed_.insert(notice.key);
            return serve(notice.key, now);
        case OwnerNotice::What::uncapped:
            to.recalling = {};
            to.stock.open();
            return serve(notice.key, now);
        case OwnerNotice::What::staged: {
            // What becomes of a reservation counts once it is durable: until then it is set aside.
            Staging what = notice.delta.issued > 0 ? Staging::payment : Staging::give_back;
            if (notice.delta.given() > 0) {
                what = Staging::take;
                to.stock.staged(cards::Ticket{notice.ticket}, notice.lsn);
            }
            staged_.push(
                {.lsn = notice.lsn, .key = notice.key, .ticket = notice.ticket, .what = what});
            return;
        }
    }
}

void StockTable::advance(Lsn durable, Instant now) {
    std::set<ledger::CounterKey> touched;
    for (; !staged_.empty() && staged_.top().lsn <= durable; staged_.pop()) {
        settle(staged_.top());
        touched.insert(staged_.top().key);
    }
    for (const ledger::CounterKey& key : touched) serve(key, now);
    changed_.merge(touched);
}

// In the order of their LSNs, so that what is paid or given back was set aside before.
void StockTable::settle(const Staged& staged) {
    Owned& to = owned_.at(staged.key);
    const cards::Ticket ticket{staged.ticket};
    if (staged.what == Staging::payment) to.stock.pay(ticket, staged.lsn);
    if (staged.what == Staging::give_back) to.stock.give_back(ticket, staged.lsn);
    to.stock.durable(staged.lsn);
    to.undurable.erase(staged.ticket);
    const auto codes = to.codes.find(staged.ticket);
    if (codes == to.codes.end() || to.stock.is_reserved(ticket)) return;
    cards::CodePool& pool = *pools_.find(staged.key.id);
    for (const cards::CodeRef code : codes->second) {
        if (staged.what == Staging::give_back)
            pool.give_back(code);
        else
            pool.issue(code);
    }
    to.codes.erase(codes);
    // A recall may have come in between: what comes back of it is void.
    if (staged.what == Staging::give_back) to.stock.set_total(pools_.usable(staged.key.id));
}

std::int64_t StockTable::given(const ledger::CounterKey& key) const {
    const auto at = owned_.find(key);
    return at == owned_.end() ? 0 : at->second.stock.issued() + at->second.stock.reserved();
}

std::int64_t StockTable::total(const ledger::CounterKey& key) const {
    const auto at = owned_.find(key);
    return at == owned_.end() ? 0 : at->second.stock.total();
}

bool StockTable::is_quiet() const {
    return waiting_ == 0 && fetching_.empty() && staged_.empty() && answers_.empty() &&
           std::ranges::none_of(owned_, [](const auto& each) {
               return !each.second.stock.is_quiet() || each.second.closer.has_value();
           });
}

}  // namespace suanpan::shard
