// A first spend: 100 points earned, 60 spent, the balance printed.
//
//   first_spend <port> <partner> <key in hex> <program>
#include "client/suanpan_client.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace suanpan;

std::vector<std::byte> bytes_of(std::string_view hex) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        unsigned value = 0;
        std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
        bytes.push_back(static_cast<std::byte>(value));
    }
    return bytes;
}

// Anything but done ends the example. What is unknown is asked for first.
client::Answer insist(client::Client& client, client::Answer answer, const char* what) {
    if (answer.fate == client::Fate::unknown) answer = client.resolve(answer);
    if (answer.is_done()) return answer;
    std::fprintf(stderr, "%s: %s\n", what, answer.text().data());
    std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: first_spend <port> <partner> <key in hex> <program>\n");
        return 2;
    }
    client::Client client({
        .endpoints = {{.host = "127.0.0.1", .port = static_cast<std::uint16_t>(atoi(argv[1]))}},
        .partner = PartnerId{static_cast<std::uint32_t>(atoi(argv[2]))},
        .key = bytes_of(argv[3]),
    });
    const client::Target alice{.member = {.high = 0xa11ce, .low = 1},
                               .program = ProgramId{static_cast<std::uint32_t>(atoi(argv[4]))}};
    insist(client, client.earn(alice, {.amount = Points{100}}), "earn");
    const client::Answer spent =
        insist(client, client.spend(alice, {.amount = Points{60}}), "spend");
    std::printf("spent %lld points as entry %llu; %lld are left\n",
                static_cast<long long>(spent.outcome.amount.value),
                static_cast<unsigned long long>(spent.outcome.entry_id.value),
                static_cast<long long>(spent.outcome.balances.available.value));
}
