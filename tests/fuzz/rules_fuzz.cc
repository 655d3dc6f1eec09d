// Rule files: whatever the bytes are, parse_rules() answers with mistakes or with rules, and rules
// come back the same from their canonical text, can be compared with themselves, and price an
// order.
//
// Input: the text of a file; a head is put before it, so that the fuzzer need not find one, unless
// it begins with '#'.
#include "protocol/base/assert.h"
#include "server/rules/quote.h"
#include "server/rules/rule_diff.h"
#include "server/rules/rule_file.h"
#include "server/rules/rule_text.h"
#include "tests/fuzz/input.h"

#include <array>
#include <string>

namespace suanpan::fuzz {
namespace {

using namespace rules;

constexpr std::string_view head =
    "program = 1\nversion = 1\nauthor = \"f\"\neffective_from = 2027-01-01T00:00:00Z\n";

// The first product, category and channel are 1, so that small rules are for this order.
void price_an_order(const RuleBook& book) {
    const std::array<OrderLine, 2> lines{OrderLine{.product = ProductId{1},
                                                   .category = CategoryId{1},
                                                   .quantity = 3,
                                                   .unit_price = Money{1000}},
                                         OrderLine{.product = ProductId{2},
                                                   .category = CategoryId{1},
                                                   .quantity = 1,
                                                   .unit_price = Money{amount_money_max / 4}}};
    const std::array<PointRun, 2> runs{PointRun{Restriction{1}, Points{500}},
                                       PointRun{unrestricted, Points{amount_points_max / 2}}};
    std::vector<CouponId> coupons;
    if (!book.spec().coupons.empty()) coupons.push_back(book.spec().coupons.front().id);
    const Order order{
        .lines = lines, .coupons = coupons, .merchant = MerchantId{1}, .channel = ChannelId{1}};
    const Purse purse{.level = LevelId{1},
                      .segments = 1,
                      .balance = Points{1000},
                      .spendable = Points{amount_points_max},
                      .runs = runs};
    const Quoted<Quote> answer =
        quote(book, order, purse, NoUsage(), book.spec().effective_from + hours(1));
    if (answer.has_value()) SUANPAN_ASSERT(answer->value <= answer->payable);  // INV-8
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    std::string text(fuzz::text_of(input.take_rest()));
    if (!text.starts_with('#')) text = std::string(fuzz::head) + text;
    const auto spec = rules::parse_rules(text);
    if (!spec.has_value()) {
        SUANPAN_ASSERT(!spec.error().empty());
        for (const rules::RuleMistake& mistake : spec.error()) {
            const std::string line = rules::to_text(mistake);
            SUANPAN_ASSERT(!line.empty());
            SUANPAN_ASSERT(line.find('\n') == std::string::npos);
        }
        return 0;
    }
    const rules::RuleBook book(*spec);
    const auto again = rules::parse_rules(rules::text_of(book.spec()));
    SUANPAN_ASSERT(again.has_value());
    SUANPAN_ASSERT(*again == *spec);
    SUANPAN_ASSERT(rules::compare(*spec, *again).changes.empty());
    fuzz::price_an_order(book);
    return 0;
}
