// OffersCheck: whether what a journal says of offers, tickets, vouchers and codes can be (INV-9,
// INV-10).
#pragma once

#include "protocol/base/ids.h"
#include "server/ledger/entry.h"
#include "server/shard/card_vault.h"
#include "tests/model/model.h"
#include "tests/sim/history.h"
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

    // What the model needs to know of an entry before it executes its command.
    void name(const ledger::Entry& entry, const Op& op, model::Names& names);
    // The model has executed it.
    void add(const ledger::Entry& entry, const Op& op, const model::Model& model);
    // Nobody is told `sold_out` but of what is durably sold out (INV-10, P4).
    void refused(Lsn lsn, Instant time, const Op& op, const model::Model& model) const;
    void finish(const model::Model& model) const;

private:
    // An offer as it is from the entry `lsn` on.
    struct Moment {
        Lsn lsn;
        std::int64_t issued = 0;
        std::int64_t stock = 0;
    };
    struct OfOffer {
        ProgramId program{};
        bool has_codes = false;
        std::vector<Moment> moments;
        std::map<std::uint64_t, Lsn> tickets;
        std::uint64_t floor = 0;  // all tickets up to it are known
    };
    struct Version {
        Lsn lsn;
        model::OfferSpec spec;
    };
    void add_redemption(const ledger::Entry& entry, const Op& op, const model::Model& model);
    void add_import(const ledger::Entry& entry, const Op& op, const model::Model& model);
    void add_moment(std::uint32_t offer, Lsn lsn, const model::Model& model, ProgramId program);
    [[nodiscard]] bool is_sold_out(std::uint32_t offer, const Moment& at, std::int64_t quantity,
                                   Instant time, const model::Model& model) const;
    void check_read(const Read& read) const;
    void check_calm_tickets(std::uint32_t offer, const OfOffer& sold) const;
    [[nodiscard]] std::string code_of(const ledger::HeldVoucher& held, std::uint32_t& batch);

    const Workload& workload_;
    shard::CardVault vault_;
    std::map<std::uint32_t, OfOffer> offers_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, Version> versions_;  // by offer and version
    std::map<VoucherNumber, std::string> codes_;
    std::map<Lsn, std::vector<Card>> cards_;  // that the answer to an entry shows
};

}  // namespace suanpan::sim
