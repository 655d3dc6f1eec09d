#include "server/rules/placement.h"

#include "protocol/base/assert.h"

#include <algorithm>

namespace suanpan::rules {
namespace {

// The most points whose worth, rounded down, stays within `most`.
Points points_within(Money most, Ratio ratio) {
    const Wide points = steps_within(most, Points{1}, ratio);
    return Points{points < INT64_MAX ? static_cast<std::int64_t>(points) : INT64_MAX};
}

}  // namespace

Placement::Placement(std::span<const DeductionLine> lines, std::span<const PointRun> runs,
                     Ratio ratio)
    : lines_(lines), runs_(runs), ratio_(ratio) {
    pools_.push_back({unrestricted, Money{}});
    run_pool_.reserve(runs.size());
    for (const PointRun& run : runs) {
        std::size_t pool = pool_of(run.restriction);
        if (pool == pools_.size()) pools_.push_back({run.restriction, Money{}});
        if (run.restriction != unrestricted) has_restricted_ = true;
        run_pool_.push_back(pool);
    }
    for (const DeductionLine& line : lines) {
        room_ += line.limit;
        if (line.set == unrestricted || !has_restricted_) continue;
        const std::size_t pool = pool_of(line.set);
        if (pool < pools_.size()) pools_[pool].room += line.limit;
    }
    pools_.front().room = room_;
    find_sequence();
}

std::size_t Placement::pool_of(Restriction set) const {
    std::size_t pool = 0;
    while (pool < pools_.size() && pools_[pool].set != set) ++pool;
    return pool;
}

void Placement::find_sequence() {
    sequence_.assign(runs_.size(), Points{});
    Load load{Row<Points>(pools_.size()), Points{}};
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        const std::size_t pool = run_pool_[i];
        if (pools_[pool].room == Money{} || runs_[i].points == Points{}) continue;
        acceptable_ += runs_[i].points;
        const Points before = load.points[pool];
        load.points[pool] += Points{1};  // with it the set's lines count as reached
        const Points all = points_within(reach_of(load), ratio_);
        load.points[pool] = before;
        const Points of_set = points_within(pools_[pool].room, ratio_);
        Points take = std::min(runs_[i].points, std::min(all - load.sum, of_set - before));
        take = std::max(take, Points{});
        sequence_[i] = take;
        load.points[pool] += take;
        load.sum += take;
    }
    placeable_ = load.sum;
}

std::vector<Points> Placement::take(Points points) const {
    SUANPAN_ASSERT(points <= acceptable_);
    std::vector<Points> taken(runs_.size());
    Points left = points;
    for (std::size_t i = 0; i < runs_.size() && left > Points{}; ++i) {
        taken[i] = std::min(left, sequence_[i]);
        left -= taken[i];
    }
    for (std::size_t i = 0; i < runs_.size() && left > Points{}; ++i) {
        if (pools_[run_pool_[i]].room == Money{}) continue;
        const Points more = std::min(left, runs_[i].points - taken[i]);
        taken[i] += more;
        left -= more;
    }
    SUANPAN_ASSERT(left == Points{});
    return taken;
}

Placement::Load Placement::load_of(std::span<const Points> taken) const {
    Load load{Row<Points>(pools_.size()), Points{}};
    for (std::size_t i = 0; i < taken.size(); ++i) {
        load.points[run_pool_[i]] += taken[i];
        load.sum += taken[i];
    }
    return load;
}

Money Placement::reach_of(const Load& load) const {
    if (load.points.front() > Points{}) return room_;
    Money reach;
    for (std::size_t pool = 1; pool < pools_.size(); ++pool) {
        if (load.points[pool] > Points{}) reach += pools_[pool].room;
    }
    return reach;
}

Money Placement::payable_by(std::span<const Points> taken) const {
    const Load load = load_of(taken);
    // What the floors of the sets leave of the floor of the whole belongs to no set alone.
    Wide lost = 0;
    for (std::size_t pool = 1; pool < pools_.size(); ++pool) {
        lost += std::max<Wide>(0, worth(load.points[pool], ratio_) - pools_[pool].room.value);
    }
    const Wide value = std::min<Wide>(worth(load.sum, ratio_) - lost, reach_of(load).value);
    return Money{static_cast<std::int64_t>(value)};
}

void Placement::share(Money value, std::span<const Points> taken,
                      std::span<std::int64_t> shares) const {
    Row<std::int64_t> weights(lines_.size());
    if (!has_restricted_) {
        std::ranges::transform(lines_, weights.begin(),
                               [](const DeductionLine& line) { return line.limit.value; });
        allocate(value.value, weights, shares);
        return;
    }
    const Load load = load_of(taken);
    Row<Money> paid(pools_.size());
    Money sum;
    for (std::size_t pool = 1; pool < pools_.size(); ++pool) {
        paid[pool] = worth_at_most(load.points[pool], ratio_, pools_[pool].room);
        sum += paid[pool];
    }
    // FILL cuts the value of its last step: the points that were taken last pay less.
    for (std::size_t i = taken.size(); i-- > 0 && sum > value;) {
        if (run_pool_[i] == 0 || taken[i] == Points{}) continue;
        const Money cut = std::min(paid[run_pool_[i]], sum - value);
        paid[run_pool_[i]] -= cut;
        sum -= cut;
    }
    for (std::size_t pool = 1; pool < pools_.size(); ++pool) {
        if (paid[pool] == Money{}) continue;
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            weights[i] = lines_[i].set == pools_[pool].set ? lines_[i].limit.value : 0;
        }
        allocate(paid[pool].value, weights, shares);
    }
    // Unrestricted points pay for any line; what fractions of different sets make up together, for
    // a line that takes one of them.
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        const std::size_t pool = pool_of(lines_[i].set);
        const bool takes = load.points.front() > Points{} ||
                           (pool < pools_.size() && load.points[pool] > Points{});
        weights[i] = takes ? lines_[i].limit.value - shares[i] : 0;
    }
    allocate((value - sum).value, weights, shares);
}

}  // namespace suanpan::rules
