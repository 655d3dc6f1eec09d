#include "server/shard/recalled.h"

#include "protocol/base/probe.h"
#include "server/cards/reserved_units.h"

#include <algorithm>
#include <utility>

namespace suanpan::shard {

cards::Voucher as_recalled(cards::Voucher&& voucher, const ledger::Ledger& ledger, Instant now) {
    if (!voucher.has_code() ||
        !ledger.recalled().contains({.program = voucher.program,
                                     .offer = static_cast<std::uint32_t>(voucher.id.offer),
                                     .batch = static_cast<std::uint32_t>(voucher.batch)}))
        return std::move(voucher);
    cards::Voucher recalled = cards::as_of(voucher, now);
    const bool has_ended = recalled.state == cards::VoucherState::expired ||
                           recalled.state == cards::VoucherState::refunded ||
                           recalled.state == cards::VoucherState::voided || recalled.is_used_up();
    if (has_ended) return std::move(voucher);
    SUANPAN_PROBE("a voucher of a recalled batch was asked for");
    recalled.state = cards::VoucherState::voided;
    recalled.token = cards::TokenKind::none;
    return recalled;
}

bool has_recalled_codes(const ledger::Order& order, ProgramId program,
                        const ledger::Ledger& ledger) {
    const auto codes = cards::get_reserved_codes(order.units.codes);
    return codes && std::ranges::any_of(*codes, [&](const cards::ReservedCode& code) {
               return ledger.recalled().contains({.program = program,
                                                  .offer = order.units.offer,
                                                  .batch = static_cast<std::uint32_t>(code.batch)});
           });
}

}  // namespace suanpan::shard
