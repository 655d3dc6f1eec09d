#include "tests/unit/rules/shop.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace suanpan::rules::testing {

std::unique_ptr<RuleBook> book_of(std::string_view rules) {
    auto spec = parse_rules(std::string(rule_head) + std::string(rules));
    if (!spec.has_value()) {
        std::string text;
        for (const RuleMistake& mistake : spec.error()) text += to_text(mistake) + "\n";
        throw std::runtime_error(text);
    }
    return std::make_unique<RuleBook>(*std::move(spec));
}

Instant at(std::int64_t seconds_later) {
    return Instant{(1'798'761'600 + seconds_later) * 1'000'000'000};
}

Shop& Shop::add(std::int64_t price, std::uint64_t product, std::uint32_t category,
                std::int64_t quantity) {
    lines.push_back({.product = ProductId{product},
                     .category = CategoryId{category},
                     .quantity = quantity,
                     .unit_price = Money{price}});
    return *this;
}

Shop& Shop::with_balance(std::int64_t points) {
    purse.balance = Points{points};
    purse.spendable = Points{points};
    runs = {{unrestricted, Points{points}}};
    return *this;
}

Quoted<Quote> Shop::ask() const {
    Order asked = order;
    asked.lines = lines;
    asked.coupons = coupons;
    Purse mine = purse;
    mine.runs = runs;
    return rules::quote(*book, asked, mine, usage, now);
}

Quote Shop::quote() const {
    Quoted<Quote> answer = ask();
    if (!answer.has_value()) {
        ADD_FAILURE() << "refused: why " << static_cast<int>(answer.error().why) << " at "
                      << answer.error().place;
        return {};
    }
    return *std::move(answer);
}

}  // namespace suanpan::rules::testing
