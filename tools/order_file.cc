#include "tools/order_file.h"

#include "protocol/base/one_line.h"
#include "server/rules/rule_toml.h"

#include <string>
#include <utility>

namespace suanpan::tools {

using namespace rules;

namespace {

OrderFile read(RuleTable& table, Instant otherwise) {
    OrderFile file;
    file.order.merchant = static_cast<MerchantId>(table.number_or(0, "merchant", 0, UINT32_MAX));
    file.order.channel = static_cast<ChannelId>(table.number_or(0, "channel", 0, UINT32_MAX));
    file.purse.level = static_cast<LevelId>(table.number_or(0, "level", 0, UINT16_MAX));
    for (const std::uint32_t bit : table.ids<std::uint32_t>("segments", 0, 63, 64)) {
        file.purse.segments |= std::uint64_t{1} << bit;
    }
    file.coupons = table.ids<CouponId>("coupons", 1, UINT32_MAX, order_coupons_max);
    file.at = table.instant("at").value_or(otherwise);
    if (const auto wanted = table.optional_number("wanted", 0, amount_points_max)) {
        file.order.wanted = Points{*wanted};
    }
    table.each("line", order_lines_max, [&](RuleTable& row, std::size_t) {
        OrderLine line;
        line.product = static_cast<ProductId>(row.number_or(0, "product", 0, INT64_MAX));
        line.category = static_cast<CategoryId>(row.number_or(0, "category", 0, UINT32_MAX));
        line.quantity = row.number_or(1, "quantity", 1, amount_money_max);
        line.unit_price = Money{row.number("unit_price", 0, amount_money_max)};
        file.lines.push_back(line);
    });
    if (!table.has("line")) table.wrong("line", "is missing; give at least one [[line]]");
    std::int64_t sum = 0;
    table.each("lot", 1000, [&](RuleTable& row, std::size_t) {
        PointRun lot;
        lot.restriction = static_cast<Restriction>(row.number_or(0, "restriction", 0, UINT16_MAX));
        lot.points = Points{row.number("points", 0, amount_points_max)};
        if (__builtin_add_overflow(sum, lot.points.value, &sum) || sum > amount_points_max) {
            row.wrong("points", "makes the sum of all lots too large");
            sum = 0;
        }
        file.lots.push_back(lot);
    });
    file.purse.balance = Points{table.number_or(sum, "balance", 0, amount_points_max)};
    file.purse.spendable = file.purse.balance;
    if (file.lots.empty()) file.lots.push_back({unrestricted, file.purse.balance});
    table.finish();
    return file;
}

}  // namespace

Order OrderFile::whole_order() const {
    Order whole = order;
    whole.lines = lines;
    whole.coupons = coupons;
    return whole;
}

Purse OrderFile::whole_purse() const {
    Purse whole = purse;
    whole.runs = lots;
    return whole;
}

std::expected<OrderFile, RuleMistakes> parse_order(std::string_view text, Instant otherwise) {
    try {
        const toml::table document = toml::parse(text);
        RuleMistakes mistakes;
        RuleTable table(document, "", mistakes);
        OrderFile file = read(table, otherwise);
        if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
        return file;
    } catch (const toml::parse_error& error) {
        return std::unexpected(
            RuleMistakes{{"", static_cast<std::uint32_t>(error.source().begin.line),
                          "not valid TOML: " + one_line(error.description())}});
    }
}

}  // namespace suanpan::tools
