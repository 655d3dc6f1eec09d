#include "tests/sim/offers_check.h"

#include "protocol/base/byte_io.h"
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
      vault_(shard::master_keys_of(secrets.master_keys), secrets.code_secret) {}

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

void OffersCheck::name(const Entry& entry, const Op& op, model::Names& names) {
    if (op.offers != nullptr) names.offers = &op.offers->file;
    if (op.codes != nullptr) names.codes = op.codes.get();
    if (entry.kind != EntryKind::redeem) return;
    for (const ledger::VoucherPtr& held : entry.vouchers) {
        std::uint32_t batch = 0;
        names.vouchers.push_back({.number = held->number,
                                  .code = code_of(*held, batch),
                                  .issued_at = {},
                                  .expires_at = {}});
        if (names.vouchers.size() == 1) names.batch = batch;
    }
    if (names.vouchers.empty()) fail("LSN {} is a redemption without vouchers", entry.lsn.value);
}

void OffersCheck::add_moment(std::uint32_t offer, Lsn lsn, const model::Model& model,
                             ProgramId program) {
    const model::OfferSpec* spec = model.shelf().find(program, offer);
    OfOffer& of = offers_[offer];
    of.program = program;
    of.has_codes = spec->has_codes;
    of.moments.push_back({.lsn = lsn, .issued = model.shelf().issued(offer), .stock = spec->stock});
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
        case EntryKind::redeem:
            return add_redemption(entry, op, model);
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
    OfOffer& of = offers_.at(asked.offer);
    const auto ticket = static_cast<std::uint64_t>(entry.detail);
    bool has_ticket = false;
    bool has_units = false;
    for (const ledger::Effect& effect : entry.effects) {
        if (const auto* taken = std::get_if<ledger::TicketTaken>(&effect)) {
            has_ticket = taken->offer == asked.offer && taken->ticket == ticket;
            while (of.tickets.contains(of.floor + 1)) ++of.floor;
            if (taken->floor > of.floor || taken->floor >= ticket)
                fail("INV-9: LSN {} says that tickets up to {} are durable, and ticket {} is not",
                     entry.lsn.value, taken->floor, of.floor + 1);
        }
        if (const auto* units = std::get_if<ledger::CounterAdd>(&effect);
            units != nullptr && units->kind == ledger::CounterKind::offer_stock)
            has_units = units->id == asked.offer && units->delta.issued == asked.quantity &&
                        units->delta.reserved == 0;
    }
    if (!has_ticket || !has_units)
        fail("INV-9: LSN {} counts other units or another ticket than it has", entry.lsn.value);
    of.tickets[ticket] = entry.lsn;
    const auto rows = model.vouchers(entry.member, entry.program, entry.time);
    for (const ledger::VoucherPtr& held : entry.vouchers) {
        std::vector<std::byte> sealed;
        std::uint32_t batch = 0;
        const auto voucher = voucher_of(*held, sealed);
        const auto row = std::ranges::find(rows, held->number, &VoucherRow::number);
        if (row == rows.end() || voucher->expires_at != row->expires_at ||
            voucher->issued_at != row->issued_at || voucher->owner != entry.member)
            fail("LSN {} issues a voucher of other terms than its offer has", entry.lsn.value);
        const std::string code = code_of(*held, batch);
        codes_[held->number] = code;
        cards_[entry.lsn].push_back(
            {.number = held->number, .expires_at = voucher->expires_at, .code = code});
    }
    add_moment(asked.offer, entry.lsn, model, entry.program);
}

// ---- refusals

bool OffersCheck::is_sold_out(std::uint32_t offer, const Moment& at, std::int64_t quantity,
                              Instant time, const model::Model& model) const {
    const OfOffer& of = offers_.at(offer);
    if (!of.has_codes) return quantity > at.stock - at.issued;
    std::int64_t free = 0;
    for (const auto& [name, code] : model.shelf().codes(of.program))
        if (code.offer == offer && code.imported <= at.lsn && code.expires_at > time &&
            (code.issued == Lsn{} || code.issued > at.lsn))
            ++free;
    return quantity > free;
}

void OffersCheck::refused(Lsn lsn, Instant time, const Op& op, const model::Model& model) const {
    const auto& asked = std::get<Redeem>(op.command.body);
    const auto of = offers_.find(asked.offer);
    if (of == offers_.end()) fail("LSN {}: nobody sells that offer", lsn.value);
    // At some moment between the sending and the refusal it must have been.
    const auto& moments = of->second.moments;
    for (auto at = moments.rbegin(); at != moments.rend(); ++at) {
        if (is_sold_out(asked.offer, *at, asked.quantity, time, model)) return;
        if (at->lsn <= op.sent_after) break;
    }
    fail("INV-10: LSN {} refuses {} of offer {} as sold out, and {} of {} are issued", lsn.value,
         asked.quantity, asked.offer, moments.back().issued, moments.back().stock);
}

// ---- at the end

// What a client was shown is what the journal has; each list of offers shows versions that were
// durable, and no older ones than somebody knew.
void OffersCheck::finish(const model::Model& model) const {
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
        const auto cards = cards_.find(op.answer->entry_id);
        if (cards == cards_.end() || cards->second != op.cards)
            fail("P1: LSN {} has other vouchers or codes than its client was shown",
                 op.answer->entry_id.value);
    }
    for (const Read& read : workload_.offer_reads) check_read(read);
    for (const auto& [offer, sold] : offers_) {
        if (sold.tickets.size() > static_cast<std::size_t>(model.shelf().issued(offer)))
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
        const bool is_right = is_open && row.points.value == spec.points && row.units_max >= 1 &&
                              row.units_max <= spec.per_order && row.stock_left >= 1 &&
                              (spec.has_codes || row.stock_left <= spec.stock);
        if (!is_right) fail("a list of offers shows offer {} otherwise than its file", row.offer);
    }
}

}  // namespace suanpan::sim
