// A checkout in three steps: choose, confirm, done. Points pay what they can, cash the rest.
//
//   checkout <port> <partner> <key in hex> <program> <member> <price in minor units> [leave]
//
// `member` is a number, the order is one line of product 1. With `leave` the member walks away
// instead of paying, and the points come back. The program needs rules: docs/rules.md.
#include "client/suanpan_client.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

using namespace suanpan;
using client::Answer;
using client::Client;
using client::Fate;
using client::Target;

template <typename Number>
Number number_in(std::string_view text, int base = 10) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size()) {
        std::fprintf(stderr, "'%.*s' is no number\n", static_cast<int>(text.size()), text.data());
        std::exit(2);
    }
    return number;
}

std::vector<std::byte> bytes_of(std::string_view hex) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(number_in<unsigned>(hex.substr(i, 2), 16)));
    return bytes;
}

std::string yuan(Money money) {
    char text[32];
    std::snprintf(text, sizeof text, "¥%" PRId64 ".%02" PRId64, money.value / 100,
                  money.value % 100);
    return text;
}

[[noreturn]] void give_up(const Answer& answer, const char* step) {
    std::fprintf(stderr, "%s: %s\n", step, std::string(answer.text()).c_str());
    std::exit(1);
}

// Step 1. Shows what points would pay; nothing is reserved, so it may be shown as often as needed.
QuoteAnswer choose(Client& client, const Target& member, Money price) {
    AskedOrder order;
    order.lines = {{.product = 1, .unit_price = price, .quantity = 1}};
    const Answer answer = client.quote(member, order);
    if (!answer.is_done() || answer.quote == nullptr) give_up(answer, "choose");
    const QuoteAnswer& quote = *answer.quote;
    std::printf("choose: %" PRId64 " points pay %s of %s, cash %s\n", quote.points.value,
                yuan(quote.value).c_str(), yuan(quote.payable).c_str(), yuan(quote.cash).c_str());
    return quote;
}

// Step 2. Takes exactly what was shown: nothing is left to pay, or the points are set aside and the
// order waits for its cash. False where the quote no longer holds: show a new one.
bool confirm(Client& client, const Target& member, const std::string& order,
             const QuoteAnswer& quote) {
    Answer answer = client.settle(member, order, quote.token);
    // The name of the order is written down before, so after a crash of ours settling it again
    // cannot make two: it answers order_exists.
    if (answer.fate == Fate::unknown) answer = client.resolve(answer);
    switch (answer.outcome.code) {
        case Code::quote_expired:
        case Code::quote_no_longer_covered:
            return false;
        case Code::order_exists:
            return true;
        default:
            break;
    }
    if (!answer.is_done()) give_up(answer, "confirm");
    std::printf("confirm: %" PRId64 " points %s\n", answer.outcome.amount.value,
                quote.cash > Money{} ? "are set aside until the cash is there" : "paid it all");
    return true;
}

// Step 3. The payment is there: tell it. A payment that comes too late for the points is told all
// the same, and the answer says whether to keep the cash.
void done(Client& client, const Target& member, const std::string& order, const QuoteAnswer& quote,
          const std::string& payment) {
    if (quote.cash > Money{}) {
        Answer answer = client.confirm(member, order, payment, quote.cash, "CNY");
        if (answer.fate == Fate::unknown) answer = client.resolve(answer);
        if (!answer.is_done()) give_up(answer, "done");
        if (answer.outcome.detail == static_cast<std::int64_t>(OrderState::cancelled)) {
            std::printf("done: too late, %s go back\n", yuan(quote.cash).c_str());
            return;
        }
    }
    const Answer answer = client.order(member, order);
    if (!answer.is_done() || answer.order == nullptr) give_up(answer, "done");
    std::printf("done: paid with %" PRId64 " points and %s; %" PRId64 " points are left\n",
                answer.order->points.value, yuan(answer.order->cash).c_str(),
                answer.outcome.balances.available.value);
}

// Instead of step 3: the points come back at once rather than by the order's time-out.
void leave(Client& client, const Target& member, const std::string& order) {
    Answer answer = client.cancel(member, order);
    if (answer.fate == Fate::unknown) answer = client.resolve(answer);
    if (!answer.is_done()) give_up(answer, "leave");
    std::printf("leave: %" PRId64 " points came back\n", answer.outcome.amount.value);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 7 || argc > 8 || (argc == 8 && std::strcmp(argv[7], "leave") != 0)) {
        std::fprintf(stderr,
                     "usage: checkout <port> <partner> <key in hex> <program> <member> <price> "
                     "[leave]\n");
        return 2;
    }
    Client client({
        .endpoints = {{.host = "127.0.0.1", .port = number_in<std::uint16_t>(argv[1])}},
        .partner = PartnerId{number_in<std::uint32_t>(argv[2])},
        .key = bytes_of(argv[3]),
    });
    const Target member{.member = {.high = 0xa11ce, .low = number_in<std::uint64_t>(argv[5])},
                        .program = ProgramId{number_in<std::uint32_t>(argv[4])}};
    const Money price{number_in<std::int64_t>(argv[6])};
    // A shop has a number for each order; here the clock makes one.
    const RequestId fresh = Client::make_request_id();
    const std::string order = std::to_string(fresh.high) + "-" + std::to_string(fresh.low);

    QuoteAnswer quote = choose(client, member, price);
    for (int tries = 0; !confirm(client, member, order, quote); ++tries) {
        if (tries == 3) return 1;
        quote = choose(client, member, price);
    }
    if (argc == 8)
        leave(client, member, order);
    else
        done(client, member, order, quote, "payment of " + order);
}
