// What must hold between the rules of one version, beyond each field's own range.
#pragma once

#include "server/rules/rule_mistake.h"
#include "server/rules/rule_spec.h"

namespace suanpan::rules {

// Appends what is wrong between the fields and rules of `spec`: ids used twice, sets that overlap,
// tiers that fall, rules that say nothing or cannot be computed.
void check_rules(const RuleSpec& spec, RuleMistakes& mistakes);

}  // namespace suanpan::rules
