// explain --order: what became of an order, and under which limits and rules, in sentences.
#pragma once

#include "client/cli/context.h"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace suanpan::cli {

// The limits that a rule file sets, one sentence for each rule that has any. Reads lines, not TOML:
// `[[kind]]`, and `key = value` below it.
[[nodiscard]] std::vector<std::string> limits_in(std::string_view rules);

// Asks for the order and for the rules it was priced under, and tells both.
ExitCode explain_order(Context& context, const client::Target& target, const std::string& order);

}  // namespace suanpan::cli
