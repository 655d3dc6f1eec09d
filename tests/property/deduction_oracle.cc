#include "tests/property/deduction_oracle.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>

namespace suanpan::testing {

using rules::DeductionMode;
using rules::LimitReport;

// The largest v with v x den <= points x num.
std::int64_t DeductionOracle::floor_worth(std::int64_t points) const {
    std::int64_t value = 0;
    while ((value + 1) * problem_.ratio.den <= points * problem_.ratio.num) ++value;
    return value;
}

bool DeductionOracle::is_taken_somewhere(Restriction restriction) const {
    return std::ranges::any_of(problem_.lines, [&](const rules::DeductionLine& line) {
        return line.limit > Money{0} && (restriction == unrestricted || line.set == restriction);
    });
}

DeductionOracle::Placed DeductionOracle::place(const Bag& bag) const {
    std::map<Restriction, std::int64_t> points;
    for (std::size_t i = 0; i < bag.size(); ++i) {
        if (bag[i] > 0) points[problem_.runs[i].restriction] += bag[i];
    }
    // One unit for each whole minor unit of a restriction; what fractions make up together may lie
    // on any line that takes some of the points.
    std::vector<std::set<Restriction>> units;
    std::set<Restriction> all;
    for (const auto& [restriction, amount] : points) {
        all.insert(restriction);
        for (std::int64_t n = floor_worth(amount); n > 0; --n) units.push_back({restriction});
    }
    const std::int64_t whole =
        floor_worth(std::accumulate(bag.begin(), bag.end(), std::int64_t{0}));
    while (static_cast<std::int64_t>(units.size()) < whole) units.push_back(all);

    std::vector<std::size_t> place_line;
    for (std::size_t i = 0; i < problem_.lines.size(); ++i) {
        for (std::int64_t n = problem_.lines[i].limit.value; n > 0; --n) place_line.push_back(i);
    }
    std::vector<int> unit_at(place_line.size(), -1);
    std::vector<bool> tried;
    const std::function<bool(int)> lay = [&](int unit) {
        for (std::size_t spot = 0; spot < place_line.size(); ++spot) {
            const std::set<Restriction>& takes = units[static_cast<std::size_t>(unit)];
            const Restriction set = problem_.lines[place_line[spot]].set;
            if (tried[spot] || (!takes.contains(unrestricted) && !takes.contains(set))) continue;
            tried[spot] = true;
            if (unit_at[spot] < 0 || lay(unit_at[spot])) {
                unit_at[spot] = unit;
                return true;
            }
        }
        return false;
    };
    std::int64_t count = 0;
    for (std::size_t unit = 0; unit < units.size(); ++unit) {
        tried.assign(place_line.size(), false);
        if (lay(static_cast<int>(unit))) ++count;
    }
    return {count, count == static_cast<std::int64_t>(units.size())};
}

std::vector<std::size_t> DeductionOracle::sequence() const {
    std::vector<std::size_t> order;
    Bag bag(problem_.runs.size(), 0);
    for (std::size_t i = 0; i < problem_.runs.size(); ++i) {
        if (!is_taken_somewhere(problem_.runs[i].restriction)) continue;
        for (std::int64_t n = 0; n < problem_.runs[i].points.value; ++n) {
            ++bag[i];
            if (!place(bag).all) {
                --bag[i];
                break;  // the run's other points are the same
            }
            order.push_back(i);
        }
    }
    return order;
}

// The first points of the sequence, then those behind its end that some line takes.
DeductionOracle::Bag DeductionOracle::bag_of(std::int64_t points,
                                             const std::vector<std::size_t>& order) const {
    Bag bag(problem_.runs.size(), 0);
    std::int64_t left = points;
    for (const std::size_t i : order) {
        if (left == 0) break;
        ++bag[i];
        --left;
    }
    for (std::size_t i = 0; i < bag.size(); ++i) {
        if (!is_taken_somewhere(problem_.runs[i].restriction)) continue;
        while (left > 0 && bag[i] < problem_.runs[i].points.value) {
            ++bag[i];
            --left;
        }
    }
    return bag;
}

DeductionOracle::Answer DeductionOracle::answer() const {
    std::int64_t most = 0;
    for (const rules::DeductionLine& line : problem_.lines) most += line.limit.value;
    std::int64_t points_max = 0;
    for (const rules::PointRun& run : problem_.runs) {
        if (is_taken_somewhere(run.restriction)) points_max += run.points.value;
    }
    for (const LimitReport& limit : problem_.limits) {
        std::int64_t& smallest = is_in_points(limit.kind) ? points_max : most;
        smallest = std::min(smallest, limit.value);
    }
    const std::vector<std::size_t> order = sequence();
    const auto placeable = static_cast<std::int64_t>(order.size());

    Answer answer;
    std::int64_t largest = 0;
    for (std::int64_t k = 0; k * problem_.step <= std::min(points_max, placeable); ++k) {
        if (floor_worth(k * problem_.step) <= most) largest = k;
    }
    answer.value = floor_worth(largest * problem_.step);
    std::int64_t smallest = 0;
    while (floor_worth(smallest * problem_.step) != answer.value) ++smallest;
    answer.points = smallest * problem_.step;
    const std::int64_t more = (largest + 1) * problem_.step;
    if (problem_.mode == DeductionMode::fill && more <= points_max) {
        const std::int64_t value = std::min(most, place(bag_of(more, order)).units);
        if (value > answer.value) {
            answer.value = value;
            answer.points = more;
        }
    }
    answer.taken = bag_of(answer.points, order);
    return answer;
}

}  // namespace suanpan::testing
