#include "server/shard/shop.h"

#include "protocol/base/assert.h"
#include "protocol/base/byte_io.h"
#include "protocol/base/hash.h"
#include "protocol/limits.h"
#include "server/cards/reserved_units.h"
#include "server/cards/voucher.h"
#include "server/cards/voucher_command.h"
#include "server/cards/voucher_format.h"
#include "server/shard/code_chunk.h"
#include "server/shard/recalled.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace suanpan::shard {
namespace {

using cards::Offer;

std::string name_of(std::uint32_t offer) {
    return "offer " + std::to_string(offer);
}

// What this version could not hold to: better no offer than half of one.
std::string unsupported(const cards::OfferFile& file, bool has_keys) {
    for (const Offer& offer : file.offers) {
        const std::string name = name_of(static_cast<std::uint32_t>(offer.id));
        if (offer.kind != cards::StockKind::counted && offer.kind != cards::StockKind::code_backed)
            return name + ": kind: this version sells counted and code_backed offers only\n";
        if (offer.kind == cards::StockKind::code_backed && !has_keys)
            return name +
                   ": kind: the server has no master keys; start it with --master-keys-file\n";
        if (offer.voucher.hops_max > 0)
            return name + ": voucher.hops_max: this version gives no vouchers away; leave it out\n";
    }
    return {};
}

std::vector<cards::VelocityRule> rules_by(std::span<const cards::VelocityRule> rules,
                                          cards::VelocityScope scope) {
    std::vector<cards::VelocityRule> some;
    std::ranges::copy_if(rules, std::back_inserter(some),
                         [&](const cards::VelocityRule& rule) { return rule.scope == scope; });
    return some;
}

ledger::CounterKey key_of(const Offer& offer) {
    return stock_key(offer.program, static_cast<std::uint32_t>(offer.id));
}

// The most a voucher of the offer takes in an entry that issues it.
std::size_t voucher_bytes_of(const Offer& offer) {
    cards::Voucher voucher;
    voucher.stores = offer.voucher.stores;
    const std::size_t code_bytes = offer.kind == cards::StockKind::code_backed
                                       ? limits::card_code_bytes_max + cards::aead_overhead_bytes
                                       : 0;
    return cards::voucher_bytes(voucher) + code_bytes;
}

cards::ReservedCode reserved_of(const GrantedCode& code) {
    return {.key = code.key,
            .locator = code.locator,
            .batch = code.batch,
            .expires_at = code.expires_at,
            .sealed = code.sealed};
}
std::vector<cards::ReservedCode> codes_of(const OwnerAnswer& granted) {
    std::vector<cards::ReservedCode> codes;
    if (granted.codes == nullptr) return codes;
    for (const GrantedCode& code : *granted.codes) codes.push_back(reserved_of(code));
    return codes;
}

// The place in `entry.orders` of the redemption whose order has this number; else their count.
std::size_t find_units(const ledger::Entry& entry, std::uint64_t number) {
    std::size_t at = 0;
    while (at < entry.orders.size() &&
           (entry.orders[at]->number != number || !entry.orders[at]->units.any()))
        ++at;
    return at;
}

// What the owner of the stock has granted: ticket, and the limit it was granted under.
void put_ticket(const OwnerAnswer& granted, std::uint32_t offer, ledger::Entry& entry) {
    for (ledger::Effect& effect : entry.effects)
        if (auto* add = std::get_if<ledger::CounterAdd>(&effect);
            add != nullptr && add->kind == ledger::CounterKind::offer_stock && add->takes()) {
            add->limit = granted.limit;
            if (add->delta.reserved > 0) add->times_out = granted.times_out;
        }
    entry.add(
        ledger::TicketTaken{.offer = offer, .ticket = granted.ticket, .floor = granted.floor});
}

cards::SealedPlace place_of(const Offer& offer, cards::BatchId batch) {
    return {.program = offer.program, .offer = offer.id, .batch = batch};
}

}  // namespace

Shop::Shop(const ledger::Ledger& ledger, CardVault& vault, WorthOf worth_of,
           std::uint64_t hash_seed)
    : ledger_(ledger), vault_(vault), worth_of_(std::move(worth_of)), hash_seed_(hash_seed) {
    refresh();
}

void Shop::refresh() {
    for (const ledger::RuleTextPtr& text : ledger_.offers().all())
        if (const File* file = file_of(text->program);
            file == nullptr || file->version != text->version)
            install(*text);
}

void Shop::install(const ledger::RuleText& text) {
    auto parsed = cards::parse_offers(text.text);
    File& file = files_[text.program];
    file.version = text.version;
    if (!parsed) return;  // a later release is stricter than the one that put it
    std::map<std::uint32_t, OfferPtr> before = std::exchange(file.offers, {});
    for (Offer& offer : parsed->offers) {
        const auto id = static_cast<std::uint32_t>(offer.id);
        const auto old = before.find(id);
        file.offers[id] = old != before.end() && *old->second == offer
                              ? old->second
                              : std::make_shared<const Offer>(std::move(offer));
    }
    if (file.of_members != nullptr && file.rules == parsed->velocity) return;
    file.rules = std::move(parsed->velocity);
    file.of_members =
        std::make_unique<cards::VelocityWindow>(rules_by(file.rules, cards::VelocityScope::member));
    file.of_origins =
        std::make_unique<cards::VelocityWindow>(rules_by(file.rules, cards::VelocityScope::origin));
}

const Shop::File* Shop::file_of(ProgramId program) const {
    const auto at = files_.find(program);
    return at == files_.end() ? nullptr : &at->second;
}

std::shared_ptr<const Offer> Shop::find(ProgramId program, std::uint32_t offer) const {
    const File* file = file_of(program);
    if (file == nullptr) return nullptr;
    const auto at = file->offers.find(offer);
    return at == file->offers.end() ? nullptr : at->second;
}

std::optional<std::int64_t> Shop::stock_of(const ledger::CounterKey& key) const {
    const OfferPtr offer = find(key.program, key.id);
    if (offer == nullptr) return std::nullopt;
    return offer->stock;
}
std::optional<cards::ReservationTerms> Shop::terms_of(const ledger::CounterKey& key) const {
    const OfferPtr offer = find(key.program, key.id);
    if (offer == nullptr) return std::nullopt;
    return offer->reservations;
}

// ---- velocity

Shop::Passed Shop::check_member(const CommandHead& head, cards::VelocityKind kind, Instant now) {
    const File* file = file_of(head.program);
    if (file == nullptr || file->of_members == nullptr) return {};
    return file->of_members->check({.kind = kind, .member = head.member}, now);
}

Shop::Passed Shop::count_member(const CommandHead& head, cards::VelocityKind kind, Instant now) {
    const File* file = file_of(head.program);
    if (file == nullptr || file->of_members == nullptr) return {};
    return file->of_members->count({.kind = kind, .member = head.member}, now);
}

bool Shop::asks_origin(ProgramId program, cards::VelocityKind kind) const {
    const File* file = file_of(program);
    return file != nullptr &&
           std::ranges::any_of(file->rules, [kind](const cards::VelocityRule& rule) {
               return rule.scope == cards::VelocityScope::origin && rule.kind == kind;
           });
}

Shop::Passed Shop::count_origin(const OwnerAsk& ask, Instant now) {
    const File* file = file_of(ask.key.program);
    if (file == nullptr || file->of_origins == nullptr) return {};
    return file->of_origins->count({.kind = static_cast<cards::VelocityKind>(ask.counts),
                                    .member = {},
                                    .origin = cards::OriginKey{ask.origin}},
                                   now);
}

// ---- redemptions

std::optional<cards::MemberFacts> Shop::facts_of(const CommandHead& head, const Offer& offer,
                                                 Instant now) const {
    const ledger::Program* program = ledger_.program(head.program);
    if (program == nullptr) return std::nullopt;
    const auto id = static_cast<std::uint32_t>(offer.id);
    cards::MemberFacts facts;
    std::optional<ledger::Account> room;
    const ledger::Account* account = ledger_.account_at(head.member, head.program, now, room);
    if (account != nullptr) facts.available = account->balances(now).available;
    if (account != nullptr && account->rare() != nullptr) {
        facts.level = cards::LevelId{account->rare()->member.level};
        facts.segments = account->rare()->member.segments;
        const LocalDate today = program->calendar().local_date(now);
        facts.units_today = account->used({.kind = UseKind::offer_day, .id = id}, today).count;
        facts.units_ever = account->used({.kind = UseKind::offer, .id = id}, today).count;
    }
    if (offer.top_up)
        facts.worth = worth_of_(
            {.program = head.program, .merchant = offer.voucher.merchant, .level = facts.level},
            now);
    return facts;
}

// In which its cash is.
Currency Shop::currency_of(const Offer& offer) const {
    if (offer.currency != Currency{}) return offer.currency;
    const ledger::Program* program = ledger_.program(offer.program);
    return program == nullptr ? Currency{} : program->spec().currency;
}

std::expected<RedeemTerms, cards::Refusal> Shop::admit(const Command& command, const Offer& offer,
                                                       Instant now) const {
    const auto& asked = std::get<Redeem>(command.body);
    const auto facts = facts_of(command.head, offer, now);
    if (!facts) return cards::refuse_with(Code::program_not_found);
    const auto cost =
        cards::admits(offer, *facts, {.quantity = asked.quantity, .cash = asked.cash}, now);
    if (!cost) return std::unexpected(cost.error().refusal);
    RedeemTerms terms{.offer = asked.offer,
                      .version = offer.version,
                      .quantity = asked.quantity,
                      .points = cost->points,
                      .stock = offer.stock,
                      .voucher_bytes = voucher_bytes_of(offer),
                      .cash = cost->cash,
                      .pinned = {}};
    if (terms.cash == Money{}) return terms;
    terms.currency = currency_of(offer);
    terms.pay_within = offer.reservations.pay_within;
    // Nobody is to pay for what has ended meanwhile.
    if (offer.voucher.valid_until != instant_never)
        terms.pay_within = std::min(terms.pay_within, offer.voucher.valid_until - now);
    terms.late_payment = offer.reservations.late_payment;
    terms.per_day_max = offer.limits.per_day.value_or(-1);
    terms.ever_max = offer.limits.ever.value_or(-1);
    cards::put_pinned(terms.pinned, offer);
    return terms;
}

void Shop::put_vouchers(const Offer& offer, const Sold& sold, ledger::Entry& entry) const {
    const auto id = static_cast<std::uint32_t>(offer.id);
    for (std::uint32_t unit = 0; unit < static_cast<std::uint64_t>(sold.quantity); ++unit) {
        const cards::ReservedCode* code = sold.codes.empty() ? nullptr : &sold.codes[unit];
        cards::IssuedUnit issued{.id = {offer.id, unit, cards::Ticket{sold.ticket}},
                                 .buyer = entry.member,
                                 .code = {},
                                 .locator = {}};
        if (code != nullptr) {
            issued.code = code->key;
            issued.locator = code->locator;
            issued.batch = code->batch;
            issued.code_expires_at = code->expires_at;
            issued.revealed = sold.revealed;
        }
        const cards::Voucher voucher = cards::issue_voucher(offer, issued, entry.time);
        ledger::HeldVoucher held{.number = {.offer = id,
                                            .unit = unit,
                                            .ticket = sold.ticket,
                                            .home = member_hash(entry.member, hash_seed_)},
                                 .last_ordinal = 0,
                                 .bytes = {}};
        held.bytes.reserve(cards::voucher_bytes(voucher));
        cards::put_voucher(held.bytes, voucher);
        // Its sealed code stands behind the voucher, up to the end.
        if (code != nullptr)
            held.bytes.insert(held.bytes.end(), code->sealed.begin(), code->sealed.end());
        entry.put(std::move(held));
    }
}

void Shop::issue(const Offer& offer, const OwnerAnswer& granted, std::int64_t quantity,
                 ledger::Entry& entry) const {
    put_ticket(granted, static_cast<std::uint32_t>(offer.id), entry);
    entry.detail = static_cast<std::int64_t>(granted.ticket);
    put_vouchers(offer,
                 {.quantity = quantity,
                  .ticket = granted.ticket,
                  .codes = codes_of(granted),
                  .revealed = true},  // the reply shows them
                 entry);
}

void Shop::set_aside(const OwnerAnswer& granted, ledger::Entry& entry) const {
    const std::size_t at = find_units(entry, entry.ordinal);
    SUANPAN_ASSERT(at < entry.orders.size());
    ledger::Order order = *entry.orders[at];
    order.units.ticket = granted.ticket;
    for (const cards::ReservedCode& code : codes_of(granted))
        cards::put_reserved_code(order.units.codes, code);
    order.times_out = std::min(order.times_out, granted.times_out);
    for (ledger::Effect& effect : entry.effects)
        if (auto* hold = std::get_if<ledger::HoldPut>(&effect);
            hold != nullptr && hold->hold == HoldId{order.number})
            hold->expires_at = order.times_out;
    entry.detail = static_cast<std::int64_t>(granted.ticket);
    put_ticket(granted, order.units.offer, entry);
    entry.orders[at] = std::make_shared<const ledger::Order>(std::move(order));
}

bool Shop::issue_order(const OwnerAnswer* granted, ledger::Entry& entry) {
    const std::size_t at = find_units(entry, entry.reference);
    if (at == entry.orders.size() || entry.orders[at]->state != OrderState::confirmed) return true;
    ledger::Order order = *entry.orders[at];
    const auto offer = cards::get_pinned(order.units.pinned);
    if (!offer) return false;
    if (granted != nullptr && !can_show(*offer, *granted)) return false;
    auto codes = granted != nullptr ? codes_of(*granted)
                                    : cards::get_reserved_codes(order.units.codes)
                                          .value_or(std::vector<cards::ReservedCode>{});
    const bool has_codes = offer->kind == cards::StockKind::code_backed;
    const auto units = static_cast<std::size_t>(order.units.quantity);
    if (codes.size() != (has_codes ? units : 0)) return false;
    if (granted != nullptr) {
        order.units.ticket = granted->ticket;
        put_ticket(*granted, order.units.offer, entry);
    }
    order.units.codes.clear();
    // Whoever confirms is no owner: the codes are seen when they are revealed.
    const Sold sold{.quantity = order.units.quantity,
                    .ticket = order.units.ticket,
                    .codes = std::move(codes),
                    .revealed = false};
    entry.orders[at] = std::make_shared<const ledger::Order>(std::move(order));
    put_vouchers(*offer, sold, entry);
    return true;
}

std::uint32_t Shop::withdrawn(const Command& command, Instant now) const {
    const auto* confirm = std::get_if<ConfirmOrder>(&command.body);
    if (confirm == nullptr || ledger_.recalled().empty()) return 0;
    const CommandHead& head = command.head;
    const ledger::AccountRef ref = ledger_.find_account(head.member, head.program);
    if (ref == ledger::no_account) return 0;
    const ledger::OrderPtr order =
        ledger_.account(ref).find_order(head.partner, confirm->order, now);
    // One that it does not pay for stays as it is: the ledger refuses it.
    if (order == nullptr || !order->units.any() || order->state != OrderState::waiting ||
        confirm->amount != order->terms.cash() || confirm->currency != order->terms.currency)
        return 0;
    return has_recalled_codes(*order, head.program, ledger_) ? order->number : 0;
}

std::optional<ledger::CounterKey> Shop::ended(const Command& command, Instant now) const {
    const CommandHead& head = command.head;
    const auto* confirm = std::get_if<ConfirmOrder>(&command.body);
    const ledger::AccountRef ref =
        confirm == nullptr ? ledger::no_account : ledger_.find_account(head.member, head.program);
    if (ref == ledger::no_account) return std::nullopt;
    const ledger::OrderPtr order =
        ledger_.account(ref).find_order(head.partner, confirm->order, now);
    if (order == nullptr || !order->units.any()) return std::nullopt;
    const auto offer = cards::get_pinned(order->units.pinned);
    if (!offer || now < offer->voucher.valid_until) return std::nullopt;
    return key_of(*offer);
}

bool Shop::can_show(const Offer& offer, const OwnerAnswer& granted) {
    if (granted.codes == nullptr) return true;
    return std::ranges::all_of(*granted.codes, [&](const GrantedCode& code) {
        const cards::SealedPlace place = place_of(offer, code.batch);
        if (vault_.find(place) == nullptr) vault_.learn(place, code.wrapped);
        return !vault_.open(place, code.locator.index, code.sealed).empty();
    });
}

ClearCode Shop::code_of(const ledger::HeldVoucher& held) const {
    ByteReader from(held.bytes);
    const auto voucher = cards::get_voucher(from);
    if (!voucher || !voucher->has_code()) return {};
    const cards::SealedPlace place{
        .program = voucher->program, .offer = voucher->id.offer, .batch = voucher->batch};
    return vault_.open(place, voucher->locator.index, from.take(from.left()));
}

std::expected<std::vector<std::byte>, cards::Refusal> Shop::reveal(const Command& command,
                                                                   Instant now) const {
    const CommandHead& head = command.head;
    const ledger::AccountRef ref = ledger_.find_account(head.member, head.program);
    const auto held =
        ref == ledger::no_account
            ? nullptr
            : ledger_.account(ref).find_voucher(std::get<Reveal>(command.body).voucher);
    if (held == nullptr) return cards::refuse_with(Code::voucher_not_found);
    ByteReader from(held->bytes);
    auto voucher = cards::get_voucher(from);
    if (!voucher || !voucher->has_code()) return cards::refuse_with(Code::voucher_not_found);
    voucher = as_recalled(*std::move(voucher), ledger_, now);
    auto answer = cards::decide(*voucher, cards::RevealVoucher{.member = head.member}, now);
    if (!answer) return std::unexpected(answer.error());
    std::vector<std::byte> next;
    cards::put_voucher(next, answer->next ? *answer->next : *voucher);
    const auto sealed = from.take(from.left());
    next.insert(next.end(), sealed.begin(), sealed.end());
    return next;
}

bool Shop::can_show(std::span<const std::byte> voucher) const {
    return !code_of({.number = {}, .bytes = {voucher.begin(), voucher.end()}}).empty();
}

std::unique_ptr<ReplyBody> Shop::answer_of(const ledger::Entry& entry) {
    const Outcome outcome = ledger::outcome_of(entry);
    switch (entry.kind) {
        case ledger::EntryKind::redeem: {
            RedeemAnswer answer{.outcome = outcome,
                                .offer = static_cast<std::uint32_t>(entry.reference),
                                .ticket = static_cast<std::uint64_t>(entry.detail),
                                .cash = {},
                                .currency = {},
                                .held_until = {},
                                .vouchers = {}};
            if (const std::size_t at = find_units(entry, entry.ordinal); at < entry.orders.size()) {
                const ledger::Order& order = *entry.orders[at];
                answer.cash = order.terms.cash();
                answer.currency = order.terms.currency;
                answer.held_until = order.times_out;
            }
            for (const ledger::VoucherPtr& held : entry.vouchers) {
                RedeemedVoucher& voucher = answer.vouchers.emplace_back();
                voucher.number = held->number;
                if (const auto read = cards::get_voucher(held->bytes))
                    voucher.expires_at = read->expires_at;
                voucher.code = code_of(*held);
            }
            return std::make_unique<ReplyBody>(std::move(answer));
        }
        case ledger::EntryKind::reveal: {
            RevealAnswer answer{.outcome = outcome, .number = {}, .code = {}};
            if (!entry.vouchers.empty()) {
                answer.number = entry.vouchers.front()->number;
                answer.code = code_of(*entry.vouchers.front());
            }
            return std::make_unique<ReplyBody>(std::move(answer));
        }
        case ledger::EntryKind::codes_import: {
            CodesAnswer answer{.outcome = outcome, .refused_lines = {}};
            if (entry.codes == nullptr) return nullptr;
            if (const auto chunk = chunk_of(entry.codes->bytes)) {
                answer.lines = chunk->lines;
                answer.taken = chunk->codes.size();
                answer.refused = chunk->refused;
                answer.refused_lines = chunk->refused_lines;
            }
            return std::make_unique<ReplyBody>(std::move(answer));
        }
        case ledger::EntryKind::recall: {
            RecallAnswer answer{.outcome = outcome};
            for (const ledger::Effect& effect : entry.effects)
                if (const auto* recalled = std::get_if<ledger::BatchRecalled>(&effect)) {
                    answer.voided = recalled->voided;
                    answer.set_aside = recalled->set_aside;
                    answer.issued = recalled->issued;
                }
            return std::make_unique<ReplyBody>(answer);
        }
        default:
            return nullptr;
    }
}

// ---- a new file

Shop::Loaded Shop::load(const PutOffers& command, ProgramId program) const {
    const auto wrong = [](std::string message) {
        return Loaded{
            .code = Code::offer_invalid, .detail = 0, .message = std::move(message), .closes = {}};
    };
    const std::vector<std::byte>& bytes = command.payload->text;
    const auto parsed = cards::parse_offers(
        std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    if (!parsed) {
        std::string message;
        for (const cards::OfferMistake& mistake : parsed.error())
            message += cards::to_text(mistake) + "\n";
        return wrong(std::move(message));
    }
    if (std::string why = unsupported(*parsed, vault_.has_keys()); !why.empty())
        return wrong(std::move(why));
    const File* before = file_of(program);
    Loaded loaded;
    std::size_t known = 0;
    for (const Offer& offer : parsed->offers) {
        const auto id = static_cast<std::uint32_t>(offer.id);
        if (offer.program != program)
            return wrong(name_of(id) + ": program: the file is for another program\n");
        if (offer.top_up && currency_of(offer) != ledger_.program(program)->spec().currency)
            return wrong(name_of(id) +
                         ": top_up: points are worth money of the program's currency only\n");
        for (const auto& [other, file] : files_)
            if (other != program && file.offers.contains(id))
                return wrong(name_of(id) + ": id: another program has an offer of this number\n");
        const OfferPtr old = before == nullptr ? nullptr : find(program, id);
        known += old == nullptr ? 0 : 1;
        if (old != nullptr && *old == offer) continue;
        const std::uint32_t version = old == nullptr ? 0 : old->version;
        if (offer.version != version + 1)
            return {.code = Code::version_not_next,
                    .detail = version,
                    .message = name_of(id) + ": version: it differs from version " +
                               std::to_string(version) + ", so it must be version " +
                               std::to_string(version + 1) + "\n",
                    .closes = {}};
        if (old == nullptr) continue;
        if (old->kind != offer.kind || old->code_form != offer.code_form ||
            old->order != offer.order)
            return wrong(name_of(id) + ": kind, order and code_form never change\n");
        OwnerAsk& close = loaded.closes.emplace_back();
        close.key = key_of(offer);
        close.units = offer.stock;
        close.closes = true;
    }
    if (before != nullptr && known < before->offers.size())
        return wrong(
            "an offer is missing that the program has; stop it instead (stopped = true)\n");
    return loaded;
}

}  // namespace suanpan::shard
