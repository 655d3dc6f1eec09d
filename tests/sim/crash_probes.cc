#include "tests/sim/crash_probes.h"

#include "protocol/base/probe.h"

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <tuple>
#include <vector>

namespace suanpan::sim {
namespace {

#ifdef SUANPAN_PROBES

std::string_view file_of(std::string_view name) {
    if (name.ends_with(".trailer")) return "a trailer";
    if (name.ends_with(".seal")) return "a baseline's seal";
    if (name.starts_with("journal-")) return "a segment";
    if (name.starts_with("checkpoint-")) return "a checkpoint";
    if (name.starts_with("baseline-")) return "a baseline";
    return name.empty() ? "the directory" : name;
}

std::string_view word_of(Activity activity) {
    constexpr std::array<std::string_view, 4> words{"while it served", "while it started",
                                                    "while it stopped", "in a restore"};
    return words[static_cast<std::size_t>(activity)];
}

// A probe for each step at which a process can die, registered when the program starts.
class CrashProbes {
public:
    CrashProbes() {
        const std::vector<std::string_view> appends{"before an append to", "in an append to",
                                                    "before the flush of an append to",
                                                    "after an append to"};
        const std::vector<std::string_view> makings{"before the making of", "in the making of",
                                                    "before the flush of the name of",
                                                    "after the making of"};
        const std::vector<std::string_view> writes{"before the writing of", "in the writing of",
                                                   "before the flush of the new name of",
                                                   "after the writing of"};
        const std::vector<std::string_view> removals{"before the removal of",
                                                     "after the removal of"};
        const std::vector<std::string_view> flushes{"before a flush of", "after a flush of"};
        using enum Activity;
        // A commit; and the segments of a rotation, with the trailer of the one that is full.
        add(appends, "a segment", serving);
        add(makings, "a segment", serving);
        add(writes, "a trailer", serving);
        // A checkpoint, and the generation that it takes the place of.
        add(makings, "a checkpoint", serving);
        add(appends, "a checkpoint", serving);
        add(removals, "a checkpoint", serving);
        // A baseline, and what it takes the place of.
        add(makings, "a baseline", serving);
        add(appends, "a baseline", serving);
        add(writes, "a baseline's seal", serving);
        add(writes, "JOURNAL", serving);
        add(removals, "a segment", serving);
        // Recovery, with what the first start of all makes; and the start's own commit.
        add(makings, "a segment", starting);
        add(writes, "JOURNAL", starting);
        add(removals, "CLEAN_STOP", starting);
        add(appends, "a segment", starting);
        add(flushes, "a segment", starting);
        add(flushes, "the directory", starting);
        add(writes, "CLEAN_STOP", stopping);
        add(writes, "SUANPAN", restoring);
    }

    void visit(std::string_view step, std::string_view name, Activity activity) {
        const auto found = std::ranges::find(
            keys_, std::tuple(std::string(step), std::string(file_of(name)), activity));
        if (found == keys_.end()) return;
        probes_[static_cast<std::size_t>(found - keys_.begin())].visits.fetch_add(
            1, std::memory_order_relaxed);
    }

private:
    void add(const std::vector<std::string_view>& steps, std::string_view file, Activity activity) {
        for (const std::string_view step : steps) {
            keys_.emplace_back(step, file, activity);
            sentences_.push_back("a process died " + std::string(step) + " " + std::string(file) +
                                 " " + std::string(word_of(activity)));
            probes_.emplace_back(sentences_.back().c_str());
        }
    }

    std::vector<std::tuple<std::string, std::string, Activity>> keys_;
    std::deque<std::string> sentences_;  // that the probes point into
    std::deque<Probe> probes_;
};

CrashProbes crash_probes;

#endif

}  // namespace

void note_crash([[maybe_unused]] std::string_view step, [[maybe_unused]] std::string_view name,
                [[maybe_unused]] Activity activity) {
#ifdef SUANPAN_PROBES
    crash_probes.visit(step, name, activity);
#endif
}

}  // namespace suanpan::sim
