#include "bench/load/compare.h"

#include "protocol/base/assert.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <stdexcept>

namespace suanpan::load {

double median_of(std::vector<double> values) {
    SUANPAN_ASSERT(!values.empty());
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    if (values.size() % 2 == 1) return values[middle];
    return (values[middle - 1] + values[middle]) / 2;
}

Ratio compare(const std::vector<double>& ours, const std::vector<double>& theirs,
              std::uint64_t seed, int draws) {
    SUANPAN_ASSERT(!ours.empty());
    SUANPAN_ASSERT(ours.size() == theirs.size());
    std::vector<double> ratios;
    for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / theirs[i]);

    std::mt19937_64 random(seed);
    std::uniform_int_distribution<std::size_t> round(0, ratios.size() - 1);
    std::vector<double> medians;
    std::vector<double> drawn(ratios.size());
    for (int draw = 0; draw < draws; ++draw) {
        for (double& ratio : drawn) ratio = ratios[round(random)];
        medians.push_back(median_of(drawn));
    }
    std::ranges::sort(medians);
    const auto at = [&](double fraction) {
        return medians[static_cast<std::size_t>(fraction *
                                                static_cast<double>(medians.size() - 1))];
    };
    return {.median_ours = median_of(ours),
            .median_theirs = median_of(theirs),
            .median = median_of(ratios),
            .low = at(0.025),
            .high = at(0.975)};
}

std::vector<double> read_numbers(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("compare: cannot read " + path);
    std::vector<double> numbers;
    for (double number = 0; file >> number;) numbers.push_back(number);
    if (!file.eof())
        throw std::runtime_error("compare: " + path + " holds something else than numbers");
    return numbers;
}

}  // namespace suanpan::load
