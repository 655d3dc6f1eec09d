// Zipf: ranks 1..n, rank k drawn with a probability proportional to 1 / k^s.
#pragma once

#include <cstdint>
#include <random>

namespace suanpan::load {

// Rejection-inversion of Hörmann and Derflinger ("Rejection-inversion to generate variates from
// monotone discrete distributions", 1996): exact, no table, 1 to 2 draws however large n is, so a
// hundred million members cost no memory. Any s >= 0; s = 0 is uniform. Plain value, one thread.
class Zipf {
public:
    // Expects n >= 1 and s >= 0.
    Zipf(std::uint64_t n, double s);

    [[nodiscard]] std::uint64_t draw(std::mt19937_64& random) const;

private:
    // The integral of x^-s, its inverse, and x^-s itself.
    [[nodiscard]] double integral(double x) const;
    [[nodiscard]] double integral_inverse(double x) const;
    [[nodiscard]] double weight(double x) const;

    std::uint64_t n_;
    double s_;
    double integral_first_;  // integral(1.5) - 1
    double integral_last_;   // integral(n + 0.5)
    double accept_below_;    // distance within which a rank is taken without another look
};

}  // namespace suanpan::load
