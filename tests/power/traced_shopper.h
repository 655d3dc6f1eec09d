// What a traced server sells: orders paid with points, and vouchers with codes of their own.
#pragma once

#include "tests/e2e/raw_client.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>

namespace suanpan::power {

// Where the key lies that the codes of a traced server are sealed under. Made by open_shop().
[[nodiscard]] std::filesystem::path master_keys_in(const std::filesystem::path& folder);
void write_master_keys(const std::filesystem::path& folder);

// Rules and offers of the test's program. Throws std::runtime_error where they are refused.
void open_shop(e2e::RawClient& client);

// Buys, one request at a time: imports codes, redeems offers, and quotes, settles, confirms and
// cancels orders, as `random` has it. Own thread.
class Shopper {
public:
    // `number` tells its orders and batches of codes from those of others, in this life and before.
    Shopper(e2e::RawClient& client, std::uint64_t number) : client_(client), number_(number) {}

    // False: the server has gone.
    [[nodiscard]] bool act(std::mt19937_64& random);
    // Redemptions and confirmations that were done.
    [[nodiscard]] std::uint64_t bought() const { return bought_; }

private:
    [[nodiscard]] std::optional<e2e::Received> ask(const Command& command);
    [[nodiscard]] bool buys(const Command& command);
    [[nodiscard]] bool import_codes(std::mt19937_64& random);
    [[nodiscard]] bool buy(MemberId member, std::mt19937_64& random);

    e2e::RawClient& client_;
    const std::uint64_t number_;
    std::uint64_t made_ = 0;
    std::uint64_t bought_ = 0;
};

}  // namespace suanpan::power
