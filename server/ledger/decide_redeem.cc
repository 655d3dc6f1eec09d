// Redemptions: points for units of an offer. Files of offers.
#include "protocol/limits.h"
#include "protocol/offer.h"
#include "protocol/order.h"
#include "server/ledger/decider.h"

#include <algorithm>

namespace suanpan::ledger {
namespace {

// Header, balances, counters, uses, ticket; and what stands in front of each voucher.
constexpr std::size_t rest_bytes = 1024;
constexpr std::size_t voucher_head_bytes = 8 + sizeof(VoucherNumber);
constexpr std::size_t lot_bytes = 40;  // of a LotDelta

// So that the entry stays below entry_bytes_max, whatever is due along.
std::size_t lots_max(const RedeemTerms& terms) {
    const std::size_t vouchers =
        static_cast<std::size_t>(terms.quantity) * (voucher_head_bytes + terms.voucher_bytes);
    const std::size_t taken = limits::due_bytes_max + rest_bytes + vouchers;
    if (taken >= limits::entry_bytes_max) return 0;
    return std::min<std::size_t>(limits::lots_drained_max,
                                 (limits::entry_bytes_max - taken) / lot_bytes);
}

// The promise of an order: one line, whose cash is all that it costs in money.
OrderTerms order_terms_of(const RedeemTerms& redeemed, const CommandHead& head) {
    OrderTerms terms;
    terms.partner = head.partner;
    terms.program = head.program;
    terms.member = head.member;
    terms.late_payment = redeemed.late_payment;
    terms.currency = redeemed.currency;
    terms.time_out = redeemed.pay_within;
    terms.list = terms.payable = redeemed.cash;
    terms.points = redeemed.points;
    terms.lines.push_back(
        {.list = redeemed.cash, .payable = redeemed.cash, .points = redeemed.points, .value = {}});
    const auto add_use = [&](UseKind kind, std::int64_t most) {
        terms.uses.push_back({.key = {.kind = kind, .id = redeemed.offer},
                              .amount = {.money = {}, .points = {}, .count = redeemed.quantity},
                              .most = {.money = {-1}, .points = {-1}, .count = most}});
    };
    add_use(UseKind::offer_day, redeemed.per_day_max);
    add_use(UseKind::offer, redeemed.ever_max);
    return terms;
}

}  // namespace

std::size_t Decider::units_entry_bytes(const OrderedUnits& units) {
    return static_cast<std::size_t>(units.quantity) * (voucher_head_bytes + units.voucher_bytes);
}

// Whether the offer lets the member take so much, the shard has asked the cards. The ticket and the
// vouchers it adds once the stock's owner has given the units.
Decision Decider::decide(const Redeem& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    if (command.terms == nullptr) return refused(Code::offer_not_found);
    const RedeemTerms& terms = *command.terms;
    if (account().is_frozen()) return refused(Code::account_frozen);
    const auto units = static_cast<std::size_t>(terms.quantity);
    if (account().vouchers().size() + units > limits::vouchers_per_account_max)
        return refused(Code::offer_limit_exceeded,
                       static_cast<std::int64_t>(limits::vouchers_per_account_max -
                                                 account().vouchers().size()));
    if (terms.cash > Money{}) return set_aside(command);
    const Taking taking{.amount = terms.points, .lots_max = lots_max(terms)};
    const auto taken = takeable(taking);
    if (!taken) return taken.error();
    if (!drain(*taken, taking, std::nullopt))
        return refused(Code::too_many_lots, static_cast<std::int64_t>(taking.lots_max));
    add_house(HouseCounter::spent, *taken);
    count_day_spent(*taken);
    move_sliding(SlidingUse::extend, today_);
    for (const UseKind kind : {UseKind::offer_day, UseKind::offer})
        out_.add(UseAdd{.key = {.kind = kind, .id = terms.offer},
                        .period = use_period(kind, today_),
                        .delta = {.money = {}, .points = {}, .count = terms.quantity}});
    out_.add(CounterAdd{.kind = CounterKind::offer_stock,
                        .id = terms.offer,
                        .delta = {.issued = terms.quantity},
                        .times_out = {},
                        .limit = terms.stock});
    out_.amount = *taken;
    out_.reference = terms.offer | (std::uint64_t{terms.version} << 32U);
    return accepted();
}

// With cash it is an order that waits for it: points and units are set aside together. The ticket
// and the codes are added once the stock's owner has given the units; vouchers are issued when the
// cash is there.
Decision Decider::set_aside(const Redeem& command) {
    const RedeemTerms& terms = *command.terms;
    OrderPtr before = account().find_order(command_.head.partner, command.order, now_);
    if (before == nullptr) before = order_elsewhere(command.order);
    if (before != nullptr)
        return refused(Code::order_exists, static_cast<std::int64_t>(before->state));
    if (const auto no = no_room_for_order(true)) return *no;
    if (terms.points > Points{})
        if (const auto taken = takeable({.amount = terms.points}); !taken) return taken.error();

    Order order;
    order.id = command.order;
    order.terms = order_terms_of(terms, command_.head);
    order.units = {.offer = terms.offer,
                   .version = terms.version,
                   .quantity = terms.quantity,
                   .stock = terms.stock,
                   .origin = command.origin,
                   .voucher_bytes = static_cast<std::uint32_t>(terms.voucher_bytes),
                   .pinned = terms.pinned,
                   .codes = {}};
    begin_order(order);
    if (!drain_for(order, order.taken))
        return refused(Code::too_many_lots, static_cast<std::int64_t>(order_lots_max(order)));
    count_order(order);
    out_.reference = terms.offer | (std::uint64_t{terms.version} << 32U);
    out_.put(std::move(order));
    return accepted();
}

// Whether the voucher lets its owner see the code, the shard has asked the cards.
Decision Decider::decide(const Reveal& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    const VoucherPtr voucher = account().find_voucher(command.voucher);
    if (voucher == nullptr || command.next == nullptr) return refused(Code::voucher_not_found);
    out_.reference = command.voucher.offer;
    out_.put(HeldVoucher{.number = command.voucher, .last_ordinal = 0, .bytes = *command.next});
    return accepted();
}

// Whether the file makes sense, the shard has asked the cards.
Decision Decider::decide(const PutOffers& command) {
    const ProgramId program = command_.head.program;
    if (ledger_.program(program) == nullptr) return refused(Code::program_not_found);
    const RuleTextPtr newest = ledger_.offers().newest(program);
    const std::uint32_t version = newest == nullptr ? 0 : newest->version;
    if (command.version != version + 1) return refused(Code::version_not_next, version);
    out_.config_version = command.version;
    out_.detail = command.version;
    out_.offers = offers_of(command_.head, command);
    out_.add(OffersPut{});
    return accepted();
}

// Whether there is such a batch, and what is where of it, its owner says before the entry is
// applied.
Decision Decider::decide(const RecallBatch& command) {
    const ProgramId program = command_.head.program;
    if (ledger_.program(program) == nullptr) return refused(Code::program_not_found);
    if (ledger_.recalled().contains(
            {.program = program, .offer = command.offer, .batch = command.batch}))
        return refused(Code::batch_recalled);
    out_.reason = command.reason;
    out_.reference = command.offer | (std::uint64_t{command.batch} << 32U);
    out_.add(BatchRecalled{.offer = command.offer, .batch = command.batch});
    return accepted();
}

}  // namespace suanpan::ledger
