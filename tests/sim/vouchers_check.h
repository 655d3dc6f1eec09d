// VouchersCheck: whether what a journal says of the lives of vouchers can be (INV-9, INV-10).
#pragma once

#include "protocol/base/ids.h"
#include "protocol/offer.h"
#include "server/cards/voucher.h"
#include "server/cards/voucher_token.h"
#include "server/ledger/entry.h"
#include "server/shard/card_vault.h"
#include "tests/model/model.h"
#include "tests/sim/history.h"
#include "tests/sim/workload.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace suanpan::sim {

// Is told each entry with vouchers in order of LSN, after the model has executed it, and each
// refusal. Whose voucher a code is it learns from the entries; a token it opens by itself. Throws
// Violation.
class VouchersCheck {
public:
    VouchersCheck(const Workload& workload, const Secrets& secrets);

    // Whose request id it is, as long as nobody has the code that it names.
    [[nodiscard]] VoucherNumber request_owner_of(const Op& op);
    // Requests that name this code, which somebody has from now on.
    void add_request(const Op& op);
    [[nodiscard]] std::vector<const Op*> requests_by(ProgramId program,
                                                     const std::string& code) const;

    // What the model needs to know of such an entry before it executes its command.
    void name(const ledger::Entry& entry, const Op& op, Command& command, model::Names& names);
    // The model has executed it; `codes`: of its vouchers, in the clear.
    void add(const ledger::Entry& entry, const std::vector<std::string>& codes,
             const model::Model& model);
    // A shop or a member is only refused what some durable state of the voucher refuses (P3).
    void refused(const Outcome& outcome, const Op& op, const model::Model& model);
    void finish() const;

private:
    // A voucher as it is from the entry `lsn` on.
    struct Moment {
        Lsn lsn;
        model::Voucher voucher;
    };
    struct Answered {
        std::optional<ShowAnswer> shown;
        std::optional<VerifyAnswer> verified;
    };
    [[nodiscard]] std::optional<VoucherNumber> number_of(const Op& op) const;
    [[nodiscard]] model::Proof proof_of(const Op& op) const;
    [[nodiscard]] bool would_refuse(const Op& op, const model::Voucher* voucher,
                                    const Outcome& outcome) const;
    // The same of a voucher as it was, whether or not its shard knew of a recall by then.
    [[nodiscard]] bool could_refuse(const Op& op, const model::Voucher& voucher,
                                    const Outcome& outcome, const model::Model& model) const;
    void check_stored(const ledger::Entry& entry, const ledger::HeldVoucher& held,
                      const model::Voucher& expected) const;
    void note_answer(const ledger::Entry& entry, const model::Voucher& voucher);

    const Workload& workload_;
    shard::CardVault vault_;
    cards::VoucherTokens tokens_;
    std::map<std::pair<ProgramId, std::string>, VoucherNumber> by_code_;
    std::map<std::pair<ProgramId, std::string>, std::vector<const Op*>> asked_;
    std::map<std::pair<ProgramId, VoucherNumber>, std::vector<Moment>> moments_;
    std::map<Lsn, Answered> answers_;
};

}  // namespace suanpan::sim
