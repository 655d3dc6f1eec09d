// LedgerBook: a ledger with a journal in memory, for telling stories about points in tests.
#pragma once

#include "protocol/command.h"
#include "server/ledger/entry.h"
#include "server/ledger/ledger.h"

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace suanpan::ledger {

inline constexpr ProgramId shop{7};
inline constexpr PartnerId till{3};
inline constexpr MemberId alice{.high = 1, .low = 0xa11ce};
inline constexpr MemberId bob{.high = 2, .low = 0xb0b};

// An instant by its clock in Shanghai, where the test program lives (UTC+8 all year).
[[nodiscard]] Instant at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0);
// Version 1 of the test program: points never expire, nothing is limited.
[[nodiscard]] ProgramSpec plain_program();

template <std::size_t N>
[[nodiscard]] ShortText<N> short_text(std::string_view text) {
    ShortText<N> out;
    text.copy(out.bytes.data(), N);
    return out;
}

// Runs commands as a shard does: decides, encodes, applies, gives LSNs; expires first where too
// much is due. After each accepted command it checks that the entry survives its bytes, that its
// answer can be rebuilt from them, and the slow invariants. Keeps all entries, so that refunds find
// their originals and a test can replay them.
class LedgerBook {
public:
    explicit LedgerBook(const ProgramSpec& spec = plain_program());

    // The answer to one command at `now`. Settable: whose it is.
    Outcome run(const CommandBody& body, CommandKind kind);
    Outcome earn(std::int64_t points, Instant expires_at = {}, Instant active_from = {});
    Outcome earn_restricted(std::int64_t points, std::uint16_t restriction,
                            Instant expires_at = {});
    Outcome spend(std::int64_t points, std::int64_t min_remaining = 0, bool up_to = false,
                  std::uint16_t restriction = 0);
    Outcome hold(std::int64_t points, Duration duration = {}, bool up_to = false);
    Outcome capture(std::int64_t hold, std::int64_t points);
    Outcome release(std::int64_t hold);
    Outcome refund(Lsn original, std::int64_t points = 0, std::uint16_t grace_days = 0);
    Outcome revoke(Lsn original, std::int64_t points = 0);
    Outcome adjust(std::int64_t delta, Instant expires_at = {});
    Outcome freeze(bool frozen = true);
    Outcome set_limit(std::int64_t points_per_day);
    Outcome member_update(std::uint64_t source_version, std::uint16_t level);
    Outcome put_program(const ProgramSpec& spec, bool create);

    [[nodiscard]] Balances balances() const;
    // The lots of the account as (expires_at, remaining), expired ones left out.
    [[nodiscard]] std::vector<std::pair<Instant, std::int64_t>> lots() const;
    void sweep();
    // A ledger that has applied this book's entries, decoded from their bytes.
    void replay_into(Ledger& to) const;
    [[nodiscard]] const Entry& entry(Lsn lsn) const { return entries_.at(lsn.value); }
    [[nodiscard]] std::uint64_t last_lsn() const { return next_lsn_ - 1; }

    Ledger ledger;
    Instant now = at(2027, 1, 31, 10);
    MemberId member = alice;
    PartnerId partner = till;
    ProgramId program = shop;
    bool checks = true;  // the slow ones

private:
    Outcome commit(Entry& entry);

    std::uint64_t next_lsn_ = 1;
    std::uint64_t next_request_ = 1;
    std::map<std::uint64_t, Entry> entries_;
    std::map<std::uint64_t, std::vector<std::byte>> journal_;
    Entry scratch_;
};

}  // namespace suanpan::ledger
