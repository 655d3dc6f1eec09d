// Violation: a promise was broken. What a simulation is there to find.
#pragma once

#include <stdexcept>

namespace suanpan::sim {

// Thrown by whoever sees it; ends the simulation. The text names the promise (P1, INV-7, ...).
struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace suanpan::sim
