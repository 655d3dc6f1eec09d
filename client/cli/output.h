// Answers on the terminal: a line of words, or JSON.
#pragma once

#include "client/cli/context.h"
#include "client/cli/exit_code.h"

#include <boost/json/object.hpp>

namespace suanpan::cli {

// Prints `answer` and says how the tool ends. Refusals and unknowns are told on stderr (with
// --json: in the object on stdout), with what to do next.
ExitCode report(const Context& context, const client::Answer& answer);

// The object that --json prints; its fields are documented in docs/protocol.md by the same names.
[[nodiscard]] boost::json::object json_of(const client::Answer& answer);
void print_json(const boost::json::object& object);

// The name of a line's kind in a statement: a command, or an entry of the server's own.
[[nodiscard]] std::string kind_text(std::uint16_t kind);

}  // namespace suanpan::cli
