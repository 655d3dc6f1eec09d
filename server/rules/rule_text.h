// The canonical text of rules. What a server shows and hashes is the file as it was loaded.
#pragma once

#include "server/rules/rule_spec.h"

#include <string>

namespace suanpan::rules {

// `spec` in the one form that says every field which differs from its default, in a fixed order.
// It is a rule file: parse_rules(text_of(spec)) gives an equal spec. Equal specs have equal texts.
[[nodiscard]] std::string text_of(const RuleSpec& spec);

}  // namespace suanpan::rules
