// Rule files: TOML text <-> RuleSpec. docs/rules.md describes every key.
#pragma once

#include "server/rules/rule_mistake.h"
#include "server/rules/rule_spec.h"

#include <cstdint>
#include <expected>
#include <string_view>

namespace suanpan::rules {

// The rules that `text` says, checked completely, or all its mistakes (at least one, at most
// rule_mistakes_max). Never throws, whatever the text is.
[[nodiscard]] std::expected<RuleSpec, RuleMistakes> parse_rules(std::string_view text);

// The notice period that a text promised, which an earlier release took and this one calls wrong;
// the longest one where not even that can be read. Never throws.
[[nodiscard]] std::uint32_t promised_notice_days(std::string_view text);

}  // namespace suanpan::rules
