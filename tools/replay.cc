#include "tools/replay.h"

#include "protocol/base/hash.h"
#include "server/ledger/entry_format.h"
#include "server/shard/checkpoint_record.h"
#include "server/shard/recovery.h"

#include <fmt/format.h>

#include <utility>

namespace suanpan::tools {

Replay::Replay(const storage::DataDirectory& directory, std::uint16_t shards)
    : hash_seed_(directory.hash_seed()) {
    for (std::uint16_t i = 0; i < shards; ++i)
        ledgers_.push_back(std::make_unique<ledger::Ledger>(ledger::LedgerOptions{
            .seed = shard::digest_seed(directory), .shard = i, .shard_count = shards}));
}

ledger::Ledger& Replay::owner_of(const MemberId& member) {
    return *ledgers_[member_hash(member, hash_seed_) % ledgers_.size()];
}

bool Replay::load(const storage::CheckpointReader& baseline) {
    bool sound = true;
    const auto totals =
        baseline.for_each(0, baseline.packs(), [&](const storage::CheckpointRecord& stored) {
            const auto record = shard::CheckpointRecordView::of(stored.bytes);
            sound = sound && record.has_value() &&
                    ledgers_.front()->load_record(record->bytes).has_value();
        });
    counters_.restore(*ledgers_.front());
    return sound && totals.has_value() && *totals == baseline.round().totals;
}

std::optional<std::string> Replay::take(std::span<const std::byte> bytes, Lsn lsn,
                                        std::int64_t floor_ms) {
    if (const auto decoded = ledger::decode(bytes, entry_); !decoded.has_value())
        return "cannot be read: " + std::string(ledger::text_of(decoded.error()));
    if (entry_.lsn != lsn) return fmt::format("INV-2: it says that it is LSN {}", entry_.lsn.value);
    if (ledger::sum_of_postings(entry_) != Points{})
        return fmt::format("INV-1: its postings sum to {}, not to zero",
                           ledger::sum_of_postings(entry_).value);
    if (!entry_.member.is_zero()) return take_account_entry(floor_ms);

    for (const auto& each : ledgers_) each->apply(entry_);  // it installs programs and rule books
    if (auto wrong = counters_.take(entry_, *ledgers_.front())) return wrong;
    if (entry_.kind == ledger::EntryKind::refusals) {
        for (std::size_t i = 0; i < ledgers_.size(); ++i)
            ledgers_[i]->remember(entry_, floor_ms, [&](std::uint64_t of_member) {
                return of_member % ledgers_.size() == i;
            });
    } else if (ledger::is_client_kind(entry_.kind)) {
        if (auto wrong = check_request_id(*ledgers_.front())) return wrong;
        ledgers_.front()->remember(entry_, floor_ms, [](std::uint64_t) { return true; });
    }
    return std::nullopt;
}

std::optional<std::string> Replay::take_account_entry(std::int64_t floor_ms) {
    ledger::Ledger& owner = owner_of(entry_.member);
    const bool is_request = ledger::is_client_kind(entry_.kind);
    if (is_request)
        if (auto wrong = check_request_id(owner)) return wrong;
    const Lsn before = owner.last_lsn(entry_.member, entry_.program);
    if (entry_.prev_lsn != before)
        return fmt::format("INV-2: it links to LSN {}, but its account's last entry is LSN {}",
                           entry_.prev_lsn.value, before.value);
    const ledger::AccountRef ref = owner.find_account(entry_.member, entry_.program);
    const std::uint32_t ordinal = ref == ledger::no_account ? 0 : owner.account(ref).ordinal();
    if (entry_.ordinal != ordinal + 1)
        return fmt::format("INV-2: it is number {} of its account, number {} is due",
                           entry_.ordinal, ordinal + 1);
    owner.apply(entry_);
    if (auto wrong = counters_.take(entry_, owner)) return wrong;
    const Outcome after = owner.balances(entry_.member, entry_.program, entry_.time);
    if (after.code != Code::ok)
        return fmt::format("its program {} does not exist",
                           static_cast<std::uint32_t>(entry_.program));
    if (after.balances != entry_.balances)
        return fmt::format(
            "INV-3: it says available {}, held {}, pending {}, debt {}; the journal comes to "
            "{}, {}, {}, {}",
            entry_.balances.available.value, entry_.balances.held.value,
            entry_.balances.pending.value, entry_.balances.debt.value,
            after.balances.available.value, after.balances.held.value, after.balances.pending.value,
            after.balances.debt.value);
    if (is_request) owner.remember(entry_, floor_ms, [](std::uint64_t) { return true; });
    return std::nullopt;
}

std::optional<std::string> Replay::check_request_id(const ledger::Ledger& owner) const {
    const ledger::RequestFound found = owner.request_log().find(
        owner.digest_of(entry_), entry_.request_id.unix_ms(), entry_.body_hash);
    if (found.kind == ledger::RequestFound::Kind::absent) return std::nullopt;
    return fmt::format("INV-7: its request id was {} before, at LSN {}",
                       found.refused ? "refused" : "executed", found.lsn.value);
}

void Replay::raise_floor(std::int64_t floor_ms) {
    if (floor_ms <= floor_ms_) return;
    floor_ms_ = floor_ms;
    for (const auto& each : ledgers_) each->request_log().drop_below(floor_ms);
}

}  // namespace suanpan::tools
