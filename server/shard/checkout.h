// Checkout: introduces the rules to the ledger. Quotes, and what the commands on orders need of the
// rules.
#pragma once

#include "protocol/order.h"
#include "server/ledger/ledger.h"
#include "server/rules/quote.h"
#include "server/rules/rule_book.h"
#include "server/shard/owner_mail.h"
#include "server/shard/quote_seal.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace suanpan::shard {

// One shard's, on its thread only. Keeps the rule books that its ledger has as text, each parsed
// when it is first asked for, and of a program the versions that count now: the one in force and
// those to come. A quote leaves nothing behind.
class Checkout {
public:
    // `first_quote`: number of the first quote, the others follow; 0: drawn at random, so that no
    // two shards and no two lives of a server give the same one.
    Checkout(const ledger::Ledger& ledger, QuoteSeal seal, std::uint64_t first_quote = 0);

    // The reads. The outcome says why where there is no answer.
    [[nodiscard]] QuoteAnswer quote(const Command& command, Instant now);
    [[nodiscard]] OrderAnswer order(const Command& command, Instant now) const;
    [[nodiscard]] TermsAnswer terms(const Command& command, Instant now) const;

    // What a token promises; nothing where it is none of ours.
    [[nodiscard]] std::optional<OrderTerms> open_token(std::span<const std::byte> token,
                                                       Instant now) {
        return seal_.open(token, now);
    }

    // A rule book that somebody wants to load.
    struct Loaded {
        std::shared_ptr<const rules::RuleBook> book;  // null: it makes no sense
        std::string message;                          // and why
    };
    [[nodiscard]] Loaded load(const PutRules& command, ProgramId program, Instant now);
    // The earliest instant that `next` may take effect, by the notice that the program promised, or
    // nothing where it is not adverse and may do so at once.
    [[nodiscard]] std::optional<Instant> notice_ends(const rules::RuleBook& next, Instant now);
    // The same of a program whose points would expire earlier than before and than rules in force
    // or to come say: the earliest instant for rules that announce it. Nothing where no rules speak
    // against it.
    [[nodiscard]] std::optional<Instant> notice_ends(const ProgramSpec& next, Instant now);

    // What points are worth at that place, by the rules in force: the first deduction that is for
    // orders there. Nothing where points pay nothing.
    [[nodiscard]] std::optional<rules::Ratio> worth_at(ProgramId program,
                                                       const rules::OrderPlace& place, Instant now);

    // The limit of a counter that all members share: the lowest that the version in force and
    // those to come set, so that none of these is ever found exceeded (INV-11). Nothing where none
    // of them sets one.
    [[nodiscard]] std::optional<std::int64_t> limit_of(const ledger::CounterKey& key, Instant now);
    // Until when no limit changes by itself.
    [[nodiscard]] Instant limits_hold_until(Instant now) const;
    // The limits that `next` would lower or set anew: its owners have to agree.
    [[nodiscard]] std::vector<OwnerAsk> lowered(const rules::RuleBook& next, Instant now);
    // A version that is installed here and not durable yet sets no limits; null: all are durable.
    void set_undurable(const ledger::RuleTextPtr& rules) { undurable_ = rules; }
    // How many rule books are kept parsed: they do not grow with the versions that have gone by.
    [[nodiscard]] std::size_t books() const { return books_.size(); }
    // What a counter's owner has published.
    void set_given(const ledger::CounterKey& key, std::int64_t given) { given_[key] = given; }
    [[nodiscard]] std::int64_t given(const ledger::CounterKey& key) const {
        const auto at = given_.find(key);
        return at == given_.end() ? 0 : at->second;
    }

private:
    using BookKey = std::pair<ProgramId, std::uint32_t>;
    // The versions whose limits count at `now`: from the newest durable one in force on; all where
    // none is yet.
    [[nodiscard]] std::span<const ledger::RuleTextPtr> versions_from(ProgramId program,
                                                                     Instant now) const;
    // Of a version that counts at `now`. It stays until a later version of the program does.
    [[nodiscard]] const rules::RuleBook* book_of(const ledger::RuleText& text, Instant now);
    // In days, whether the version can still be read or not.
    [[nodiscard]] std::uint32_t promised_notice(const ledger::RuleText& text, Instant now);
    [[nodiscard]] Code price(const AskedOrder& asked, const rules::RuleBook& book,
                             const ledger::Program& program, const ledger::Account& account,
                             Instant now, rules::Quote& quote, std::int64_t& detail);

    const ledger::Ledger& ledger_;
    QuoteSeal seal_;
    std::uint64_t next_quote_;
    std::map<BookKey, std::shared_ptr<const rules::RuleBook>> books_;
    ledger::RuleTextPtr undurable_;
    std::map<ledger::CounterKey, std::int64_t> given_;
};

}  // namespace suanpan::shard
