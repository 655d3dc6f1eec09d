#include "server/rules/deduction.h"

#include "protocol/base/assert.h"
#include "server/rules/allocation.h"
#include "server/rules/placement.h"

#include <algorithm>
#include <cstddef>

namespace suanpan::rules {
namespace {

bool is_in_range(std::int64_t amount) {
    return amount >= 0 && amount <= amount_money_max;
}

// True where every amount is in range and the sums of lines and runs fit into int64.
bool is_sound(const DeductionProblem& problem) {
    if (problem.ratio.num < 1 || problem.ratio.den < 1) return false;
    if (problem.step < Points{1}) return false;
    Money room;
    for (const DeductionLine& line : problem.lines) {
        if (!is_in_range(line.limit.value)) return false;
        const auto sum = checked_add(room, line.limit);
        if (!sum.has_value()) return false;
        room = *sum;
    }
    Points points;
    for (const PointRun& run : problem.runs) {
        if (!is_in_range(run.points.value)) return false;
        const auto sum = checked_add(points, run.points);
        if (!sum.has_value()) return false;
        points = *sum;
    }
    return std::ranges::all_of(problem.limits,
                               [](const LimitReport& limit) { return limit.value >= 0; });
}

// The smallest limits of a problem.
struct Bounds {
    Money most;           // C
    Points points;        // P before rounding
    Points without_runs;  // P if the member had all the points there are
};

Bounds bounds_of(const DeductionProblem& problem, const Placement& placement) {
    std::int64_t most = placement.room().value;
    std::int64_t points = INT64_MAX;
    std::int64_t without_runs = amount_points_max;  // no balance is above
    for (const LimitReport& limit : problem.limits) {
        if (!is_in_points(limit.kind)) {
            most = std::min(most, limit.value);
            continue;
        }
        points = std::min(points, limit.value);
        if (limit.kind == LimitKind::spendable) continue;
        without_runs = std::min(without_runs, limit.value);
    }
    const Points there = std::min(Points{points}, placement.acceptable());
    return {Money{most}, there, Points{without_runs}};
}

// Steps of the answer, its value, and the steps at which each side stopped it.
struct Choice {
    Points points;
    Money value;
    Wide steps_by_money = 0;
    Wide steps_by_points = 0;
};

Choice choose(const DeductionProblem& problem, const Bounds& bounds, const Placement& placement) {
    const std::int64_t step = problem.step.value;
    Choice choice;
    choice.steps_by_money = steps_within(bounds.most, problem.step, problem.ratio);
    choice.steps_by_points = std::min(bounds.points, placement.placeable()).value / step;
    const auto steps =
        static_cast<std::int64_t>(std::min(choice.steps_by_money, choice.steps_by_points));
    choice.value = worth_at_most(Points{steps * step}, problem.ratio, bounds.most);

    // FILL: one more step, where it can be had and brings something.
    if (problem.mode == DeductionMode::fill && choice.value < bounds.most &&
        steps < bounds.points.value / step) {
        const Points more{(steps + 1) * step};
        const Money value = std::min(bounds.most, placement.payable_by(placement.take(more)));
        if (value > choice.value) {
            choice.points = more;
            choice.value = value;
            // Stopped by money, unless it is the places on lines that ran out.
            if (value == bounds.most) choice.steps_by_points = bounds.points.value / step;
            return choice;
        }
    }
    const Wide fewest = steps_worth(choice.value, problem.step, problem.ratio);
    SUANPAN_ASSERT(fewest <= steps);
    choice.points = Points{static_cast<std::int64_t>(fewest) * step};
    return choice;
}

// Marks the limits that the choice went up to.
void mark(LimitReport& limit, const DeductionProblem& problem, const Bounds& bounds,
          const Choice& choice) {
    if (is_in_points(limit.kind)) {
        limit.bound = limit.value / problem.step.value == choice.steps_by_points &&
                      choice.steps_by_points <= choice.steps_by_money;
    } else {
        limit.bound =
            limit.value == bounds.most.value &&
            (choice.value == bounds.most || choice.steps_by_money <= choice.steps_by_points);
    }
}

// Fills in what the member lacks: `missing` points and the cash that does instead.
void find_gap(const DeductionProblem& problem, const Bounds& bounds, Deduction& deduction) {
    const Money most = bounds.most;
    Wide full = steps_within(most, problem.step, problem.ratio);
    const Wide exact = full * problem.step.value * problem.ratio.num / problem.ratio.den;
    if (problem.mode == DeductionMode::fill && exact < most.value) {
        ++full;
    } else {
        full = steps_worth(Money{static_cast<std::int64_t>(exact)}, problem.step, problem.ratio);
    }
    const Wide steps_max = bounds.without_runs.value / problem.step.value;
    const Points useful{static_cast<std::int64_t>(std::min(full, steps_max)) * problem.step.value};
    deduction.missing = std::max(Points{}, useful - deduction.points);
    const Wide cash =
        ceil_div(static_cast<Wide>(deduction.missing.value) * problem.ratio.num, problem.ratio.den);
    deduction.gap =
        Money{static_cast<std::int64_t>(std::min<Wide>(cash, (most - deduction.value).value))};
}

}  // namespace

Result<Deduction> solve(const DeductionProblem& problem) {
    if (!is_sound(problem)) return refuse(Code::amount_out_of_range);
    const Placement placement(problem.lines, problem.runs, problem.ratio);
    const Bounds bounds = bounds_of(problem, placement);
    const Choice choice = choose(problem, bounds, placement);

    Deduction deduction{.points = choice.points, .value = choice.value, .most = bounds.most};
    find_gap(problem, bounds, deduction);
    deduction.limits.reserve(problem.limits.size() + 2);
    deduction.limits.assign(problem.limits.begin(), problem.limits.end());
    deduction.limits.push_back({.kind = LimitKind::lines, .value = placement.room().value});
    if (placement.has_restricted()) {
        deduction.limits.push_back(
            {.kind = LimitKind::placeable, .value = placement.placeable().value});
    }
    for (LimitReport& limit : deduction.limits) mark(limit, problem, bounds, choice);

    deduction.taken = placement.take(choice.points);
    Row<std::int64_t> values(problem.lines.size());
    placement.share(choice.value, deduction.taken, values);
    Row<std::int64_t> points(problem.lines.size());
    if (choice.value > Money{}) allocate(choice.points.value, values, points);
    deduction.shares.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        SUANPAN_ASSERT(values[i] <= problem.lines[i].limit.value);  // INV-8
        deduction.shares.push_back({Money{values[i]}, Points{points[i]}});
    }
    SUANPAN_ASSERT(deduction.value <= deduction.most);  // INV-8
    return deduction;
}

Result<Shortfall> shortfall(Points price, Points available, Ratio ratio) {
    if (!is_in_range(price.value) || !is_in_range(available.value) || ratio.num < 1 ||
        ratio.den < 1) {
        return refuse(Code::amount_out_of_range);
    }
    const Points missing = std::max(Points{}, price - available);
    const auto gap = narrowed(ceil_div(static_cast<Wide>(missing.value) * ratio.num, ratio.den));
    if (!gap.has_value()) return refuse(Code::amount_out_of_range);
    return Shortfall{missing, Money{*gap}};
}

}  // namespace suanpan::rules
