#include "tests/model/shelf.h"

#include <algorithm>

namespace suanpan::model {
namespace {

constexpr std::size_t code_bytes_min = 4;

std::string name_of(const OfferSpec& offer) {
    return "offer " + std::to_string(offer.id);
}

}  // namespace

const OfferSpec* Shelf::find(ProgramId program, std::uint32_t offer) const {
    const auto file = files_.find(program);
    if (file == files_.end()) return nullptr;
    for (const OfferSpec& each : file->second.offers)
        if (each.id == offer) return &each;
    return nullptr;
}

std::int64_t Shelf::issued(std::uint32_t offer) const {
    const auto sold = sold_.find(offer);
    return sold == sold_.end() ? 0 : sold->second.issued;
}

std::int64_t Shelf::reserved(std::uint32_t offer) const {
    std::int64_t units = 0;
    if (const auto sold = sold_.find(offer); sold != sold_.end())
        for (const auto& [ticket, set_aside] : sold->second.set_aside) units += set_aside.units;
    return units;
}

bool Shelf::is_set_aside(std::uint32_t offer, std::uint64_t ticket) const {
    const auto sold = sold_.find(offer);
    return sold != sold_.end() && sold->second.set_aside.contains(ticket);
}

std::uint64_t Shelf::last_ticket(std::uint32_t offer) const {
    const auto sold = sold_.find(offer);
    if (sold == sold_.end() || sold->second.tickets.empty()) return 0;
    return *sold->second.tickets.rbegin();
}

bool Shelf::has_ticket(std::uint32_t offer, std::uint64_t ticket) const {
    const auto sold = sold_.find(offer);
    return sold != sold_.end() && sold->second.tickets.contains(ticket);
}

const std::map<std::string, Shelf::Code>& Shelf::codes(ProgramId program) const {
    static const std::map<std::string, Code> none;
    const auto codes = codes_.find(program);
    return codes == codes_.end() ? none : codes->second;
}

std::string Shelf::put(const OfferFile& file) {
    const auto before = files_.find(file.program);
    const std::uint32_t version = before == files_.end() ? 0 : before->second.version;
    if (file.version != version + 1) return "the file is not the next version";
    for (const OfferSpec& offer : file.offers) {
        const OfferSpec* old = find(file.program, offer.id);
        if (old != nullptr && *old == offer) continue;
        if (offer.version != (old == nullptr ? 1 : old->version + 1))
            return name_of(offer) + " is not the next version of itself";
        if (!offer.has_codes && offer.stock < issued(offer.id) + reserved(offer.id))
            return name_of(offer) + " has a lower stock than what is set aside or issued";
    }
    files_[file.program] = file;
    return {};
}

std::vector<CodeLine> Shelf::import(const CodeList& list, Lsn entry) {
    std::vector<CodeLine> taken;
    for (const CodeLine& line : list.lines) {
        if (line.code.size() < code_bytes_min) continue;
        const bool is_new = codes_[list.program]
                                .try_emplace(line.code, Code{.program = list.program,
                                                             .offer = list.offer,
                                                             .batch = list.batch,
                                                             .expires_at = line.expires_at,
                                                             .imported = entry,
                                                             .issued = {}})
                                .second;
        if (is_new) taken.push_back(line);
    }
    // A batch without a code is none.
    if (!taken.empty())
        imported_.try_emplace({.program = list.program, .offer = list.offer, .batch = list.batch},
                              entry);
    return taken;
}

Instant Shelf::end_of(const OfferSpec& offer, const std::string& code, Instant now) const {
    Instant end = offer.valid_until;
    if (offer.valid_days >= 0) end = std::min(end, now + days(offer.valid_days));
    for (const auto& [program, codes] : codes_)
        if (const auto known = codes.find(code);
            known != codes.end() && known->second.offer == offer.id)
            end = std::min(end, known->second.expires_at);
    return end;
}

std::string Shelf::check_take(ProgramId program, const std::vector<Voucher>& vouchers,
                              std::uint32_t batch_of_first, Instant now) {
    const VoucherNumber& first = vouchers.front().number;
    const OfferSpec* offer = find(program, first.offer);
    if (offer == nullptr) return "there is no such offer";
    Sold& sold = sold_[offer->id];
    const auto units = static_cast<std::int64_t>(vouchers.size());
    const std::int64_t gone = sold.issued + reserved(offer->id);
    if (!offer->has_codes && gone + units > offer->stock)
        return "INV-9: " + std::to_string(gone) + " of " + std::to_string(offer->stock) +
               " are set aside or issued already";
    if (first.ticket == 0 || sold.tickets.contains(first.ticket))
        return "INV-9: ticket " + std::to_string(first.ticket) + " is taken";
    std::set<std::string> together;
    for (std::size_t unit = 0; unit < vouchers.size(); ++unit) {
        const Voucher& voucher = vouchers[unit];
        VoucherNumber number = first;
        number.unit = static_cast<std::uint32_t>(unit);
        if (voucher.number != number) return "a voucher has another number than its ticket";
        if (voucher.code.empty() == offer->has_codes) return "INV-9: a voucher has no code";
        if (!offer->has_codes) continue;
        auto& codes = codes_[program];
        const auto code = codes.find(voucher.code);
        if (code == codes.end()) return "INV-9: a code was never imported";
        if (code->second.offer != offer->id) return "INV-9: a code is another offer's";
        if (unit == 0 && code->second.batch != batch_of_first)
            return "INV-9: a code is of another batch";
        if (code->second.issued != Lsn{} || !together.insert(voucher.code).second)
            return "INV-9: a code is issued twice, before at LSN " +
                   std::to_string(code->second.issued.value);
        if (code->second.is_set_aside) return "INV-9: a code is set aside for another order";
        if (code->second.expires_at <= now) return "INV-9: a code has expired";
        if (const Recalled* recalled = this->recalled(code->second.name()))
            return "INV-9: a code is taken whose batch was recalled at LSN " +
                   std::to_string(recalled->begun.value);
    }
    return {};
}

std::string Shelf::take(ProgramId program, const std::vector<Voucher>& vouchers,
                        std::uint32_t batch_of_first, Instant now, Lsn entry) {
    if (std::string wrong = check_take(program, vouchers, batch_of_first, now); !wrong.empty())
        return wrong;
    const VoucherNumber& first = vouchers.front().number;
    Sold& sold = sold_[first.offer];
    for (const Voucher& voucher : vouchers)
        if (!voucher.code.empty()) codes_[program].at(voucher.code).issued = entry;
    sold.issued += static_cast<std::int64_t>(vouchers.size());
    sold.tickets.insert(first.ticket);
    return {};
}

std::string Shelf::set_aside(ProgramId program, const std::vector<Voucher>& vouchers,
                             std::uint32_t batch_of_first, Instant now) {
    if (std::string wrong = check_take(program, vouchers, batch_of_first, now); !wrong.empty())
        return wrong;
    const VoucherNumber& first = vouchers.front().number;
    Sold& sold = sold_[first.offer];
    SetAside& waits = sold.set_aside[first.ticket];
    waits.program = program;
    waits.units = static_cast<std::int64_t>(vouchers.size());
    for (const Voucher& voucher : vouchers) {
        if (voucher.code.empty()) continue;
        codes_[program].at(voucher.code).is_set_aside = true;
        waits.codes.push_back(voucher.code);
    }
    sold.tickets.insert(first.ticket);
    return {};
}

std::string Shelf::issue(std::uint32_t offer, std::uint64_t ticket, Lsn entry) {
    Sold& sold = sold_[offer];
    const auto waits = sold.set_aside.find(ticket);
    if (waits == sold.set_aside.end())
        return "INV-9: ticket " + std::to_string(ticket) + " is issued, and is not set aside";
    auto& codes = codes_[waits->second.program];
    for (const std::string& name : waits->second.codes) {
        const Recalled* recalled = this->recalled(codes.at(name).name());
        if (recalled != nullptr && recalled->is_known_to(entry))
            return "INV-9: a code is issued to an order whose batch was recalled at LSN " +
                   std::to_string(recalled->begun.value);
    }
    for (const std::string& name : waits->second.codes) {
        codes.at(name).is_set_aside = false;
        codes.at(name).issued = entry;
    }
    sold.issued += waits->second.units;
    sold.set_aside.erase(waits);
    return {};
}

std::string Shelf::give_back(std::uint32_t offer, std::uint64_t ticket) {
    Sold& sold = sold_[offer];
    const auto waits = sold.set_aside.find(ticket);
    if (waits == sold.set_aside.end())
        return "INV-9: ticket " + std::to_string(ticket) + " comes back, and is not set aside";
    for (const std::string& name : waits->second.codes)
        codes_[waits->second.program].at(name).is_set_aside = false;
    sold.set_aside.erase(waits);
    return {};
}

// ---- recalls

std::string Shelf::recall(const BatchName& batch, Lsn entry) {
    if (!imported_.contains(batch)) return "a batch is recalled that was never imported";
    if (!recalled_.try_emplace(batch, Recalled{.begun = entry, .active = {}, .started = {}}).second)
        return "a batch is recalled a second time";
    return {};
}

std::string Shelf::recall_active(Lsn begun, Lsn active) {
    for (auto& [name, recalled] : recalled_) {
        if (recalled.begun != begun) continue;
        if (recalled.active != Lsn{}) return "a recall becomes active a second time";
        recalled.active = active;
        return {};
    }
    return "a recall becomes active that there is not";
}

void Shelf::start(Lsn last) {
    for (auto& [name, recalled] : recalled_)
        if (recalled.active == Lsn{} && recalled.started == Lsn{} && recalled.begun <= last)
            recalled.started = last;
}

const Recalled* Shelf::recalled(const BatchName& batch) const {
    const auto found = recalled_.find(batch);
    return found == recalled_.end() ? nullptr : &found->second;
}

Lsn Shelf::imported(const BatchName& batch) const {
    const auto found = imported_.find(batch);
    return found == imported_.end() ? Lsn{} : found->second;
}

BatchCounts Shelf::count(const BatchName& batch) const {
    BatchCounts counts;
    for (const auto& [name, code] : codes(batch.program)) {
        if (code.name() != batch) continue;
        if (code.is_set_aside)
            ++counts.set_aside;
        else if (code.issued != Lsn{})
            ++counts.issued;
        else
            ++counts.voided;
    }
    return counts;
}

std::int64_t Shelf::recalled_and_set_aside(ProgramId program, std::uint32_t offer) const {
    std::int64_t codes = 0;
    for (const auto& [name, code] : this->codes(program))
        if (code.offer == offer && code.is_set_aside && recalled(code.name()) != nullptr) ++codes;
    return codes;
}

}  // namespace suanpan::model
