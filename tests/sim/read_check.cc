#include "tests/sim/read_check.h"

#include "tests/sim/violation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace suanpan::sim {
namespace {

bool same(const StatementLine& a, const StatementLine& b) {
    return a.entry_id == b.entry_id && a.time == b.time && a.request_id == b.request_id &&
           a.amount == b.amount && a.balances == b.balances && a.reference == b.reference &&
           a.kind == b.kind;
}

bool same(const std::vector<ExpiringRow>& a, const std::vector<ExpiringRow>& b) {
    return std::ranges::equal(a, b, [](const ExpiringRow& x, const ExpiringRow& y) {
        return x.expires_at == y.expires_at && x.points == y.points;
    });
}

}  // namespace

ReadCheck::ReadCheck(const std::vector<Read>& reads) {
    for (const Read& read : reads)
        accounts_[{read.program, read.member}].reads.push_back(
            {.read = &read, .floor = read.known, .shows = {}});
}

bool ReadCheck::matches(const AccountName& name, const Account& account, const Read& read,
                        const model::Model& model) {
    if (read.kind == CommandKind::statement) {
        // Newest first, without a gap, down to the page's end; or to where history ends.
        const bool is_cut_short = read.outcome.code == Code::history_ends;
        const bool ends_right =
            is_cut_short ? read.lines.size() < account.lines.size() &&
                               account.lines.rbegin()[std::ssize(read.lines)].entry_id < read.oldest
                         : read.lines.empty() == account.lines.empty() &&
                               read.lines.size() <= account.lines.size();
        return ends_right &&
               std::equal(read.lines.begin(), read.lines.end(), account.lines.rbegin(),
                          [](const auto& a, const auto& b) { return same(a, b); });
    }
    if (!account.lines.empty() && read.outcome.time < account.lines.back().time) return false;
    const auto& [program, member] = name;
    if (read.kind == CommandKind::order) {
        CommandHead head;
        head.partner = read.partner;
        head.program = program;
        head.member = member;
        return model.look_at_order(head, read.order, read.outcome.time) == read.shown;
    }
    if (read.kind == CommandKind::vouchers && !shows_vouchers(name, read, model)) return false;
    const Expiring then = model.look(member, program, read.within, read.outcome.time);
    if (then.outcome.balances != read.outcome.balances) return false;
    return read.kind != CommandKind::expiring || same(then.rows, read.rows);
}

// Those whose batch was recalled are void for everybody who asks once that is known; for others
// they may be.
bool ReadCheck::shows_vouchers(const AccountName& name, const Read& read,
                               const model::Model& model) {
    const auto& [program, member] = name;
    const std::vector<model::Voucher> vouchers = model.vouchers(member, program);
    if (vouchers.size() != read.vouchers.size()) return false;
    for (std::size_t i = 0; i < vouchers.size(); ++i) {
        const model::Recalled* recalled = model.recall_of(vouchers[i], program);
        const bool may_know = recalled != nullptr && recalled->begun <= read.durable;
        const bool must_know = recalled != nullptr && recalled->is_known_after(read.sent_after);
        model::Voucher seen = vouchers[i];
        bool is_right = !must_know && seen.row(read.outcome.time) == read.vouchers[i];
        seen.is_recalled = true;
        is_right = is_right || (may_know && seen.row(read.outcome.time) == read.vouchers[i]);
        if (!is_right) return false;
    }
    return true;
}

// Which reads the account's present state explains.
void ReadCheck::compare(const AccountName& name, Account& account, const model::Model& model) {
    const Lsn state = account.lines.empty() ? Lsn{} : account.lines.back().entry_id;
    for (Candidate& candidate : account.reads) {
        const Read& read = *candidate.read;
        if (candidate.shows || state < candidate.floor || state > read.durable) continue;
        if (!matches(name, account, read, model)) continue;
        candidate.shows = state;
        for (Candidate& later : account.reads) {
            if (later.read->sent_at <= read.answered_at) continue;
            later.floor = std::max(later.floor, state);
            if (later.shows && *later.shows < state) later.shows.reset();
        }
    }
}

void ReadCheck::add_entry(ProgramId program, const MemberId& member, const StatementLine& line,
                          const model::Model& before) {
    const AccountName name{program, member};
    Account& account = accounts_[name];
    if (!account.reads.empty()) compare(name, account, before);
    account.lines.push_back(line);
}

void ReadCheck::finish(const model::Model& model) {
    for (auto& [name, account] : accounts_) {
        compare(name, account, model);
        for (const Candidate& candidate : account.reads) {
            if (candidate.shows) continue;
            const Read& read = *candidate.read;
            throw Violation(fmt::format(
                "P4: a read (kind {}) of member {} in program {}, sent at step {} and answered at "
                "step {}, shows a state that never was, that was not durable (LSN {}), or an older "
                "one than was known (LSN {}): available {} held {} pending {} debt {}, {} lines, "
                "{} rows",
                static_cast<int>(read.kind), read.member.low, static_cast<int>(read.program),
                read.sent_at, read.answered_at, read.durable.value, candidate.floor.value,
                read.outcome.balances.available.value, read.outcome.balances.held.value,
                read.outcome.balances.pending.value, read.outcome.balances.debt.value,
                read.lines.size(), read.rows.size()));
        }
    }
}

}  // namespace suanpan::sim
