// CounterAudit: the counters that all members share, derived from the journal alone (INV-9,
// INV-11).
#pragma once

#include "server/ledger/counter.h"
#include "server/ledger/entry.h"
#include "server/ledger/ledger.h"
#include "server/rules/rule_book.h"
#include "tools/stock_audit.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace suanpan::tools {

// Follows every entry. What was granted is never more than the limit that the entry names, that
// limit is one of a rule book's or its offer's stock, and no rule book or file of offers sets one
// below what was granted before it.
class CounterAudit {
public:
    // What a baseline says.
    void restore(const ledger::Ledger& ledger);

    // A sentence where the entry is wrong. `ledger` has applied it, with every rule book so far.
    [[nodiscard]] std::optional<std::string> take(const ledger::Entry& entry,
                                                  const ledger::Ledger& ledger);
    // The same at the end: the ledgers count as this does, and what is set aside is what orders
    // wait with.
    [[nodiscard]] std::optional<std::string> compare(
        std::span<const std::unique_ptr<ledger::Ledger>> ledgers) const;

    [[nodiscard]] const ledger::CounterMap& counters() const { return counters_; }

private:
    [[nodiscard]] std::optional<std::string> take_rules(const ledger::RuleText& text);
    [[nodiscard]] std::optional<std::string> take_offers(ProgramId program,
                                                         const ledger::Ledger& ledger);
    [[nodiscard]] std::optional<std::string> take_units(const ledger::CounterKey& key,
                                                        const ledger::CounterAdd& add,
                                                        const ledger::Ledger& ledger);
    [[nodiscard]] const rules::RuleBook* book_of(const ledger::RuleText& text);
    [[nodiscard]] bool is_limit(const ledger::CounterKey& key, std::int64_t limit,
                                const ledger::Ledger& ledger);

    ledger::CounterMap counters_;
    StockAudit stocks_;
    std::map<std::pair<ProgramId, std::uint32_t>, std::unique_ptr<const rules::RuleBook>> books_;
};

// "program 1 campaign 7's budget"
[[nodiscard]] std::string text_of(const ledger::CounterKey& key);

}  // namespace suanpan::tools
