// VoucherCommand: what can be asked of a voucher, and what the answer is.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/cards/card_code.h"
#include "server/cards/refusal.h"
#include "server/cards/voucher.h"
#include "server/cards/voucher_token.h"

#include <cstdint>
#include <optional>
#include <variant>

namespace suanpan::cards {

// The owner is shown the code again.
struct RevealVoucher {
    MemberId member;
};
// The owner gives it away: nobody can use it until it is claimed or the time is over.
struct GiftVoucher {
    MemberId member;
    Duration claim_within{0};  // at most what the voucher allows; 0: that
};
// Whoever has the token becomes the owner; the giver may take it back so.
struct ClaimVoucher {
    MemberId member;
    OpenedToken token;
};
// The owner shows it in a shop.
struct ShowVoucher {
    MemberId member;
    Duration life = seconds(60);
};
// 核销: a shop uses it, with a show token or the code itself. Idempotent by (partner, reference).
struct VerifyVoucher {
    PartnerId partner{};
    VerifyReference reference;
    MerchantId merchant{};
    StoreId store{};
    std::int64_t units = 0;  // 0: one use; of an amount all that is left
    std::variant<OpenedToken, CodeKey> proof;
};
struct UndoVerify {
    PartnerId partner{};
    VerifyReference reference;
};
// The buyer gives it back for what was paid.
struct RefundVoucher {
    MemberId member;
};
// Its batch was recalled, and the operator wants this one too.
struct VoidVoucher {};
// Posts what as_of() says; the sweeper's.
struct ExpireVoucher {};

using VoucherCommand =
    std::variant<RevealVoucher, GiftVoucher, ClaimVoucher, ShowVoucher, VerifyVoucher, UndoVerify,
                 RefundVoucher, VoidVoucher, ExpireVoucher>;

struct VoucherAnswer {
    std::optional<Voucher> next;  // nothing: nothing changes, since it was so already
    std::int64_t units = 0;       // verified or given back
    bool restores_stock = false;  // of a refund: nobody has seen the code
    bool repeated = false;        // the same was done before
};

// Whether `voucher` lets `command` at `now`, and what it is then; a function of its arguments
// alone. Refusals come in the order: the request itself, an earlier verification of the same
// reference, whose voucher it is, its state, the place, the proof, the amount and counts.
[[nodiscard]] Decided<VoucherAnswer> decide(const Voucher& voucher, const VoucherCommand& command,
                                            Instant now);

}  // namespace suanpan::cards
