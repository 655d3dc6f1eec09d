// Identifiers of offers, pools and vouchers; each a type of its own.
#pragma once

#include "protocol/base/ids.h"

#include <compare>
#include <cstdint>

namespace suanpan::cards {

// An offer's number, unique in the process; its operator chooses it.
enum class OfferId : std::uint32_t {};
// A batch of codes within its pool.
enum class BatchId : std::uint32_t {};
enum class MerchantId : std::uint32_t {};
enum class StoreId : std::uint32_t {};
enum class LevelId : std::uint16_t {};
// A hash of an address or a device that the gateway supplies; 0: it did not say.
enum class OriginKey : std::uint64_t {};
// The position of a redemption in its offer's line, from 1; 0: none.
enum class Ticket : std::uint64_t {};
// A rule on velocity; its operator chooses the number.
enum class VelocityRuleId : std::uint32_t {};

// Who owns it is decided by a hash of all of it. An id is no secret: it opens nothing by itself.
struct VoucherId {
    OfferId offer{};
    std::uint32_t unit = 0;  // of the redemption, from 0
    Ticket ticket{};
    friend auto operator<=>(const VoucherId&, const VoucherId&) = default;
};
static_assert(sizeof(VoucherId) == 16);

}  // namespace suanpan::cards
