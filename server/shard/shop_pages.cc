// What the shop shows a member: the offers to choose from, and the vouchers that are theirs.
#include "protocol/limits.h"
#include "server/cards/voucher.h"
#include "server/cards/voucher_command.h"
#include "server/cards/voucher_format.h"
#include "server/shard/recalled.h"
#include "server/shard/shop.h"

#include <algorithm>

namespace suanpan::shard {

// The cash that one unit costs the member, missing points included; nothing where it is not for
// him, or he cannot pay for it.
std::optional<Money> Shop::cash_for_one(const cards::Offer& offer, const cards::MemberFacts& facts,
                                        Instant now) {
    const auto cost = cards::admits(offer, facts, {.quantity = 1, .cash = offer.cash}, now);
    if (cost) return cost->cash;
    return cost.error().gap;
}

OffersAnswer Shop::offers(const Command& command, Instant now) const {
    const CommandHead& head = command.head;
    const auto& asked = std::get<ReadOffers>(command.body);
    OffersAnswer answer;
    answer.outcome = ledger_.balances(head.member, head.program, now);
    const File* file = file_of(head.program);
    if (answer.outcome.code != Code::ok || file == nullptr) return answer;
    const std::size_t rows_max =
        asked.rows_max == 0 ? limits::offer_rows_max
                            : std::min<std::size_t>(asked.rows_max, limits::offer_rows_max);
    for (auto at = file->offers.upper_bound(asked.after); at != file->offers.end(); ++at) {
        const cards::Offer& offer = *at->second;
        const auto count = counts_.find(stock_key(head.program, at->first));
        std::int64_t left = offer.stock;
        if (count != counts_.end())
            left =
                (offer.kind == cards::StockKind::code_backed ? count->second.total : offer.stock) -
                count->second.given;
        const auto facts = facts_of(head, offer, now);
        if (left <= 0 || !facts) continue;
        const auto cash_now = cash_for_one(offer, *facts, now);
        if (!cash_now) continue;
        if (answer.rows.size() == rows_max) {
            answer.next = answer.rows.back().offer;
            break;
        }
        std::int64_t units = std::min(offer.limits.per_order, left);
        if (offer.limits.per_day)
            units = std::min(units, *offer.limits.per_day - facts->units_today);
        if (offer.limits.ever) units = std::min(units, *offer.limits.ever - facts->units_ever);
        if (offer.points > Points{} && !facts->worth)
            units = std::min(units, facts->available.value / offer.points.value);
        const bool has_cash = *cash_now > Money{} || offer.cash > Money{};
        answer.rows.push_back({.offer = at->first,
                               .version = offer.version,
                               .kind = static_cast<std::uint8_t>(offer.kind),
                               .name = offer.name,
                               .points = offer.points,
                               .ends = offer.window.end,
                               .stock_left = left,
                               .units_max = units,
                               .cash = offer.cash,
                               .cash_now = *cash_now,
                               .currency = has_cash ? currency_of(offer) : Currency{}});
    }
    return answer;
}

VouchersAnswer Shop::vouchers(const Command& command, Instant now) const {
    const CommandHead& head = command.head;
    const auto& asked = std::get<ReadVouchers>(command.body);
    VouchersAnswer answer;
    answer.outcome = ledger_.balances(head.member, head.program, now);
    if (answer.outcome.code != Code::ok) return answer;
    const ledger::AccountRef ref = ledger_.find_account(head.member, head.program);
    if (ref == ledger::no_account) return answer;
    const std::size_t rows_max =
        asked.rows_max == 0 ? limits::voucher_rows_max
                            : std::min<std::size_t>(asked.rows_max, limits::voucher_rows_max);
    const auto held = ledger_.account(ref).vouchers();
    auto at = std::ranges::upper_bound(held, asked.after, {},
                                       [](const ledger::VoucherPtr& each) { return each->number; });
    for (; at != held.end(); ++at) {
        const auto stored = cards::get_voucher((*at)->bytes);
        if (!stored) continue;
        const cards::Voucher voucher = as_recalled(cards::as_of(*stored, now), ledger_, now);
        const auto state = static_cast<std::uint8_t>(voucher.state);
        if (asked.state != 0 && asked.state != state) continue;
        if (answer.rows.size() == rows_max) {
            answer.next = answer.rows.back().number;
            break;
        }
        answer.rows.push_back({.number = (*at)->number,
                               .state = static_cast<VoucherStateNumber>(state),
                               .has_code = voucher.has_code(),
                               .revealed = voucher.revealed,
                               .is_amount = voucher.is_amount,
                               .whole = voucher.whole,
                               .left = voucher.left,
                               .issued_at = voucher.issued_at,
                               .expires_at = voucher.expires_at,
                               .merchant = static_cast<std::uint32_t>(voucher.merchant)});
    }
    return answer;
}

}  // namespace suanpan::shard
