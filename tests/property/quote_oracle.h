// QuoteOracle: what a quote must come to, from the rules' plain data.
#pragma once

#include "server/rules/rule_spec.h"
#include "tests/property/deduction_oracle.h"
#include "tests/property/rule_maker.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace suanpan::testing {

// Every limit of a rule book by loops of its own, every campaign tried, every k tried within each
// (DeductionOracle); nothing here divides. It takes from the server what each line costs before
// points, and borrows its arguments for one question. For small numbers only.
class QuoteOracle {
public:
    struct Answer {
        std::int64_t value = 0;
        std::int64_t points = 0;
        std::int64_t most = 0;  // C
        std::int64_t eligible = 0;
        std::uint32_t campaign = 0;       // 0: none
        std::vector<std::int64_t> limit;  // per line
        std::vector<std::int64_t> taken;  // per run
        std::size_t open = 0;             // how many campaigns were tried
    };

    QuoteOracle(const rules::RuleSpec& spec, const RandomOrder& order,
                std::vector<std::int64_t> payable)
        : spec_(spec), order_(order), payable_(std::move(payable)) {}
    [[nodiscard]] Answer answer() const;

private:
    [[nodiscard]] bool is_for_order(const rules::Match& match) const;
    [[nodiscard]] bool names(const rules::Match& match, std::size_t line) const;
    [[nodiscard]] bool takes_points(std::size_t line) const;
    [[nodiscard]] Restriction set_of(std::size_t line) const;
    [[nodiscard]] bool is_open(const rules::Campaign& campaign) const;
    [[nodiscard]] std::int64_t eligible() const;
    [[nodiscard]] std::int64_t payable_of(const rules::Match& match) const;
    [[nodiscard]] std::vector<std::int64_t> line_limits(rules::Ratio ratio) const;
    // Those of the whole order, in money and in points; `campaign` may be null.
    [[nodiscard]] std::vector<rules::LimitReport> limits(const rules::DeductionRule& rule,
                                                         const rules::Campaign* campaign) const;
    [[nodiscard]] Answer answer_under(const rules::DeductionRule& rule,
                                      const rules::Campaign* campaign) const;

    const rules::RuleSpec& spec_;
    const RandomOrder& order_;
    std::vector<std::int64_t> payable_;  // per line
};

}  // namespace suanpan::testing
