// RuleShape: what must hold of a version for an improvement in it to be one for every order.
#pragma once

#include "server/rules/rule_spec.h"

namespace suanpan::rules {

// A higher value of points, a lower price or a wider limit can leave a member worse off where a
// threshold or a coarse step stands behind it: ¥99 after a lower price is below a minimum order of
// ¥100. These say where nothing of the kind does; rule_diff.cc says which change needs which.
struct RuleShape {
    explicit RuleShape(const RuleSpec& spec);

    // A step of no deduction is worth more than one minor unit under any campaign, or it fills: so
    // every amount up to the limits can be reached.
    bool is_fine = true;
    bool has_minimum_order = false;
    bool has_restrictions = false;
    bool has_line_limits = false;  // per line, or counting some lines together
    // Limits that count some lines together, nested or apart, and no restriction sets: then wider
    // limits never make the sum of what points may pay smaller.
    bool has_even_lines = true;
};

// The step of `rule` under the highest multiplier is worth at most one minor unit, or it fills.
[[nodiscard]] bool is_fine(const DeductionRule& rule, const RuleSpec& spec);

}  // namespace suanpan::rules
