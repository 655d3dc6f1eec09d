// Running simulations: the partners they need, and how a failure is told.
#pragma once

#include "tests/sim/simulator.h"
#include "tests/support/temporary_folder.h"

#include <memory>
#include <string>
#include <string_view>

namespace suanpan::sim {

// A partners file in a temporary folder: partners 1 and 2, allowed everything.
class SimPartners {
public:
    SimPartners();
    [[nodiscard]] const PartnerDirectory& directory() const { return *directory_; }

private:
    TemporaryFolder folder_;
    std::unique_ptr<PartnerDirectory> directory_;
};

// True for probes on paths that a run of many seeds need not take.
[[nodiscard]] bool may_be_missed(std::string_view probe_sentence);

// The command that repeats a run.
[[nodiscard]] std::string replay_line(const SimOptions& options);

}  // namespace suanpan::sim
