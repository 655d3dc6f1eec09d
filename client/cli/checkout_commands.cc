// quote, settle, confirm, cancel, refund-order, order: paying an order with points.
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/words.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::cli {
namespace {

struct Flags {
    TargetFlags target;
    std::string order;
    std::vector<std::string> lines;
    std::vector<std::uint32_t> coupons;
    std::uint32_t merchant = 0;
    std::uint32_t channel = 0;
    std::int64_t wanted = -1;
    std::string currency;
    std::string token;
    std::string payment;
    std::int64_t amount = 0;
    std::uint16_t reason = 0;
    std::uint16_t grace_days = 0;
};

// "7x2@1500" or "7/3x2@1500": product 7 of category 3, two of it, at 1500 minor units each.
AskedLine parse_line(std::string_view text) {
    AskedLine line;
    line.quantity = 1;
    const char* at = text.data();
    const char* end = text.data() + text.size();
    bool is_sound = true;
    const auto take = [&](auto& number) {
        const auto [next, error] = std::from_chars(at, end, number);
        is_sound = is_sound && error == std::errc{};
        at = next;
    };
    const auto take_if = [&](char mark) {
        if (!is_sound || at == end || *at != mark) return false;
        ++at;
        return true;
    };
    take(line.product);
    if (take_if('/')) take(line.category);
    if (take_if('x')) take(line.quantity);
    is_sound = take_if('@');
    if (is_sound) take(line.unit_price.value);
    if (!is_sound || at != end)
        throw UsageError(fmt::format(
            "a line is product[/category][xquantity]@price, 7/3x2@1500 say, not '{}'", text));
    return line;
}

// "1" (the whole line) or "1@350", counted from 0.
LineRefund parse_refund(std::string_view text) {
    LineRefund refund;
    const char* end = text.data() + text.size();
    auto parsed = std::from_chars(text.data(), end, refund.line);
    if (parsed.ec == std::errc{} && parsed.ptr != end && *parsed.ptr == '@')
        parsed = std::from_chars(parsed.ptr + 1, end, refund.amount.value);
    if (parsed.ec != std::errc{} || parsed.ptr != end)
        throw UsageError(fmt::format("a line is its place[@amount], 0@350 say, not '{}'", text));
    return refund;
}

std::vector<std::byte> parse_token(const std::string& hex) {
    const auto bytes = bytes_of_hex(hex);
    if (!bytes) throw UsageError("--token is what quote printed: hex digits");
    const auto raw = std::as_bytes(std::span(*bytes));
    return {raw.begin(), raw.end()};
}

void add_quote(Commands& commands) {
    const auto f = std::make_shared<Flags>();
    CLI::App* command = commands.add(
        "quote", "What points would pay of an order; writes nothing", [f](Context& context) {
            AskedOrder order{.merchant = f->merchant,
                             .channel = f->channel,
                             .wanted = {f->wanted},
                             .currency = {},
                             .lines = {},
                             .coupons = f->coupons};
            if (f->currency.size() > order.currency.bytes.size())
                throw UsageError("--currency has three letters");
            f->currency.copy(order.currency.bytes.data(), f->currency.size());
            for (const std::string& line : f->lines) order.lines.push_back(parse_line(line));
            return report(context, context.client().quote(f->target.target(), order));
        });
    f->target.add_to(*command, false);
    command->add_option("--line", f->lines, "product[/category][xquantity]@price; repeat it")
        ->required();
    command->add_option("--coupon", f->coupons, "A coupon, in the order of use");
    command->add_option("--merchant", f->merchant, "Where the order is placed");
    command->add_option("--channel", f->channel, "Through which channel");
    command->add_option("--points", f->wanted, "How many to use; -1: as many as bring something");
    command->add_option("--currency", f->currency, "To be sure of it");
}

// Adds a command about one order of a member.
template <typename Run>
std::pair<CLI::App*, std::shared_ptr<Flags>> add_order_command(Commands& commands, const char* name,
                                                               const char* what, bool changes,
                                                               Run run) {
    const auto f = std::make_shared<Flags>();
    CLI::App* command = commands.add(name, what, [f, run](Context& context) {
        if (f->order.empty() || f->order.size() > sizeof(OrderId))
            throw UsageError("the order's name has 1 to 64 bytes");
        return report(context, run(context.client(), f->target.target(), *f));
    });
    f->target.add_to(*command, changes);
    command->add_option("order", f->order, "Your own name of the order")->required();
    return {command, f};
}

}  // namespace

void add_checkout_commands(Commands& commands) {
    using client::Client;
    using client::Target;
    add_quote(commands);
    {
        const auto [command, f] = add_order_command(
            commands, "settle", "Take a quote", true,
            [](Client& client, const Target& target, const Flags& flags) {
                return client.settle(target, flags.order, parse_token(flags.token));
            });
        command->add_option("--token", f->token, "What quote printed")->required();
    }
    {
        const auto [command, f] =
            add_order_command(commands, "confirm", "The cash of an order is there", true,
                              [](Client& client, const Target& target, const Flags& flags) {
                                  return client.confirm(target, flags.order, flags.payment,
                                                        {flags.amount}, flags.currency);
                              });
        command->add_option("--payment", f->payment, "Your own name of the payment")->required();
        command->add_option("--amount", f->amount, "Minor units")->required();
        command->add_option("--currency", f->currency, "Three letters")->required();
    }
    add_order_command(commands, "cancel", "No cash will come: give the points back", true,
                      [](Client& client, const Target& target, const Flags& flags) {
                          return client.cancel(target, flags.order);
                      });
    {
        const auto [command, f] =
            add_order_command(commands, "refund-order", "Give an order back, by amount or by lines",
                              true, [](Client& client, const Target& target, const Flags& flags) {
                                  std::vector<LineRefund> lines;
                                  for (const std::string& line : flags.lines)
                                      lines.push_back(parse_refund(line));
                                  return client.refund_order(target, flags.order, {flags.amount},
                                                             lines, flags.reason, flags.grace_days);
                              });
        command->add_option("--amount", f->amount, "Of its payable; 0: all that is left");
        command->add_option("--line", f->lines, "place[@amount], from 0; repeat it");
        command->add_option("--reason", f->reason, "Your own number");
        command->add_option("--grace-days", f->grace_days, "Life of points that expired meanwhile");
    }
    add_order_command(commands, "order", "Show an order", false,
                      [](Client& client, const Target& target, const Flags& flags) {
                          return client.order(target, flags.order);
                      });
}

}  // namespace suanpan::cli
