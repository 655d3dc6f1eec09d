#include "server/ledger/ledger.h"

#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/limits.h"
#include "server/ledger/due.h"

#include <algorithm>

namespace suanpan::ledger {

Ledger::Ledger(const LedgerOptions& options) : options_(options), accounts_(options.seed) {}

House& Ledger::house(ProgramId program) {
    if (last_house_ == nullptr || last_house_id_ != program) {
        last_house_ = &houses_[program];
        last_house_id_ = program;
    }
    return *last_house_;
}

Outcome Ledger::balances(const MemberId& member, ProgramId program, Instant now) const {
    Outcome outcome;
    outcome.time = now;
    const Program* found = programs_.find(program);
    if (found == nullptr) {
        outcome.code = Code::program_not_found;
        return outcome;
    }
    const AccountRef ref = accounts_.find(member, program);
    if (ref != no_account) outcome.balances = effective_balances(accounts_[ref], *found, now);
    return outcome;
}

Expiring Ledger::expiring(const MemberId& member, ProgramId program, Duration within,
                          Instant now) const {
    Expiring answer;
    answer.outcome = balances(member, program, now);
    const AccountRef ref = accounts_.find(member, program);
    if (answer.outcome.code != Code::ok || ref == no_account) return answer;
    const Account& found = accounts_[ref];
    WideSum ignored = 0;
    std::optional<Account> posted;
    if (found.has_due(now)) posted = settled(found, now, ignored);
    const Account& account = posted ? *posted : found;

    const Instant until{now.ns + std::min(within.ns, instant_max.ns - now.ns)};
    DrainCursor cursor(account.lots(), account.sliding_expires_at());
    while (const Lot* lot = cursor.next()) {
        const Instant expires_at = account.expires_at(lot->key);
        if (expires_at > until) break;
        answer.outcome.amount += lot->remaining;
        if (!answer.rows.empty() && answer.rows.back().expires_at == expires_at)
            answer.rows.back().points += lot->remaining;
        else if (answer.rows.size() < limits::expiring_rows_max)
            answer.rows.push_back({.expires_at = expires_at, .points = lot->remaining});
    }
    return answer;
}

namespace {

void prefetch_lines(const void* from, std::size_t bytes) {
    constexpr std::size_t line = 64;
    const auto* first = static_cast<const std::byte*>(from);
    for (std::size_t at = 0; at < bytes; at += line) prefetch(first + at);
    prefetch(first + bytes - 1);  // it may begin in the middle of a line
}

}  // namespace

AccountRef Ledger::warm_account(const MemberId& member, ProgramId program) const {
    const AccountRef ref = accounts_.find(member, program);
    if (ref != no_account) prefetch_lines(&accounts_[ref], sizeof(Account));
    return ref;
}

void Ledger::warm_tail(AccountRef ref) const {
    if (ref == no_account) return;
    if (const LotTail* tail = accounts_[ref].lots().tail(); tail != nullptr)
        prefetch_lines(tail, sizeof(LotTail));
}

void Ledger::warm_lots(AccountRef ref) const {
    if (ref == no_account) return;
    const std::span<const Lot> lots = accounts_[ref].lots().all();
    if (lots.size() < 2) return;
    // Draining meets the first ones, earning the last one.
    prefetch_lines(lots.data(), sizeof(Lot));
    prefetch_lines(&lots.back(), sizeof(Lot));
}

void Ledger::prefetch_indexes(const CommandHead& head) const {
    request_log_.prefetch(digest_of(head), head.request_id.unix_ms());
    accounts_.prefetch(head.member, head.program);
}

Lsn Ledger::last_lsn(const MemberId& member, ProgramId program) const {
    const AccountRef ref = accounts_.find(member, program);
    return ref == no_account ? Lsn{} : accounts_[ref].last_lsn();
}

RefusalRecord Ledger::refusal_record(const CommandHead& head, const Hash128& digest, Code code,
                                     std::int64_t detail, std::uint64_t member_hash) {
    return {.digest = digest,
            .body_hash = head.body_hash,
            .request_ms = head.request_id.unix_ms(),
            .code = code,
            .detail = detail,
            // What concerns no member (programs, rules) belongs to the first of however many
            // shards; an import of codes to whoever owns the program's offers; what concerns a
            // voucher to the voucher's home.
            .member_hash = head.member.is_zero() && head.kind != CommandKind::codes_import &&
                                   !is_of_a_voucher(head.kind)
                               ? 0
                               : member_hash};
}

void Ledger::remember(const Entry& entry, std::int64_t floor_ms,
                      const std::function<bool(std::uint64_t member_hash)>& mine) {
    const auto put = [&](const Hash128& digest, std::int64_t ms, std::uint64_t body_hash,
                         bool refused) {
        if (ms < floor_ms) return;
        if (request_log_.find(digest, ms, body_hash).kind != RequestFound::Kind::absent) return;
        request_log_.set_lsn(request_log_.insert(digest, ms, body_hash), entry.lsn, refused);
    };
    if (SUANPAN_CANARY(request_log_forgotten_on_recovery)) return;
    if (entry.kind == EntryKind::refusals) {
        if (SUANPAN_CANARY(refusals_forgotten_on_recovery)) return;
        for (const RefusalRecord& refusal : entry.refusals)
            if (mine(refusal.member_hash))
                put(refusal.digest, refusal.request_ms, refusal.body_hash, true);
    } else if (is_client_kind(entry.kind)) {
        put(digest_of(entry), entry.request_id.unix_ms(), entry.body_hash, false);
    }
}

}  // namespace suanpan::ledger
