// Deduction (抵扣): how many points pay for how much of an order; the arithmetic and nothing else.
//
// semantics.md, "Paying an order with points", defines every word. C is the smallest money limit, P
// the smallest point limit rounded down to the point step s. Everything here is a pure function:
// no rules, no clock, no state.
#pragma once

#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/code.h"
#include "protocol/command.h"
#include "server/rules/exchange.h"
#include "server/rules/limit_report.h"

#include <cstdint>
#include <span>
#include <vector>

namespace suanpan::rules {

// EXACT: the largest multiple of the step whose value stays within C, then the fewest points of
// that value. FILL: one step more where it can be had, its value cut at C.
enum class DeductionMode : std::uint8_t { exact = 0, fill = 1 };

// Points that lie together in draining order: those of one or more lots of one restriction.
struct PointRun {
    Restriction restriction{};
    Points points;
    friend bool operator==(const PointRun&, const PointRun&) = default;
};

// A line of an order as the deduction sees it.
struct DeductionLine {
    // What points may pay of it: at most its payable; 0 where it takes no points.
    Money limit;
    // The one set it belongs to (the sets of a program are disjoint), or unrestricted for none.
    // Unrestricted points pay for any line, restricted ones for lines of their set only.
    Restriction set{};
};

struct DeductionProblem {
    Ratio ratio;  // the campaign's multiplier is in it
    Points step{1};
    DeductionMode mode = DeductionMode::exact;
    std::span<const DeductionLine> lines;
    std::span<const PointRun> runs;  // what the member has, in draining order
    // Every limit but `lines` and `placeable`, which solve() knows itself. At least `wanted` and
    // `spendable` belong here.
    std::span<const LimitReport> limits;
};

struct LineShare {
    Money value;
    Points points;
    friend bool operator==(const LineShare&, const LineShare&) = default;
};

struct Deduction {
    Points points;  // consumed
    Money value;    // 0 <= value <= most (INV-8)
    Money most;     // C
    // More points that would have counted, had the member had them, and the cash that does instead
    // (补差); rounded up, since it closes a gap.
    Points missing;
    Money gap;
    std::vector<LimitReport> limits;  // as given, then `lines` and, with restrictions, `placeable`
    std::vector<LineShare> shares;    // per line; sum to (value, points) exactly (INV-8)
    std::vector<Points> taken;        // per run; sums to points
};

// The one answer that the definition allows.
//
// Points are taken in draining order, each only while all taken can be placed: for each set the
// floor of its points' worth is at most the limits of its lines, and the floor of all points' worth
// at most the limits of the lines that take any of them. A fraction of a minor unit that points of
// different sets make up together counts on any of those lines.
//
// `amount_out_of_range` for an amount below 0 or above amount_money_max, a term of the ratio or a
// step below 1, or a sum that leaves int64. Costs O(lines log lines + runs x sets).
[[nodiscard]] Result<Deduction> solve(const DeductionProblem& problem);

// What is missing to pay `price` points out of `available`, and the cash that closes the gap
// (补差).
struct Shortfall {
    Points missing;
    Money gap;
    friend bool operator==(const Shortfall&, const Shortfall&) = default;
};
[[nodiscard]] Result<Shortfall> shortfall(Points price, Points available, Ratio ratio);

}  // namespace suanpan::rules
