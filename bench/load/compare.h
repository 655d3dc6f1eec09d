// Compare: the ratio of two series of measurements, and how far it can be trusted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace suanpan::load {

// Ours against theirs, round by round: measurement i of both was taken right after the other.
struct Ratio {
    double median_ours = 0;
    double median_theirs = 0;
    double median = 0;  // of the ratios round by round, so that a drift of the machine cancels out
    double low = 0;     // 95 % interval of that median
    double high = 0;
};

// Bootstrap: the rounds are drawn again, with replacement, `draws` times; the interval is what the
// middle 95 % of the medians span. Expects as many theirs as ours, at least one, all above 0.
[[nodiscard]] Ratio compare(const std::vector<double>& ours, const std::vector<double>& theirs,
                            std::uint64_t seed = 1, int draws = 10'000);

[[nodiscard]] double median_of(std::vector<double> values);

// The numbers in a file, separated by white space. Throws std::runtime_error.
[[nodiscard]] std::vector<double> read_numbers(const std::string& path);

}  // namespace suanpan::load
