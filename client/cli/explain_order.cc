#include "client/cli/explain_order.h"

#include "client/cli/order_output.h"
#include "client/cli/output.h"
#include "client/cli/words.h"
#include "protocol/base/hash.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace suanpan::cli {
namespace {

constexpr std::string_view space = " \t\r";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

// Keys that say how much, and those that say of what.
bool is_limit(std::string_view key) {
    return key.ends_with("_max") || key == "minimum_order" || key == "takes_points" ||
           key == "tiers" || key == "budget";
}
bool is_scope(std::string_view key) {
    constexpr std::array<std::string_view, 7> keys{
        "per", "products", "categories", "merchants", "channels", "levels", "segments"};
    return std::ranges::find(keys, key) != keys.end();
}

std::string points_text(Points points) {
    return fmt::format("{} point{}", with_commas(points.value), points.value == 1 ? "" : "s");
}

template <std::size_t N>
std::string_view short_text(const ShortText<N>& text) {
    const auto end = std::ranges::find(text.bytes, '\0');
    return {text.bytes.data(), static_cast<std::size_t>(end - text.bytes.begin())};
}

std::string hex_of(const Sha256& hash) {
    std::string hex;
    for (const std::byte byte : hash) hex += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return hex;
}

std::string ending(const OrderAnswer& order) {
    const std::string payment =
        fmt::format("payment {} of {}", short_text(order.payment), with_commas(order.paid.value));
    switch (order.step) {
        case OrderStep::settled:
            return fmt::format("It waits for its cash until {}; its points are held.",
                               text_of(order.times_out));
        case OrderStep::points_only:
            return "Points paid all of it, so it was confirmed at once.";
        case OrderStep::paid:
            return fmt::format("Its cash came in time: {}.", payment);
        case OrderStep::paid_late:
            return fmt::format(
                "Its cash came after its end, and the points could be taken again: {}.", payment);
        case OrderStep::cancelled:
            return "The partner cancelled it, and its points went back.";
        case OrderStep::timed_out:
            return fmt::format("No cash came until {}, so it ended and its points went back.",
                               text_of(order.times_out));
        case OrderStep::payment_to_return:
            return fmt::format("Its cash came too late: {}, which the partner must give back.",
                               payment);
        case OrderStep::refunded:
            return fmt::format(
                "{} of it came back: {} and {} in cash.", with_commas(order.refunded.value),
                points_text(order.refunded_points), with_commas(order.refunded_cash.value));
    }
    return {};
}

// Of a redemption: no rule book priced it, its offer did.
std::vector<std::string> tell_redemption(const std::string& name, const OrderAnswer& order) {
    return {fmt::format("Order {} set {} unit{} of offer {} aside at {} by the server's clock; {} "
                        "is its place in the offer's line.",
                        name, order.quantity, order.quantity == 1 ? "" : "s", order.offer,
                        text_of(order.settled_at), order.ticket),
            fmt::format("It cost {} and {} {} in cash.", points_text(order.points),
                        short_text(order.currency), with_commas(order.cash.value)),
            ending(order)};
}

std::vector<std::string> tell(const std::string& name, const OrderAnswer& order,
                              const client::Answer& terms) {
    std::vector<std::string> sentences;
    sentences.push_back(fmt::format("Order {} was settled at {} by the server's clock.", name,
                                    text_of(order.settled_at)));
    sentences.push_back(fmt::format(
        "It cost {} of a list price of {} {}: {} paid {}, and {} was left for cash.",
        with_commas(order.payable.value), with_commas(order.list.value), short_text(order.currency),
        points_text(order.points), with_commas(order.value.value), with_commas(order.cash.value)));
    sentences.push_back(ending(order));
    for (std::size_t i = 0; i < order.lines.size(); ++i) {
        const OrderedLine& line = order.lines[i];
        sentences.push_back(fmt::format(
            "Of line {}, {}, {} paid {}{}.", i, with_commas(line.quoted.payable.value),
            points_text(line.quoted.points), with_commas(line.quoted.value.value),
            line.refunded == Money{}
                ? ""
                : fmt::format("; {} of it came back", with_commas(line.refunded.value))));
    }
    sentences.push_back(
        fmt::format("It can be refunded until {}, under the rules it was made under.",
                    text_of(order.refundable_until)));
    sentences.push_back(fmt::format("Those are version {} of the program's, SHA-256 {}.",
                                    order.rule_version, hex_of(order.terms_hash)));
    if (terms.terms == nullptr) {
        sentences.push_back(fmt::format("They cannot be shown: {}", terms.text()));
        return sentences;
    }
    const std::string& text = terms.terms->text;
    const bool is_same = terms.terms->hash == order.terms_hash &&
                         sha256(std::as_bytes(std::span(text))) == order.terms_hash;
    sentences.push_back(is_same ? "The text that `suanpan terms` shows has this hash."
                                : "The text that `suanpan terms` shows has ANOTHER hash.");
    for (std::string& limit : limits_in(text)) sentences.push_back(std::move(limit));
    return sentences;
}

}  // namespace

std::vector<std::string> limits_in(std::string_view rules) {
    std::vector<std::string> sentences;
    std::string kind;
    std::string id;
    std::string scope;
    std::string limits;
    const auto end_rule = [&] {
        if (!limits.empty())
            sentences.push_back(fmt::format("Its rule {}{}{} set {}.", kind,
                                            id.empty() ? "" : " " + id,
                                            scope.empty() ? "" : " (" + scope + ")", limits));
        id.clear();
        scope.clear();
        limits.clear();
    };
    while (!rules.empty()) {
        const auto end = std::min(rules.find('\n'), rules.size());
        const std::string_view line = trimmed(rules.substr(0, std::min(end, rules.find('#'))));
        rules.remove_prefix(std::min(end + 1, rules.size()));
        if (line.starts_with('[')) {
            end_rule();
            kind = line.substr(0, line.find_last_of(']') + 1);
            std::erase_if(kind, [](char c) { return c == '[' || c == ']'; });
            continue;
        }
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view key = trimmed(line.substr(0, equals));
        const std::string_view value = trimmed(line.substr(equals + 1));
        if (key == "id") id = value;
        std::string* const into = is_limit(key) ? &limits : is_scope(key) ? &scope : nullptr;
        if (into != nullptr)
            *into += fmt::format("{}{} = {}", into->empty() ? "" : ", ", key, value);
    }
    end_rule();
    return sentences;
}

ExitCode explain_order(Context& context, const client::Target& target, const std::string& order) {
    client::Client& client = context.client();
    const client::Answer found = client.order(target, order);
    if (!found.is_done() || found.order == nullptr) return report(context, found);
    const std::vector<std::string> sentences =
        found.order->offer != 0
            ? tell_redemption(order, *found.order)
            : tell(order, *found.order, client.terms(target.program, found.order->rule_version));
    if (!context.flags.is_json) {
        for (const std::string& sentence : sentences) fmt::print("{}\n", sentence);
        return ExitCode::done;
    }
    boost::json::object object = json_of(found);
    boost::json::array told;
    for (const std::string& sentence : sentences) told.push_back(boost::json::string(sentence));
    object["sentences"] = std::move(told);
    print_json(object);
    return ExitCode::done;
}

}  // namespace suanpan::cli
