// How the tool ends: what a script can rely on.
#pragma once

#include "client/answer.h"

#include <stdexcept>

namespace suanpan::cli {

enum class ExitCode : int {
    done = 0,
    refused = 1,  // certainly not done; the code says why
    usage = 2,    // the command line is wrong
    unknown = 3,  // it may have been done; `suanpan lookup` or `suanpan explain` tells
    cannot_connect = 4,
};

// The command line is wrong: one line saying what, and what is allowed.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};
// No server, or it refused the hello: one line.
struct ConnectFailure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[nodiscard]] ExitCode exit_code_of(const client::Answer& answer);

}  // namespace suanpan::cli
