// Model: slow, obvious, std::map. What every answer of the server is compared with.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/command.h"
#include "protocol/offer.h"
#include "protocol/order.h"
#include "tests/model/account.h"
#include "tests/model/shelf.h"

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace suanpan::model {

// What the outside calls the entry and the hold that a command makes, and what else of it is the
// server's to choose or stands in a text that the model does not read.
struct Names {
    Lsn entry;
    HoldId hold{};
    std::vector<Voucher> vouchers;  // of a redemption or a payment, with their codes
    std::uint32_t batch = 0;        // of the first of these codes
    VoucherNumber voucher;          // that a token or a code stands for
    Proof proof;                    // and whether that is one
    bool is_void = false;           // the entry has it void: its shard knew of a recall
    BatchCounts recalled;           // of a recall: where its owner found the codes
    const OfferFile* offers = nullptr;
    const CodeList* codes = nullptr;
    // False: whoever asks looks after what all members share of a budget or a total.
    bool counts_for_all = true;
    // Then, of a late payment: it was used up.
    bool is_used_up = false;
};

// Sums of one program over all its accounts, at an instant.
struct Totals {
    Sums sums;
    std::int64_t available = 0;
    std::int64_t held = 0;
    std::int64_t pending = 0;
    // INV-3, as one sum.
    [[nodiscard]] bool balance() const {
        return sums.issued == available + held + pending + sums.spent + sums.expired + sums.revoked;
    }
};

// Executes commands one by one as semantics.md says, "Points".
//
// Includes no header of server/, so that no mistake is made twice. `now` never goes back. Outcomes
// are complete but for retry_after; the entry id and the hold's (or the order's) number are those
// that the caller gives, since they are the server's to choose. A settlement comes with its terms;
// whether a rule book makes sense is not asked here.
class Model {
public:
    // The request log is asked first, so that a repeat gets its first outcome (INV-7).
    Outcome submit(const Command& command, Instant now, const Names& names);
    // Without the request log: for a history in which each request stands once.
    Outcome execute(const Command& command, Instant now, const Names& names);
    // Ids made before this are refused from now on, and forgotten.
    void raise_floor(std::int64_t floor_ms);

    Outcome balance(const MemberId& member, ProgramId program, Instant now);
    Expiring expiring(const MemberId& member, ProgramId program, Duration within, Instant now);
    Totals totals(ProgramId program, Instant now);
    // What a member's order shows; `head` is the read's.
    OrderAnswer order(const CommandHead& head, const OrderId& order, Instant now);
    // A member's vouchers, by number.
    [[nodiscard]] std::vector<Voucher> vouchers(const MemberId& member, ProgramId program) const;
    // The recall of the batch that its code is of; null where there was none.
    [[nodiscard]] const Recalled* recall_of(const Voucher& voucher, ProgramId program) const {
        if (voucher.code.empty()) return nullptr;
        return shelf_.recalled(
            {.program = program, .offer = voucher.number.offer, .batch = voucher.batch});
    }
    // Null where the member has no such voucher.
    [[nodiscard]] const Voucher* voucher(const MemberId& member, ProgramId program,
                                         const VoucherNumber& number) const;
    [[nodiscard]] const Shelf& shelf() const { return shelf_; }
    // Units that were set aside come back: their order was cancelled, or its time is over. Returns
    // what is wrong with that.
    [[nodiscard]] std::string give_back(std::uint32_t offer, std::uint64_t ticket) {
        return shelf_.give_back(offer, ticket);
    }
    // As of Shelf: a recall that everybody knows of.
    [[nodiscard]] std::string recall_active(Lsn begun, Lsn active) {
        return shelf_.recall_active(begun, active);
    }
    void start(Lsn last) { shelf_.start(last); }
    // The entry `lsn` ends the wait of an order: its time is over, or a code of it was recalled.
    // Returns what is wrong with that.
    [[nodiscard]] std::string end_wait(const MemberId& member, ProgramId program,
                                       std::uint32_t order, Instant now, Lsn lsn);
    // Units of an offer in orders that wait for their cash.
    [[nodiscard]] std::int64_t set_aside(ProgramId program, std::uint32_t offer, Instant now);
    // Of all members together: what their orders have of a budget or a total.
    [[nodiscard]] UseSum used_by_all(ProgramId program, const UseKey& key, Instant now);
    // What the last command could not be, in words, where it was refused for something that only
    // the server can have got wrong.
    [[nodiscard]] const std::string& complaint() const { return complaint_; }
    // What an account has used of a limit per member, in the period of `now`.
    [[nodiscard]] UseSum used(const MemberId& member, ProgramId program, const UseKey& key,
                              Instant now);
    // What expiring() would say, with nothing changed by it: `now` may lie behind that of a later
    // command, but not before the account's last one.
    [[nodiscard]] Expiring look(const MemberId& member, ProgramId program, Duration within,
                                Instant now) const;
    // The same for order().
    [[nodiscard]] OrderAnswer look_at_order(const CommandHead& head, const OrderId& order,
                                            Instant now) const;

private:
    using AccountName = std::tuple<ProgramId, MemberId>;
    using RequestName = std::tuple<PartnerId, MemberId, RequestId>;
    struct Finished {
        std::uint64_t body_hash = 0;
        Outcome outcome;
    };
    Answer decide(const Command& command, Instant now, const Names& names);
    Answer put_offers(const PutOffers& put, const Names& names);
    Answer import(const CommandHead& head, const Names& names);
    Answer recall(const CommandHead& head, const RecallBatch& asked, const Names& names);
    // Null where it has no such voucher; else as whoever decides the entry sees it.
    [[nodiscard]] Voucher* find_voucher(Account& account, const VoucherNumber& number,
                                        ProgramId program, const Names& names) const;
    Answer redeem(const Command& command, Account& account, Instant now, const Names& names);
    // A payment that was just accepted issues what it has paid for.
    Answer issue(const Command& command, Account& account, Instant now, const Names& names,
                 const Answer& paid);
    Answer complain(std::string complaint);
    // The partner's order of that name in an account of the member other than the head's.
    [[nodiscard]] std::optional<Order> order_elsewhere(const CommandHead& head, const OrderId& id,
                                                       Instant now) const;
    Answer put_program(const PutProgram& put);
    Answer put_rules(ProgramId program, const PutRules& put, Instant now);
    // Only what this one account needs.
    [[nodiscard]] Model apart(const MemberId& member, ProgramId program) const;
    [[nodiscard]] const ProgramSpec* find_program(ProgramId id) const;

    std::map<ProgramId, std::vector<ProgramSpec>> programs_;  // all versions, oldest first
    struct RulesVersion {
        std::uint32_t version = 0;
        Instant effective_from;
    };
    std::map<ProgramId, RulesVersion> rules_;  // the newest
    std::map<AccountName, Account> accounts_;
    std::map<ProgramId, Sums> sums_;
    std::map<RequestName, Finished> finished_;
    std::int64_t floor_ms_ = 0;
    Shelf shelf_;
    std::string complaint_;
};

}  // namespace suanpan::model
