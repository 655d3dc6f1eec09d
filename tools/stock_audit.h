// StockAudit: offers, their tickets and vouchers, derived from the journal alone (INV-9).
#pragma once

#include "server/cards/offer.h"
#include "server/ledger/counter.h"
#include "server/ledger/entry.h"
#include "server/ledger/ledger.h"
#include "server/ledger/ticket_span.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

namespace suanpan::tools {

// Follows every entry. A redemption is one of an offer in the version that the newest file has, its
// units are as many as its vouchers, its ticket was nobody's before, and all tickets below the
// floor that it names stand in earlier entries. A voucher's code was imported before, and issued to
// nobody. Each change of a voucher is one of what the entry before left of it. What is set aside
// unpaid has a ticket too, and codes that nobody else has; it ends once, as vouchers with those
// codes or by coming back. Once a batch is recalled nothing of it is taken and nothing goes into
// it; once every shard knows, no voucher of it is issued or used. What a file says a stock is,
// CounterAudit compares with what was taken of it.
class StockAudit {
public:
    // What a baseline says.
    void restore(const std::map<ledger::CounterKey, ledger::TicketSpan>& tickets,
                 const ledger::Ledger& ledger);

    // A sentence where the entry is wrong. `ledger` has applied it, with every file so far.
    [[nodiscard]] std::optional<std::string> take(const ledger::Entry& entry,
                                                  const ledger::Ledger& ledger);
    // The same at the end: the ledgers have the same tickets.
    [[nodiscard]] std::optional<std::string> compare(
        std::span<const std::unique_ptr<ledger::Ledger>> ledgers) const;

    // Codes that were imported for it so far, without what was free of recalled batches; nothing
    // where it is not code-backed.
    [[nodiscard]] std::optional<std::int64_t> codes_for(const ledger::CounterKey& key,
                                                        const ledger::Ledger& ledger);
    // All that were ever imported for it. An owner that grants units may not have seen yet what
    // came back of a recalled batch.
    [[nodiscard]] std::int64_t imported_for(const ledger::CounterKey& key) const;
    // The offer as the newest file has it; null where it has none.
    [[nodiscard]] const cards::Offer* offer(const ledger::CounterKey& key,
                                            const ledger::Ledger& ledger);

private:
    // All up to `all`, and those in `above`.
    struct Seen {
        std::uint64_t all = 0;
        std::set<std::uint64_t> above;
        void add(std::uint64_t ticket);
        [[nodiscard]] bool has(std::uint64_t ticket) const {
            return ticket <= all || above.contains(ticket);
        }
    };
    struct File {
        std::uint32_t version = 0;
        std::map<std::uint32_t, cards::Offer> offers;
    };
    [[nodiscard]] const File& file_of(ProgramId program, const ledger::Ledger& ledger);

    struct Batch {
        std::uint64_t imported = 0;
        std::uint64_t held = 0;  // set aside or issued
        bool is_recalled = false;
        bool is_known = false;  // every shard knows of the recall
    };
    struct Codes {
        std::map<cards::CodeKey, cards::BatchId> imported;
        std::set<cards::CodeKey> issued;  // or set aside
        std::map<cards::BatchId, Batch> batches;

        // False: it is somebody's already.
        [[nodiscard]] bool hold(const cards::CodeKey& code);
        void release(const cards::CodeKey& code);
        [[nodiscard]] const Batch* batch_of(const cards::CodeKey& code) const;
    };
    // Units that are set aside unpaid.
    struct Open {
        std::int64_t units = 0;
        std::set<cards::CodeKey> codes;
        friend bool operator==(const Open&, const Open&) = default;
    };
    using OpenMap = std::map<std::pair<ledger::CounterKey, std::uint64_t>, Open>;
    static void add_open(ProgramId program, const ledger::Order& order, OpenMap& to);
    [[nodiscard]] std::optional<std::string> take_ticket(const ledger::Entry& entry,
                                                         const ledger::TicketTaken& taken,
                                                         const ledger::CounterUnits& units,
                                                         const ledger::Ledger& ledger);
    [[nodiscard]] std::optional<std::string> set_aside(const ledger::Entry& entry,
                                                       const ledger::CounterKey& key,
                                                       const ledger::TicketTaken& taken,
                                                       std::int64_t units);
    [[nodiscard]] std::optional<std::string> end(const ledger::Entry& entry,
                                                 const ledger::ReservationEnded& ended);
    // The vouchers of the entry are those of the ticket, one per unit.
    [[nodiscard]] std::optional<std::string> issue_all(const ledger::Entry& entry,
                                                       const ledger::CounterKey& key,
                                                       std::uint64_t ticket, std::int64_t units);
    [[nodiscard]] std::optional<std::string> take_codes(const ledger::HeldCodes& held);
    [[nodiscard]] std::optional<std::string> recall(const ledger::Entry& entry,
                                                    const ledger::BatchRecalled& recalled);
    // Of what an entry takes or issues. `known`: only where every shard knew.
    [[nodiscard]] std::optional<std::string> check_not_recalled(const ledger::CounterKey& key,
                                                                const ledger::Entry& entry,
                                                                bool known) const;
    [[nodiscard]] std::optional<std::string> change(const ledger::HeldVoucher& held);
    [[nodiscard]] std::optional<std::string> issue(const ledger::CounterKey& key,
                                                   const ledger::HeldVoucher& held);

    std::map<ledger::CounterKey, Seen> tickets_;
    std::map<ledger::CounterKey, Codes> codes_;
    OpenMap open_;
    // Recalls that not every shard is known to know, by the LSN of their entry.
    std::map<Lsn, std::pair<ledger::CounterKey, cards::BatchId>> spreading_;
    bool knows_all_codes_ = true;  // false behind a baseline
    std::map<ProgramId, File> files_;
    std::map<VoucherNumber, std::uint32_t> revisions_;  // of vouchers
};

}  // namespace suanpan::tools
