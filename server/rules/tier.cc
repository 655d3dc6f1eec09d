#include "server/rules/tier.h"

#include "protocol/base/assert.h"

#include <algorithm>
#include <utility>

namespace suanpan::rules {

TierTable::TierTable(std::vector<Tier> rows) : rows_(std::move(rows)) {
    SUANPAN_ASSERT(is_sound(rows_));
}

bool TierTable::is_sound(const std::vector<Tier>& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].from < Points{0}) return false;
        if (rows[i].percent < Percent{0} || rows[i].percent > percent_whole) return false;
        if (i == 0) continue;
        if (rows[i].from <= rows[i - 1].from) return false;
        if (rows[i].percent < rows[i - 1].percent) return false;
    }
    return true;
}

std::optional<Percent> TierTable::percent_at(Points balance) const {
    if (rows_.empty()) return std::nullopt;
    const auto above = std::ranges::upper_bound(rows_, balance, {}, &Tier::from);
    if (above == rows_.begin()) return Percent{0};
    return std::prev(above)->percent;
}

}  // namespace suanpan::rules
