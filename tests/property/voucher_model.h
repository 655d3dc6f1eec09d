// VoucherModel: what semantics.md says of a voucher, slowly and obviously.
#pragma once

#include "server/cards/voucher_command.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace suanpan::testing {

// Keeps a history and works out from it, at each question, what the voucher is. Shares no code with
// server/cards but the words of its commands.
class VoucherModel {
public:
    VoucherModel(const cards::Offer& offer, MemberId buyer, cards::CodeKey code, Instant issued_at);

    // True where it lets the command; then it has happened.
    bool ask(const cards::VoucherCommand& command, Instant now);

    [[nodiscard]] MemberId owner() const { return owner_; }
    [[nodiscard]] std::int64_t left() const;
    // "free", "given", "used up", "over", "refunded", "void".
    [[nodiscard]] std::string stand(Instant now) const;

private:
    struct Use {
        std::int64_t units = 0;
        Instant at;
        bool undone = false;
        cards::MerchantId merchant{};
        cards::StoreId store{};
    };
    using UseName = std::pair<std::uint32_t, std::uint64_t>;  // partner, reference

    bool reveal(const MemberId& member, Instant now);
    bool give(const cards::GiftVoucher& gift, Instant now);
    bool claim(const cards::ClaimVoucher& claim, Instant now);
    bool show(const cards::ShowVoucher& show, Instant now);
    bool verify(const cards::VerifyVoucher& verify, Instant now);
    bool undo(const cards::UndoVerify& undo, Instant now);
    bool refund(const MemberId& member, Instant now);
    bool recall(Instant now);

    cards::VoucherTerms terms_;
    MemberId buyer_;
    MemberId owner_;
    cards::CodeKey code_;
    Instant ends_;
    std::int64_t whole_;
    std::map<UseName, Use> uses_;
    std::uint32_t hops_ = 0;
    std::uint32_t tokens_ = 0;  // made so far
    std::optional<Instant> given_until_;
    std::optional<std::pair<std::uint32_t, Instant>> shown_;  // number, until
    bool seen_ = false;
    bool seen_before_ = false;  // by an earlier owner
    bool refunded_ = false;
    bool voided_ = false;
};

}  // namespace suanpan::testing
