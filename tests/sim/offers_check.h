// OffersCheck: whether what a journal says of offers, tickets, vouchers and codes can be (INV-9,
// INV-10).
#pragma once

#include "protocol/base/ids.h"
#include "server/ledger/entry.h"
#include "server/shard/card_vault.h"
#include "tests/model/model.h"
#include "tests/sim/history.h"
#include "tests/sim/recall_check.h"
#include "tests/sim/workload.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace suanpan::sim {

// Is told each executed request about offers in order of LSN, and each refusal. Opens every sealed
// code by itself, so that the model sees what a member would. Throws Violation.
class OffersCheck {
public:
    OffersCheck(const Workload& workload, const Secrets& secrets);

    // Of every entry, before and after the model has executed it: what was set aside comes back or
    // is issued once, and units are counted as their tickets say (INV-9).
    void begin(const ledger::Entry& entry, model::Model& model);
    void end(const ledger::Entry& entry, model::Model& model);
    // The order that a redemption's entry makes, which waits for cash; else null.
    [[nodiscard]] static const ledger::Order* units_of(const ledger::Entry& entry);
    // Of its vouchers, in the clear; empty where there is none.
    [[nodiscard]] std::vector<std::string> codes_of(const ledger::Entry& entry);

    // What the model needs to know of an entry before it executes its command.
    void name(const ledger::Entry& entry, const Op& op, const model::Model& model,
              model::Names& names);
    // The model has executed it.
    void add(const ledger::Entry& entry, const Op& op, const model::Model& model);
    // Nobody is told `sold_out` but of what is durably sold out (INV-10, P4).
    void refused(Lsn lsn, Instant time, const Op& op, const model::Model& model) const;
    // Nor of too many reservations but of what is durably set aside.
    void refused_as_unpaid(const ledger::Entry& entry, const Op& op) const;
    // Whether a late payment could find too few units since then.
    [[nodiscard]] bool was_set_aside(const ledger::OrderedUnits& units, Instant time, Lsn since,
                                     const model::Model& model) const;
    void finish(const model::Model& model) const;

private:
    // An offer as it is from the entry `lsn` on.
    struct Moment {
        Lsn lsn;
        std::int64_t issued = 0;
        std::int64_t reserved = 0;
        std::int64_t recalled = 0;  // of these: codes that nobody else can get any more
        std::int64_t stock = 0;
    };
    // Units that wait for cash, from the entry `lsn` up to the entry `ended`.
    struct Waiting {
        Lsn lsn;
        Lsn ended;
        std::int64_t units = 0;
        MemberId member;
        std::uint64_t origin = 0;
    };
    struct OfOffer {
        ProgramId program{};
        bool has_codes = false;
        std::vector<Moment> moments;
        std::map<std::uint64_t, Lsn> tickets;
        std::map<std::uint64_t, Waiting> waiting;  // by ticket
        std::uint64_t floor = 0;                   // all tickets up to it are known
    };
    struct Version {
        Lsn lsn;
        model::OfferSpec spec;
    };
    void add_redemption(const ledger::Entry& entry, const Op& op, const model::Model& model);
    void add_import(const ledger::Entry& entry, const Op& op, const model::Model& model);
    void add_moment(std::uint32_t offer, Lsn lsn, const model::Model& model, ProgramId program);
    // Units that nobody has; `counts_waiting`: those that wait for cash among them.
    [[nodiscard]] std::int64_t free(std::uint32_t offer, const Moment& at, Instant time,
                                    const model::Model& model, bool counts_waiting) const;
    [[nodiscard]] bool is_capped(const OfOffer& of, const model::OfferSpec& spec, const Moment& at,
                                 const Op& op) const;
    void add_ticket(const ledger::Entry& entry, const ledger::TicketTaken& taken);
    void check_counted(const ledger::Entry& entry) const;
    void check_read(const Read& read) const;
    void check_calm_tickets(std::uint32_t offer, const OfOffer& sold) const;
    [[nodiscard]] std::string code_of(const ledger::HeldVoucher& held, std::uint32_t& batch);
    void name_units(const ledger::Entry& entry, const ledger::Order& order, model::Names& names);

    const Workload& workload_;
    shard::CardVault vault_;
    RecallCheck recalls_;
    std::map<std::uint32_t, OfOffer> offers_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, Version> versions_;  // by offer and version
    std::map<VoucherNumber, std::string> codes_;
    std::map<Lsn, std::vector<Card>> cards_;        // that the answer to an entry shows
    std::map<Lsn, std::pair<Money, Instant>> due_;  // cash, and until when, likewise
};

}  // namespace suanpan::sim
