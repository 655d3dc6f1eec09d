// Placement: which of a member's points can pay for which lines.
#pragma once

#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/command.h"
#include "server/rules/allocation.h"
#include "server/rules/deduction.h"
#include "server/rules/exchange.h"

#include <cstddef>
#include <span>
#include <vector>

namespace suanpan::rules {

// The draining sequence of one problem: which points of each run can be placed, one after another,
// and how the value of the first so many of them lies on the sets of lines.
//
// Since a point's place in the sequence does not depend on how many are taken in the end, the
// bag of k steps is always the sequence's beginning, and every beginning can be placed.
//
// Belongs to one call of solve(). Costs O(lines + runs x sets).
class Placement {
public:
    // Expects amounts that solve() has checked: the sums of limits and of points fit into int64.
    Placement(std::span<const DeductionLine> lines, std::span<const PointRun> runs, Ratio ratio);

    // Σ of the lines' limits.
    [[nodiscard]] Money room() const { return room_; }
    [[nodiscard]] bool has_restricted() const { return has_restricted_; }
    // Points of the sequence: all that can be placed.
    [[nodiscard]] Points placeable() const { return placeable_; }
    // Points that some line with room takes at all. FILL may take one step beyond the sequence.
    [[nodiscard]] Points acceptable() const { return acceptable_; }

    // The first `points` of the sequence per run, and, beyond its end, the next acceptable ones in
    // draining order. Expects points <= acceptable().
    [[nodiscard]] std::vector<Points> take(Points points) const;
    // What `taken` can pay at most: the floor of its worth, less what finds no place.
    [[nodiscard]] Money payable_by(std::span<const Points> taken) const;
    // Adds each line's part of `value`, paid by `taken`, to `shares` (largest remainder).
    // Expects value <= payable_by(taken).
    void share(Money value, std::span<const Points> taken, std::span<std::int64_t> shares) const;

private:
    // The lines of one set. The first is that of unrestricted points: all lines.
    struct Pool {
        Restriction set{};
        Money room;
    };
    struct Load {
        Row<Points> points;  // per pool
        Points sum;
    };

    [[nodiscard]] std::size_t pool_of(Restriction set) const;  // pools_.size() for none
    [[nodiscard]] Load load_of(std::span<const Points> taken) const;
    // The limits of the lines that take any of these points.
    [[nodiscard]] Money reach_of(const Load& load) const;
    void find_sequence();

    std::span<const DeductionLine> lines_;
    std::span<const PointRun> runs_;
    Ratio ratio_;
    Money room_;
    bool has_restricted_ = false;
    Row<Pool> pools_;
    Row<std::size_t> run_pool_;
    Row<Points> sequence_;  // per run
    Points placeable_;
    Points acceptable_;
};

}  // namespace suanpan::rules
