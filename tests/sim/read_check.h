// ReadCheck: whether every read shows a state that was, and none an older one than before.
#pragma once

#include "protocol/command.h"
#include "tests/model/model.h"
#include "tests/sim/workload.h"

#include <map>
#include <optional>
#include <tuple>
#include <vector>

namespace suanpan::sim {

// Is told the accounts' entries in order of LSN, and compares each read with the model's states.
//
// A read may show any state of its account from the newest entry that anybody had been told of when
// it was sent (an earlier read tells as well) to the last entry that was durable when it was
// answered (P4). Single-threaded, like everything here.
class ReadCheck {
public:
    explicit ReadCheck(const std::vector<Read>& reads);

    // The account's next entry is `line`; `before` is the model without it.
    void add_entry(ProgramId program, const MemberId& member, const StatementLine& line,
                   const model::Model& before);
    // All entries were told. Throws Violation for a read that nothing explains.
    void finish(const model::Model& model);

private:
    struct Candidate {
        const Read* read = nullptr;
        Lsn floor;                 // of the states that it may show
        std::optional<Lsn> shows;  // the oldest state it can have shown
    };
    using AccountName = std::tuple<ProgramId, MemberId>;
    struct Account {
        std::vector<StatementLine> lines;  // oldest first
        std::vector<Candidate> reads;      // in order of their answers
    };
    void compare(const AccountName& name, Account& account, const model::Model& model);
    static bool shows_vouchers(const AccountName& name, const Read& read,
                               const model::Model& model);
    static bool matches(const AccountName& name, const Account& account, const Read& read,
                        const model::Model& model);

    std::map<AccountName, Account> accounts_;
};

}  // namespace suanpan::sim
