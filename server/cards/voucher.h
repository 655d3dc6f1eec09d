// Voucher (卡券): a unit that was bought, with its owner, from its issue to its end.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/cards/card_code.h"
#include "server/cards/code_pool.h"
#include "server/cards/ids.h"
#include "server/cards/offer.h"

#include <cstdint>
#include <vector>

namespace suanpan::cards {

enum class VoucherState : std::uint8_t {
    issued = 1,
    gift_pending = 2,  // given, and not claimed yet: nobody can use it
    verified = 3,      // used, in part or up
    expired = 4,
    refunded = 5,
    voided = 6,  // recalled
};

// The one token that a voucher may have at a time.
enum class TokenKind : std::uint8_t { none = 0, show = 1, claim = 2 };

// The partner's own name of a verification, as a digest of its bytes.
using VerifyReference = Hash128;

// One use of a voucher. `units` are uses, or money where the voucher has an amount.
struct Verification {
    PartnerId partner{};
    VerifyReference reference;
    MerchantId merchant{};
    StoreId store{};
    std::int64_t units = 0;
    Instant at;
    bool undone = false;
    friend bool operator==(const Verification&, const Verification&) = default;
};

// One voucher: a record of its own, owned by the shard that a hash of its id names.
//
// Immutable; each entry that changes a voucher puts a whole new one in its place, so that applying
// it needs nothing but the entry (decision 13). What its offer said when it was issued is pinned
// here. A code's plaintext is not: `locator` says where its sealed bytes lie. Bounded: stores and
// verifications by their limits, so that a record fits into an entry.
struct Voucher {
    VoucherId id;
    std::uint32_t revision = 0;  // entries so far; tells a replay that the record has one already
    ProgramId program{};
    MemberId buyer;
    MemberId owner;
    VoucherState state = VoucherState::issued;

    CodeKey code;  // zero: it has none
    CodeLocator locator;
    BatchId batch{};
    bool revealed = false;    // somebody has seen the code
    bool code_known = false;  // an earlier owner has

    Instant issued_at;
    Instant expires_at = instant_never;
    std::int64_t whole = 1;  // uses, or money
    std::int64_t left = 1;
    bool is_amount = false;
    MerchantId merchant{};
    std::vector<StoreId> stores;
    Duration undo_within;
    std::uint32_t undo_max = 0;
    std::uint32_t undone = 0;
    std::uint32_t hops_max = 0;
    std::uint32_t hops = 0;
    Duration claim_within;

    // A token is good where its kind and number are these, until `token_until`.
    TokenKind token{};
    std::uint32_t token_number = 0;  // of the last that was made
    Instant token_until;

    std::vector<Verification> verifications;  // in order, those undone among them

    [[nodiscard]] bool has_code() const { return !code.is_zero(); }
    // Of the uses that stand (INV-9 of one voucher: whole = left + what was used).
    [[nodiscard]] std::int64_t used() const;
    [[nodiscard]] bool is_used_up() const { return state == VoucherState::verified && left == 0; }
    // Every field in its range and in keeping with the others.
    [[nodiscard]] bool is_sound() const;
    friend bool operator==(const Voucher&, const Voucher&) = default;
};

// What is known when a unit is issued.
struct IssuedUnit {
    VoucherId id;
    MemberId buyer;
    CodeKey code;  // zero: none
    CodeLocator locator;
    BatchId batch{};
    Instant code_expires_at = instant_never;
    bool revealed = false;  // the reply carries the code
};

// The voucher of a unit of `offer`, issued at `now`. It expires at the earliest of what the offer
// and the code say.
[[nodiscard]] Voucher issue_voucher(const Offer& offer, const IssuedUnit& unit, Instant now);

// The voucher as it is at `now`: expired where its time is over, issued again where a gift was not
// claimed in time. Both bounds are exclusive; expiry goes first.
[[nodiscard]] Voucher as_of(const Voucher& voucher, Instant now);

}  // namespace suanpan::cards
