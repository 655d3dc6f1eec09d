// Runs a server until somebody ends it.
#pragma once

#include "server/config.h"

namespace suanpan {

// Serves until SIGTERM or SIGINT, with a tick each second; SIGHUP reads the partners file again.
// Returns the exit code. Throws std::runtime_error with one line where the server cannot start.
// From main(), before any thread is started.
int serve(const ServerConfig& config);

}  // namespace suanpan
