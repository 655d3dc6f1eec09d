#include "tests/property/voucher_model.h"

#include <algorithm>

namespace suanpan::testing {

using namespace cards;

VoucherModel::VoucherModel(const Offer& offer, MemberId buyer, CodeKey code, Instant issued_at)
    : terms_(offer.voucher),
      buyer_(buyer),
      owner_(buyer),
      code_(code),
      ends_(issued_at + offer.voucher.valid_for),
      whole_(offer.voucher.amount.value > 0 ? offer.voucher.amount.value : offer.voucher.uses) {}

std::int64_t VoucherModel::left() const {
    std::int64_t left = whole_;
    for (const auto& [name, use] : uses_)
        if (!use.undone) left -= use.units;
    return left;
}

std::string VoucherModel::stand(Instant now) const {
    if (refunded_) return "refunded";
    if (voided_) return "void";
    if (left() == 0) return "used up";
    if (now >= ends_) return "over";
    if (given_until_ && now < *given_until_) return "given";
    return "free";
}

bool VoucherModel::ask(const VoucherCommand& command, Instant now) {
    if (const auto* it = std::get_if<RevealVoucher>(&command)) return reveal(it->member, now);
    if (const auto* it = std::get_if<GiftVoucher>(&command)) return give(*it, now);
    if (const auto* it = std::get_if<ClaimVoucher>(&command)) return claim(*it, now);
    if (const auto* it = std::get_if<ShowVoucher>(&command)) return show(*it, now);
    if (const auto* it = std::get_if<VerifyVoucher>(&command)) return verify(*it, now);
    if (const auto* it = std::get_if<UndoVerify>(&command)) return undo(*it, now);
    if (const auto* it = std::get_if<RefundVoucher>(&command)) return refund(it->member, now);
    if (std::holds_alternative<VoidVoucher>(command)) return recall(now);
    return true;  // posting what time did changes nothing here
}

bool VoucherModel::reveal(const MemberId& member, Instant now) {
    const std::string where = stand(now);
    if (member != owner_ || (where != "free" && where != "used up")) return false;
    seen_ = true;
    return true;
}

bool VoucherModel::give(const GiftVoucher& gift, Instant now) {
    if (gift.claim_within.ns < 0 || gift.claim_within > terms_.claim_within) return false;
    if (gift.member != owner_ || stand(now) != "free" || left() != whole_) return false;
    if (hops_ == terms_.hops_max) return false;
    const Duration within = gift.claim_within.ns == 0 ? terms_.claim_within : gift.claim_within;
    given_until_ = std::min(now + within, ends_);
    shown_.reset();
    ++tokens_;
    return true;
}

bool VoucherModel::claim(const ClaimVoucher& claim, Instant now) {
    if (stand(now) != "given" || claim.token.kind != TokenKind::claim ||
        claim.token.number != tokens_)
        return false;
    given_until_.reset();
    if (claim.member != owner_) {
        ++hops_;
        owner_ = claim.member;
        seen_before_ = seen_;
    }
    return true;
}

bool VoucherModel::show(const ShowVoucher& show, Instant now) {
    if (show.life.ns <= 0 || show.life > seconds(60)) return false;
    if (show.member != owner_ || stand(now) != "free") return false;
    ++tokens_;
    shown_ = {tokens_, std::min(now + show.life, ends_)};
    return true;
}

bool VoucherModel::verify(const VerifyVoucher& verify, Instant now) {
    const UseName name{static_cast<std::uint32_t>(verify.partner), verify.reference.high};
    const auto before = uses_.find(name);
    if (before != uses_.end())
        return !before->second.undone && before->second.merchant == verify.merchant &&
               before->second.store == verify.store &&
               (verify.units == 0 || verify.units == before->second.units);
    if (verify.units < 0 || stand(now) != "free") return false;
    if (terms_.merchant != MerchantId{} && terms_.merchant != verify.merchant) return false;
    if (!terms_.stores.empty() &&
        std::ranges::find(terms_.stores, verify.store) == terms_.stores.end())
        return false;
    if (const auto* token = std::get_if<OpenedToken>(&verify.proof)) {
        if (!shown_ || token->kind != TokenKind::show || token->number != shown_->first ||
            now >= shown_->second)
            return false;
    } else if (std::get<CodeKey>(verify.proof) != code_ || seen_before_) {
        return false;
    }
    std::int64_t units = verify.units;
    if (units == 0) units = terms_.amount.value > 0 ? left() : 1;
    if (units > left()) return false;
    shown_.reset();
    uses_[name] = {.units = units,
                   .at = now,
                   .undone = false,
                   .merchant = verify.merchant,
                   .store = verify.store};
    return true;
}

bool VoucherModel::undo(const UndoVerify& undo, Instant now) {
    const auto found = uses_.find({static_cast<std::uint32_t>(undo.partner), undo.reference.high});
    if (found == uses_.end()) return false;
    if (found->second.undone) return true;
    const auto undone =
        std::ranges::count_if(uses_, [](const auto& use) { return use.second.undone; });
    if (voided_ || now >= found->second.at + terms_.undo_within ||
        undone >= static_cast<std::int64_t>(terms_.undo_max))
        return false;
    found->second.undone = true;
    return true;
}

bool VoucherModel::refund(const MemberId& member, Instant now) {
    if (member != buyer_ || owner_ != buyer_) return false;
    if (refunded_) return true;
    if (stand(now) != "free" || left() != whole_) return false;
    return refunded_ = true;
}

bool VoucherModel::recall(Instant now) {
    if (voided_) return true;
    const std::string where = stand(now);
    if (where == "over" || where == "used up" || where == "refunded") return false;
    return voided_ = true;
}

}  // namespace suanpan::testing
