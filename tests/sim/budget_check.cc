#include "tests/sim/budget_check.h"

#include "tests/sim/violation.h"

#include <fmt/format.h>

#include <algorithm>

namespace suanpan::sim {
namespace {

std::int64_t limit_in(const RuleFacts& facts, ledger::CounterKind kind) {
    return kind == ledger::CounterKind::coupon_total ? facts.coupon_total : facts.campaign_budget;
}

}  // namespace

void BudgetCheck::add_rules(const ledger::Entry& entry, const RuleFacts& facts) {
    versions_[entry.program].push_back(
        {.lsn = entry.lsn, .effective_from = entry.rules->effective_from, .facts = facts});
    for (auto& [key, counter] : counters_) {
        if (key.first != entry.program) continue;
        counter.granted_under = 0;
        counter.moments.push_back(
            {.lsn = entry.lsn, .time = entry.time, .given = given(key.first, key.second)});
    }
}

std::int64_t BudgetCheck::given(ProgramId program, ledger::CounterKind kind) const {
    const auto counter = counters_.find({program, kind});
    return counter == counters_.end() ? 0 : counter->second.moments.back().given;
}

std::size_t BudgetCheck::count(ProgramId program, Lsn lsn) const {
    const auto found = versions_.find(program);
    if (found == versions_.end()) return 0;
    return static_cast<std::size_t>(std::ranges::count_if(
        found->second, [lsn](const Version& version) { return version.lsn <= lsn; }));
}

std::size_t BudgetCheck::in_force(ProgramId program, Instant time, Lsn lsn) const {
    const std::size_t known = count(program, lsn);
    std::size_t place = 0;
    for (std::size_t i = 0; i < known; ++i)
        if (versions_.at(program)[i].effective_from <= time) place = i;
    return place;
}

std::optional<std::int64_t> BudgetCheck::lowest(const Key& key, std::size_t first,
                                                std::size_t last) const {
    std::optional<std::int64_t> least;
    for (std::size_t i = first; i <= last; ++i) {
        const std::int64_t limit = limit_in(versions_.at(key.first)[i].facts, key.second);
        if (limit >= 0) least = std::min(limit, least.value_or(limit));
    }
    return least;
}

// Whether an owner could have granted under this limit, when the request was decided or later. It
// knew the versions that were there when the request was sent, and maybe some of the later ones.
bool BudgetCheck::is_plausible(const Key& key, std::int64_t limit, Instant time, Lsn sent_after,
                               Lsn lsn) const {
    const std::size_t known = count(key.first, lsn);
    for (std::size_t known_then = count(key.first, sent_after); known_then <= known; ++known_then) {
        if (known_then == 0) continue;
        const Lsn newest = versions_.at(key.first)[known_then - 1].lsn;
        for (std::size_t first = in_force(key.first, time, newest); first < known_then; ++first)
            if (const auto least = lowest(key, first, known_then - 1); !least || *least == limit)
                return true;
    }
    return known == 0;
}

void BudgetCheck::add(const ledger::Entry& entry, Lsn sent_after) {
    for (const ledger::Effect& effect : entry.effects) {
        const auto* units = std::get_if<ledger::CounterAdd>(&effect);
        if (units == nullptr || units->kind == ledger::CounterKind::offer_stock) continue;
        const Key key{entry.program, units->kind};
        Counter& counter = counters_[key];
        const std::int64_t before = counter.moments.empty() ? 0 : counter.moments.back().given;
        const std::int64_t now = before + units->delta.given();
        counter.moments.push_back({.lsn = entry.lsn, .time = entry.time, .given = now});
        if (now < 0)
            throw Violation(
                fmt::format("INV-11: LSN {} gives back more than was granted", entry.lsn.value));
        if (!units->takes()) continue;
        if (!is_plausible(key, units->limit, entry.time, sent_after, entry.lsn))
            throw Violation(
                fmt::format("INV-11: LSN {} was granted under a limit of {}, and there "
                            "was none such",
                            entry.lsn.value, units->limit));
        counter.granted_under = std::max(counter.granted_under, units->limit);
        const std::size_t known = count(key.first, entry.lsn);
        const auto newest = known == 0 ? std::nullopt : lowest(key, known - 1, known - 1);
        if (now > counter.granted_under || (newest && now > *newest))
            throw Violation(fmt::format(
                "INV-11: LSN {} makes {} granted of a {} of {}", entry.lsn.value, now,
                key.second == ledger::CounterKind::coupon_total ? "total" : "budget",
                std::min(counter.granted_under, newest.value_or(counter.granted_under))));
    }
}

bool BudgetCheck::was_used_up(const Key& key, std::int64_t units, std::int64_t quoted,
                              Lsn sent_after, Lsn lsn) const {
    const auto counter = counters_.find(key);
    const std::vector<Moment> none{{.lsn = {}, .time = {}, .given = 0}};
    const auto& moments = counter == counters_.end() ? none : counter->second.moments;
    for (auto at = moments.rbegin(); at != moments.rend(); ++at) {
        const std::size_t known = count(key.first, lsn);
        const auto least = known == 0
                               ? std::nullopt
                               : lowest(key, in_force(key.first, at->time, at->lsn), known - 1);
        if (at->given + units > least.value_or(quoted)) return true;
        if (at->lsn <= sent_after) return false;
    }
    return units > quoted;
}

bool BudgetCheck::was_used_up(const OrderTerms& terms, Lsn sent_after, Lsn lsn,
                              std::optional<UseKind> only) const {
    return std::ranges::any_of(terms.uses, [&](const QuotedUse& use) {
        if (!is_shared(use.key.kind) || (only && *only != use.key.kind)) return false;
        const bool is_money = use.key.kind == UseKind::campaign_budget;
        const Key key{terms.program, static_cast<ledger::CounterKind>(use.key.kind)};
        return was_used_up(key, is_money ? use.amount.money.value : use.amount.count,
                           is_money ? use.most.money.value : use.most.count, sent_after, lsn);
    });
}

}  // namespace suanpan::sim
