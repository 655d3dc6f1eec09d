#include "tools/inspect.h"

#include "client/cli/words.h"
#include "protocol/base/hash.h"
#include "server/ledger/entry_format.h"
#include "server/shard/checkpoint_record.h"
#include "server/shard/recovery.h"
#include "storage/baseline.h"
#include "storage/checkpoint.h"
#include "storage/open_error.h"
#include "storage/segment.h"
#include "tools/entry_text.h"
#include "tools/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <filesystem>
#include <functional>

namespace suanpan::tools {
namespace {

using storage::OpenError;
using storage::OpenFault;

// Partners are searched up to this number for the one whose request was refused.
constexpr std::uint32_t partners_searched = 65'536;

// Calls `fn` for each entry from `from` on, with its bytes; stops where it returns false.
void for_each_entry(DataFolder& folder, Lsn from,
                    const std::function<bool(Lsn, storage::Bytes)>& fn) {
    const storage::Journal& journal = folder.journal();
    const auto done =
        journal.for_each_commit(std::max(from, journal.oldest_lsn()), storage::CommitCheck::crc,
                                [&](const storage::CommitView& commit) {
                                    for (std::uint32_t i = 0; i < commit.count(); ++i) {
                                        const Lsn lsn = commit.first_lsn() + i;
                                        if (lsn >= from && !fn(lsn, commit.entry(i))) return false;
                                    }
                                    return true;
                                });
    if (!done.has_value()) throw OpenError(OpenFault::damaged, done.error().sentence);
}

ledger::Entry decode_or_throw(storage::Bytes bytes, Lsn lsn) {
    ledger::Entry entry;
    if (const auto decoded = ledger::decode(bytes, entry); !decoded.has_value())
        throw OpenError(OpenFault::damaged,
                        fmt::format("LSN {}: the entry cannot be read: {}; run suanpan-verify",
                                    lsn.value, ledger::text_of(decoded.error())));
    return entry;
}

bool is_of(const ledger::EntryHeaderView& header, const MemberId& member, ProgramId program) {
    return header.member() == member && header.program() == program;
}

void print_account(const ledger::Ledger& ledger, const MemberId& member, ProgramId program,
                   std::FILE* out) {
    const ledger::AccountRef ref = ledger.find_account(member, program);
    if (ref == ledger::no_account) return;
    const ledger::Account& account = ledger.account(ref);
    fmt::print(out, "account {}, program {}: {} entries, last LSN {}{}\n", cli::text_of(member),
               static_cast<std::uint32_t>(program), account.ordinal(), account.last_lsn().value,
               account.is_frozen() ? ", frozen" : "");
    for (const ledger::Lot& lot : account.lots().all())
        fmt::print(out, "  lot    {}: {}\n", lot.remaining.value, lot_text(lot.key));
    if (account.debt() != Points{}) fmt::print(out, "  debt   {}\n", account.debt().value);
    if (account.rare() == nullptr) return;
    for (const ledger::Hold& hold : account.rare()->holds)
        fmt::print(out, "  hold   {}: {} left of {}, until {}\n",
                   static_cast<std::uint32_t>(hold.id), hold.left.value, hold.amount.value,
                   instant_text(hold.expires_at));
    for (const ledger::OrderPtr& order : account.rare()->orders)
        fmt::print(out, "  {}\n", order_text(*order));
    for (const ledger::Tally& tally : account.rare()->tallies)
        fmt::print(out, "  tally  {} taken back of entry {}\n", tally.taken_back.value,
                   tally.original.value);
}

}  // namespace

bool inspect_journal(DataFolder& folder, const JournalRange& range, std::FILE* out) {
    const EntryText text;
    std::uint64_t printed = 0;
    for_each_entry(folder, range.from, [&](Lsn lsn, storage::Bytes bytes) {
        if (lsn > range.to || printed == range.entries_max) return false;
        fmt::print(out, "{}", text.of(decode_or_throw(bytes, lsn), bytes));
        ++printed;
        return true;
    });
    return printed > 0;
}

bool inspect_segments(DataFolder& folder, std::optional<std::uint64_t> ordinal, std::FILE* out) {
    const storage::Journal& journal = folder.journal();
    bool found = false;
    if (const Lsn oldest = journal.oldest_lsn(); oldest > Lsn{1} && !ordinal) {
        const storage::Baseline baseline =
            storage::open_baseline(folder.directory(), Lsn{oldest.value - 1});
        fmt::print(out, "{}  the state at LSN {}, hash {}\n",
                   storage::baseline_name(baseline.seal.lsn), baseline.seal.lsn.value,
                   baseline.seal.state_hash);
    }
    for (const storage::SegmentInfo& segment : journal.segments()) {
        if (ordinal && segment.ordinal != *ordinal) continue;
        found = true;
        const bool is_active = segment.last_lsn.value == 0;
        const Lsn last = is_active ? journal.last_lsn() : segment.last_lsn;
        fmt::print(out, "{}  LSN {} to {}  {}\n", storage::segment_name(segment.ordinal),
                   segment.first_lsn.value, last.value,
                   is_active             ? "active"
                   : segment.has_trailer ? "sealed"
                                         : "sealed, no trailer yet");
        if (!ordinal || last < segment.first_lsn) continue;
        const auto done = journal.for_each_commit(
            segment.first_lsn, storage::CommitCheck::chain, [&](const storage::CommitView& commit) {
                if (commit.first_lsn() > last) return false;
                fmt::print(out, "  {}\n", commit_line(commit));
                return true;
            });
        if (!done.has_value()) throw OpenError(OpenFault::damaged, done.error().sentence);
    }
    return found;
}

bool inspect_checkpoint(DataFolder& folder, std::FILE* out) {
    std::vector<std::string> notes;
    const auto reader = storage::CheckpointReader::open_newest(folder.directory(), notes);
    for (const std::string& note : notes) fmt::print(out, "damaged: {}\n", note);
    if (reader == nullptr) {
        fmt::print(out, "there is no finished checkpoint\n");
        return false;
    }
    const storage::CheckpointRound& round = reader->round();
    fmt::print(out,
               "checkpoint generation {}: replay begins after LSN {}, highest LSN in it {}\n"
               "  {} packs, {} records, hash {:016x}{:016x}\n",
               round.generation, round.start_lsn.value, round.end_lsn.value, round.packs,
               round.totals.count, round.totals.hash_high, round.totals.hash_low);
    constexpr std::array<std::string_view, 7> names{"unknown",     "program", "house", "account",
                                                    "request ids", "order",   "rules"};
    std::array<std::uint64_t, names.size()> counts{};
    std::array<std::uint64_t, names.size()> bytes{};
    const auto totals =
        reader->for_each(0, reader->packs(), [&](const storage::CheckpointRecord& record) {
            const auto view = shard::CheckpointRecordView::of(record.bytes);
            const std::size_t type =
                view && !view->bytes.empty() ? static_cast<std::size_t>(view->bytes.front()) : 0;
            const std::size_t at = type < names.size() ? type : 0;
            counts[at] += 1;
            bytes[at] += record.bytes.size();
        });
    for (std::size_t i = 0; i < names.size(); ++i)
        if (counts[i] != 0)
            fmt::print(out, "  {:<12} {} records, {} bytes\n", names[i], counts[i], bytes[i]);
    const bool complete = totals.has_value() && *totals == round.totals;
    fmt::print(out, "  {}\n", complete ? "complete" : "DAMAGED: run suanpan-verify");
    return true;
}

bool inspect_account(DataFolder& folder, const MemberId& member, ProgramId program,
                     std::uint64_t entries_max, std::FILE* out) {
    const EntryText text(member);
    Replay replay(folder.directory(), 1);
    const bool from_zero = folder.journal().oldest_lsn() == Lsn{1};
    std::deque<std::string> newest;
    std::uint64_t count = 0;
    for_each_entry(folder, Lsn{1}, [&](Lsn lsn, storage::Bytes bytes) {
        const auto header = ledger::EntryHeaderView::of(bytes);
        if (!header) throw OpenError(OpenFault::damaged, fmt::format("LSN {}: damaged", lsn.value));
        const bool mine = is_of(*header, member, program);
        if (!mine && (!header->member().is_zero() || header->kind() == ledger::EntryKind::refusals))
            return true;
        if (from_zero)
            if (const auto wrong = replay.take(bytes, lsn, INT64_MAX))
                throw OpenError(OpenFault::damaged,
                                fmt::format("LSN {}: {}; run suanpan-verify", lsn.value, *wrong));
        if (!mine) return true;
        ++count;
        newest.push_back(text.of(decode_or_throw(bytes, lsn), bytes));
        if (newest.size() > entries_max) newest.pop_front();
        return true;
    });
    if (count > newest.size())
        fmt::print(out, "({} older entries are not shown; --limit)\n", count - newest.size());
    for (const std::string& each : newest) fmt::print(out, "{}", each);
    if (from_zero)
        print_account(*replay.ledgers().front(), member, program, out);
    else
        fmt::print(out, "the history begins later than the account may: no lots are shown\n");
    return count > 0;
}

bool inspect_request(DataFolder& folder, const MemberId& member, const RequestId& request_id,
                     std::FILE* out) {
    const EntryText text(member);
    const std::uint64_t hash = member_hash(member, folder.directory().hash_seed());
    const std::uint64_t seed = shard::digest_seed(folder.directory());
    const auto partner_of = [&](const ledger::RefusalRecord& refusal) {
        for (std::uint32_t partner = 0; partner < partners_searched; ++partner)
            if (ledger::request_digest(PartnerId{partner}, member, request_id, seed) ==
                refusal.digest)
                return std::optional(partner);
        return std::optional<std::uint32_t>();
    };
    bool found = false;
    for_each_entry(folder, Lsn{1}, [&](Lsn lsn, storage::Bytes bytes) {
        const auto header = ledger::EntryHeaderView::of(bytes);
        if (!header) throw OpenError(OpenFault::damaged, fmt::format("LSN {}: damaged", lsn.value));
        if (header->member() == member && header->request_id() == request_id) {
            fmt::print(out, "executed:\n{}", text.of(decode_or_throw(bytes, lsn), bytes));
            found = true;
        }
        if (header->kind() != ledger::EntryKind::refusals) return true;
        const ledger::Entry block = decode_or_throw(bytes, lsn);
        for (const ledger::RefusalRecord& refusal : block.refusals) {
            if (refusal.member_hash != hash || refusal.request_ms != request_id.unix_ms()) continue;
            const auto partner = partner_of(refusal);
            if (!partner) continue;
            fmt::print(out, "refused at {} as {} ({}), detail {}, partner {}, in block LSN {}\n",
                       instant_text(block.time), text_of(refusal.code).name,
                       static_cast<unsigned>(refusal.code), refusal.detail, *partner, lsn.value);
            found = true;
        }
        return true;
    });
    if (!found)
        fmt::print(out, "the journal up to LSN {} has no such request of this member\n",
                   folder.journal().last_lsn().value);
    return found;
}

}  // namespace suanpan::tools
