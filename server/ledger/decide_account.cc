// Freezing, limits, what a CRM knows; and programs, which have no account.
#include "protocol/limits.h"
#include "server/ledger/decider.h"

namespace suanpan::ledger {

Decision Decider::decide(const Freeze& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    out_.reason = command.reason;
    out_.add(AccountFrozen{.frozen = command.frozen});
    return accepted();
}

Decision Decider::decide(const SetLimit& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    out_.detail = command.spend_per_day_max.value;
    out_.add(AccountLimit{.spend_per_day_max = command.spend_per_day_max});
    return accepted();
}

Decision Decider::decide(const MemberUpdate& command) {
    if (program_ == nullptr) return refused(Code::program_not_found);
    if (const AccountRare* rare = account().rare();
        rare != nullptr && rare->has_member && command.source_version < rare->member.source_version)
        return refused(Code::stale_version, static_cast<std::int64_t>(rare->member.source_version));
    out_.add(MemberSet{.segments = command.segments,
                       .source_version = command.source_version,
                       .level = command.level,
                       .birthday_month = command.birthday_month,
                       .birthday_day = command.birthday_day});
    return accepted();
}

Decision Decider::decide(const PutProgram& command) {
    const ProgramSpec& spec = command.spec;
    const Program* current = ledger_.program(spec.id);
    if (!command.create && current == nullptr) return refused(Code::program_not_found);
    if (command.create && current != nullptr) return refused(Code::program_exists);
    const std::uint32_t version = current == nullptr ? 0 : current->spec().version;
    if (spec.version != version + 1) return refused(Code::version_not_next, version);
    if (const auto field = invalid_field(spec)) return refused(Code::program_invalid, *field);
    out_.program = spec.id;
    out_.config_version = spec.version;
    out_.detail = spec.version;
    out_.local_date = Program(spec).calendar().local_date(now_);
    out_.spec = spec;
    out_.add(ProgramPut{});
    return accepted();
}

Decision Decider::decide(const AdvanceClock& command) {
    out_.amount = Points{command.by.ns};
    return accepted();
}

}  // namespace suanpan::ledger
