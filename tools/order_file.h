// Order files: an order and its member as TOML, for trying rules out (docs/rules.md).
#pragma once

#include "protocol/base/time.h"
#include "server/rules/quote.h"
#include "server/rules/rule_mistake.h"

#include <expected>
#include <string_view>
#include <vector>

namespace suanpan::tools {

// What a quote needs, with what it spans.
struct OrderFile {
    std::vector<rules::OrderLine> lines;
    std::vector<rules::CouponId> coupons;
    std::vector<rules::PointRun> lots;
    rules::Purse purse;
    rules::Order order;
    Instant at;

    // The order and purse with their spans set.
    [[nodiscard]] rules::Order whole_order() const;
    [[nodiscard]] rules::Purse whole_purse() const;
};

// `at` is read from the file, or is `otherwise`.
[[nodiscard]] std::expected<OrderFile, rules::RuleMistakes> parse_order(std::string_view text,
                                                                        Instant otherwise);

}  // namespace suanpan::tools
