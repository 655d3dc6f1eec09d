#include "client/cli/order_output.h"

#include "client/cli/words.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace suanpan::cli {
namespace {

std::string hex_of(std::span<const std::byte> bytes) {
    std::string hex;
    for (const std::byte byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return hex;
}

template <std::size_t N>
std::string_view text_of(const ShortText<N>& text) {
    const auto end = std::ranges::find(text.bytes, '\0');
    return {text.bytes.data(), static_cast<std::size_t>(end - text.bytes.begin())};
}

std::string_view name_of(OrderState state) {
    constexpr std::array<std::string_view, 5> names{"?", "waiting for cash", "confirmed",
                                                    "cancelled", "refunded"};
    return names[std::min<std::size_t>(static_cast<std::size_t>(state), names.size() - 1)];
}

std::string_view name_of(OrderStep step) {
    constexpr std::array<std::string_view, 9> names{
        "?",         "settled",   "paid by points", "paid",
        "paid late", "cancelled", "timed out",      "paid too late: return the cash",
        "refunded"};
    return names[std::min<std::size_t>(static_cast<std::size_t>(step), names.size() - 1)];
}

// docs/checkout.md has the table.
std::string_view name_of_limit(std::uint8_t kind) {
    switch (kind) {
        case 1:
            return "what is left to pay";
        case 2:
            return "the lines together";
        case 3:
            return "minimum order";
        case 4:
            return "per order";
        case 5:
            return "percent of the eligible amount";
        case 6:
            return "the tier's percent";
        case 7:
            return "the campaign's maximum";
        case 8:
            return "the campaign's budget";
        case 9:
            return "the campaign's, per member";
        case 10:
            return "per member and day";
        case 11:
            return "per member and month";
        case 12:
            return "no rule lets points pay here";
        case 32:
            return "points wanted";
        case 33:
            return "points that may be spent";
        case 34:
            return "points that the lines take";
        case 35:
            return "points per order";
        case 36:
            return "points per member and day";
        case 37:
            return "points per member and month";
        default:
            return "?";
    }
}

void print_quote(const QuoteAnswer& quote) {
    fmt::print("{} points pay {} of {}; cash {}\n", with_commas(quote.points.value),
               with_commas(quote.value.value), with_commas(quote.payable.value),
               with_commas(quote.cash.value));
    fmt::print("list {}, discounts {}, coupons {}, rules version {}\n",
               with_commas(quote.list.value), with_commas(quote.discounts.value),
               with_commas(quote.coupons.value), quote.rule_version);
    for (std::size_t i = 0; i < quote.lines.size(); ++i)
        fmt::print(
            "  line {}: {} points pay {} of {}\n", i, with_commas(quote.lines[i].points.value),
            with_commas(quote.lines[i].value.value), with_commas(quote.lines[i].payable.value));
    for (const QuotedLimit& limit : quote.limits)
        fmt::print("  limit {}{} ({}): {}{}\n", limit.kind,
                   limit.id == 0 ? "" : fmt::format(" of {}", limit.id), name_of_limit(limit.kind),
                   with_commas(limit.value), limit.bound ? ", bound" : "");
    if (quote.points_missing > Points{})
        fmt::print("{} points more, or cash {}, would have counted\n",
                   with_commas(quote.points_missing.value), with_commas(quote.gap.value));
    fmt::print("until {}\ntoken {}\n", suanpan::cli::text_of(quote.valid_until),
               hex_of(quote.token));
}

void print_order(const OrderAnswer& order) {
    fmt::print("{} ({})\n", name_of(order.state), name_of(order.step));
    fmt::print("{} points paid {} of {} {}; cash {}\n", with_commas(order.points.value),
               with_commas(order.value.value), with_commas(order.payable.value),
               text_of(order.currency), with_commas(order.cash.value));
    if (order.offer != 0)
        fmt::print("{} units of offer {}, ticket {}\n", order.quantity, order.offer, order.ticket);
    if (order.paid > Money{})
        fmt::print("payment {} of {}\n", text_of(order.payment), with_commas(order.paid.value));
    if (order.refunded > Money{})
        fmt::print("refunded {}: {} points and cash {}\n", with_commas(order.refunded.value),
                   with_commas(order.refunded_points.value),
                   with_commas(order.refunded_cash.value));
    const std::string refundable =
        order.refundable_until == Instant{}
            ? std::string("not confirmed")
            : "refundable until " + suanpan::cli::text_of(order.refundable_until);
    fmt::print("settled {}, time-out {}, {}\nterms {} sha256 {}\n",
               suanpan::cli::text_of(order.settled_at), suanpan::cli::text_of(order.times_out),
               refundable, order.rule_version, hex_of(order.terms_hash));
}

boost::json::object json_of(const QuotedLine& line) {
    return {{"list", line.list.value},
            {"payable", line.payable.value},
            {"points", line.points.value},
            {"value", line.value.value}};
}

boost::json::object json_of(const QuoteAnswer& quote) {
    boost::json::array lines;
    for (const QuotedLine& line : quote.lines) lines.push_back(json_of(line));
    boost::json::array limits;
    for (const QuotedLimit& limit : quote.limits)
        limits.push_back({{"kind", limit.kind},
                          {"id", limit.id},
                          {"value", limit.value},
                          {"bound", limit.bound}});
    return {{"rule_version", quote.rule_version},
            {"campaign", quote.campaign},
            {"valid_until", suanpan::cli::text_of(quote.valid_until)},
            {"list", quote.list.value},
            {"discounts", quote.discounts.value},
            {"coupons", quote.coupons.value},
            {"payable", quote.payable.value},
            {"eligible", quote.eligible.value},
            {"points", quote.points.value},
            {"value", quote.value.value},
            {"cash", quote.cash.value},
            {"points_missing", quote.points_missing.value},
            {"gap", quote.gap.value},
            {"lines", std::move(lines)},
            {"limits", std::move(limits)},
            {"token", hex_of(quote.token)}};
}

boost::json::object json_of(const OrderAnswer& order) {
    boost::json::array lines;
    for (const OrderedLine& line : order.lines) {
        boost::json::object object = json_of(line.quoted);
        object["refunded"] = line.refunded.value;
        lines.push_back(std::move(object));
    }
    return {{"state", static_cast<unsigned>(order.state)},
            {"step", static_cast<unsigned>(order.step)},
            {"rule_version", order.rule_version},
            {"terms_hash", hex_of(order.terms_hash)},
            {"currency", text_of(order.currency)},
            {"list", order.list.value},
            {"payable", order.payable.value},
            {"points", order.points.value},
            {"value", order.value.value},
            {"cash", order.cash.value},
            {"settled_at", suanpan::cli::text_of(order.settled_at)},
            {"times_out", suanpan::cli::text_of(order.times_out)},
            {"refundable_until",
             order.refundable_until == Instant{}
                 ? boost::json::value(nullptr)
                 : boost::json::value(suanpan::cli::text_of(order.refundable_until))},
            {"payment", text_of(order.payment)},
            {"paid", order.paid.value},
            {"refunded", order.refunded.value},
            {"refunded_points", order.refunded_points.value},
            {"refunded_cash", order.refunded_cash.value},
            {"offer", order.offer},
            {"ticket", order.ticket},
            {"quantity", order.quantity},
            {"lines", std::move(lines)}};
}

}  // namespace

bool print_order_answer(const client::Answer& answer) {
    if (answer.quote != nullptr) return print_quote(*answer.quote), true;
    if (answer.order != nullptr) return print_order(*answer.order), true;
    if (answer.terms != nullptr) {
        fmt::print("# version {} in force from {}, sha256 {}\n{}\n", answer.terms->version,
                   suanpan::cli::text_of(answer.terms->effective_from), hex_of(answer.terms->hash),
                   answer.terms->text);
        return true;
    }
    const Outcome& outcome = answer.outcome;
    const auto state = static_cast<OrderState>(outcome.detail);
    switch (answer.kind) {
        case CommandKind::settle:
            fmt::print("{}: ", name_of(state));
            return false;
        case CommandKind::confirm:
            fmt::print("{}: ", state == OrderState::cancelled ? "too late, return the cash"
                                                              : name_of(state));
            return false;
        case CommandKind::refund_order:
            fmt::print("cash to return {}: ", with_commas(outcome.detail));
            return false;
        case CommandKind::rules_put:
            fmt::print("done: version {} as entry {}\n", outcome.detail, outcome.entry_id.value);
            return true;
        default:
            return false;
    }
}

void add_order_answer(const client::Answer& answer, boost::json::object& object) {
    if (answer.quote != nullptr) object["quote"] = json_of(*answer.quote);
    if (answer.order != nullptr) object["order"] = json_of(*answer.order);
    if (answer.terms != nullptr)
        object["terms"] = {{"version", answer.terms->version},
                           {"effective_from", suanpan::cli::text_of(answer.terms->effective_from)},
                           {"hash", hex_of(answer.terms->hash)},
                           {"text", answer.terms->text}};
    if (!answer.message.empty()) object["message"] = answer.message;
}

}  // namespace suanpan::cli
