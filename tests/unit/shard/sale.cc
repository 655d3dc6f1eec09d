#include "tests/unit/shard/sale.h"

#include "server/shard/state_digest.h"
#include "tools/replay.h"

#include <gtest/gtest.h>

#include <map>
#include <span>
#include <variant>

namespace suanpan::shard {

Sale::Sale(std::uint16_t shards, std::string_view offers) : world(shards) {
    world.make_program();
    const RulesAnswer answer = put(offers, 1);
    EXPECT_EQ(answer.outcome.code, Code::ok) << answer.message;
}

std::string Sale::counted(std::uint32_t id, std::int64_t stock, std::int64_t points,
                          std::string_view more, std::uint32_t version) {
    return "[[offer]]\nid = " + std::to_string(id) + "\nversion = " + std::to_string(version) +
           "\nprogram = 7\nname = \"card\"\nkind = \"counted\"\nstart = 2027-01-01T00:00:00Z\n"
           "stock = " +
           std::to_string(stock) + "\npoints = " + std::to_string(points) + "\n" +
           std::string(more);
}

std::string Sale::coded(std::uint32_t id, std::int64_t points, std::string_view more,
                        std::uint32_t version) {
    return "[[offer]]\nid = " + std::to_string(id) + "\nversion = " + std::to_string(version) +
           "\nprogram = 7\nname = \"code\"\nkind = \"code_backed\"\n"
           "start = 2027-01-01T00:00:00Z\npoints = " +
           std::to_string(points) + "\n" + std::string(more);
}

std::string Sale::codes(std::uint64_t first, std::uint64_t count) {
    std::string text;
    for (std::uint64_t i = first; i < first + count; ++i)
        text += "CODE-0000-" + std::to_string(i) + "\n";
    return text;
}

Command Sale::import_command(std::string_view text, std::uint32_t offer, std::uint32_t batch,
                             std::uint64_t first_line) {
    CommandPayload& payload = payloads_.emplace_back();
    const auto bytes = std::as_bytes(std::span(text));
    payload.text.assign(bytes.begin(), bytes.end());
    Command command = world.command(
        CommandKind::codes_import,
        ImportCodes{.payload = &payload, .offer = offer, .batch = batch, .first_line = first_line});
    command.head.member = {};
    return command;
}

CodesAnswer Sale::import(std::string_view text, std::uint32_t offer, std::uint32_t batch,
                         std::uint64_t first_line) {
    const std::uint32_t request = send(import_command(text, offer, batch, first_line));
    world.settle();
    const Reply* reply = world.reply(request);
    if (reply == nullptr) throw std::runtime_error("no answer came");
    if (reply->body != nullptr) return std::get<CodesAnswer>(*reply->body);
    return {.outcome = reply->outcome, .refused_lines = {}};
}

std::uint32_t Sale::send_reveal(std::uint64_t of_member, const VoucherNumber& voucher) {
    return send(command_of(of_member, CommandKind::reveal, Reveal{.voucher = voucher}));
}

const RevealAnswer* Sale::revealed(std::uint32_t request) const {
    const Reply* reply = world.reply(request);
    if (reply == nullptr || reply->body == nullptr) return nullptr;
    return std::get_if<RevealAnswer>(reply->body.get());
}

Command Sale::command_of(std::uint64_t of_member, CommandKind kind, const CommandBody& body) {
    Command command = world.command(kind, body);
    command.head.member = member(of_member);
    return command;
}

// By way of each shard in turn.
std::uint32_t Sale::send(const Command& command) {
    next_via_ = static_cast<std::uint16_t>((next_via_ + 1) % world.shard_count());
    return world.send(command, next_via_);
}

void Sale::earn(std::uint64_t of_member, std::int64_t points) {
    send(command_of(of_member, CommandKind::earn, Earn{.amount = {points}}));
}

Command Sale::redeem_command(std::uint64_t of_member, std::uint32_t offer, std::int64_t quantity,
                             std::uint64_t origin) {
    return command_of(of_member, CommandKind::redeem,
                      Redeem{.offer = offer, .quantity = quantity, .origin = origin});
}

std::uint32_t Sale::send_redeem(std::uint64_t of_member, std::uint32_t offer, std::int64_t quantity,
                                std::uint64_t origin) {
    return send(redeem_command(of_member, offer, quantity, origin));
}

Outcome Sale::redeem(std::uint64_t of_member, std::uint32_t offer, std::int64_t quantity,
                     std::uint64_t origin) {
    const std::uint32_t request = send_redeem(of_member, offer, quantity, origin);
    world.settle();
    return *world.answer(request);
}

namespace {

template <typename Text>
Text text_of(std::string_view text) {
    Text to;
    text.copy(to.bytes.data(), to.bytes.size());
    return to;
}

}  // namespace

Command Sale::reserve_command(std::uint64_t of_member, std::uint32_t offer, std::int64_t cash,
                              std::string_view order, std::int64_t quantity, std::uint64_t origin) {
    return command_of(of_member, CommandKind::redeem,
                      Redeem{.offer = offer,
                             .quantity = quantity,
                             .origin = origin,
                             .cash = {cash},
                             .order = text_of<OrderId>(order)});
}

Command Sale::confirm_command(std::uint64_t of_member, std::string_view order, std::int64_t amount,
                              std::string_view payment) {
    return command_of(of_member, CommandKind::confirm,
                      ConfirmOrder{.order = text_of<OrderId>(order),
                                   .payment = text_of<PaymentId>(payment),
                                   .amount = {amount},
                                   .currency = text_of<Currency>("CNY")});
}

Command Sale::cancel_command(std::uint64_t of_member, std::string_view order) {
    return command_of(of_member, CommandKind::cancel,
                      CancelOrder{.order = text_of<OrderId>(order)});
}

Outcome Sale::ask(const Command& command) {
    const std::uint32_t request = send(command);
    world.settle();
    return *world.answer(request);
}

Outcome Sale::reserve(std::uint64_t of_member, std::uint32_t offer, std::int64_t cash,
                      std::string_view order, std::int64_t quantity, std::uint64_t origin) {
    return ask(reserve_command(of_member, offer, cash, order, quantity, origin));
}

Outcome Sale::confirm(std::uint64_t of_member, std::string_view order, std::int64_t amount,
                      std::string_view payment) {
    return ask(confirm_command(of_member, order, amount, payment));
}

Outcome Sale::cancel(std::uint64_t of_member, std::string_view order) {
    return ask(cancel_command(of_member, order));
}

OrderAnswer Sale::order(std::uint64_t of_member, std::string_view order) {
    const std::uint32_t request = send(
        command_of(of_member, CommandKind::order, ReadOrder{.order = text_of<OrderId>(order)}));
    world.settle();
    return std::get<OrderAnswer>(*world.reply(request)->body);
}

const RedeemAnswer* Sale::redeemed(std::uint32_t request) const {
    const Reply* reply = world.reply(request);
    if (reply == nullptr || reply->body == nullptr) return nullptr;
    return std::get_if<RedeemAnswer>(reply->body.get());
}

Command Sale::put_command(std::string_view offers, std::uint32_t version) {
    CommandPayload& payload = payloads_.emplace_back();
    const auto bytes = std::as_bytes(std::span(offers));
    payload.text.assign(bytes.begin(), bytes.end());
    Command command =
        world.command(CommandKind::offers_put, PutOffers{.payload = &payload, .version = version});
    command.head.member = {};
    return command;
}

RulesAnswer Sale::put_answer(std::uint32_t request) const {
    const Reply* reply = world.reply(request);
    if (reply == nullptr) throw std::runtime_error("no answer came");
    if (reply->body != nullptr) return std::get<RulesAnswer>(*reply->body);
    return {.outcome = reply->outcome, .message = {}};
}

RulesAnswer Sale::put(std::string_view offers, std::uint32_t version) {
    const std::uint32_t request = world.send(put_command(offers, version));
    world.settle();
    return put_answer(request);
}

RulesAnswer Sale::put_rules(std::string_view rules) {
    const std::string text =
        "program = 7\nversion = 1\nauthor = \"ops\"\neffective_from = 2027-01-01T00:00:00Z\n"
        "notice_days = 0\n" +
        std::string(rules);
    CommandPayload& payload = payloads_.emplace_back();
    const auto bytes = std::as_bytes(std::span(text));
    payload.text.assign(bytes.begin(), bytes.end());
    Command command = world.command(CommandKind::rules_put, PutRules{.payload = &payload});
    command.head.member = {};
    const std::uint32_t request = world.send(command);
    world.settle();
    return put_answer(request);
}

OffersAnswer Sale::offers(std::uint64_t of_member, const ReadOffers& asked) {
    const std::uint32_t request = send(command_of(of_member, CommandKind::offers, asked));
    world.settle();
    return std::get<OffersAnswer>(*world.reply(request)->body);
}

VouchersAnswer Sale::vouchers(std::uint64_t of_member, const ReadVouchers& asked) {
    const std::uint32_t request = send(command_of(of_member, CommandKind::vouchers, asked));
    world.settle();
    return std::get<VouchersAnswer>(*world.reply(request)->body);
}

Outcome Sale::balance(std::uint64_t of_member) {
    const std::uint32_t request = send(command_of(of_member, CommandKind::balance, ReadBalance{}));
    world.settle();
    return *world.answer(request);
}

ledger::CounterUnits Sale::units(std::uint32_t offer) {
    ledger::CounterMap sum;
    for (std::uint16_t i = 0; i < world.shard_count(); ++i)
        world.shard(i).ledger().add_counters_to(sum);
    return sum[{.program = shop, .kind = ledger::CounterKind::offer_stock, .id = offer}];
}

ledger::TicketSpan Sale::tickets(std::uint32_t offer) {
    std::map<ledger::CounterKey, ledger::TicketSpan> sum;
    for (std::uint16_t i = 0; i < world.shard_count(); ++i)
        world.shard(i).ledger().add_tickets_to(sum);
    return sum[{.program = shop, .kind = ledger::CounterKind::offer_stock, .id = offer}];
}

std::string Sale::state() {
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

void Sale::check() {
    for (std::uint16_t i = 0; i < world.shard_count(); ++i)
        EXPECT_TRUE(world.shard(i).is_quiet()) << "shard " << i;
}

void Sale::audit() {
    tools::Replay replay(world.directory(), 3);
    const auto walked = world.journal().for_each_commit(
        Lsn{1}, storage::CommitCheck::chain, [&](const storage::CommitView& commit) {
            for (std::uint32_t i = 0; i < commit.count(); ++i) {
                const Lsn lsn = commit.first_lsn() + i;
                const auto wrong = replay.take(commit.entry(i), lsn, 0);
                EXPECT_EQ(wrong, std::nullopt) << "LSN " << lsn.value;
                if (wrong) return false;
            }
            return true;
        });
    EXPECT_TRUE(walked.has_value());
    EXPECT_EQ(replay.counters().compare(replay.ledgers()), std::nullopt);
    for (const auto& each : replay.ledgers())
        EXPECT_EQ(each->check_invariants(world.clock.now()), std::nullopt);
}

}  // namespace suanpan::shard
