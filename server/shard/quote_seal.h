// QuoteSeal: turns what a quote promises into a token that nobody can forge or alter, and back.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/time.h"
#include "protocol/order.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::shard {

inline constexpr Instant no_end{INT64_MAX};

// A secret that tokens are made with (quote_secrets.h), and when the last of them has ended.
struct QuoteKey {
    std::uint32_t number = 1;
    Sha256 secret{};
    Instant ends = no_end;
};

// A token is the number of its secret, a day, the terms, and an HMAC-SHA256 of all: the server
// remembers no quote. There is one key per day (UTC), each derived from the secret, so that keys
// rotate by themselves. A key seals no promise beyond quote_life_max after its day, so that an old
// one, in whosever hands, is good for nothing but quotes that have expired.
//
// An operator may rotate the secret as well. Those before the current one open what they sealed
// until their end, exclusively, and nothing that promises more; then they are wiped.
//
// Belongs to one shard; on its thread only. Neither keys nor tokens go into a log.
class QuoteSeal {
public:
    // The current one first; expects at least one.
    explicit QuoteSeal(const std::vector<QuoteKey>& keys);
    explicit QuoteSeal(const Sha256& secret)
        : QuoteSeal(std::vector{QuoteKey{.number = 1, .secret = secret, .ends = no_end}}) {}

    [[nodiscard]] std::vector<std::byte> seal(const OrderTerms& terms, Instant now);
    // Nothing where the bytes are not what seal() made, whatever they are.
    [[nodiscard]] std::optional<OrderTerms> open(std::span<const std::byte> token, Instant now);

private:
    struct Held {
        QuoteKey key;
        std::optional<std::uint32_t> day;  // that `of_day` is for; nothing: there is none yet
        Sha256 of_day{};
    };
    [[nodiscard]] static const Sha256& key_of(Held& held, std::uint32_t day);
    void forget_ended(Instant now);

    std::vector<Held> held_;  // the current one first
};

}  // namespace suanpan::shard
