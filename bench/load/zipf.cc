#include "bench/load/zipf.h"

#include "protocol/base/assert.h"

#include <algorithm>
#include <cmath>

namespace suanpan::load {
namespace {

// log1p(x) / x and expm1(x) / x, also near 0, where the plain quotients lose their digits.
double log1p_quotient(double x) {
    return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x * (0.5 - x * (1.0 / 3 - 0.25 * x));
}
double expm1_quotient(double x) {
    return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x * 0.5 * (1 + x / 3 * (1 + 0.25 * x));
}

}  // namespace

Zipf::Zipf(std::uint64_t n, double s) : n_(n), s_(s) {
    SUANPAN_ASSERT(n >= 1);
    SUANPAN_ASSERT(s >= 0);
    integral_first_ = integral(1.5) - 1;
    integral_last_ = integral(static_cast<double>(n) + 0.5);
    accept_below_ = 2 - integral_inverse(integral(2.5) - weight(2));
}

std::uint64_t Zipf::draw(std::mt19937_64& random) const {
    std::uniform_real_distribution<double> unit(0, 1);
    for (;;) {
        const double u = integral_last_ + unit(random) * (integral_first_ - integral_last_);
        const double x = integral_inverse(u);
        const double rank = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(n_));
        if (rank - x <= accept_below_ || u >= integral(rank + 0.5) - weight(rank)) {
            return static_cast<std::uint64_t>(rank);
        }
    }
}

double Zipf::integral(double x) const {
    const double log_x = std::log(x);
    return expm1_quotient((1 - s_) * log_x) * log_x;
}

double Zipf::integral_inverse(double x) const {
    const double t = std::max(x * (1 - s_), -1.0);
    return std::exp(log1p_quotient(t) * x);
}

double Zipf::weight(double x) const {
    return std::exp(-s_ * std::log(x));
}

}  // namespace suanpan::load
