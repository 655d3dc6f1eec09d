#include "tests/support/ledger_world.h"

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "protocol/limits.h"
#include "server/ledger/entry_format.h"
#include "tests/support/invariants.h"

#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <utility>

namespace suanpan::testing {

using ledger::Decision;
using ledger::Entry;
using ledger::EntryKind;
using ledger::RequestFound;

LedgerWorld::LedgerWorld(std::uint16_t shards) {
    for (std::uint16_t shard = 0; shard < shards; ++shard)
        ledgers_.push_back(std::make_unique<ledger::Ledger>(
            ledger::LedgerOptions{.seed = hash_seed, .shard = shard, .shard_count = shards}));
}

std::size_t LedgerWorld::shard_of(const MemberId& member) const {
    // What belongs to no member (a program) lives on the first shard.
    return member.is_zero() ? 0 : member_hash(member, hash_seed) % ledgers_.size();
}

bool LedgerWorld::load(Lsn lsn, Entry& out) const {
    if (lsn.value == 0 || lsn.value > journal_.size()) return false;
    SUANPAN_ASSERT(ledger::decode(journal_[lsn.value - 1], out).has_value());
    return true;
}

std::uint64_t LedgerWorld::reference_of(Lsn lsn) const {
    Entry entry;
    SUANPAN_ASSERT(load(lsn, entry));
    return entry.reference;
}

std::int64_t LedgerWorld::given(const ledger::CounterKey& key) const {
    ledger::CounterMap sum;
    for (const auto& ledger : ledgers_) ledger->add_counters_to(sum);
    return sum[key].given();
}

std::optional<LedgerWorld::Shortage> LedgerWorld::shortage(const Entry& entry) const {
    for (const ledger::Effect& effect : entry.effects) {
        const auto* add = std::get_if<ledger::CounterAdd>(&effect);
        if (add == nullptr || !add->takes()) continue;
        const ledger::CounterKey key{.program = entry.program, .kind = add->kind, .id = add->id};
        ledger::CounterMap sum;
        std::map<ledger::CounterKey, ledger::ReservedMap> reserved;
        for (const auto& ledger : ledgers_) {
            ledger->add_counters_to(sum);
            ledger->add_reserved_to(reserved);
        }
        const std::int64_t units = add->delta.given();
        if (sum[key].given() + units <= add->limit) continue;
        const bool may_come_back = sum[key].issued + units <= add->limit && !reserved[key].empty();
        return Shortage{.key = key,
                        .back = may_come_back ? reserved[key].begin()->first : Instant{}};
    }
    return std::nullopt;
}

Lsn LedgerWorld::append(Entry& entry) {
    entry.lsn = Lsn{journal_.size() + 1};
    std::vector<std::byte> bytes;
    ledger::encode(entry, bytes);
    journal_.push_back(std::move(bytes));
    return entry.lsn;
}

// Applies and encodes an entry before it has its LSN, and patches that in, as a shard does.
void LedgerWorld::apply_and_append(std::size_t shard, Entry& entry) {
    SUANPAN_ASSERT(ledger::sum_of_postings(entry) == Points{});  // INV-1
    ledger::Ledger& ledger = *ledgers_[shard];
    const ledger::AccountRef account = ledger.apply(entry);
    std::vector<std::byte> bytes;
    ledger::encode(entry, bytes);
    entry.lsn = Lsn{journal_.size() + 1};
    if (account != ledger::no_account)
        entry.prev_lsn = ledger.exchange_last_lsn(account, entry.lsn);
    ledger::patch_lsn(bytes, entry.lsn, entry.prev_lsn);
    journal_.push_back(std::move(bytes));
    for (const auto& other : ledgers_) {
        if (other.get() == &ledger) continue;
        if (entry.spec.has_value()) other->install(*entry.spec);
        if (entry.rules != nullptr) other->install(entry.rules);
    }
}

// P2: the first answer again, from the journal alone.
Outcome LedgerWorld::repeat_of(const RequestFound& found, const Hash128& digest) const {
    Entry entry;
    SUANPAN_ASSERT(load(found.lsn, entry));
    if (!found.refused) return ledger::outcome_of(entry);
    for (const ledger::RefusalRecord& refusal : entry.refusals)
        if (refusal.digest == digest)
            return ledger::outcome_of_refusal(entry.lsn, entry.time, refusal);
    SUANPAN_ASSERT(false);  // the log names a block that does not hold the refusal
    return {};
}

Outcome LedgerWorld::refuse_with_state(std::size_t shard, const Command& command,
                                       const Decision& decision, Instant now) {
    ledger::Ledger& ledger = *ledgers_[shard];
    const Hash128 digest = ledger.digest_of(command.head);
    Entry block;
    block.kind = EntryKind::refusals;
    block.time = now;
    block.refusals.push_back(
        ledger::Ledger::refusal_record(command.head, digest, decision.code, decision.detail,
                                       member_hash(command.head.member, hash_seed)));
    const Lsn lsn = append(block);
    const auto ref = ledger.request_log().insert(digest, command.head.request_id.unix_ms(),
                                                 command.head.body_hash);
    ledger.request_log().set_lsn(ref, lsn, true);
    Outcome outcome = decision.refusal(now);
    outcome.entry_id = lsn;
    return outcome;
}

Outcome LedgerWorld::submit(const Command& command, Instant now) {
    const std::size_t shard = shard_of(command.head.member);
    ledger::Ledger& ledger = *ledgers_[shard];
    Decision decision;
    if (command.head.request_id.unix_ms() > (now + limits::request_future_max).unix_ms()) {
        decision.code = Code::request_from_future;
        return decision.refusal(now);
    }
    if (command.head.request_id.unix_ms() < floor_ms_) {
        decision.code = Code::request_too_old;
        return decision.refusal(now);
    }
    const Hash128 digest = ledger.digest_of(command.head);
    const RequestFound found = ledger.request_log().find(digest, command.head.request_id.unix_ms(),
                                                         command.head.body_hash);
    if (found.kind == RequestFound::Kind::same) return repeat_of(found, digest);
    if (found.kind == RequestFound::Kind::other_body) {
        decision.code = Code::request_id_reused;
        return decision.refusal(now);
    }

    Entry original;
    const bool has_original = load(ledger::Ledger::needs_original(command), original);
    Entry entry;
    std::optional<ledger::CounterKey> used_up;
    bool is_swept = false;
    while (true) {
        decision = ledger.decide(command, now, has_original ? &original : nullptr, entry,
                                 used_up ? &*used_up : nullptr);
        if (decision.verdict == Decision::Verdict::needs_expire) {
            Entry due;
            SUANPAN_ASSERT(
                ledger.make_expire_entry(command.head.member, command.head.program, now, due));
            apply_and_append(shard, due);
            continue;
        }
        // As the owners of the counters would answer (docs/decisions/0012).
        const auto missing = decision.accepted() ? shortage(entry) : std::nullopt;
        if (!missing) break;
        if (!std::exchange(is_swept, true)) {
            sweep(now);  // what has timed out comes back first
        } else if (missing->back != Instant{} && command.head.kind != CommandKind::confirm) {
            decision = {.verdict = Decision::Verdict::refused,
                        .code = Code::all_set_aside,
                        .detail = missing->back.ns};
            return decision.refusal(now);
        } else {
            used_up = missing->key;
        }
    }
    if (!decision.accepted()) {
        if (!is_state_refusal(decision.code)) return decision.refusal(now);
        return refuse_with_state(shard, command, decision, now);
    }
    apply_and_append(shard, entry);
    const auto ref = ledger.request_log().insert(digest, command.head.request_id.unix_ms(),
                                                 command.head.body_hash);
    ledger.request_log().set_lsn(ref, entry.lsn, false);
    return ledger::outcome_of(entry);
}

Outcome LedgerWorld::balance(const MemberId& member, ProgramId program, Instant now) {
    return ledgers_[shard_of(member)]->balances(member, program, now);
}

Expiring LedgerWorld::expiring(const MemberId& member, ProgramId program, Duration within,
                               Instant now) {
    return ledgers_[shard_of(member)]->expiring(member, program, within, now);
}

SubjectTotals LedgerWorld::totals(ProgramId program, Instant now) {
    ledger::Totals sum;
    for (const auto& ledger : ledgers_) sum.add(ledger->effective_totals(program, now));
    const auto narrow = [](ledger::WideSum wide) { return static_cast<std::int64_t>(wide); };
    return {.issued = narrow(sum.issued),
            .available = narrow(sum.available),
            .held = narrow(sum.held),
            .pending = narrow(sum.pending),
            .spent = narrow(sum.spent),
            .expired = narrow(sum.expired),
            .revoked = narrow(sum.revoked)};
}

void LedgerWorld::raise_floor(std::int64_t floor_ms) {
    if (floor_ms <= floor_ms_) return;
    floor_ms_ = floor_ms;
    for (const auto& ledger : ledgers_) ledger->request_log().drop_below(floor_ms);
}

void LedgerWorld::sweep(Instant now) {
    Entry entry;
    for (std::size_t shard = 0; shard < ledgers_.size(); ++shard) {
        ledger::Ledger& ledger = *ledgers_[shard];
        // Every hold whose time is over, however many of one account.
        ledger.sweep(now, SIZE_MAX, entry, [&](Entry& due) {
            apply_and_append(shard, due);
            return true;
        });
    }
}

std::string LedgerWorld::broken_invariant(Instant now) {
    std::vector<const ledger::Ledger*> shards;
    for (const auto& ledger : ledgers_) shards.push_back(ledger.get());
    return testing::broken_invariant(shards, now);
}

std::vector<StatementLine> LedgerWorld::statement(const MemberId& member, ProgramId program) {
    std::vector<StatementLine> lines;
    Entry entry;
    for (Lsn at = ledgers_[shard_of(member)]->last_lsn(member, program); load(at, entry);
         at = entry.prev_lsn)
        lines.push_back(ledger::statement_line_of(entry));
    return lines;
}

LedgerWorld::Digest LedgerWorld::digest() const {
    Digest digest;
    ledger::HouseMap house;
    for (const auto& ledger : ledgers_) {
        digest.accounts.add(ledger->state_hash());
        ledger->add_house_to(house);
    }
    digest.programs = ledgers_.front()->hash_of_programs();
    digest.house = ledger::Ledger::hash_of_house(house);
    return digest;
}

bool LedgerWorld::add_slice(std::size_t shard, std::size_t slice_bytes,
                            ledger::RecordCursor& cursor, Image& image) const {
    ledger::RecordSlice slice;
    const bool more = ledgers_[shard]->next_slice(cursor, slice_bytes, slice);
    for (const ledger::RecordSlice::Place& place : slice.records) {
        const auto bytes = slice.record(place);
        image.records.emplace_back(bytes.begin(), bytes.end());
        image.lsns.push_back(place.lsn);
    }
    return more;
}

namespace {

// Which entries' house effects an image holds: those up to `lsn` of one program and old shard.
using HouseMarks = std::map<std::tuple<std::uint32_t, std::uint32_t>, Lsn>;

}  // namespace

std::unique_ptr<LedgerWorld> LedgerWorld::replayed(std::uint16_t shards,
                                                   std::vector<std::vector<std::byte>> entries) {
    LedgerWorld history{1};
    history.journal_ = std::move(entries);
    return history.rebuilt(shards);
}

std::unique_ptr<LedgerWorld> LedgerWorld::rebuilt(std::uint16_t shards, const Image* image) const {
    auto world = std::make_unique<LedgerWorld>(shards);
    HouseMarks marks;
    Lsn after{0};
    if (image != nullptr) {
        after = image->replay_after;
        world->floor_ms_ = image->floor_ms;
        for (const auto& record : image->records) {
            std::vector<std::size_t> where;
            if (const auto house = ledger::house_record_info(record)) {
                marks[{house->program, house->shard}] = house->lsn;
                where = {0};
            } else if (const auto member = ledger::account_record_member(record)) {
                where = {world->shard_of(*member)};
            } else {  // programs and request ids: every shard may have all of them
                for (std::size_t shard = 0; shard < shards; ++shard) where.push_back(shard);
            }
            for (const std::size_t shard : where)
                SUANPAN_ASSERT(world->ledgers_[shard]->load_record(record).has_value());
        }
    }
    Entry entry;
    for (std::uint64_t lsn = after.value + 1; lsn <= journal_.size(); ++lsn) {
        SUANPAN_ASSERT(load(Lsn{lsn}, entry));
        SUANPAN_ASSERT(entry.lsn == Lsn{lsn});  // INV-2
        const std::size_t shard = world->shard_of(entry.member);
        ledger::ApplyParts parts;
        if (image != nullptr) {
            const auto old_shard =
                static_cast<std::uint32_t>(member_hash(entry.member, hash_seed) % image->shards);
            const auto mark = marks.find({static_cast<std::uint32_t>(entry.program), old_shard});
            parts.house = mark == marks.end() || mark->second < entry.lsn;
            parts.account = world->ledgers_[shard]->account_lacks(entry);
        }
        world->ledgers_[shard]->apply(entry, parts);
        if (entry.spec.has_value())
            for (const auto& ledger : world->ledgers_) ledger->install(*entry.spec);
        if (entry.rules != nullptr)
            for (const auto& ledger : world->ledgers_) ledger->install(entry.rules);
        for (std::size_t i = 0; i < shards; ++i)
            world->ledgers_[i]->remember(entry, floor_ms_,
                                         [&](std::uint64_t hash) { return hash % shards == i; });
    }
    world->journal_ = journal_;
    world->raise_floor(floor_ms_);
    return world;
}

}  // namespace suanpan::testing
