#include "tests/sim/rules_check.h"

#include "tests/sim/violation.h"

#include <fmt/format.h>

namespace suanpan::sim {

void RulesCheck::add(const ledger::Entry& entry) {
    std::map<std::uint32_t, Version>& versions = versions_[entry.program];
    const auto known = workload_.rules.find(entry.rules->text);
    if (known == workload_.rules.end())
        throw Violation(fmt::format("LSN {} has rules that nobody has sent", entry.lsn.value));
    const Version next{.lsn = entry.lsn,
                       .effective_from = entry.rules->effective_from,
                       .text = entry.rules->text,
                       .facts = known->second};
    if (next.facts.version != versions.size() + 1 || entry.rules->version != versions.size() + 1)
        throw Violation(fmt::format("LSN {} is not the next version", entry.lsn.value));
    if (!versions.empty()) {
        const Version& before = versions.rbegin()->second;
        const Instant earliest = entry.time + days(before.facts.notice_days);
        if (lowers_a_limit(before.facts, next.facts) && next.effective_from < earliest)
            throw Violation(
                fmt::format("LSN {} lowers a limit without its notice", entry.lsn.value));
    }
    versions.emplace(next.facts.version, next);
}

void RulesCheck::check(const Read& read) const {
    const auto fail = [&](const char* why) {
        throw Violation(
            fmt::format("P4: a read (kind {}) of program {}, sent at step {} and answered at step "
                        "{} goes by version {} of the rules, {}",
                        static_cast<int>(read.kind), static_cast<int>(read.program), read.sent_at,
                        read.answered_at, read.rule_version, why));
    };
    const auto of_program = versions_.find(read.program);
    const auto none = std::map<std::uint32_t, Version>{};
    const auto& versions = of_program == versions_.end() ? none : of_program->second;
    for (const auto& [number, version] : versions)
        if (number > read.rule_version && number <= read.known_rules &&
            version.effective_from <= read.outcome.time)
            fail("but a later one was known to be in force");
    if (read.outcome.code != Code::ok) return;
    const auto found = versions.find(read.rule_version);
    if (found == versions.end()) return fail("which there never was");
    if (found->second.lsn > read.durable) fail("which was not durable");
    if (found->second.effective_from > read.outcome.time) fail("which was not in force yet");
    if (read.kind == CommandKind::terms && read.rule_text != found->second.text)
        fail("with another text");
}

void RulesCheck::finish() const {
    for (const Read& read : workload_.rule_reads) check(read);
}

}  // namespace suanpan::sim
