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

// A token is the number of the key, the terms, and an HMAC-SHA256 of both: the server remembers no
// quote. There is one key per day (UTC), each derived from the secret that the data directory
// keeps, so that keys rotate by themselves. A key seals no promise beyond quote_life_max after its
// day, so that an old one, in whosever hands, is good for nothing but quotes that have expired.
//
// Belongs to one shard; on its thread only. Neither keys nor tokens go into a log.
class QuoteSeal {
public:
    explicit QuoteSeal(const Sha256& secret) : secret_(secret) {}

    [[nodiscard]] std::vector<std::byte> seal(const OrderTerms& terms, Instant now);
    // Nothing where the bytes are not what seal() made, whatever they are.
    [[nodiscard]] std::optional<OrderTerms> open(std::span<const std::byte> token, Instant now);

private:
    [[nodiscard]] const Sha256& key_of(std::uint32_t day);

    Sha256 secret_;
    std::optional<std::uint32_t> day_;  // that `key_` is for; nothing: there is no key yet
    Sha256 key_{};
};

}  // namespace suanpan::shard
