#include "tools/counter_audit.h"

#include "server/rules/rule_file.h"

#include <fmt/format.h>

namespace suanpan::tools {
namespace {

using ledger::CounterKey;
using ledger::CounterKind;

std::optional<std::int64_t> limit_in(const rules::RuleBook& book, const CounterKey& key) {
    if (key.kind == CounterKind::campaign_budget) {
        const rules::Campaign* campaign = book.find_campaign(rules::CampaignId{key.id});
        if (campaign == nullptr || !campaign->budget) return std::nullopt;
        return campaign->budget->value;
    }
    const rules::CouponRule* coupon = book.find_coupon(rules::CouponId{key.id});
    return coupon == nullptr ? std::nullopt : coupon->total_max;
}

std::string_view name_of(CounterKind kind) {
    switch (kind) {
        case CounterKind::campaign_budget:
            return "budget of campaign";
        case CounterKind::coupon_total:
            return "total of coupon";
        case CounterKind::offer_stock:
            return "stock of offer";
    }
    return "counter";
}

}  // namespace

void CounterAudit::restore(const ledger::Ledger& ledger) {
    ledger.add_counters_to(counters_);
    std::map<CounterKey, ledger::TicketSpan> tickets;
    ledger.add_tickets_to(tickets);
    stocks_.restore(tickets, ledger);
}

std::string text_of(const CounterKey& key) {
    return fmt::format("program {} {} {}", static_cast<std::uint32_t>(key.program),
                       name_of(key.kind), key.id);
}

std::optional<std::string> CounterAudit::take(const ledger::Entry& entry,
                                              const ledger::Ledger& ledger) {
    if (entry.rules != nullptr)
        if (auto wrong = take_rules(*entry.rules)) return wrong;
    if (entry.offers != nullptr)
        if (auto wrong = take_offers(entry.program, ledger)) return wrong;
    if (auto wrong = stocks_.take(entry, ledger)) return wrong;
    if (!entry.has_counters) return std::nullopt;
    for (const ledger::Effect& effect : entry.effects)
        if (const auto* add = std::get_if<ledger::CounterAdd>(&effect))
            if (auto wrong = take_units(
                    {.program = entry.program, .kind = add->kind, .id = add->id}, *add, ledger))
                return wrong;
    return std::nullopt;
}

std::optional<std::string> CounterAudit::take_rules(const ledger::RuleText& text) {
    const rules::RuleBook* book = book_of(text);
    if (book == nullptr) return std::nullopt;  // of an earlier release, which checked less
    for (const auto& [key, units] : counters_) {
        if (key.program != text.program || key.kind == CounterKind::offer_stock) continue;
        const auto limit = limit_in(*book, key);
        if (limit && *limit < units.given())
            return fmt::format("INV-11: it lowers the {} to {}, but {} were granted before",
                               text_of(key), *limit, units.given());
    }
    return std::nullopt;
}

std::optional<std::string> CounterAudit::take_offers(ProgramId program,
                                                     const ledger::Ledger& ledger) {
    for (const auto& [key, units] : counters_) {
        if (key.program != program || key.kind != CounterKind::offer_stock) continue;
        const cards::Offer* offer = stocks_.offer(key, ledger);
        if (offer == nullptr)
            return fmt::format("INV-9: offer {} is missing in it, and units of it were taken",
                               key.id);
        if (offer->kind != cards::StockKind::code_backed && offer->stock < units.given())
            return fmt::format("INV-9: it lowers the {} to {}, but {} were taken before",
                               text_of(key), offer->stock, units.given());
    }
    return std::nullopt;
}

std::optional<std::string> CounterAudit::take_units(const CounterKey& key,
                                                    const ledger::CounterAdd& add,
                                                    const ledger::Ledger& ledger) {
    ledger::CounterUnits& units = counters_[key];
    units.add(add.delta);
    if (units.issued < 0 || units.reserved < 0)
        return fmt::format("INV-11: {}: {} are issued and {} set aside after it", text_of(key),
                           units.issued, units.reserved);
    // Codes may come, and some expire, between a grant and its entry: what was imported counts.
    const std::int64_t most = stocks_.codes_for(key, ledger).value_or(add.limit);
    if (add.takes() && units.given() > most)
        return fmt::format("INV-11: {}: {} are granted after it, over the limit of {}",
                           text_of(key), units.given(), most);
    if (add.takes() && !is_limit(key, add.limit, ledger))
        return fmt::format("INV-11: {}: no rule book so far has the limit of {} that it names",
                           text_of(key), add.limit);
    if (units == ledger::CounterUnits{}) counters_.erase(key);
    return std::nullopt;
}

const rules::RuleBook* CounterAudit::book_of(const ledger::RuleText& text) {
    auto& book = books_[{text.program, text.version}];
    if (book == nullptr)
        if (auto spec = rules::parse_rules(text.text))
            book = std::make_unique<const rules::RuleBook>(std::move(*spec));
    return book.get();
}

bool CounterAudit::is_limit(const CounterKey& key, std::int64_t limit,
                            const ledger::Ledger& ledger) {
    if (key.kind == CounterKind::offer_stock) {
        const cards::Offer* offer = stocks_.offer(key, ledger);
        if (offer == nullptr) return false;
        const auto codes = stocks_.codes_for(key, ledger);
        return codes ? limit <= stocks_.imported_for(key) : limit == offer->stock;
    }
    for (const ledger::RuleTextPtr& text : ledger.rules().all()) {
        if (text->program != key.program) continue;
        const rules::RuleBook* book = book_of(*text);
        if (book != nullptr && limit_in(*book, key) == limit) return true;
    }
    return false;
}

std::optional<std::string> CounterAudit::compare(
    std::span<const std::unique_ptr<ledger::Ledger>> ledgers) const {
    ledger::CounterMap counted;
    std::map<CounterKey, ledger::ReservedMap> reserved;
    for (const auto& each : ledgers) {
        each->add_counters_to(counted);
        each->add_reserved_to(reserved);
    }
    std::erase_if(counted, [](const auto& each) { return each.second == ledger::CounterUnits{}; });
    if (counted != counters_)
        return std::string("INV-11: the house records do not count what the entries say");
    if (auto wrong = stocks_.compare(ledgers)) return wrong;
    for (const auto& [key, units] : counters_) {
        std::int64_t aside = 0;
        for (const auto& [until, more] : reserved[key]) aside += more;
        if (aside != units.reserved)
            return fmt::format("INV-11: {}: {} are set aside, but orders wait with {}",
                               text_of(key), units.reserved, aside);
    }
    return std::nullopt;
}

}  // namespace suanpan::tools
