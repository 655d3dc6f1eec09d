// Crash probes: at which steps of commit, rotation, checkpoint, retention, recovery and stop a
// simulated process has died.
#pragma once

#include <cstdint>
#include <string_view>

namespace suanpan::sim {

// What the process is at.
enum class Activity : std::uint8_t { serving, starting, stopping, restoring };

// It has died while it did this to the file of that name ("before an append"). Counts a visit of
// the probe of that step; a run over the standard seeds must have visited each (run.h).
void note_crash(std::string_view step, std::string_view name, Activity activity);

}  // namespace suanpan::sim
