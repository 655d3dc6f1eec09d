// VoucherDesk: introduces the life of vouchers to the ledger.
#pragma once

#include "protocol/offer.h"
#include "server/cards/refusal.h"
#include "server/cards/voucher_token.h"
#include "server/ledger/ledger.h"
#include "server/shard/card_vault.h"
#include "server/shard/reply.h"
#include "server/shard/voucher_index.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>

namespace suanpan::shard {

// One shard's, on its thread only. Finds the voucher that a command is about, asks the cards what
// becomes of it (server/cards/voucher_command.h), and says what who asked is told. Keeps tokens and
// codes nowhere: a code in the clear ends in prepare().
class VoucherDesk {
public:
    // `secret`: of the data directory, for the tokens.
    VoucherDesk(const ledger::Ledger& ledger, CardVault& vault, std::span<const std::byte> secret)
        : ledger_(ledger), vault_(vault), tokens_(secret), index_(ledger) {}

    // On any shard: what of a command must be known before its home is. Puts keyed hashes in the
    // place of a code in the clear, and reads which voucher a token names, authentic or not.
    void prepare(Command& command);

    // An entry has put it.
    void note(const ledger::HeldVoucher& held, ledger::AccountRef account) {
        index_.add(held, account);
    }
    [[nodiscard]] const VoucherIndex& index() const { return index_; }

    // At the voucher's home: the voucher afterwards, or why not.
    [[nodiscard]] std::expected<VoucherNext, cards::Refusal> decide(const Command& command,
                                                                    Instant now) const;
    // What a request gets beside its outcome, from its entry alone (P2); null where nothing.
    [[nodiscard]] std::unique_ptr<ReplyBody> answer_of(const ledger::Entry& entry) const;

private:
    const ledger::Ledger& ledger_;
    CardVault& vault_;
    cards::VoucherTokens tokens_;
    VoucherIndex index_;
};

}  // namespace suanpan::shard
