#include "tests/unit/ledger/ledger_book.h"

#include "server/ledger/calendar.h"
#include "server/ledger/entry_format.h"

#include <gtest/gtest.h>

namespace suanpan::ledger {

Instant at(int year, unsigned month, unsigned day, int hour, int minute) {
    const LocalDate date = to_local_date({.year = year, .month = month, .day = day});
    return Instant{days(date.days).ns + hours(hour - 8).ns + seconds(minute * 60).ns};
}

ProgramSpec plain_program() {
    ProgramSpec spec;
    spec.id = shop;
    spec.version = 1;
    spec.name = short_text<48>("Shop");
    spec.currency = short_text<8>("CNY");
    spec.time_zone = short_text<40>("Asia/Shanghai");
    return spec;
}

LedgerBook::LedgerBook(const ProgramSpec& spec) : ledger({.seed = 42}) {
    ledger.install(spec);
}

Outcome LedgerBook::run(const CommandBody& body, CommandKind kind) {
    Command command;
    command.head.kind = kind;
    command.head.partner = partner;
    command.head.program = program;
    command.head.member = member;
    command.head.request_id = {.high = static_cast<std::uint64_t>(now.unix_ms()) << 16U,
                               .low = next_request_++};
    command.head.body_hash = next_request_ * 77;
    command.body = body;

    const Lsn original_lsn = Ledger::needs_original(command);
    const auto original = entries_.find(original_lsn.value);
    for (;;) {
        const Balances before = balances();
        const Decision decision = ledger.decide(
            command, now, original == entries_.end() ? nullptr : &original->second, scratch_);
        if (decision.accepted()) return commit(scratch_);
        EXPECT_EQ(balances(), before);  // INV-13
        if (decision.verdict == Decision::Verdict::refused) return decision.refusal(now);
        EXPECT_TRUE(ledger.make_expire_entry(member, program, now, scratch_));
        commit(scratch_);
    }
}

Outcome LedgerBook::commit(Entry& entry) {
    std::vector<std::byte> bytes;
    encode(entry, bytes);
    const AccountRef ref = ledger.apply(entry);
    const Lsn lsn{next_lsn_++};
    Lsn prev;
    if (ref != no_account) prev = ledger.exchange_last_lsn(ref, lsn);
    entry.lsn = lsn;
    entry.prev_lsn = prev;
    patch_lsn(bytes, lsn, prev);

    Entry decoded;
    EXPECT_TRUE(decode(bytes, decoded).has_value());
    EXPECT_EQ(outcome_of(decoded), outcome_of(entry));  // P2
    EXPECT_EQ(decoded.effects, entry.effects);
    if (ref != no_account) {
        EXPECT_EQ(entry.balances,
                  ledger.balances(entry.member, entry.program, entry.time).balances);
    }
    if (checks) {
        EXPECT_EQ(ledger.check_invariants(now), std::nullopt);
        EXPECT_EQ(ledger.check_invariants(now + days(40)), std::nullopt);
    }
    const Outcome outcome = outcome_of(decoded);
    entries_[lsn.value] = std::move(decoded);
    journal_[lsn.value] = std::move(bytes);
    return outcome;
}

Outcome LedgerBook::earn(std::int64_t points, Instant expires_at, Instant active_from) {
    return run(Earn{.amount = {points}, .active_from = active_from, .expires_at = expires_at},
               CommandKind::earn);
}
Outcome LedgerBook::earn_restricted(std::int64_t points, std::uint16_t restriction,
                                    Instant expires_at) {
    return run(Earn{.amount = {points},
                    .active_from = {},
                    .expires_at = expires_at,
                    .restriction = Restriction{restriction}},
               CommandKind::earn);
}
Outcome LedgerBook::spend(std::int64_t points, std::int64_t min_remaining, bool up_to,
                          std::uint16_t restriction) {
    return run(Spend{.amount = {points},
                     .min_remaining = {min_remaining},
                     .restriction = Restriction{restriction},
                     .up_to = up_to},
               CommandKind::spend);
}
Outcome LedgerBook::hold(std::int64_t points, Duration duration, bool up_to) {
    return run(PlaceHold{.amount = {points},
                         .min_remaining = {},
                         .duration = duration,
                         .restriction = {},
                         .up_to = up_to},
               CommandKind::hold);
}
Outcome LedgerBook::capture(std::int64_t hold, std::int64_t points) {
    return run(CaptureHold{.hold = HoldId{static_cast<std::uint32_t>(hold)}, .amount = {points}},
               CommandKind::capture);
}
Outcome LedgerBook::release(std::int64_t hold) {
    return run(ReleaseHold{.hold = HoldId{static_cast<std::uint32_t>(hold)}}, CommandKind::release);
}
Outcome LedgerBook::refund(Lsn original, std::int64_t points, std::uint16_t grace_days) {
    return run(
        Refund{.original = original, .amount = {points}, .reason = 9, .grace_days = grace_days},
        CommandKind::refund);
}
Outcome LedgerBook::revoke(Lsn original, std::int64_t points) {
    return run(Revoke{.original = original, .amount = {points}}, CommandKind::revoke);
}
Outcome LedgerBook::adjust(std::int64_t delta, Instant expires_at) {
    return run(Adjust{.delta = {delta}, .expires_at = expires_at, .reason = 4},
               CommandKind::adjust);
}
Outcome LedgerBook::freeze(bool frozen) {
    return run(Freeze{.frozen = frozen, .reason = 1},
               frozen ? CommandKind::freeze : CommandKind::unfreeze);
}
Outcome LedgerBook::set_limit(std::int64_t points_per_day) {
    return run(SetLimit{.spend_per_day_max = {points_per_day}}, CommandKind::set_limit);
}
Outcome LedgerBook::member_update(std::uint64_t source_version, std::uint16_t level) {
    return run(MemberUpdate{.segments = 5,
                            .source_version = source_version,
                            .level = level,
                            .birthday_month = 2,
                            .birthday_day = 29},
               CommandKind::member_update);
}
Outcome LedgerBook::put_program(const ProgramSpec& spec, bool create) {
    return run(PutProgram{.spec = spec, .create = create},
               create ? CommandKind::program_create : CommandKind::program_update);
}

Balances LedgerBook::balances() const {
    return ledger.balances(member, program, now).balances;
}

std::vector<std::pair<Instant, std::int64_t>> LedgerBook::lots() const {
    std::vector<std::pair<Instant, std::int64_t>> lots;
    const AccountRef ref = ledger.find_account(member, program);
    if (ref == no_account) return lots;
    for (const Lot& lot : ledger.account(ref).lots().all()) {
        const Instant expires_at = ledger.account(ref).expires_at(lot.key);
        if (expires_at > now) lots.emplace_back(expires_at, lot.remaining.value);
    }
    return lots;
}

void LedgerBook::sweep() {
    ledger.sweep(now, 1'000'000, scratch_, [this](Entry& entry) {
        commit(entry);
        return true;
    });
}

void LedgerBook::replay_into(Ledger& to) const {
    Entry entry;
    for (const auto& [lsn, bytes] : journal_) {
        ASSERT_TRUE(decode(bytes, entry).has_value());
        to.apply(entry, {.account = to.account_lacks(entry), .house = true});
    }
}

}  // namespace suanpan::ledger
