#include "server/shard/reply.h"

namespace suanpan::shard {

std::unique_ptr<ReplyBody> copy_for_repeat(const ReplyBody* body) {
    if (body == nullptr) return nullptr;
    if (const auto* shown = std::get_if<ShowAnswer>(body))
        return std::make_unique<ReplyBody>(*shown);
    if (const auto* verified = std::get_if<VerifyAnswer>(body))
        return std::make_unique<ReplyBody>(*verified);
    if (const auto* codes = std::get_if<CodesAnswer>(body))
        return std::make_unique<ReplyBody>(*codes);
    if (const auto* recalled = std::get_if<RecallAnswer>(body))
        return std::make_unique<ReplyBody>(*recalled);
    if (const auto* revealed = std::get_if<RevealAnswer>(body))
        return std::make_unique<ReplyBody>(RevealAnswer{.outcome = revealed->outcome,
                                                        .number = revealed->number,
                                                        .code = ClearCode(revealed->code.view())});
    const auto* redeemed = std::get_if<RedeemAnswer>(body);
    if (redeemed == nullptr) return nullptr;
    RedeemAnswer copy{.outcome = redeemed->outcome,
                      .offer = redeemed->offer,
                      .ticket = redeemed->ticket,
                      .cash = redeemed->cash,
                      .currency = redeemed->currency,
                      .held_until = redeemed->held_until,
                      .vouchers = {}};
    for (const RedeemedVoucher& voucher : redeemed->vouchers)
        copy.vouchers.push_back({.number = voucher.number,
                                 .expires_at = voucher.expires_at,
                                 .code = ClearCode(voucher.code.view())});
    return std::make_unique<ReplyBody>(std::move(copy));
}

}  // namespace suanpan::shard
