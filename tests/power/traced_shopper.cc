#include "tests/power/traced_shopper.h"

#include "protocol/codec.h"
#include "protocol/order.h"

#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace suanpan::power {
namespace {

using e2e::Received;

constexpr std::uint64_t members = 150;
constexpr std::uint32_t counted_offer = 1;
constexpr std::uint32_t offer_of_codes = 2;

constexpr std::string_view rules_text = R"(program = 1
version = 1
author = "ops"
effective_from = 2026-01-01T00:00:00Z
[[deduction]]
id = 1
points = 1
money = 10
)";
constexpr std::string_view offers_text = R"([[offer]]
id = 1
version = 1
program = 1
name = "cup"
kind = "counted"
stock = 100000
points = 2
start = 2026-01-01T00:00:00Z
[[offer]]
id = 2
version = 1
program = 1
name = "card"
kind = "code_backed"
points = 2
start = 2026-01-01T00:00:00Z
)";

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

template <std::size_t N>
ShortText<N> short_text(std::string_view text) {
    ShortText<N> made;
    std::memcpy(made.bytes.data(), text.data(), text.size());
    return made;
}

Command command_of(CommandKind kind, MemberId member, const CommandBody& body) {
    Command command;
    command.head.kind = kind;
    command.head.program = e2e::test_program;
    command.head.member = member;
    if (!is_read(kind)) command.head.request_id = e2e::fresh_request_id();
    command.body = body;
    return command;
}

void put(e2e::RawClient& client, const Command& command) {
    const Outcome outcome = client.call(command);
    if (outcome.code != Code::ok)
        throw std::runtime_error("the shop was not opened: code " +
                                 std::to_string(static_cast<int>(outcome.code)));
}

}  // namespace

std::filesystem::path master_keys_in(const std::filesystem::path& folder) {
    return folder / "master-keys";
}

void write_master_keys(const std::filesystem::path& folder) {
    std::ofstream(master_keys_in(folder))
        << "suanpan master keys 1\n1 " << std::string(64, 'a') << '\n';
}

void open_shop(e2e::RawClient& client) {
    CommandPayload rules;
    rules.text = bytes_of(rules_text);
    put(client, command_of(CommandKind::rules_put, {}, PutRules{.payload = &rules}));
    CommandPayload offers;
    offers.text = bytes_of(offers_text);
    put(client,
        command_of(CommandKind::offers_put, {}, PutOffers{.payload = &offers, .version = 1}));
}

bool Shopper::act(std::mt19937_64& random) {
    const MemberId who = e2e::member(random() % members);
    const auto redeem = [&](std::uint32_t offer, std::int64_t quantity) {
        return buys(
            command_of(CommandKind::redeem, who, Redeem{.offer = offer, .quantity = quantity}));
    };
    switch (random() % 8) {
        case 0:
            return import_codes(random);
        case 1:
        case 2:
            return redeem(counted_offer, static_cast<std::int64_t>(random() % 3 + 1));
        case 3:
        case 4:
            return redeem(offer_of_codes, 1);
        default:
            return buy(who, random);
    }
}

std::optional<Received> Shopper::ask(const Command& command) {
    if (!client_.send(e2e::frame_of(command))) return std::nullopt;
    return client_.receive();
}

bool Shopper::buys(const Command& command) {
    const auto reply = ask(command);
    if (reply && reply->outcome().code == Code::ok) ++bought_;
    return reply.has_value();
}

bool Shopper::import_codes(std::mt19937_64& random) {
    const std::string prefix = std::to_string(number_) + "-" + std::to_string(++made_) + "-";
    std::string lines;
    for (std::uint64_t i = random() % 40 + 1; i > 0; --i)
        lines += prefix + std::to_string(i) + "\n";
    CommandPayload payload;
    payload.text = bytes_of(lines);
    return ask(command_of(CommandKind::codes_import, {},
                          ImportCodes{.payload = &payload,
                                      .offer = offer_of_codes,
                                      .batch = static_cast<std::uint32_t>(number_ * 10'000 + made_),
                                      .first_line = 1}))
        .has_value();
}

bool Shopper::buy(MemberId member, std::mt19937_64& random) {
    CommandPayload asked;
    asked.order.lines = {{.product = 1, .unit_price = Money{500}, .quantity = 2}};
    asked.order.wanted = Points{static_cast<std::int64_t>(random() % 20 + 1)};
    const auto quoted = ask(command_of(CommandKind::quote, member, AskQuote{.payload = &asked}));
    if (!quoted) return false;
    const auto quote = decode_quote(quoted->body());
    if (!quote || quote->outcome.code != Code::ok) return true;
    const auto order = short_text<64>(std::to_string(number_) + "-" + std::to_string(++made_));
    CommandPayload token;
    token.token = quote->token;
    if (!ask(command_of(CommandKind::settle, member, Settle{.payload = &token, .order = order})))
        return false;
    switch (random() % 4) {
        case 0:
            return ask(command_of(CommandKind::cancel, member, CancelOrder{.order = order}))
                .has_value();
        case 1:
            return true;  // it times out
        default:
            return buys(command_of(CommandKind::confirm, member,
                                   ConfirmOrder{.order = order,
                                                .payment = short_text<64>("paid"),
                                                .amount = quote->cash,
                                                .currency = short_text<8>("CNY")}));
    }
}

}  // namespace suanpan::power
