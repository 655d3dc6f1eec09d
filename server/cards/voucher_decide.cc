#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/limits.h"
#include "server/cards/voucher_command.h"

#include <algorithm>
#include <utility>

namespace suanpan::cards {
namespace {

using Answer = Decided<VoucherAnswer>;

// Decides one command: `now_` is the voucher with what is due at `at_` done, `posted_` as it lies
// in the record. Lives for one call.
class VoucherDecider {
public:
    VoucherDecider(const Voucher& voucher, Instant at)
        : posted_(voucher), now_(as_of(voucher, at)), at_(at) {}

    Answer operator()(const RevealVoucher& command) {
        if (const auto ready = owner_can_act(command.member); !ready)
            return std::unexpected(ready.error());
        if (now_.revealed) return VoucherAnswer{.repeated = true};
        Voucher next = now_;
        next.revealed = true;
        return changed(std::move(next));
    }

    Answer operator()(const GiftVoucher& command) {
        if (command.claim_within < Duration{0} || command.claim_within > now_.claim_within)
            return refuse_with(Code::field_out_of_range, 1);
        if (const auto ready = owner_can_act(command.member); !ready)
            return std::unexpected(ready.error());
        if (now_.is_used_up()) return resolved();
        if (now_.left < now_.whole) return refuse_with(Code::voucher_partly_used, now_.left);
        if (now_.hops >= now_.hops_max) return refuse_with(Code::gift_limit_reached, now_.hops_max);
        const Duration within =
            command.claim_within.ns == 0 ? now_.claim_within : command.claim_within;
        Voucher next = now_;
        next.state = VoucherState::gift_pending;
        give_token(next, TokenKind::claim, within);
        return changed(std::move(next));
    }

    Answer operator()(const ClaimVoucher& command) {
        if (now_.state == VoucherState::expired)
            return refuse_with(Code::voucher_expired, now_.expires_at.ns);
        if (const auto good = token_counts(command.token, TokenKind::claim); !good)
            return std::unexpected(good.error());
        Voucher next = now_;
        next.state = VoucherState::issued;
        next.token = TokenKind::none;
        if (command.member != now_.owner) {
            next.owner = command.member;
            ++next.hops;
            next.code_known = now_.revealed;
        }
        return changed(std::move(next));
    }

    Answer operator()(const ShowVoucher& command) {
        if (command.life <= Duration{0} || command.life > limits::show_token_life_max)
            return refuse_with(Code::field_out_of_range, 1);
        if (const auto ready = owner_can_act(command.member); !ready)
            return std::unexpected(ready.error());
        if (now_.is_used_up()) return resolved();
        Voucher next = now_;
        give_token(next, TokenKind::show, command.life);
        return changed(std::move(next));
    }

    Answer operator()(const VerifyVoucher& command) {
        if (command.units < 0) return refuse_with(Code::amount_not_positive);
        if (command.units > amount_money_max) return refuse_with(Code::amount_out_of_range);
        if (const Verification* before = find(command.partner, command.reference))
            return repeat_of(*before, command);
        if (const auto usable = can_be_used(); !usable) return std::unexpected(usable.error());
        if (now_.is_used_up()) return resolved();
        if (!is_here(command.merchant, command.store)) return refuse_with(Code::voucher_not_here);
        if (const auto proven = proof_counts(command.proof); !proven)
            return std::unexpected(proven.error());
        const std::int64_t units = command.units != 0 ? command.units
                                   : now_.is_amount   ? now_.left
                                                      : 1;
        if (units > now_.left) return refuse_with(Code::voucher_exceeded, now_.left);
        if (now_.verifications.size() - now_.undone >= limits::voucher_uses_max)
            return refuse_with(Code::voucher_exceeded, 0);  // in as many parts as it may be
        Voucher next = now_;
        next.left -= units;
        next.state = VoucherState::verified;
        // A show token is good once.
        if (!SUANPAN_CANARY(show_token_good_twice)) next.token = TokenKind::none;
        next.verifications.push_back({.partner = command.partner,
                                      .reference = command.reference,
                                      .merchant = command.merchant,
                                      .store = command.store,
                                      .units = units,
                                      .at = at_,
                                      .undone = false});
        VoucherAnswer answer{.next = finished(std::move(next)), .units = units};
        return answer;
    }

    Answer operator()(const UndoVerify& command) {
        const Verification* found = find(command.partner, command.reference);
        if (found == nullptr) return refuse_with(Code::verification_not_found);
        if (found->undone) return VoucherAnswer{.units = found->units, .repeated = true};
        if (now_.state == VoucherState::voided) return resolved();
        const Instant until = found->at + now_.undo_within;
        if (until <= at_) return refuse_with(Code::undo_too_late, until.ns);
        if (now_.undone >= now_.undo_max)
            return refuse_with(Code::undo_limit_reached, now_.undo_max);
        Voucher next = now_;
        const auto place = static_cast<std::size_t>(found - now_.verifications.data());
        next.verifications[place].undone = true;
        ++next.undone;
        next.left += found->units * (SUANPAN_CANARY(undo_gives_back_twice) ? 2 : 1);
        if (next.left == next.whole)
            next.state = VoucherState::issued;
        else
            next.state = VoucherState::verified;
        const std::int64_t units = found->units;
        // What is given back after its time is over is expired at once.
        next = as_of(next, at_);
        return VoucherAnswer{.next = finished(std::move(next)), .units = units};
    }

    Answer operator()(const RefundVoucher& command) {
        if (command.member != now_.buyer) return refuse_with(Code::voucher_not_found);
        if (now_.owner != now_.buyer) return refuse_with(Code::voucher_given_away);
        if (now_.state == VoucherState::refunded) return VoucherAnswer{.repeated = true};
        if (const auto usable = can_be_used(); !usable) return std::unexpected(usable.error());
        if (now_.is_used_up()) return resolved();
        if (now_.left < now_.whole) return refuse_with(Code::voucher_partly_used, now_.left);
        Voucher next = now_;
        next.state = VoucherState::refunded;
        next.token = TokenKind::none;
        VoucherAnswer answer{.next = finished(std::move(next))};
        answer.restores_stock = !now_.revealed;
        return answer;
    }

    Answer operator()(const VoidVoucher&) {
        if (now_.state == VoucherState::voided) return VoucherAnswer{.repeated = true};
        if (now_.state == VoucherState::expired)
            return refuse_with(Code::voucher_expired, now_.expires_at.ns);
        if (now_.state == VoucherState::refunded || now_.is_used_up()) return resolved();
        Voucher next = now_;
        next.state = VoucherState::voided;
        next.token = TokenKind::none;
        return changed(std::move(next));
    }

    Answer operator()(const ExpireVoucher&) {
        if (now_ == posted_) return VoucherAnswer{.repeated = true};
        return changed(now_);
    }

private:
    [[nodiscard]] std::unexpected<Refusal> resolved() const {
        return refuse_with(Code::voucher_resolved, static_cast<std::int64_t>(now_.state));
    }

    // Neither over nor in somebody's hands on the way; used up is the caller's to ask.
    [[nodiscard]] Decided<void> can_be_used() const {
        switch (now_.state) {
            case VoucherState::issued:
            case VoucherState::verified:
                return {};
            case VoucherState::gift_pending:
                return refuse_with(Code::voucher_in_gift, now_.token_until.ns);
            case VoucherState::expired:
                return refuse_with(Code::voucher_expired, now_.expires_at.ns);
            case VoucherState::refunded:
            case VoucherState::voided:
                break;
        }
        return resolved();
    }
    [[nodiscard]] Decided<void> owner_can_act(const MemberId& member) const {
        if (member != now_.owner) return refuse_with(Code::voucher_not_found);
        return can_be_used();
    }

    [[nodiscard]] const Verification* find(PartnerId partner,
                                           const VerifyReference& reference) const {
        for (const Verification& one : now_.verifications)
            if (one.partner == partner && one.reference == reference) return &one;
        return nullptr;
    }
    static Answer repeat_of(const Verification& before, const VerifyVoucher& command) {
        if (before.merchant != command.merchant || before.store != command.store ||
            (command.units != 0 && command.units != before.units))
            return refuse_with(Code::verification_differs);
        if (before.undone) return refuse_with(Code::verification_undone);
        return VoucherAnswer{.units = before.units, .repeated = true};
    }

    [[nodiscard]] bool is_here(MerchantId merchant, StoreId store) const {
        if (now_.merchant != MerchantId{} && now_.merchant != merchant) return false;
        return now_.stores.empty() || std::ranges::binary_search(now_.stores, store);
    }

    // The token as the record has it: one that has lapsed is told apart from one that never was.
    [[nodiscard]] Decided<void> token_counts(const OpenedToken& token, TokenKind kind) const {
        if (token.voucher != posted_.id || token.kind != kind || posted_.token != kind ||
            token.number != posted_.token_number)
            return refuse_with(Code::token_not_valid);
        if (posted_.token_until <= at_)
            return refuse_with(Code::token_expired, posted_.token_until.ns);
        return {};
    }
    [[nodiscard]] Decided<void> proof_counts(
        const std::variant<OpenedToken, CodeKey>& proof) const {
        if (const auto* token = std::get_if<OpenedToken>(&proof))
            return token_counts(*token, TokenKind::show);
        if (!now_.has_code() || std::get<CodeKey>(proof) != now_.code)
            return refuse_with(Code::voucher_not_found);
        if (now_.code_known) return refuse_with(Code::token_required);
        return {};
    }

    void give_token(Voucher& next, TokenKind kind, Duration life) const {
        next.token = kind;
        ++next.token_number;
        next.token_until = std::min(at_ + life, now_.expires_at);
    }
    static Voucher finished(Voucher&& next) {
        ++next.revision;
        SUANPAN_ASSERT_SLOW(next.is_sound());  // INV-9: whole = left + used, one end
        return std::move(next);
    }
    static Answer changed(Voucher&& next) {
        return VoucherAnswer{.next = finished(std::move(next))};
    }
    static Answer changed(const Voucher& next) { return changed(Voucher(next)); }

    const Voucher& posted_;
    const Voucher now_;
    const Instant at_;
};

}  // namespace

Decided<VoucherAnswer> decide(const Voucher& voucher, const VoucherCommand& command, Instant now) {
    return std::visit(VoucherDecider(voucher, now), command);
}

}  // namespace suanpan::cards
