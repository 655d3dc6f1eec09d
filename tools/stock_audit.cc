#include "tools/stock_audit.h"

#include "protocol/base/byte_io.h"
#include "server/cards/offer_file.h"
#include "server/cards/voucher_format.h"
#include "server/shard/code_chunk.h"

#include <fmt/format.h>

namespace suanpan::tools {

using ledger::CounterKey;
using ledger::CounterKind;

void StockAudit::Seen::add(std::uint64_t ticket) {
    above.insert(ticket);
    while (!above.empty() && *above.begin() == all + 1) {
        above.erase(above.begin());
        ++all;
    }
}

void StockAudit::restore(const std::map<CounterKey, ledger::TicketSpan>& tickets) {
    knows_all_codes_ = false;
    for (const auto& [key, span] : tickets) {
        Seen& seen = tickets_[key];
        seen.all = span.floor;
        for (const std::uint64_t ticket : span.above) seen.add(ticket);
    }
}

const StockAudit::File& StockAudit::file_of(ProgramId program, const ledger::Ledger& ledger) {
    File& file = files_[program];
    const ledger::RuleTextPtr text = ledger.offers().newest(program);
    if (text == nullptr || text->version == file.version) return file;
    file = {.version = text->version, .offers = {}};
    if (auto parsed = cards::parse_offers(text->text))
        for (cards::Offer& offer : parsed->offers)
            file.offers[static_cast<std::uint32_t>(offer.id)] = std::move(offer);
    return file;
}

const cards::Offer* StockAudit::offer(const CounterKey& key, const ledger::Ledger& ledger) {
    const File& file = file_of(key.program, ledger);
    const auto at = file.offers.find(key.id);
    return at == file.offers.end() ? nullptr : &at->second;
}

std::optional<std::string> StockAudit::take(const ledger::Entry& entry,
                                            const ledger::Ledger& ledger) {
    if (entry.codes != nullptr) return take_codes(*entry.codes);
    if (entry.kind != ledger::EntryKind::redeem) {
        for (const ledger::VoucherPtr& held : entry.vouchers)
            if (auto wrong = change(*held)) return wrong;
        return std::nullopt;
    }
    const ledger::TicketTaken* taken = nullptr;
    std::int64_t units = 0;
    for (const ledger::Effect& effect : entry.effects) {
        if (const auto* ticket = std::get_if<ledger::TicketTaken>(&effect)) taken = ticket;
        if (const auto* add = std::get_if<ledger::CounterAdd>(&effect);
            add != nullptr && add->kind == CounterKind::offer_stock)
            units += add->delta.given();
    }
    if (taken == nullptr) return std::string("INV-9: it is a redemption without a ticket");
    const CounterKey key{
        .program = entry.program, .kind = CounterKind::offer_stock, .id = taken->offer};
    const auto version = static_cast<std::uint32_t>(entry.reference >> 32U);
    const cards::Offer* sold = offer(key, ledger);
    if (sold == nullptr || sold->version != version)
        return fmt::format("it redeems version {} of offer {}, which no file has at this LSN",
                           version, taken->offer);
    Seen& seen = tickets_[key];
    if (seen.has(taken->ticket))
        return fmt::format("INV-9: ticket {} of offer {} was given before", taken->ticket,
                           taken->offer);
    if (taken->floor > seen.all)
        return fmt::format(
            "INV-9: it says that all tickets up to {} of offer {} are durable, but "
            "{} is not",
            taken->floor, taken->offer, seen.all + 1);
    seen.add(taken->ticket);
    if (static_cast<std::uint64_t>(units) != entry.vouchers.size())
        return fmt::format("INV-9: it takes {} units of offer {} and issues {} vouchers", units,
                           taken->offer, entry.vouchers.size());
    for (std::size_t unit = 0; unit < entry.vouchers.size(); ++unit) {
        const VoucherNumber& number = entry.vouchers[unit]->number;
        if (number.offer != taken->offer || number.ticket != taken->ticket || number.unit != unit)
            return fmt::format("INV-9: its voucher {} is of offer {}, ticket {}, unit {}", unit,
                               number.offer, number.ticket, number.unit);
        if (auto wrong = issue(key, *entry.vouchers[unit])) return wrong;
    }
    return std::nullopt;
}

std::optional<std::string> StockAudit::take_codes(const ledger::HeldCodes& held) {
    const auto chunk = shard::chunk_of(held.bytes);
    if (!chunk) return std::string("its card codes cannot be read");
    Codes& codes = codes_[{.program = chunk->place.program,
                           .kind = CounterKind::offer_stock,
                           .id = static_cast<std::uint32_t>(chunk->place.offer)}];
    for (const cards::SealedCode& code : chunk->codes)
        if (!codes.imported.insert(code.key).second)
            return fmt::format("INV-9: it imports a code of offer {} that was imported before",
                               static_cast<std::uint32_t>(chunk->place.offer));
    return std::nullopt;
}

std::optional<std::string> StockAudit::issue(const CounterKey& key,
                                             const ledger::HeldVoucher& held) {
    ByteReader from(held.bytes);
    const auto voucher = cards::get_voucher(from);
    if (!voucher) return std::string("a voucher of it cannot be read");
    revisions_[held.number] = voucher->revision;
    if (!voucher->has_code()) return std::nullopt;
    Codes& codes = codes_[key];
    if (knows_all_codes_ && !codes.imported.contains(voucher->code))
        return fmt::format("INV-9: it issues a code of offer {} that was never imported", key.id);
    if (!codes.issued.insert(voucher->code).second)
        return fmt::format("INV-9: it issues a code of offer {} that is somebody's already",
                           key.id);
    return std::nullopt;
}

// Who decided it saw the voucher as the entry before left it: of two only one can have won.
std::optional<std::string> StockAudit::change(const ledger::HeldVoucher& held) {
    ByteReader from(held.bytes);
    const auto voucher = cards::get_voucher(from);
    if (!voucher) return std::string("a voucher of it cannot be read");
    if (static_cast<std::uint32_t>(voucher->id.offer) != held.number.offer ||
        static_cast<std::uint64_t>(voucher->id.ticket) != held.number.ticket ||
        voucher->id.unit != held.number.unit)
        return std::string("a voucher of it is another one than it says");
    const auto before = revisions_.find(held.number);
    if (before == revisions_.end()) {
        if (knows_all_codes_) return std::string("it changes a voucher that was never issued");
    } else if (voucher->revision != before->second && voucher->revision != before->second + 1) {
        return fmt::format("it makes revision {} of a voucher that is at {}", voucher->revision,
                           before->second);
    }
    revisions_[held.number] = voucher->revision;
    return std::nullopt;
}

std::optional<std::int64_t> StockAudit::codes_for(const CounterKey& key,
                                                  const ledger::Ledger& ledger) {
    if (key.kind != CounterKind::offer_stock) return std::nullopt;
    const cards::Offer* found = offer(key, ledger);
    if (found == nullptr || found->kind != cards::StockKind::code_backed) return std::nullopt;
    if (!knows_all_codes_) return INT64_MAX;
    return static_cast<std::int64_t>(codes_[key].imported.size());
}

std::optional<std::string> StockAudit::compare(
    std::span<const std::unique_ptr<ledger::Ledger>> ledgers) const {
    std::map<CounterKey, ledger::TicketSpan> tickets;
    for (const auto& each : ledgers) each->add_tickets_to(tickets);
    for (const auto& [key, seen] : tickets_) {
        Seen theirs;
        theirs.all = tickets[key].floor;
        for (const std::uint64_t ticket : tickets[key].above) theirs.add(ticket);
        if (theirs.all != seen.all || theirs.above != seen.above)
            return fmt::format(
                "INV-9: the house records have other tickets of offer {} than the entries", key.id);
    }
    return std::nullopt;
}

}  // namespace suanpan::tools
