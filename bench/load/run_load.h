// What suanpan-load does with its options: prepare, check, load, report.
#pragma once

#include "bench/load/options.h"

namespace suanpan::load {

// Returns the exit code: 0, or 1 where events were lost, outcomes differed or the server went away
// unexpectedly. Throws std::runtime_error, with one line, where it cannot start.
int run_load(const LoadOptions& options);

}  // namespace suanpan::load
