// Voucher: one unit with its owner, as docs/cards.md describes its life.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/command.h"
#include "protocol/offer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace suanpan::model {

// What an offer's file promises of its vouchers.
struct VoucherTerms {
    std::int64_t uses = 1;
    std::int64_t amount = 0;  // above 0: money, in place of uses
    std::uint32_t merchant = 0;
    std::vector<std::uint32_t> stores;  // empty: all
    std::int64_t undo_within_seconds = 0;
    std::int64_t undo_max = 1;
    friend bool operator==(const VoucherTerms&, const VoucherTerms&) = default;
};

// One verification.
struct Use {
    PartnerId partner{};
    VerificationId reference;
    std::uint32_t merchant = 0;
    std::uint32_t store = 0;
    std::int64_t units = 0;
    Instant at;
    bool undone = false;
};

// What a shop or a member is told; the units, or until when a token is good, as the detail.
struct VoucherAnswer {
    Code code = Code::ok;
    std::int64_t detail = 0;
    friend bool operator==(const VoucherAnswer&, const VoucherAnswer&) = default;
};

// What stands for the voucher in a verification.
struct Proof {
    bool is_token = false;
    bool is_authentic = false;  // a token of the server's own making
    std::uint32_t token = 0;    // which of the voucher's tokens
};

// Keeps every use that there ever was, and counts them anew whenever it is asked.
struct Voucher {
    VoucherNumber number;
    std::string code;         // empty: none
    std::uint32_t batch = 0;  // of the code
    Instant issued_at;
    Instant expires_at;
    MemberId owner;
    bool revealed = false;
    VoucherTerms terms;
    std::vector<Use> uses;
    std::uint32_t tokens = 0;  // made so far
    bool has_token = false;    // the last one counts
    Instant token_until;
    bool is_recalled = false;  // whoever looks knows that the batch is
    bool is_void = false;      // an entry has said so, for good

    [[nodiscard]] std::int64_t whole() const;
    [[nodiscard]] std::int64_t left() const;
    [[nodiscard]] VoucherStateNumber state(Instant now) const;
    [[nodiscard]] VoucherRow row(Instant now) const;

    // Each changes the voucher only where its answer is ok.
    VoucherAnswer reveal(const MemberId& asker, Instant now);
    VoucherAnswer show(const Show& show, Instant now);
    VoucherAnswer verify(const Verify& verify, PartnerId partner, const Proof& proof, Instant now);
    VoucherAnswer undo(const UndoVerification& undo, PartnerId partner, Instant now);
    // An entry has its present state in it; nobody looks any more.
    void write_down(Instant now);
};

}  // namespace suanpan::model
