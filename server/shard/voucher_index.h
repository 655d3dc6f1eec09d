// VoucherIndex: where the vouchers of one shard are, by who keeps them and by their code.
#pragma once

#include "protocol/command.h"
#include "server/cards/card_code.h"
#include "server/ledger/ledger.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_map.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace suanpan::shard {

// A function of the ledger's vouchers, made again at every start; no checkpoint has it. Belongs to
// one shard; on its thread only. Some 60 bytes for a voucher with a code, and for an account that
// has any.
class VoucherIndex {
public:
    explicit VoucherIndex(const ledger::Ledger& ledger);

    // The account keeps a voucher of that number now, whatever it says; a second time is nothing.
    void add(const ledger::HeldVoucher& held, ledger::AccountRef account);

    // Which account keeps it, or no_account.
    [[nodiscard]] ledger::AccountRef account_of(const VoucherNumber& number,
                                                ProgramId program) const;
    // Which voucher has the code.
    [[nodiscard]] std::optional<VoucherNumber> with_code(ProgramId program,
                                                         const cards::CodeKey& key) const;

private:
    // Keys of codes are keyed by their program already; this tells those apart that are not.
    struct CodeName {
        cards::CodeKey key;
        ProgramId program{};
        friend bool operator==(const CodeName&, const CodeName&) = default;
    };
    struct CodeNameHash {
        using is_avalanching = void;
        std::size_t operator()(const CodeName& name) const { return name.key.low; }
    };

    const ledger::Ledger& ledger_;
    // By VoucherNumber::home, of whom there is one account for each program.
    boost::unordered_multimap<std::uint64_t, ledger::AccountRef> by_home_;
    boost::unordered_flat_map<CodeName, VoucherNumber, CodeNameHash> by_code_;
};

}  // namespace suanpan::shard
