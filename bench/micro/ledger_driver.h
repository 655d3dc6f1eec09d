// LedgerDriver: runs commands through a ledger as a shard does, without journal and network.
#pragma once

#include "bench/load/members.h"
#include "protocol/base/assert.h"
#include "server/ledger/entry.h"
#include "server/ledger/entry_format.h"
#include "server/ledger/ledger.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace suanpan::bench {

inline constexpr ProgramId driven_program{1};
inline constexpr Instant driven_now{1'800'000'000'000'000'000};

// Decide, apply, encode, number: everything that a shard does for one command but the request log.
// Owned by one benchmark.
class LedgerDriver {
public:
    LedgerDriver() : ledger_({.seed = 42}) {
        ProgramSpec spec;
        spec.id = driven_program;
        spec.version = 1;
        const auto write = [](auto& text, const char* from) {
            for (std::size_t i = 0; from[i] != '\0'; ++i) text.bytes[i] = from[i];
        };
        write(spec.name, "bench");
        write(spec.currency, "CNY");
        write(spec.time_zone, "Asia/Shanghai");
        ledger_.install(spec);
    }

    [[nodiscard]] ledger::Ledger& ledger() { return ledger_; }

    void run(CommandKind kind, const MemberId& member, const CommandBody& body) {
        command_.head.kind = kind;
        command_.head.program = driven_program;
        command_.head.member = member;
        command_.head.request_id = {.high = static_cast<std::uint64_t>(driven_now.unix_ms()) << 16U,
                                    .low = ++lsn_};
        command_.body = body;
        const ledger::Decision decision = ledger_.decide(command_, driven_now, nullptr, entry_);
        SUANPAN_ASSERT(decision.accepted());
        bytes_.clear();
        ledger::encode(entry_, bytes_);
        const ledger::AccountRef ref = ledger_.apply(entry_);
        const Lsn previous = ledger_.exchange_last_lsn(ref, Lsn{lsn_});
        ledger::patch_lsn(bytes_, Lsn{lsn_}, previous);
    }
    void earn(const MemberId& member, std::int64_t points, Instant expires_at = {}) {
        run(CommandKind::earn, member, Earn{.amount = Points{points}, .expires_at = expires_at});
    }
    void spend(const MemberId& member, std::int64_t points) {
        run(CommandKind::spend, member, Spend{.amount = Points{points}});
    }
    // `lots` lots of `points` each, which expire on different days.
    void earn_lots(const MemberId& member, std::int64_t lots, std::int64_t points) {
        for (std::int64_t i = 0; i < lots; ++i) {
            earn(member, points, driven_now + days(i + 1));
        }
    }
    // Length of the last entry.
    [[nodiscard]] std::size_t entry_bytes() const { return bytes_.size(); }

private:
    ledger::Ledger ledger_;
    Command command_;
    ledger::Entry entry_;
    std::vector<std::byte> bytes_;
    std::uint64_t lsn_ = 0;
};

}  // namespace suanpan::bench
