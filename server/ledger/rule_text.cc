#include "server/ledger/rule_text.h"

#include "protocol/base/canary.h"
#include "protocol/order.h"

#include <algorithm>
#include <utility>

namespace suanpan::ledger {
namespace {

std::pair<ProgramId, std::uint32_t> key_of(const RuleTextPtr& rules) {
    return {rules->program, rules->version};
}

}  // namespace

RuleTextPtr rules_of(const CommandHead& head, const PutRules& command) {
    const std::vector<std::byte>& text = command.payload->text;
    auto rules = std::make_shared<RuleText>();
    rules->program = head.program;
    rules->version = command.version;
    rules->partner = head.partner;
    rules->principal = head.principal;
    rules->effective_from = command.effective_from;
    rules->hash = sha256(text);
    rules->text.assign(reinterpret_cast<const char*>(text.data()), text.size());
    return rules;
}

void RuleTextTable::install(const RuleTextPtr& rules) {
    const auto at = std::ranges::lower_bound(all_, key_of(rules), {}, key_of);
    if (at != all_.end() && key_of(*at) == key_of(rules))
        *at = rules;
    else
        all_.insert(at, rules);
}

RuleTextPtr RuleTextTable::find(ProgramId program, std::uint32_t version) const {
    const auto at = std::ranges::lower_bound(all_, std::pair(program, version), {}, key_of);
    return at != all_.end() && key_of(*at) == std::pair(program, version) ? *at : nullptr;
}

RuleTextPtr RuleTextTable::newest(ProgramId program) const {
    const auto at = std::ranges::upper_bound(all_, std::pair(program, UINT32_MAX), {}, key_of);
    return at != all_.begin() && (*(at - 1))->program == program ? *(at - 1) : nullptr;
}

RuleTextPtr RuleTextTable::in_force(ProgramId program, Instant now) const {
    RuleTextPtr found;
    for (const RuleTextPtr& rules : all_)
        if (rules->program == program &&
            (rules->effective_from <= now || SUANPAN_CANARY(rules_in_force_too_early)))
            found = rules;
    return found;
}

}  // namespace suanpan::ledger
