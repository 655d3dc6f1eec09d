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

RuleTextPtr text_of(const CommandHead& head, const CommandPayload& payload, std::uint32_t version,
                    Instant effective_from) {
    auto rules = std::make_shared<RuleText>();
    rules->program = head.program;
    rules->version = version;
    rules->partner = head.partner;
    rules->principal = head.principal;
    rules->effective_from = effective_from;
    rules->hash = sha256(payload.text);
    rules->text.assign(reinterpret_cast<const char*>(payload.text.data()), payload.text.size());
    return rules;
}

}  // namespace

RuleTextPtr rules_of(const CommandHead& head, const PutRules& command) {
    return text_of(head, *command.payload, command.version, command.effective_from);
}

RuleTextPtr offers_of(const CommandHead& head, const PutOffers& command) {
    return text_of(head, *command.payload, command.version, Instant{});
}

void RuleTextTable::install_newest(const RuleTextPtr& rules) {
    const RuleTextPtr present = newest(rules->program);
    if (present != nullptr && present->version > rules->version) return;
    std::erase_if(all_, [&](const RuleTextPtr& old) { return old->program == rules->program; });
    install(rules);
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
    auto at = std::ranges::upper_bound(all_, std::pair(program, UINT32_MAX), {}, key_of);
    while (at != all_.begin() && (*--at)->program == program)
        if ((*at)->effective_from <= now || SUANPAN_CANARY(rules_in_force_too_early)) return *at;
    return nullptr;
}

}  // namespace suanpan::ledger
