// DeductionOracle: the definition of semantics.md, tried out and never computed.
#pragma once

#include "server/rules/deduction.h"

#include <cstdint>
#include <vector>

namespace suanpan::testing {

// What the definition allows, found by trying every k and every point. Slow and obvious: points are
// taken one by one, and whether a bag can be placed is found by laying each minor unit of its worth
// on a free minor unit of a line (augmenting paths), not by comparing sums.
class DeductionOracle {
public:
    // A problem of its own, small enough to try everything.
    struct Problem {
        rules::Ratio ratio;
        std::int64_t step = 1;
        rules::DeductionMode mode{};
        std::vector<rules::DeductionLine> lines;
        std::vector<rules::PointRun> runs;
        std::vector<rules::LimitReport> limits;
    };
    struct Answer {
        std::int64_t points = 0;
        std::int64_t value = 0;
        std::vector<std::int64_t> taken;  // per run
    };

    explicit DeductionOracle(const Problem& problem) : problem_(problem) {}
    [[nodiscard]] Answer answer() const;

private:
    using Bag = std::vector<std::int64_t>;  // points per run

    [[nodiscard]] std::int64_t floor_worth(std::int64_t points) const;
    [[nodiscard]] bool is_taken_somewhere(Restriction restriction) const;
    struct Placed {
        std::int64_t units = 0;  // minor units of the bag's worth that find a place
        bool all = false;
    };
    [[nodiscard]] Placed place(const Bag& bag) const;
    [[nodiscard]] std::vector<std::size_t> sequence() const;  // runs, one entry a point
    [[nodiscard]] Bag bag_of(std::int64_t points, const std::vector<std::size_t>& order) const;

    const Problem& problem_;
};

}  // namespace suanpan::testing
