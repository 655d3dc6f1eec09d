// The price pipeline: what an order costs before points, in one order and no other.
//
// list -> quantity (wholesale) price -> member-level price -> activity price, the lower of the two
// -> 满减 -> coupons. Points come last, then cash (quote.h). No step raises a price, and none makes
// it negative (INV-8).
#pragma once

#include "protocol/base/money.h"
#include "protocol/base/time.h"
#include "server/rules/match.h"
#include "server/rules/order.h"
#include "server/rules/quote_refusal.h"
#include "server/rules/rule_book.h"
#include "server/rules/usage.h"

#include <vector>

namespace suanpan::rules {

// A line after each step: list - wholesale - level - activity - reduction - coupon = payable.
struct PricedLine {
    Money list;
    Money wholesale_off;
    Money level_off;
    Money activity_off;
    Money reduction_off;
    Money coupon_off;
    Money payable;
    friend bool operator==(const PricedLine&, const PricedLine&) = default;
};

struct PricedOrder {
    std::vector<PricedLine> lines;
    Money list;
    Money discounts;
    Money coupons;
    Money payable;
};

// Every amount of the answer, the sums included, is within [0, amount_money_max].
[[nodiscard]] Quoted<PricedOrder> price_order(const RuleBook& book, const Order& order,
                                              const OrderPlace& place, const Usage& usage,
                                              Instant now);

}  // namespace suanpan::rules
