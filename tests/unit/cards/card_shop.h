// An offer, a voucher and their keys, as tests of cards begin with them.
#pragma once

#include "server/cards/code_seal.h"
#include "server/cards/offer.h"
#include "server/cards/voucher.h"
#include "server/cards/voucher_command.h"
#include "server/cards/voucher_token.h"

#include <cstdint>
#include <string_view>

namespace suanpan::cards::testing {

inline constexpr MemberId alice{.high = 1, .low = 11};
inline constexpr MemberId bob{.high = 2, .low = 22};
inline constexpr MemberId carol{.high = 3, .low = 33};
inline constexpr PartnerId till{7};
inline constexpr MerchantId cafe{70};
inline constexpr StoreId corner{701};

// Seconds after a fixed instant, 2027-01-01 00:00 UTC.
[[nodiscard]] inline Instant at(std::int64_t s) {
    return Instant{1'798'761'600'000'000'000} + seconds(s);
}

// A sound offer: coupons of three uses for 100 points, which can be given away twice.
[[nodiscard]] Offer plain_offer();
// Its voucher for alice, with a code, issued at at(0), good for 1000 s, not revealed.
[[nodiscard]] Voucher plain_voucher();
[[nodiscard]] CodeKey key_of(std::uint64_t number);

[[nodiscard]] VerifyReference reference(std::uint64_t number);
// One use at the café's corner store with the code itself.
[[nodiscard]] VerifyVoucher verify(std::uint64_t reference_number, std::int64_t units = 0);
// The token that the voucher has, as open() gives it.
[[nodiscard]] OpenedToken token_of(const Voucher& voucher);

// Key files and codes.
[[nodiscard]] MasterKeys masters(std::string_view numbers);  // "2 1": 2 is current
inline constexpr SealedPlace place{
    .program = ProgramId{1}, .offer = OfferId{5}, .batch = BatchId{3}};

}  // namespace suanpan::cards::testing
