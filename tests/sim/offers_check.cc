#include "tests/sim/offers_check.h"

#include "protocol/base/byte_io.h"
#include "server/cards/reserved_units.h"
#include "server/cards/voucher.h"
#include "server/cards/voucher_format.h"
#include "server/shard/code_chunk.h"
#include "tests/sim/violation.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

namespace suanpan::sim {
namespace {

using ledger::Entry;
using ledger::EntryKind;

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) {
    throw Violation(fmt::format(text, std::forward<Args>(args)...));
}

std::optional<cards::Voucher> voucher_of(const ledger::HeldVoucher& held,
                                         std::vector<std::byte>& sealed) {
    ByteReader from(held.bytes);
    auto voucher = cards::get_voucher(from);
    const auto rest = from.take(from.left());
    sealed.assign(rest.begin(), rest.end());
    return voucher;
}

}  // namespace

OffersCheck::OffersCheck(const Workload& workload, const Secrets& secrets)
    : workload_(workload),
      vault_(shard::master_keys_of(secrets.master_keys), secrets.code_secret),
      recalls_(workload) {}

// In the clear; empty where there is none.
std::string OffersCheck::code_of(const ledger::HeldVoucher& held, std::uint32_t& batch) {
    std::vector<std::byte> sealed;
    const auto voucher = voucher_of(held, sealed);
    if (!voucher) throw Violation("a voucher of the journal is unreadable");
    batch = static_cast<std::uint32_t>(voucher->batch);
    if (!voucher->has_code()) return {};
    const cards::SealedPlace place{
        .program = voucher->program, .offer = voucher->id.offer, .batch = voucher->batch};
    const ClearCode code = vault_.open(place, voucher->locator.index, sealed);
    if (code.empty()) throw Violation("INV-9: a voucher's code does not open");
    return std::string(code.view());
}

void OffersCheck::name(const Entry& entry, const Op& op, const model::Model& model,
                       model::Names& names) {
    recalls_.name(entry, op, model, names);
    if (op.offers != nullptr) names.offers = &op.offers->file;
    if (op.codes != nullptr) names.codes = op.codes.get();
    if (entry.kind != EntryKind::redeem && entry.kind != EntryKind::confirm) return;
    if (const ledger::Order* order = units_of(entry)) return name_units(entry, *order, names);
    for (const ledger::VoucherPtr& held : entry.vouchers) {
        std::uint32_t batch = 0;
        model::Voucher voucher;
        voucher.number = held->number;
        voucher.code = code_of(*held, batch);
        names.vouchers.push_back(voucher);
        if (names.vouchers.size() == 1) names.batch = batch;
    }
    if (names.vouchers.empty() && entry.kind == EntryKind::redeem)
        fail("LSN {} is a redemption without vouchers", entry.lsn.value);
}

const ledger::Order* OffersCheck::units_of(const Entry& entry) {
    if (entry.kind != EntryKind::redeem) return nullptr;
    for (const ledger::OrderPtr& order : entry.orders)
        if (order->number == entry.ordinal && order->units.any()) return order.get();
    return nullptr;
}

// Nobody has seen these codes yet; the checker opens them, so that the model knows them.
void OffersCheck::name_units(const Entry& entry, const ledger::Order& order, model::Names& names) {
    const auto codes = cards::get_reserved_codes(order.units.codes);
    if (!codes) fail("LSN {} sets unreadable codes aside", entry.lsn.value);
    const auto units = static_cast<std::size_t>(order.units.quantity);
    if (!codes->empty() && codes->size() != units)
        fail("INV-9: LSN {} sets {} codes aside for {} units", entry.lsn.value, codes->size(),
             units);
    for (std::size_t i = 0; i < units; ++i) {
        std::string code;
        if (!codes->empty()) {
            const cards::ReservedCode& reserved = (*codes)[i];
            const cards::SealedPlace place{.program = entry.program,
                                           .offer = cards::OfferId{order.units.offer},
                                           .batch = reserved.batch};
            code = vault_.open(place, reserved.locator.index, reserved.sealed).view();
            if (code.empty()) fail("INV-9: a code that is set aside does not open");
            if (i == 0) names.batch = static_cast<std::uint32_t>(reserved.batch);
        }
        model::Voucher unit;
        unit.number = {.offer = order.units.offer,
                       .unit = static_cast<std::uint32_t>(i),
                       .ticket = order.units.ticket,
                       .home = 0};
        unit.code = code;
        names.vouchers.push_back(unit);
    }
}

std::vector<std::string> OffersCheck::codes_of(const Entry& entry) {
    std::vector<std::string> codes;
    for (const ledger::VoucherPtr& held : entry.vouchers) {
        std::uint32_t batch = 0;
        codes.push_back(code_of(*held, batch));
    }
    return codes;
}

void OffersCheck::add_moment(std::uint32_t offer, Lsn lsn, const model::Model& model,
                             ProgramId program) {
    const model::OfferSpec* spec = model.shelf().find(program, offer);
    OfOffer& of = offers_[offer];
    of.program = program;
    of.has_codes = spec->has_codes;
    of.moments.push_back({.lsn = lsn,
                          .issued = model.shelf().issued(offer),
                          .reserved = model.shelf().reserved(offer),
                          .recalled = model.shelf().recalled_and_set_aside(program, offer),
                          .stock = spec->stock});
}

// ---- units that wait for cash

void OffersCheck::begin(const Entry& entry, model::Model& model) {
    recalls_.begin(entry, model);
    for (const ledger::Effect& effect : entry.effects) {
        const auto* ended = std::get_if<ledger::ReservationEnded>(&effect);
        if (ended == nullptr) continue;
        const auto of = offers_.find(ended->offer);
        if (of == offers_.end()) fail("LSN {} ends what nobody sells", entry.lsn.value);
        const auto waiting = of->second.waiting.find(ended->ticket);
        const bool is_open = waiting != of->second.waiting.end() && waiting->second.ended == Lsn{};
        if (!is_open || waiting->second.units != ended->units ||
            waiting->second.member != entry.member)
            fail("INV-9: LSN {} ends {} units of ticket {} of offer {}, which do not wait",
                 entry.lsn.value, ended->units, ended->ticket, ended->offer);
        waiting->second.ended = entry.lsn;
        if (ended->is_issued) continue;  // the model issues them when it executes the payment
        const std::string wrong = model.give_back(ended->offer, ended->ticket);
        if (!wrong.empty()) fail("LSN {}: {}", entry.lsn.value, wrong);
    }
}

void OffersCheck::add_ticket(const Entry& entry, const ledger::TicketTaken& taken) {
    OfOffer& of = offers_.at(taken.offer);
    while (of.tickets.contains(of.floor + 1)) ++of.floor;
    if (taken.floor > of.floor || taken.floor >= taken.ticket)
        fail("INV-9: LSN {} says that tickets up to {} are durable, and ticket {} is not",
             entry.lsn.value, taken.floor, of.floor + 1);
    of.tickets[taken.ticket] = entry.lsn;
}

void OffersCheck::end(const Entry& entry, model::Model& model) {
    recalls_.end(entry, model);
    std::set<std::uint32_t> touched;
    for (const ledger::Effect& effect : entry.effects) {
        if (const auto* taken = std::get_if<ledger::TicketTaken>(&effect)) {
            add_ticket(entry, *taken);
            touched.insert(taken->offer);
        }
        if (const auto* ended = std::get_if<ledger::ReservationEnded>(&effect)) {
            if (model.shelf().is_set_aside(ended->offer, ended->ticket))
                fail("INV-9: LSN {} ends ticket {} of offer {}, whose order waits", entry.lsn.value,
                     ended->ticket, ended->offer);
            touched.insert(ended->offer);
        }
    }
    check_counted(entry);
    for (const std::uint32_t offer : touched) add_moment(offer, entry.lsn, model, entry.program);
}

// The counters move by what tickets and reservations say, and by nothing else.
void OffersCheck::check_counted(const Entry& entry) const {
    std::map<std::uint32_t, ledger::CounterUnits> counted;
    std::map<std::uint32_t, ledger::CounterUnits> expected;
    const ledger::Order* order = units_of(entry);
    for (const ledger::Effect& effect : entry.effects) {
        if (const auto* units = std::get_if<ledger::CounterAdd>(&effect);
            units != nullptr && units->kind == ledger::CounterKind::offer_stock) {
            counted[units->id].issued += units->delta.issued;
            counted[units->id].reserved += units->delta.reserved;
        } else if (const auto* taken = std::get_if<ledger::TicketTaken>(&effect)) {
            ledger::CounterUnits& to = expected[taken->offer];
            if (order != nullptr)
                to.reserved += order->units.quantity;
            else
                to.issued += static_cast<std::int64_t>(entry.vouchers.size());
        } else if (const auto* ended = std::get_if<ledger::ReservationEnded>(&effect)) {
            expected[ended->offer].reserved -= ended->units;
            if (ended->is_issued) expected[ended->offer].issued += ended->units;
        }
    }
    if (counted != expected)
        fail("INV-9: LSN {} counts other units than its tickets have", entry.lsn.value);
}

void OffersCheck::add(const Entry& entry, const Op& op, const model::Model& model) {
    if (!model.complaint().empty()) fail("LSN {}: {}", entry.lsn.value, model.complaint());
    switch (entry.kind) {
        case EntryKind::offers_put: {
            const std::vector<std::byte>& sent = op.payload->text;
            const std::string_view text(reinterpret_cast<const char*>(sent.data()), sent.size());
            if (entry.offers == nullptr || entry.offers->text != text)
                fail("LSN {} puts another file than was sent", entry.lsn.value);
            for (const model::OfferSpec& offer : op.offers->file.offers) {
                versions_.try_emplace({offer.id, offer.version},
                                      Version{.lsn = entry.lsn, .spec = offer});
                add_moment(offer.id, entry.lsn, model, entry.program);
            }
            return;
        }
        case EntryKind::codes_import:
            return add_import(entry, op, model);
        case EntryKind::recall:
            return add_moment(std::get<RecallBatch>(op.command.body).offer, entry.lsn, model,
                              entry.program);
        case EntryKind::redeem:
            return add_redemption(entry, op, model);
        case EntryKind::confirm:
            for (const ledger::VoucherPtr& held : entry.vouchers) {
                std::uint32_t batch = 0;
                codes_[held->number] = code_of(*held, batch);
            }
            return;
        case EntryKind::reveal: {
            std::uint32_t batch = 0;
            const ledger::HeldVoucher& held = *entry.vouchers.front();
            const std::string code = code_of(held, batch);
            const auto known = codes_.find(held.number);
            if (known == codes_.end() || known->second != code)
                fail("INV-9: LSN {} reveals another code than was issued", entry.lsn.value);
            cards_[entry.lsn] = {{.number = held.number, .expires_at = {}, .code = code}};
            return;
        }
        default:
            return;
    }
}

// The codes that were taken, sealed, are those of the file that were not there before.
void OffersCheck::add_import(const Entry& entry, const Op& op, const model::Model& model) {
    const auto chunk = entry.codes == nullptr ? std::nullopt : shard::chunk_of(entry.codes->bytes);
    if (!chunk) fail("LSN {} is an import without codes", entry.lsn.value);
    vault_.learn(chunk->place, chunk->wrapped);
    const bool is_place = chunk->place.program == entry.program &&
                          static_cast<std::uint32_t>(chunk->place.offer) == op.codes->offer &&
                          static_cast<std::uint32_t>(chunk->place.batch) == op.codes->batch;
    if (!is_place) fail("INV-9: LSN {} imports codes into another place", entry.lsn.value);
    std::vector<std::pair<std::string, Instant>> expected;
    std::set<std::string> seen;
    for (const model::CodeLine& line : op.codes->lines) {
        const auto code = model.shelf().codes(entry.program).find(line.code);
        const bool is_new = code != model.shelf().codes(entry.program).end() &&
                            code->second.imported == entry.lsn && seen.insert(line.code).second;
        if (is_new) expected.emplace_back(line.code, line.expires_at);
    }
    std::vector<std::pair<std::string, Instant>> real;
    for (const cards::SealedCode& code : chunk->codes)
        real.emplace_back(vault_.open(chunk->place, code.index, chunk->sealed_of(code)).view(),
                          code.expires_at);
    if (real != expected) fail("INV-9: LSN {} imports other codes than were sent", entry.lsn.value);
    add_moment(op.codes->offer, entry.lsn, model, entry.program);
}

void OffersCheck::add_redemption(const Entry& entry, const Op& op, const model::Model& model) {
    const auto& asked = std::get<Redeem>(op.command.body);
    const auto ticket = static_cast<std::uint64_t>(entry.detail);
    const bool has_ticket = std::ranges::any_of(entry.effects, [&](const ledger::Effect& effect) {
        const auto* taken = std::get_if<ledger::TicketTaken>(&effect);
        return taken != nullptr && taken->offer == asked.offer && taken->ticket == ticket;
    });
    if (!has_ticket) fail("INV-9: LSN {} has another ticket than it says", entry.lsn.value);
    if (const ledger::Order* order = units_of(entry)) {
        Waiting& waiting = offers_.at(asked.offer).waiting[ticket];
        waiting = {.lsn = entry.lsn,
                   .ended = {},
                   .units = asked.quantity,
                   .member = entry.member,
                   .origin = asked.origin};
        if (order->units.ticket != ticket || order->units.quantity != asked.quantity)
            fail("INV-9: LSN {} sets other units aside than were asked for", entry.lsn.value);
        const OrderAnswer due = model.look_at_order(op.command.head, asked.order, entry.time);
        due_[entry.lsn] = {due.cash, due.times_out};
        return;
    }
    for (const ledger::VoucherPtr& held : entry.vouchers) {
        std::vector<std::byte> sealed;
        std::uint32_t batch = 0;
        const auto voucher = voucher_of(*held, sealed);
        const std::string code = code_of(*held, batch);
        codes_[held->number] = code;
        cards_[entry.lsn].push_back(
            {.number = held->number, .expires_at = voucher->expires_at, .code = code});
    }
}

// ---- refusals

std::int64_t OffersCheck::free(std::uint32_t offer, const Moment& at, Instant time,
                               const model::Model& model, bool counts_waiting) const {
    const OfOffer& of = offers_.at(offer);
    if (!of.has_codes) return at.stock - at.issued - (counts_waiting ? 0 : at.reserved);
    std::int64_t free = 0;
    for (const auto& [name, code] : model.shelf().codes(of.program)) {
        const model::Recalled* recalled = model.shelf().recalled(code.name());
        const bool is_recalled = recalled != nullptr && recalled->begun <= at.lsn;
        if (code.offer == offer && code.imported <= at.lsn && code.expires_at > time &&
            (code.issued == Lsn{} || code.issued > at.lsn) && !is_recalled)
            ++free;
    }
    return free + at.recalled - (counts_waiting ? 0 : at.reserved);
}

void OffersCheck::refused(Lsn lsn, Instant time, const Op& op, const model::Model& model) const {
    const auto& asked = std::get<Redeem>(op.command.body);
    const auto of = offers_.find(asked.offer);
    if (of == offers_.end()) fail("LSN {}: nobody sells that offer", lsn.value);
    // At some moment between the sending and the refusal it must have been.
    const auto& moments = of->second.moments;
    for (auto at = moments.rbegin(); at != moments.rend(); ++at) {
        if (asked.quantity > free(asked.offer, *at, time, model, true)) return;
        if (at->lsn <= op.sent_after) break;
    }
    fail("INV-10: LSN {} refuses {} of offer {} as sold out, and {} of {} are issued", lsn.value,
         asked.quantity, asked.offer, moments.back().issued, moments.back().stock);
}

bool OffersCheck::was_set_aside(const ledger::OrderedUnits& units, Instant time, Lsn since,
                                const model::Model& model) const {
    const auto& moments = offers_.at(units.offer).moments;
    for (auto at = moments.rbegin(); at != moments.rend(); ++at) {
        if (units.quantity > free(units.offer, *at, time, model, false)) return true;
        if (at->lsn <= since) return false;
    }
    return false;
}

// Whether so many are set aside, after the entry `at`, that these terms allow no more.
bool OffersCheck::is_capped(const OfOffer& of, const model::OfferSpec& spec, const Moment& at,
                            const Op& op) const {
    const auto& asked = std::get<Redeem>(op.command.body);
    std::int64_t of_member = 0;
    std::int64_t of_origin = 0;
    for (const auto& [ticket, waiting] : of.waiting) {
        const bool is_open =
            waiting.lsn <= at.lsn && (waiting.ended == Lsn{} || waiting.ended > at.lsn);
        if (!is_open) continue;
        if (waiting.member == op.command.head.member) of_member += waiting.units;
        if (waiting.origin == asked.origin) of_origin += waiting.units;
    }
    // A pool's share is one of the codes that there are, whose number no entry says.
    const bool is_over_share =
        spec.has_codes
            ? spec.share_percent < 100
            : asked.quantity > std::max<std::int64_t>(1, at.stock * spec.share_percent / 100);
    return is_over_share || of_member + asked.quantity > spec.per_member ||
           (spec.per_origin >= 0 && asked.origin != 0 &&
            of_origin + asked.quantity > spec.per_origin);
}

void OffersCheck::refused_as_unpaid(const Entry& entry, const Op& op) const {
    const auto& asked = std::get<Redeem>(op.command.body);
    const OfOffer& of = offers_.at(asked.offer);
    for (auto at = of.moments.rbegin(); at != of.moments.rend(); ++at) {
        // Its owner knows one of the files that were there by then, the newest maybe not yet.
        for (const auto& [name, version] : versions_)
            if (name.first == asked.offer && is_capped(of, version.spec, *at, op)) return;
        if (at->lsn <= op.sent_after) break;
    }
    fail("INV-10: LSN {} refuses {} of offer {} as too many to wait for cash", entry.lsn.value,
         asked.quantity, asked.offer);
}

// ---- at the end

// What a client was shown is what the journal has; each list of offers shows versions that were
// durable, and no older ones than somebody knew.
void OffersCheck::finish(const model::Model& model) const {
    recalls_.finish(model);
    for (const Op& op : workload_.ops) {
        if (!op.answer || op.answer->code != Code::ok) continue;
        const CommandKind kind = op.command.head.kind;
        if (kind == CommandKind::codes_import) {
            const auto taken = static_cast<std::uint64_t>(op.answer->amount.value);
            const auto refused = static_cast<std::size_t>(op.answer->detail);
            if (op.lines.size() != refused + 1 || op.lines.front() != taken)
                fail("an import's lines are not those of its outcome");
        }
        if (kind != CommandKind::redeem && kind != CommandKind::reveal) continue;
        const auto due = due_.find(op.answer->entry_id);
        if (due != due_.end()) {
            if (due->second != std::pair(op.cash, op.held_until) || !op.cards.empty())
                fail("P1: LSN {} sets units aside for other cash than its client was told",
                     op.answer->entry_id.value);
            continue;
        }
        const auto cards = cards_.find(op.answer->entry_id);
        if (cards == cards_.end() || cards->second != op.cards || op.sets_aside())
            fail("P1: LSN {} has other vouchers or codes than its client was shown",
                 op.answer->entry_id.value);
    }
    for (const Read& read : workload_.offer_reads) check_read(read);
    for (const auto& [offer, sold] : offers_) {
        // A ticket of what only waited for cash stays taken, whatever becomes of it.
        if (sold.tickets.size() - sold.waiting.size() >
            static_cast<std::size_t>(model.shelf().issued(offer)))
            fail("INV-9: offer {} has more tickets than issued units", offer);
        check_calm_tickets(offer, sold);
    }
}

// When nothing goes wrong any more, what asks gets the free tickets first: no gap stays.
void OffersCheck::check_calm_tickets(std::uint32_t offer, const OfOffer& sold) const {
    if (workload_.calm_after == Lsn{}) return;
    std::set<std::uint64_t> before;
    std::set<std::uint64_t> after;
    for (const auto& [ticket, lsn] : sold.tickets)
        (lsn <= workload_.calm_after ? before : after).insert(ticket);
    std::uint64_t next = 1;
    for (const std::uint64_t ticket : after) {
        while (before.contains(next)) ++next;
        if (ticket != next++)
            fail("INV-9: ticket {} of offer {} was given while a lower one was free", ticket,
                 offer);
    }
}

void OffersCheck::check_read(const Read& read) const {
    for (const OfferRow& row : read.offers) {
        const auto version = versions_.find({row.offer, row.version});
        if (version == versions_.end() || version->second.lsn > read.durable)
            fail("P4: a list of offers shows version {} of offer {}, which was not durable",
                 row.version, row.offer);
        for (const model::OfferSpec& known : read.known_offers.offers)
            if (known.id == row.offer && known.version > row.version)
                fail("P4: a list of offers shows version {} of offer {}, and somebody knew of {}",
                     row.version, row.offer, known.version);
        const model::OfferSpec& spec = version->second.spec;
        const bool is_open = !spec.stopped && spec.start <= read.outcome.time &&
                             read.outcome.time < spec.end && read.outcome.time < spec.valid_until;
        const bool is_right = is_open && row.points.value == spec.points &&
                              row.cash.value == spec.cash && row.units_max >= 1 &&
                              row.units_max <= spec.per_order && row.stock_left >= 1 &&
                              (spec.has_codes || row.stock_left <= spec.stock);
        if (!is_right) fail("a list of offers shows offer {} otherwise than its file", row.offer);
    }
}

}  // namespace suanpan::sim
