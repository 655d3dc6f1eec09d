// Allocation of a sum to lines by largest remainder.
#pragma once

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace suanpan::rules {

// One value for each line of an order, or for each run of points, while a quote is worked out. As
// many as most orders have take no memory from the heap.
inline constexpr std::size_t usual_row = 16;
template <typename T>
using Row = boost::container::small_vector<T, usual_row>;

// Splits `total` >= 0 in proportion to `weights` (each >= 0) and adds each share to `shares`. Each
// gets the floor of its share; what is left goes, one each, to the largest remainders, ties to the
// earlier one. So the shares sum to `total` exactly, one of weight 0 gets nothing, and where
// `total` is at most the weights' sum, no share is above its weight.
//
// Expects a sum of weights that fits into int64, and is > 0 unless `total` is 0. Takes
// O(n log n).
void allocate(std::int64_t total, std::span<const std::int64_t> weights,
              std::span<std::int64_t> shares);

}  // namespace suanpan::rules
