#include "tools/stock_audit.h"

#include "protocol/base/byte_io.h"
#include "server/cards/offer_file.h"
#include "server/cards/reserved_units.h"
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

bool StockAudit::Codes::hold(const cards::CodeKey& code) {
    if (!issued.insert(code).second) return false;
    if (const auto at = imported.find(code); at != imported.end()) ++batches[at->second].held;
    return true;
}
void StockAudit::Codes::release(const cards::CodeKey& code) {
    const bool was_held = issued.erase(code) > 0;
    const auto at = imported.find(code);
    if (was_held && at != imported.end()) --batches[at->second].held;
}
const StockAudit::Batch* StockAudit::Codes::batch_of(const cards::CodeKey& code) const {
    const auto at = imported.find(code);
    return at == imported.end() ? nullptr : &batches.at(at->second);
}

void StockAudit::restore(const std::map<CounterKey, ledger::TicketSpan>& tickets,
                         const ledger::Ledger& ledger) {
    knows_all_codes_ = false;
    for (const auto& [key, span] : tickets) {
        Seen& seen = tickets_[key];
        seen.all = span.floor;
        for (const std::uint64_t ticket : span.above) seen.add(ticket);
    }
    for (const ledger::RecalledBatch& recalled : ledger.recalled())
        codes_[{.program = recalled.program,
                .kind = CounterKind::offer_stock,
                .id = recalled.offer}]
            .batches[cards::BatchId{recalled.batch}]
            .is_recalled = true;
    ledger.for_each_waiting([this](const ledger::Account& account, const ledger::Order& order) {
        add_open(account.program(), order, open_);
    });
}

void StockAudit::add_open(ProgramId program, const ledger::Order& order, OpenMap& to) {
    if (!order.units.any()) return;
    const CounterKey key{
        .program = program, .kind = CounterKind::offer_stock, .id = order.units.offer};
    Open& open = to[{key, order.units.ticket}];
    open.units = order.units.quantity;
    if (const auto codes = cards::get_reserved_codes(order.units.codes))
        for (const cards::ReservedCode& code : *codes) open.codes.insert(code.key);
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
    if (entry.kind == ledger::EntryKind::recall_active || entry.kind == ledger::EntryKind::start) {
        // A start rolls forward: every shard knows from then on.
        for (auto at = spreading_.begin(); at != spreading_.end();) {
            const bool is_it =
                entry.kind == ledger::EntryKind::start || at->first.value == entry.reference;
            if (is_it) codes_[at->second.first].batches[at->second.second].is_known = true;
            at = is_it ? spreading_.erase(at) : std::next(at);
        }
        return std::nullopt;
    }
    const bool issues =
        entry.kind == ledger::EntryKind::redeem || entry.kind == ledger::EntryKind::confirm;
    if (!issues)
        for (const ledger::VoucherPtr& held : entry.vouchers)
            if (auto wrong = change(*held)) return wrong;
    const ledger::TicketTaken* taken = nullptr;
    ledger::CounterUnits units;
    for (const ledger::Effect& effect : entry.effects) {
        if (const auto* ended = std::get_if<ledger::ReservationEnded>(&effect))
            if (auto wrong = end(entry, *ended)) return wrong;
        if (const auto* recalled = std::get_if<ledger::BatchRecalled>(&effect))
            return recall(entry, *recalled);
        if (const auto* ticket = std::get_if<ledger::TicketTaken>(&effect)) taken = ticket;
        if (const auto* add = std::get_if<ledger::CounterAdd>(&effect);
            add != nullptr && add->kind == CounterKind::offer_stock && add->takes())
            units.add(add->delta);
    }
    if (taken != nullptr) return take_ticket(entry, *taken, units, ledger);
    if (entry.kind == ledger::EntryKind::redeem || units.given() > 0)
        return std::string("INV-9: it is a redemption without a ticket");
    return std::nullopt;
}

std::optional<std::string> StockAudit::take_ticket(const ledger::Entry& entry,
                                                   const ledger::TicketTaken& taken,
                                                   const ledger::CounterUnits& units,
                                                   const ledger::Ledger& ledger) {
    const CounterKey key{
        .program = entry.program, .kind = CounterKind::offer_stock, .id = taken.offer};
    const auto version = static_cast<std::uint32_t>(entry.reference >> 32U);
    const cards::Offer* sold = offer(key, ledger);
    // A late payment goes by the version that its order has pinned.
    const bool is_late = entry.kind == ledger::EntryKind::confirm;
    if (sold == nullptr || (!is_late && sold->version != version))
        return fmt::format("it redeems version {} of offer {}, which no file has at this LSN",
                           version, taken.offer);
    Seen& seen = tickets_[key];
    if (seen.has(taken.ticket))
        return fmt::format("INV-9: ticket {} of offer {} was given before", taken.ticket,
                           taken.offer);
    if (taken.floor > seen.all)
        return fmt::format(
            "INV-9: it says that all tickets up to {} of offer {} are durable, but "
            "{} is not",
            taken.floor, taken.offer, seen.all + 1);
    seen.add(taken.ticket);
    if (auto wrong = units.reserved > 0 ? set_aside(entry, key, taken, units.reserved)
                                        : issue_all(entry, key, taken.ticket, units.issued))
        return wrong;
    return check_not_recalled(key, entry, false);
}

std::optional<std::string> StockAudit::check_not_recalled(const CounterKey& key,
                                                          const ledger::Entry& entry,
                                                          bool known) const {
    const auto at = codes_.find(key);
    if (at == codes_.end()) return std::nullopt;
    const Codes& codes = at->second;
    const auto is_recalled = [&](const cards::CodeKey& code) {
        const Batch* batch = codes.batch_of(code);
        return batch != nullptr && (known ? batch->is_known : batch->is_recalled);
    };
    bool found = false;
    for (const ledger::VoucherPtr& held : entry.vouchers) {
        ByteReader from(held->bytes);
        const auto voucher = cards::get_voucher(from);
        found = found || (voucher && is_recalled(voucher->code));
    }
    for (const ledger::OrderPtr& order : entry.orders) {
        const bool is_here = order->units.any() && order->units.offer == key.id;
        const auto reserved = is_here ? cards::get_reserved_codes(order->units.codes)
                                      : std::optional<std::vector<cards::ReservedCode>>();
        if (!reserved) continue;
        for (const cards::ReservedCode& code : *reserved) found = found || is_recalled(code.key);
    }
    if (!found) return std::nullopt;
    return fmt::format("INV-9: it takes a code of offer {} whose batch was recalled before",
                       key.id);
}

std::optional<std::string> StockAudit::recall(const ledger::Entry& entry,
                                              const ledger::BatchRecalled& recalled) {
    const CounterKey key{
        .program = entry.program, .kind = CounterKind::offer_stock, .id = recalled.offer};
    const cards::BatchId id{recalled.batch};
    Batch& batch = codes_[key].batches[id];
    if (batch.is_recalled)
        return fmt::format("INV-9: it recalls batch {} of offer {} a second time", recalled.batch,
                           recalled.offer);
    batch.is_recalled = true;
    spreading_[entry.lsn] = {key, id};
    if (!knows_all_codes_) return std::nullopt;
    // What came back between the owner's word and this entry was set aside then; some of what is
    // neither may have expired.
    const bool is_whole =
        recalled.voided + recalled.set_aside + recalled.issued <= batch.imported &&
        recalled.set_aside + recalled.issued >= batch.held && recalled.issued <= batch.held;
    if (is_whole) return std::nullopt;
    return fmt::format(
        "INV-9: it finds {} codes of batch {} free, {} set aside and {} issued, but {} were "
        "imported and {} are set aside or issued",
        recalled.voided, recalled.batch, recalled.set_aside, recalled.issued, batch.imported,
        batch.held);
}

std::optional<std::string> StockAudit::set_aside(const ledger::Entry& entry, const CounterKey& key,
                                                 const ledger::TicketTaken& taken,
                                                 std::int64_t units) {
    if (!entry.vouchers.empty())
        return fmt::format("INV-9: it issues vouchers of offer {} that nobody has paid for",
                           taken.offer);
    for (const ledger::OrderPtr& order : entry.orders) {
        if (order->units.offer != taken.offer || order->units.ticket != taken.ticket) continue;
        if (order->state != OrderState::waiting || order->units.quantity != units) break;
        add_open(entry.program, *order, open_);
        Codes& codes = codes_[key];
        for (const cards::CodeKey& code : open_[{key, taken.ticket}].codes) {
            if (knows_all_codes_ && !codes.imported.contains(code))
                return fmt::format(
                    "INV-9: it sets a code of offer {} aside that was never imported", key.id);
            if (!codes.hold(code))
                return fmt::format(
                    "INV-9: it sets a code of offer {} aside that is somebody's already", key.id);
        }
        return std::nullopt;
    }
    return fmt::format("INV-9: it sets {} units of offer {} aside, and no order waits with them",
                       units, taken.offer);
}

std::optional<std::string> StockAudit::end(const ledger::Entry& entry,
                                           const ledger::ReservationEnded& ended) {
    const CounterKey key{
        .program = entry.program, .kind = CounterKind::offer_stock, .id = ended.offer};
    const auto at = open_.find({key, ended.ticket});
    if (at == open_.end() || at->second.units != ended.units)
        return fmt::format("INV-9: it ends what ticket {} of offer {} has not set aside",
                           ended.ticket, ended.offer);
    const Open open = std::move(at->second);
    open_.erase(at);
    Codes& codes = codes_[key];
    for (const cards::CodeKey& code : open.codes) codes.release(code);
    if (!ended.is_issued) return std::nullopt;
    if (auto wrong = issue_all(entry, key, ended.ticket, ended.units)) return wrong;
    if (auto wrong = check_not_recalled(key, entry, true)) return wrong;
    for (const cards::CodeKey& code : open.codes)
        if (!codes.issued.contains(code))
            return fmt::format("INV-9: it issues other codes than were set aside for ticket {}",
                               ended.ticket);
    return std::nullopt;
}

std::optional<std::string> StockAudit::issue_all(const ledger::Entry& entry, const CounterKey& key,
                                                 std::uint64_t ticket, std::int64_t units) {
    if (static_cast<std::uint64_t>(units) != entry.vouchers.size())
        return fmt::format("INV-9: it takes {} units of offer {} and issues {} vouchers", units,
                           key.id, entry.vouchers.size());
    for (std::size_t unit = 0; unit < entry.vouchers.size(); ++unit) {
        const VoucherNumber& number = entry.vouchers[unit]->number;
        if (number.offer != key.id || number.ticket != ticket || number.unit != unit)
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
    Batch& batch = codes.batches[chunk->place.batch];
    if (batch.is_recalled)
        return fmt::format("INV-9: it imports into a batch of offer {} that was recalled before",
                           static_cast<std::uint32_t>(chunk->place.offer));
    for (const cards::SealedCode& code : chunk->codes)
        if (!codes.imported.emplace(code.key, chunk->place.batch).second)
            return fmt::format("INV-9: it imports a code of offer {} that was imported before",
                               static_cast<std::uint32_t>(chunk->place.offer));
    batch.imported += chunk->codes.size();
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
    if (!codes.hold(voucher->code))
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
    const auto codes = codes_.find(
        {.program = voucher->program, .kind = CounterKind::offer_stock, .id = held.number.offer});
    const Batch* batch = codes == codes_.end() || !voucher->has_code()
                             ? nullptr
                             : codes->second.batch_of(voucher->code);
    const bool has_ended = voucher->state == cards::VoucherState::voided ||
                           voucher->state == cards::VoucherState::expired ||
                           voucher->state == cards::VoucherState::refunded || voucher->is_used_up();
    if (batch != nullptr && batch->is_known && !has_ended)
        return fmt::format("it leaves a voucher of offer {} alive whose batch was recalled before",
                           held.number.offer);
    return std::nullopt;
}

std::optional<std::int64_t> StockAudit::codes_for(const CounterKey& key,
                                                  const ledger::Ledger& ledger) {
    if (key.kind != CounterKind::offer_stock) return std::nullopt;
    const cards::Offer* found = offer(key, ledger);
    if (found == nullptr || found->kind != cards::StockKind::code_backed) return std::nullopt;
    if (!knows_all_codes_) return INT64_MAX;
    std::uint64_t count = 0;
    for (const auto& [id, batch] : codes_[key].batches)
        count += batch.is_recalled ? batch.held : batch.imported;
    return static_cast<std::int64_t>(count);
}

std::int64_t StockAudit::imported_for(const CounterKey& key) const {
    const auto at = codes_.find(key);
    if (!knows_all_codes_) return INT64_MAX;
    return at == codes_.end() ? 0 : static_cast<std::int64_t>(at->second.imported.size());
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
    OpenMap open;
    for (const auto& each : ledgers)
        each->for_each_waiting([&](const ledger::Account& account, const ledger::Order& order) {
            add_open(account.program(), order, open);
        });
    if (open != open_)
        return std::string("INV-9: orders wait with other units than the entries set aside");
    return std::nullopt;
}

}  // namespace suanpan::tools
