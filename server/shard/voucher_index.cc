#include "server/shard/voucher_index.h"

#include "server/cards/voucher_format.h"

#include <algorithm>

namespace suanpan::shard {

VoucherIndex::VoucherIndex(const ledger::Ledger& ledger) : ledger_(ledger) {
    for (std::uint32_t i = 0; i < ledger.account_count(); ++i) {
        const ledger::AccountRef ref{i};
        for (const ledger::VoucherPtr& held : ledger.account(ref).vouchers()) add(*held, ref);
    }
}

void VoucherIndex::add(const ledger::HeldVoucher& held, ledger::AccountRef account) {
    const auto [first, last] = by_home_.equal_range(held.number.home);
    if (std::none_of(first, last, [&](const auto& each) { return each.second == account; }))
        by_home_.emplace(held.number.home, account);
    const auto voucher = cards::get_voucher(held.bytes);
    if (voucher && voucher->has_code())
        by_code_[{.key = voucher->code, .program = voucher->program}] = held.number;
}

ledger::AccountRef VoucherIndex::account_of(const VoucherNumber& number, ProgramId program) const {
    const auto [first, last] = by_home_.equal_range(number.home);
    for (auto at = first; at != last; ++at) {
        const ledger::Account& account = ledger_.account(at->second);
        if (account.program() == program && account.find_voucher(number) != nullptr)
            return at->second;
    }
    return ledger::no_account;
}

std::optional<VoucherNumber> VoucherIndex::with_code(ProgramId program,
                                                     const cards::CodeKey& key) const {
    const auto at = by_code_.find({.key = key, .program = program});
    if (at == by_code_.end()) return std::nullopt;
    return at->second;
}

}  // namespace suanpan::shard
