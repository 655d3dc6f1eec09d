// A flash sale: an offer with few units, many members at once, each with a place in line or an
// exact "sold out".
//
//   flash_sale <port> <partner> <key in hex> <program> <units> <members> [counted]
//
// Makes the program where there is none, which must have no offers yet, puts one offer of `units`
// cards, imports a code for each, gives every member the points, lets all of them redeem at once,
// and prints who got which place in line. With `counted` the cards have no codes. Ends with 1 where
// something does not add up.
#include "client/suanpan_client.h"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace suanpan;
using client::Answer;
using client::Client;
using client::Fate;
using client::Target;

constexpr std::int64_t price_points = 100;

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

[[noreturn]] void give_up(const Answer& answer, const char* step) {
    std::fprintf(stderr, "%s: %s\n%s", step, std::string(answer.text()).c_str(),
                 answer.message.c_str());
    std::exit(1);
}

struct Sale {
    ProgramId program{};
    std::uint32_t offer = 0;  // a number that is unique in the server: here, the program's
    std::size_t units = 0;
    std::size_t members = 0;
    bool has_codes = true;
};

Target member_of(const Sale& sale, std::size_t i) {
    return {.member = {.high = 0xf1a54, .low = i + 1}, .program = sale.program};
}

// Step 1. What is sold: the offer file of the program, version 1.
void put_offer(Client& client, const Sale& sale) {
    ProgramSpec spec;
    spec.id = sale.program;
    spec.version = 1;
    std::string_view("Flash sale").copy(spec.name.bytes.data(), spec.name.bytes.size());
    std::string_view("CNY").copy(spec.currency.bytes.data(), spec.currency.bytes.size());
    const Answer made = client.create_program(spec);
    if (!made.is_done() && made.outcome.code != Code::program_exists) give_up(made, "program");

    std::string text = "[[offer]]\nid = " + std::to_string(sale.offer) +
                       "\nversion = 1\nname = \"coffee card\"\nprogram = " +
                       std::to_string(static_cast<std::uint32_t>(sale.program)) +
                       "\npoints = " + std::to_string(price_points) +
                       "\nstart = 2026-01-01T00:00:00Z\nkind = ";
    text += sale.has_codes ? "\"code_backed\"\n"
                           : "\"counted\"\nstock = " + std::to_string(sale.units) + "\n";
    text += "[offer.limits]\nper_order = 1\never = 1\n";
    const Answer put = client.put_offers(sale.program, 1, text);
    if (!put.is_done()) give_up(put, "offer");
}

// Step 2. The codes, in pieces of whole lines; the server keeps them sealed.
void import_codes(Client& client, const Sale& sale) {
    constexpr std::size_t piece_lines = 1000;
    for (std::size_t first = 0; first < sale.units; first += piece_lines) {
        std::string lines;
        const std::size_t end = std::min(sale.units, first + piece_lines);
        for (std::size_t i = first; i < end; ++i) {
            char line[48];
            std::snprintf(line, sizeof line, "FLASH-SALE-%08zu\n", i);
            lines += line;
        }
        const Answer answer = client.import_codes(sale.program, sale.offer, 1, first + 1, lines);
        if (!answer.is_done() || answer.codes == nullptr) give_up(answer, "codes");
        for (const RefusedCodeLine& refused : answer.codes->refused_lines)
            std::fprintf(stderr, "line %" PRIu64 " was refused, fault %u\n", refused.line,
                         static_cast<unsigned>(refused.fault));
        if (answer.codes->taken != end - first) std::exit(1);
    }
}

// Step 3. Everybody has the points.
void fill_accounts(Client& client, const Sale& sale) {
    std::vector<std::future<Answer>> earned;
    for (std::size_t i = 0; i < sale.members; ++i)
        earned.push_back(client.send(member_of(sale, i), Earn{.amount = Points{price_points}}));
    for (auto& each : earned)
        if (const Answer answer = each.get(); !answer.is_done()) give_up(answer, "earn");
}

// Step 4. All at once. An answer that is lost is asked for again under its request id: the repeat
// brings the same ticket and the same code.
std::vector<Answer> redeem(Client& client, const Sale& sale) {
    std::vector<std::future<Answer>> asked;
    for (std::size_t i = 0; i < sale.members; ++i)
        asked.push_back(
            client.send(member_of(sale, i), Redeem{.offer = sale.offer, .quantity = 1}));
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < sale.members; ++i) {
        answers.push_back(asked[i].get());
        for (int tries = 0; answers.back().fate == Fate::unknown && tries < 3; ++tries) {
            Target again = member_of(sale, i);
            again.request_id = answers.back().request_id;
            answers.back() = client.redeem(again, sale.offer);
        }
    }
    return answers;
}

int wrong(const char* what) {
    std::fprintf(stderr, "it does not add up: %s\n", what);
    return 1;
}

// Who came in time, by place in line; and whether that is what a sale promises: exactly `units`
// cards, gapless tickets, codes that nobody else has, and for the rest an exact "sold out".
int show(const Sale& sale, const std::vector<Answer>& answers) {
    std::vector<std::pair<std::uint64_t, std::size_t>> line;
    std::set<std::string> codes;
    std::size_t sold_out = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const Answer& answer = answers[i];
        if (answer.outcome.code == Code::sold_out) {
            ++sold_out;
            continue;
        }
        if (!answer.is_done() || answer.redeemed == nullptr) give_up(answer, "redeem");
        if (answer.redeemed->vouchers.size() != 1) return wrong("one unit is one voucher");
        line.emplace_back(answer.redeemed->ticket, i);
        const std::string_view code = answer.redeemed->vouchers[0].code.view();
        if (code.empty() == sale.has_codes) return wrong("a code is missing, or should not be");
        if (sale.has_codes && !codes.emplace(code).second) return wrong("two have the same code");
    }
    std::ranges::sort(line);
    const std::size_t served = std::min(sale.units, sale.members);
    if (line.size() != served) return wrong("oversold or undersold");
    if (sold_out != sale.members - served) return wrong("somebody was refused for nothing");
    constexpr std::size_t shown_max = 5;
    for (std::size_t place = 0; place < line.size(); ++place) {
        if (line[place].first != place + 1) return wrong("the tickets have a gap");
        const Answer& answer = answers[line[place].second];
        if (place < shown_max)
            std::printf("ticket %" PRIu64 ": member %zu, voucher %s\n", line[place].first,
                        line[place].second + 1,
                        name_of(answer.redeemed->vouchers[0].number).c_str());
    }
    if (line.size() > shown_max) std::printf("... and so on to ticket %zu\n", line.size());
    std::printf("%zu cards for %zu members: %zu served, %zu sold out\n", sale.units, sale.members,
                line.size(), sold_out);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 7 || argc > 8 || (argc == 8 && std::strcmp(argv[7], "counted") != 0)) {
        std::fprintf(stderr,
                     "usage: flash_sale <port> <partner> <key in hex> <program> <units> <members> "
                     "[counted]\n");
        return 2;
    }
    Client client({
        .endpoints = {{.host = "127.0.0.1", .port = number_in<std::uint16_t>(argv[1])}},
        .partner = PartnerId{number_in<std::uint32_t>(argv[2])},
        .key = bytes_of(argv[3]),
    });
    const Sale sale{.program = ProgramId{number_in<std::uint32_t>(argv[4])},
                    .offer = number_in<std::uint32_t>(argv[4]),
                    .units = number_in<std::size_t>(argv[5]),
                    .members = number_in<std::size_t>(argv[6]),
                    .has_codes = argc < 8};
    put_offer(client, sale);
    if (sale.has_codes) import_codes(client, sale);
    fill_accounts(client, sale);
    return show(sale, redeem(client, sale));
}
