// RecallCheck: whether what a journal and its clients say of recalled batches can be (INV-9).
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/ledger/effect.h"
#include "server/ledger/entry.h"
#include "tests/model/model.h"
#include "tests/sim/workload.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace suanpan::sim {

// Is told every entry in order of LSN, before and after the model has executed it. That nothing is
// taken of a recalled batch, put into it, used or issued of it the model says; here it is counted,
// and noted from when on everybody must know (docs/decisions/0021). Throws Violation.
class RecallCheck {
public:
    explicit RecallCheck(const Workload& workload) : workload_(workload) {}

    // Of every entry: starts and ends of orders that it tells of reach the model.
    void begin(const ledger::Entry& entry, model::Model& model);
    // What the model needs to know of a recall. The counts of its answer are those of one moment
    // since it was asked for.
    void name(const ledger::Entry& entry, const Op& op, const model::Model& model,
              model::Names& names);
    void end(const ledger::Entry& entry, model::Model& model);

    // Nobody is told `batch_recalled` or `batch_not_found` but of what durably is (P4).
    static void refused(const Outcome& outcome, const Op& op, const model::Model& model);
    // Whoever asked for a recall was told what the journal has; and who came after it has got no
    // code of the batch any more (P1).
    void finish(const model::Model& model) const;

private:
    struct Moment {
        Lsn lsn;
        model::BatchCounts counts;
    };
    // A recall whose counts are judged once it is known by when its offer was closed, at the
    // latest: codes that had expired by then may be missing.
    struct Open {
        ledger::BatchRecalled told;
        model::BatchName name;
        std::uint64_t held = 0;           // set aside or issued, when it was recalled
        std::vector<Instant> free_until;  // of codes that were neither set aside nor issued
    };
    void add_moments(ProgramId program, std::uint32_t offer, Lsn lsn, const model::Model& model);
    void count_again(const ledger::Entry& entry, const model::Model& model);
    static void check_free(const Open& open, Lsn lsn, Instant until);
    void check_cards(const Op& op, const model::Model& model) const;

    const Workload& workload_;
    std::map<model::BatchName, std::vector<Moment>> moments_;
    std::map<Lsn, Open> open_;
    std::map<Lsn, ledger::BatchRecalled> told_;
};

}  // namespace suanpan::sim
