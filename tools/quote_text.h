// A quote as a person reads it: what it comes to, line by line, and which limits bound.
#pragma once

#include "server/rules/limit_report.h"
#include "server/rules/quote.h"

#include <string>
#include <string_view>

namespace suanpan::tools {

[[nodiscard]] std::string_view name_of(rules::LimitKind kind);
[[nodiscard]] std::string_view reason_of(rules::QuoteRefusal::Why why);
[[nodiscard]] std::string text_of(const rules::Quote& quote);

}  // namespace suanpan::tools
