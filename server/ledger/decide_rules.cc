// Rule books: a new version of a program's.
#include "protocol/order.h"
#include "server/ledger/decider.h"

#include <algorithm>

namespace suanpan::ledger {

// Whether the text makes sense, and whether anybody comes out worse, the shard has asked the rules.
Decision Decider::decide(const PutRules& command) {
    const ProgramId program = command_.head.program;
    if (ledger_.program(program) == nullptr) return refused(Code::program_not_found);
    const RuleTextPtr newest = ledger_.rules().newest(program);
    const std::uint32_t version = newest == nullptr ? 0 : newest->version;
    if (command.version != version + 1) return refused(Code::version_not_next, version);
    const Instant from = std::max(command.effective_from, now_);
    if (newest != nullptr && from < newest->effective_from)
        return refused(Code::rules_out_of_order, newest->effective_from.ns);
    PutRules put = command;
    put.effective_from = from;
    out_.config_version = command.version;
    out_.detail = command.version;
    out_.rules = rules_of(command_.head, put);
    out_.add(RulesPut{});
    return accepted();
}

}  // namespace suanpan::ledger
