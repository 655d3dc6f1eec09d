#include "server/cards/offer_file.h"

#include "protocol/base/one_line.h"
#include "protocol/limits.h"
#include "server/cards/offer_check.h"
#include "server/cards/offer_table.h"

#include <set>
#include <string>
#include <utility>

namespace suanpan::cards {
namespace {

constexpr std::array<OfferWord<StockKind>, 4> kind_words{{{"counted", StockKind::counted},
                                                          {"code_backed", StockKind::code_backed},
                                                          {"loop_code", StockKind::loop_code},
                                                          {"external", StockKind::external}}};
constexpr std::array<OfferWord<IssueOrder>, 2> order_words{
    {{"oldest_first", IssueOrder::oldest_first},
     {"soonest_expiry_first", IssueOrder::soonest_expiry_first}}};
constexpr std::array<OfferWord<CodeForm>, 2> form_words{
    {{"exact", CodeForm::exact}, {"folded", CodeForm::folded}}};
constexpr std::array<OfferWord<LatePayment>, 2> late_words{
    {{"auto_refund", LatePayment::auto_refund}, {"reacquire", LatePayment::reacquire}}};
constexpr std::array<OfferWord<VelocityScope>, 2> scope_words{
    {{"member", VelocityScope::member}, {"origin", VelocityScope::origin}}};
constexpr std::array<OfferWord<VelocityKind>, 3> velocity_words{{{"redeem", VelocityKind::redeem},
                                                                 {"verify", VelocityKind::verify},
                                                                 {"query", VelocityKind::query}}};

void read_currency(OfferTable& table, Currency& currency) {
    std::string text;
    table.text("currency", text, currency.bytes.size());
    std::ranges::copy(text, currency.bytes.begin());
}

void read_audience(OfferTable& table, Audience& audience) {
    table.ids("levels", audience.levels, 0, UINT16_MAX, 1000);
    std::vector<std::uint32_t> segments;
    table.ids("segments", segments, 0, 63, 64);
    for (const std::uint32_t bit : segments) audience.segments |= std::uint64_t{1} << bit;
}

void read_limits(OfferTable& table, MemberLimits& limits) {
    table.number("per_order", limits.per_order, 1, limits::offer_quantity_max);
    table.number("per_day", limits.per_day, 1, 1'000'000);
    table.number("ever", limits.ever, 1, 1'000'000);
}

void read_reservations(OfferTable& table, ReservationTerms& terms) {
    table.number("share_percent", terms.share_percent, 1, 100);
    table.number("per_member", terms.per_member, 1, 1'000'000);
    table.number("per_origin", terms.per_origin, 1, 1'000'000);
    table.duration("pay_within_seconds", terms.pay_within, seconds(1), 7 * 86'400);
    table.word("late_payment", terms.late_payment, late_words);
}

void read_voucher(OfferTable& table, VoucherTerms& terms) {
    if (table.has("valid_days")) {
        terms.valid_for = days(1);
        table.duration("valid_days", terms.valid_for, days(1), 36'500);
    }
    table.instant("valid_until", terms.valid_until);
    table.number("merchant", terms.merchant, 1, UINT32_MAX);
    table.ids("stores", terms.stores, 1, UINT32_MAX, limits::voucher_stores_max);
    table.number("uses", terms.uses, 1, limits::voucher_uses_max);
    table.number("amount", terms.amount.value, 1, amount_money_max);
    table.duration("undo_within_seconds", terms.undo_within, seconds(1), 365 * 86'400);
    table.number("undo_max", terms.undo_max, 0, limits::voucher_uses_max);
    table.number("hops_max", terms.hops_max, 0, limits::voucher_hops_max);
    table.duration("claim_within_seconds", terms.claim_within, seconds(1), 30 * 86'400);
}

Offer offer_of(OfferTable& table) {
    Offer offer;
    for (const std::string_view key : {"id", "program"}) table.need(key, "its number");
    table.need("kind", "what its stock is");
    table.need("start", "the date-time from which it is sold");
    table.number("id", offer.id, 1, UINT32_MAX);
    table.number("version", offer.version, 1, UINT32_MAX);
    table.number("program", offer.program, 1, UINT32_MAX);
    table.text("name", offer.name, 64);
    table.flag("stopped", offer.stopped);
    table.word("kind", offer.kind, kind_words);
    table.number("stock", offer.stock, 1, stock_units_max);
    bool unlimited = false;
    table.flag("unlimited", unlimited);
    if (unlimited && (offer.kind != StockKind::loop_code || table.has("stock")))
        table.wrong("unlimited", "is for a loop code, instead of its stock");
    if (unlimited) offer.stock = stock_units_max;
    table.word("order", offer.order, order_words);
    table.word("code_form", offer.code_form, form_words);
    table.duration("deliver_within_seconds", offer.deliver_within, seconds(1), 90 * 86'400);
    table.number("points", offer.points.value, 0, amount_points_max);
    table.number("cash", offer.cash.value, 0, amount_money_max);
    table.flag("top_up", offer.top_up);
    read_currency(table, offer.currency);
    table.instant("start", offer.window.start);
    table.instant("end", offer.window.end);
    table.one("audience", [&](OfferTable& part) { read_audience(part, offer.audience); });
    table.one("limits", [&](OfferTable& part) { read_limits(part, offer.limits); });
    table.one("reservations",
              [&](OfferTable& part) { read_reservations(part, offer.reservations); });
    table.one("voucher", [&](OfferTable& part) { read_voucher(part, offer.voucher); });
    return offer;
}

VelocityRule velocity_of(OfferTable& table) {
    VelocityRule rule;
    for (const std::string_view key : {"id", "per", "kind", "count", "window_seconds"})
        table.need(key, "it");
    table.number("id", rule.id, 1, UINT32_MAX);
    table.word("per", rule.scope, scope_words);
    table.word("kind", rule.kind, velocity_words);
    table.number("count", rule.count, 1, limits::velocity_count_max);
    table.duration("window_seconds", rule.window, seconds(1),
                   limits::velocity_window_max.ns / 1'000'000'000);
    if (rule.window.ns == 0) table.wrong("window_seconds", "must be 1 or more");
    return rule;
}

OfferFile file_of(OfferTable& table, OfferMistakes& mistakes) {
    OfferFile file;
    std::set<OfferId> offers;
    std::set<VelocityRuleId> rules;
    table.each("offer", limits::offers_per_file_max, [&](OfferTable& item) {
        const std::size_t before = mistakes.size();
        file.offers.push_back(offer_of(item));
        const Offer& offer = file.offers.back();
        if (!offers.insert(offer.id).second) item.wrong("id", "is an earlier offer's");
        if (mistakes.size() != before) return;
        check_offer(offer, item.path(), mistakes);
        for (std::size_t i = before; i < mistakes.size(); ++i) mistakes[i].line = item.line();
    });
    table.each("velocity", limits::velocity_rules_max, [&](OfferTable& item) {
        file.velocity.push_back(velocity_of(item));
        if (!rules.insert(file.velocity.back().id).second) item.wrong("id", "is an earlier rule's");
    });
    table.finish();
    return file;
}

}  // namespace

std::expected<OfferFile, OfferMistakes> parse_offers(std::string_view text) {
    if (text.size() > limits::offer_file_bytes_max)
        return std::unexpected(OfferMistakes{
            {"", 0,
             fmt::format("has {} bytes; at most {}", text.size(), limits::offer_file_bytes_max)}});
    try {
        const toml::table document = toml::parse(text);
        OfferMistakes mistakes;
        OfferTable table(document, "", mistakes);
        OfferFile file = file_of(table, mistakes);
        if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
        return file;
    } catch (const toml::parse_error& error) {
        return std::unexpected(
            OfferMistakes{{"", static_cast<std::uint32_t>(error.source().begin.line),
                           fmt::format("not valid TOML: {}", one_line(error.description()))}});
    }
}

}  // namespace suanpan::cards
