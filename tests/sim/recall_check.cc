#include "tests/sim/recall_check.h"

#include "protocol/base/probe.h"
#include "tests/sim/violation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <variant>

namespace suanpan::sim {
namespace {

using ledger::Entry;
using ledger::EntryKind;

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) {
    throw Violation(fmt::format(text, std::forward<Args>(args)...));
}

const ledger::BatchRecalled* recalled_in(const Entry& entry) {
    for (const ledger::Effect& effect : entry.effects)
        if (const auto* recalled = std::get_if<ledger::BatchRecalled>(&effect)) return recalled;
    return nullptr;
}

}  // namespace

// ---- along the journal

void RecallCheck::begin(const Entry& entry, model::Model& model) {
    // A start finds what was durable then: from its first entry on everybody knows.
    const auto start = workload_.starts.lower_bound(entry.lsn);
    if (start != workload_.starts.begin()) model.start(*std::prev(start));
    for (auto at = open_.begin(); at != open_.end();) {
        const model::Recalled* recalled = model.shelf().recalled(at->second.name);
        if (recalled == nullptr || recalled->started == Lsn{}) {
            ++at;
            continue;
        }
        SUANPAN_PROBE("a server died between the two entries of a recall");
        check_free(at->second, at->first, instant_never);
        at = open_.erase(at);
    }
    if (entry.kind != EntryKind::expire) return;
    for (const ledger::OrderPtr& order : entry.orders) {
        if (!order->units.any()) continue;
        const std::string wrong =
            model.end_wait(entry.member, entry.program, order->number, entry.time, entry.lsn);
        if (!wrong.empty()) fail("INV-6: LSN {}: {}", entry.lsn.value, wrong);
    }
}

void RecallCheck::name(const Entry& entry, const Op& op, const model::Model& model,
                       model::Names& names) {
    if (entry.kind != EntryKind::recall) return;
    const auto& asked = std::get<RecallBatch>(op.command.body);
    const ledger::BatchRecalled* told = recalled_in(entry);
    if (told == nullptr || told->offer != asked.offer || told->batch != asked.batch)
        fail("INV-9: LSN {} recalls another batch than was asked for", entry.lsn.value);
    names.recalled = {.voided = static_cast<std::int64_t>(told->voided),
                      .set_aside = static_cast<std::int64_t>(told->set_aside),
                      .issued = static_cast<std::int64_t>(told->issued)};
    const model::BatchName name{
        .program = entry.program, .offer = asked.offer, .batch = asked.batch};
    // What is paid or given back is counted once it is durable: the owner's word may be of any
    // moment since the recall was asked for. Nothing is taken meanwhile.
    const std::vector<Moment>& moments = moments_[name];
    bool is_right = false;
    for (auto at = moments.rbegin(); at != moments.rend() && !is_right; ++at) {
        is_right = at->counts.set_aside == names.recalled.set_aside &&
                   at->counts.issued == names.recalled.issued;
        if (at->lsn <= op.sent_after) break;
    }
    const model::BatchCounts now = model.shelf().count(name);
    if (!is_right)
        fail(
            "INV-9: LSN {} recalls batch {} of offer {} with {} codes set aside and {} issued; {} "
            "are set aside and {} issued",
            entry.lsn.value, asked.batch, asked.offer, told->set_aside, told->issued, now.set_aside,
            now.issued);
    Open open{.told = *told,
              .name = name,
              .held = static_cast<std::uint64_t>(now.set_aside + now.issued),
              .free_until = {}};
    for (const auto& [text, code] : model.shelf().codes(entry.program))
        if (code.name() == name && code.issued == Lsn{} && !code.is_set_aside)
            open.free_until.push_back(code.expires_at);
    const auto all = static_cast<std::uint64_t>(now.voided + now.set_aside + now.issued);
    if (told->voided + told->set_aside + told->issued > all)
        fail("INV-9: LSN {} recalls more codes than there are", entry.lsn.value);
    open_.emplace(entry.lsn, std::move(open));
    told_.emplace(entry.lsn, *told);
    if (told->set_aside > 0) SUANPAN_PROBE("a batch was recalled while an order waited");
}

// All of the batch is accounted for, but for what may have expired by `until`.
void RecallCheck::check_free(const Open& open, Lsn lsn, Instant until) {
    const auto sure = std::ranges::count_if(
        open.free_until, [&](Instant end) { return end == instant_never || end > until; });
    const ledger::BatchRecalled& told = open.told;
    const std::uint64_t found = told.voided + told.set_aside + told.issued;
    if (found < open.held + static_cast<std::uint64_t>(sure))
        fail("INV-9: LSN {} finds {} codes of a batch, and {} were held and {} free", lsn.value,
             found, open.held, sure);
}

void RecallCheck::end(const Entry& entry, model::Model& model) {
    if (entry.kind == EntryKind::recall_active) {
        const Lsn begun{entry.reference};
        const auto open = open_.find(begun);
        if (open == open_.end() || open->second.name.program != entry.program)
            fail("LSN {} ends a recall that was not under way", entry.lsn.value);
        const std::string wrong = model.recall_active(begun, entry.lsn);
        if (!wrong.empty()) fail("LSN {}: {}", entry.lsn.value, wrong);
        check_free(open->second, begun, entry.time);
        open_.erase(open);
    }
    if (entry.kind != EntryKind::recall && recalled_in(entry) != nullptr)
        fail("LSN {} recalls a batch that nobody wanted to", entry.lsn.value);
    count_again(entry, model);
}

void RecallCheck::count_again(const Entry& entry, const model::Model& model) {
    std::set<std::uint32_t> touched;
    if (entry.kind == EntryKind::codes_import)
        touched.insert(static_cast<std::uint32_t>(entry.reference));
    for (const ledger::Effect& effect : entry.effects) {
        if (const auto* taken = std::get_if<ledger::TicketTaken>(&effect))
            touched.insert(taken->offer);
        if (const auto* ended = std::get_if<ledger::ReservationEnded>(&effect))
            touched.insert(ended->offer);
    }
    for (const std::uint32_t offer : touched) add_moments(entry.program, offer, entry.lsn, model);
}

void RecallCheck::add_moments(ProgramId program, std::uint32_t offer, Lsn lsn,
                              const model::Model& model) {
    std::map<model::BatchName, model::BatchCounts> counts;
    for (const auto& [text, code] : model.shelf().codes(program)) {
        if (code.offer != offer) continue;
        model::BatchCounts& of = counts[code.name()];
        ++(code.is_set_aside ? of.set_aside : code.issued != Lsn{} ? of.issued : of.voided);
    }
    for (const auto& [name, of] : counts) {
        std::vector<Moment>& moments = moments_[name];
        if (moments.empty() || moments.back().counts != of)
            moments.push_back({.lsn = lsn, .counts = of});
    }
}

// ---- what was refused

void RecallCheck::refused(const Outcome& outcome, const Op& op, const model::Model& model) {
    const auto* import = std::get_if<ImportCodes>(&op.command.body);
    const auto* recall = std::get_if<RecallBatch>(&op.command.body);
    if (import == nullptr && recall == nullptr) return;
    const model::BatchName name{.program = op.command.head.program,
                                .offer = import != nullptr ? import->offer : recall->offer,
                                .batch = import != nullptr ? import->batch : recall->batch};
    const model::Recalled* recalled = model.shelf().recalled(name);
    if (outcome.code == Code::batch_recalled) {
        if (recalled == nullptr)
            fail("P4: LSN {} says that batch {} of offer {} was recalled, and it was not",
                 outcome.entry_id.value, name.batch, name.offer);
        return;
    }
    if (outcome.code != Code::batch_not_found) return;
    const Lsn imported = model.shelf().imported(name);
    if (recalled != nullptr || (imported != Lsn{} && imported <= op.sent_after))
        fail("P4: LSN {} does not know batch {} of offer {}, which LSN {} imported",
             outcome.entry_id.value, name.batch, name.offer, imported.value);
}

// ---- at the end

void RecallCheck::finish(const model::Model& model) const {
    for (const Op& op : workload_.ops) {
        if (!op.answer || op.answer->code != Code::ok) continue;
        check_cards(op, model);
        if (op.command.head.kind != CommandKind::recall) continue;
        const auto told = told_.find(op.answer->entry_id);
        const bool is_same = told != told_.end() && op.recalled &&
                             op.recalled->voided == told->second.voided &&
                             op.recalled->set_aside == told->second.set_aside &&
                             op.recalled->issued == told->second.issued;
        if (!is_same)
            fail("P1: LSN {} recalls other codes than its client was told",
                 op.answer->entry_id.value);
    }
}

// Asked for after the recall was there for everybody: no answer sells a code of the batch.
void RecallCheck::check_cards(const Op& op, const model::Model& model) const {
    const ProgramId program = op.command.head.program;
    const auto is_recalled = [&](std::uint32_t offer, std::uint32_t batch) {
        const model::Recalled* recalled =
            model.shelf().recalled({.program = program, .offer = offer, .batch = batch});
        return recalled != nullptr && recalled->is_known_after(op.sent_after);
    };
    for (const Card& card : op.cards) {
        const auto code = model.shelf().codes(program).find(card.code);
        if (code == model.shelf().codes(program).end()) continue;
        // One that was used up before may still be looked at.
        const bool is_new = op.command.head.kind == CommandKind::redeem;
        if (is_new && is_recalled(code->second.offer, code->second.batch))
            fail("INV-9: LSN {} sells a code whose batch had been recalled before it was asked for",
                 op.answer->entry_id.value);
    }
}

}  // namespace suanpan::sim
