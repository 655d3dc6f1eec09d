#include "tests/unit/shard/mall.h"

#include "server/shard/state_digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <span>
#include <variant>

namespace suanpan::shard {
namespace {

template <std::size_t N>
ShortText<N> short_text(std::string_view text) {
    ShortText<N> out;
    std::ranges::copy(text, out.bytes.begin());
    return out;
}

}  // namespace

Mall::Mall(std::uint16_t shards, std::string_view rules) : world(shards) {
    world.make_program();
    EXPECT_EQ(put_rules(rules, 1).outcome.code, Code::ok);
}

std::string Mall::rule_head(std::uint32_t version) const {
    return "program = 7\nversion = " + std::to_string(version) +
           "\nauthor = \"ops\"\neffective_from = 2027-01-01T00:00:00Z\nnotice_days = 0\n"
           "quote_valid_seconds = 3600\npay_within_seconds = 600\n";
}

Command Mall::command_of(std::uint64_t of_member, CommandKind kind, const CommandBody& body) {
    Command command = world.command(kind, body);
    command.head.member = member(of_member);
    return command;
}

// By way of each shard in turn.
std::uint32_t Mall::send(const Command& command) {
    next_via_ = static_cast<std::uint16_t>((next_via_ + 1) % world.shard_count());
    return world.send(command, next_via_);
}

void Mall::earn(std::uint64_t of_member, std::int64_t points) {
    send(command_of(of_member, CommandKind::earn, Earn{.amount = {points}}));
}

std::uint32_t Mall::send_quote(std::uint64_t of_member, std::int64_t price,
                               const std::vector<std::uint32_t>& coupons) {
    CommandPayload& payload = payloads_.emplace_back();
    payload.order.lines = {{.product = 1, .unit_price = {price}, .quantity = 1}};
    payload.order.coupons = coupons;
    return send(command_of(of_member, CommandKind::quote, AskQuote{.payload = &payload}));
}

Command Mall::settle_command(std::uint64_t of_member, const QuoteAnswer& quote,
                             std::string_view order) {
    CommandPayload& payload = payloads_.emplace_back();
    payload.token = quote.token;
    return command_of(of_member, CommandKind::settle,
                      Settle{.payload = &payload, .order = short_text<64>(order)});
}

std::uint32_t Mall::send_settle(std::uint64_t of_member, const QuoteAnswer& quote,
                                std::string_view order) {
    return send(settle_command(of_member, quote, order));
}

std::uint32_t Mall::send_confirm(std::uint64_t of_member, std::string_view order,
                                 std::int64_t amount, std::string_view payment) {
    return send(command_of(of_member, CommandKind::confirm,
                           ConfirmOrder{.order = short_text<64>(order),
                                        .payment = short_text<64>(payment),
                                        .amount = {amount},
                                        .currency = short_text<8>("CNY")}));
}

const QuoteAnswer& Mall::quoted(std::uint32_t request) const {
    const Reply* reply = world.reply(request);
    if (reply == nullptr || reply->body == nullptr) throw std::runtime_error("no quote came");
    return std::get<QuoteAnswer>(*reply->body);
}

QuoteAnswer Mall::quote(std::uint64_t of_member, std::int64_t price,
                        const std::vector<std::uint32_t>& coupons) {
    const std::uint32_t request = send_quote(of_member, price, coupons);
    world.settle();
    return quoted(request);
}

Outcome Mall::settle(std::uint64_t of_member, const QuoteAnswer& quote, std::string_view order) {
    const std::uint32_t request = send_settle(of_member, quote, order);
    world.settle();
    return *world.answer(request);
}

Outcome Mall::confirm(std::uint64_t of_member, std::string_view order, std::int64_t amount) {
    const std::uint32_t request = send_confirm(of_member, order, amount);
    world.settle();
    return *world.answer(request);
}

std::uint32_t Mall::send_cancel(std::uint64_t of_member, std::string_view order) {
    return send(
        command_of(of_member, CommandKind::cancel, CancelOrder{.order = short_text<64>(order)}));
}

Outcome Mall::cancel(std::uint64_t of_member, std::string_view order) {
    const std::uint32_t request = send_cancel(of_member, order);
    world.settle();
    return *world.answer(request);
}

OrderAnswer Mall::order(std::uint64_t of_member, std::string_view order) {
    const std::uint32_t request =
        send(command_of(of_member, CommandKind::order, ReadOrder{.order = short_text<64>(order)}));
    world.settle();
    return std::get<OrderAnswer>(*world.reply(request)->body);
}

RulesAnswer Mall::put_rules(std::string_view rules, std::uint32_t version) {
    const std::string text = rule_head(version) + std::string(rules);
    CommandPayload& payload = payloads_.emplace_back();
    const auto bytes = std::as_bytes(std::span(text));
    payload.text.assign(bytes.begin(), bytes.end());
    Command command = world.command(CommandKind::rules_put, PutRules{.payload = &payload});
    command.head.member = {};
    const std::uint32_t request = world.send(command);
    world.settle();
    const Reply& reply = *world.reply(request);
    if (reply.body != nullptr) return std::get<RulesAnswer>(*reply.body);
    return {.outcome = reply.outcome, .message = {}};
}

ledger::CounterUnits Mall::units(ledger::CounterKind kind, std::uint32_t id) {
    ledger::CounterMap sum;
    for (std::uint16_t i = 0; i < world.shard_count(); ++i)
        world.shard(i).ledger().add_counters_to(sum);
    return sum[{.program = shop, .kind = kind, .id = id}];
}

std::string Mall::state() {
    StateDigest digest;
    ledger::HouseMap house;
    for (std::uint16_t i = 0; i < world.shard_count(); ++i) {
        digest.accounts.add(world.shard(i).ledger().state_hash());
        world.shard(i).ledger().add_house_to(house);
    }
    digest.programs = world.shard(0).ledger().hash_of_programs();
    digest.house = ledger::Ledger::hash_of_house(house);
    return digest.text();
}

void Mall::check() {
    ledger::CounterMap sum;
    std::map<ledger::CounterKey, ledger::ReservedMap> reserved;
    for (std::uint16_t i = 0; i < world.shard_count(); ++i) {
        world.shard(i).ledger().add_counters_to(sum);
        world.shard(i).ledger().add_reserved_to(reserved);
        EXPECT_TRUE(world.shard(i).is_quiet());
    }
    for (const auto& [key, units] : sum) {
        std::int64_t aside = 0;
        for (const auto& [until, more] : reserved[key]) aside += more;
        EXPECT_EQ(units.reserved, aside);  // INV-11
        EXPECT_GE(units.issued, 0);
    }
}

}  // namespace suanpan::shard
