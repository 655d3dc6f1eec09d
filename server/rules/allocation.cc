#include "server/rules/allocation.h"

#include "protocol/base/assert.h"
#include "server/rules/exchange.h"

#include <algorithm>
#include <cstddef>

namespace suanpan::rules {

void allocate(std::int64_t total, std::span<const std::int64_t> weights,
              std::span<std::int64_t> shares) {
    SUANPAN_ASSERT(weights.size() == shares.size());
    SUANPAN_ASSERT(total >= 0);
    if (total == 0) return;
    std::int64_t sum = 0;
    for (const std::int64_t weight : weights) {
        SUANPAN_ASSERT(weight >= 0);
        SUANPAN_ASSERT(!__builtin_add_overflow(sum, weight, &sum));
    }
    SUANPAN_ASSERT(sum > 0);

    struct Remainder {
        std::int64_t rest;
        std::size_t place;
    };
    Row<Remainder> remainders;
    remainders.reserve(weights.size());
    std::int64_t left = total;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const Wide product = static_cast<Wide>(total) * weights[i];
        const auto floor = static_cast<std::int64_t>(product / sum);
        shares[i] += floor;
        left -= floor;
        const auto rest = static_cast<std::int64_t>(product % sum);
        if (rest > 0) remainders.push_back({rest, i});
    }
    // The remainders sum to left x sum and each is below sum, so there are more of them than left.
    SUANPAN_ASSERT(static_cast<std::size_t>(left) <= remainders.size());
    const auto end = remainders.begin() + left;
    std::ranges::partial_sort(remainders, end, [](const Remainder& a, const Remainder& b) {
        return a.rest != b.rest ? a.rest > b.rest : a.place < b.place;
    });
    for (auto it = remainders.begin(); it != end; ++it) ++shares[it->place];
}

}  // namespace suanpan::rules
