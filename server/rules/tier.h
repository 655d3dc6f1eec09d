// Tiers (阶梯): how much of an order points may pay, by the member's balance.
#pragma once

#include "protocol/base/points.h"
#include "server/rules/exchange.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace suanpan::rules {

// One row: balances from `from` up to the next row's, exclusive.
struct Tier {
    Points from;
    Percent percent;
    friend bool operator==(const Tier&, const Tier&) = default;
};

// Rows with rising `from` and percents that do not fall, half-open and without gaps; the last one
// has no end. Below the first row nothing may be paid. No rows: no such limit. Immutable.
class TierTable {
public:
    TierTable() = default;
    // Expects is_sound(rows).
    explicit TierTable(std::vector<Tier> rows);

    [[nodiscard]] static bool is_sound(const std::vector<Tier>& rows);
    [[nodiscard]] const std::vector<Tier>& rows() const { return rows_; }
    // The percent at `balance`; nothing where the table is empty, that is, sets no limit.
    [[nodiscard]] std::optional<Percent> percent_at(Points balance) const;

    friend bool operator==(const TierTable&, const TierTable&) = default;

private:
    std::vector<Tier> rows_;
};

}  // namespace suanpan::rules
