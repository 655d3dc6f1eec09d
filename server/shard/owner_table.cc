#include "server/shard/owner_table.h"

#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/base/probe.h"

#include <algorithm>

namespace suanpan::shard {

void OwnerTable::restore(const ledger::CounterKey& key, const ledger::CounterUnits& units,
                         const ledger::ReservedMap& reserved) {
    Owned& to = owned(key);
    to.units = units;
    if (SUANPAN_CANARY(budget_not_restored_on_recovery)) to.units.issued = 0;
    to.reserved = reserved;
}

OwnerTable::Owned& OwnerTable::owned(const ledger::CounterKey& key) {
    const auto [at, is_new] = owned_.try_emplace(key);
    if (is_new) at->second.limit = limit_of_(key);
    return at->second;
}

// What a crash would undo counts against the one who asks, never for a refusal (P3, P4).
std::optional<OwnerAnswer> OwnerTable::judge(const Owned& owned, const OwnerAsk& ask) {
    OwnerAnswer answer{.asker = ask.asker, .step = ask.step, .verdict = OwnerVerdict::taken};
    const std::int64_t given = owned.units.given();
    answer.limit = owned.limit.value_or(ask.limit);
    if (ask.lowers) {
        if (given + owned.uncommitted <= ask.units) return answer;
        if (given - owned.returning <= ask.units) return std::nullopt;
        answer.verdict = OwnerVerdict::exhausted;
        answer.detail = given;
        return answer;
    }
    const std::int64_t capped = std::min(answer.limit, owned.cap.value_or(answer.limit));
    if (ask.units <= capped - given - owned.uncommitted) return answer;
    if (ask.units <= answer.limit - given + owned.returning) return std::nullopt;
    if (ask.units <= answer.limit - owned.units.issued && !owned.reserved.empty()) {
        answer.verdict = OwnerVerdict::all_set_aside;
        answer.detail = owned.reserved.begin()->first.ns;
        return answer;
    }
    answer.verdict = OwnerVerdict::exhausted;
    answer.detail = given;
    return answer;
}

void OwnerTable::grant(Owned& owned, const OwnerAsk& ask) {
    if (ask.lowers)
        owned.cap = ask.units;
    else
        owned.uncommitted += ask.units;
    const std::int64_t limit = owned.limit.value_or(ask.limit);
    SUANPAN_ASSERT(ask.lowers || owned.units.given() + owned.uncommitted <= limit);  // INV-11
}

std::optional<OwnerAnswer> OwnerTable::ask(const OwnerAsk& ask) {
    SUANPAN_ASSERT(ask.units > 0 || ask.lowers);
    Owned& from = owned(ask.key);
    const auto answer = from.line.empty() ? judge(from, ask) : std::nullopt;
    if (answer) {
        if (answer->verdict == OwnerVerdict::taken) grant(from, ask);
        return answer;
    }
    if (waiting_ >= waiting_max_)
        return OwnerAnswer{.asker = ask.asker, .step = ask.step, .verdict = OwnerVerdict::busy};
    from.line.push_back(ask);
    ++waiting_;
    return std::nullopt;
}

void OwnerTable::serve_line(Owned& owned) {
    while (!owned.line.empty()) {
        const auto answer = judge(owned, owned.line.front());
        if (!answer) return;
        if (answer->verdict == OwnerVerdict::taken) grant(owned, owned.line.front());
        owned.line.pop_front();
        --waiting_;
        answers_.push_back(*answer);
    }
}

void OwnerTable::tell(const OwnerNotice& notice) {
    Owned& to = owned(notice.key);
    switch (notice.what) {
        case OwnerNotice::What::given_back:
            to.uncommitted -= notice.delta.issued;
            SUANPAN_ASSERT(to.uncommitted >= 0);
            return serve_line(to);
        case OwnerNotice::What::opened:  // offers only: StockTable
        case OwnerNotice::What::uncapped:
            to.cap.reset();
            return serve_line(to);
        case OwnerNotice::What::staged:
            if (const std::int64_t given = notice.delta.given(); given < 0) to.returning -= given;
            staged_.push({.lsn = notice.lsn,
                          .key = notice.key,
                          .delta = notice.delta,
                          .times_out = notice.times_out});
            return;
    }
}

void OwnerTable::advance(Lsn durable) {
    std::set<ledger::CounterKey> touched;
    for (; !staged_.empty() && staged_.top().lsn <= durable; staged_.pop()) {
        const Staged& staged = staged_.top();
        Owned& to = owned_.at(staged.key);
        const std::int64_t given = staged.delta.given();
        if (given < 0) {
            SUANPAN_PROBE("units of a shared counter were given back");
        }
        (given > 0 ? to.uncommitted : to.returning) -= std::abs(given);
        to.units.add(staged.delta);
        if (staged.delta.reserved != 0) {
            const auto at = to.reserved.try_emplace(staged.times_out).first;
            at->second += staged.delta.reserved;
            SUANPAN_ASSERT(at->second >= 0);
            if (at->second == 0) to.reserved.erase(at);
        }
        SUANPAN_ASSERT(to.uncommitted >= 0 && to.returning >= 0);
        SUANPAN_ASSERT(to.units.issued >= 0 && to.units.reserved >= 0);  // INV-11
        touched.insert(staged.key);
    }
    for (const ledger::CounterKey& key : touched) serve_line(owned_.at(key));
    changed_.merge(touched);
}

void OwnerTable::refresh_limits(std::optional<ProgramId> installed) {
    for (auto& [key, owned] : owned_) {
        owned.limit = limit_of_(key);
        if (installed == key.program) owned.cap.reset();
        serve_line(owned);
    }
}

std::int64_t OwnerTable::given(const ledger::CounterKey& key) const {
    const auto at = owned_.find(key);
    return at == owned_.end() ? 0 : at->second.units.given();
}

bool OwnerTable::is_quiet() const {
    return waiting_ == 0 && staged_.empty() && answers_.empty() &&
           std::ranges::none_of(owned_, [](const auto& each) {
               return each.second.uncommitted != 0 || each.second.cap.has_value();
           });
}

}  // namespace suanpan::shard
