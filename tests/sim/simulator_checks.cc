// What a Simulator checks along the way and at the end.
#include "protocol/base/hash.h"
#include "server/ledger/entry_format.h"
#include "tests/sim/history.h"
#include "tests/sim/simulator.h"
#include "tests/sim/violation.h"
#include "tests/support/invariants.h"
#include "tests/support/ledger_world.h"

#include <algorithm>
#include <array>
#include <span>

namespace suanpan::sim {

namespace {

// Sealed codes and their keys are of real chance: of their entries only the numbers count.
std::uint64_t hash_of_entry(const std::vector<std::byte>& bytes, std::uint64_t hash) {
    ledger::Entry entry;
    const bool is_sound = ledger::decode(bytes, entry).has_value();
    const bool sets_codes_aside = std::ranges::any_of(
        entry.orders, [](const auto& order) { return !order->units.codes.empty(); });
    const bool is_sealed = entry.codes != nullptr || !entry.vouchers.empty() || sets_codes_aside;
    if (!is_sound || !is_sealed) return xxh3_64(bytes, hash);
    const std::array<std::int64_t, 5> words{static_cast<std::int64_t>(entry.lsn.value),
                                            entry.time.ns, entry.amount.value, entry.detail,
                                            static_cast<std::int64_t>(entry.reference)};
    return xxh3_64(std::as_bytes(std::span(words)), hash);
}

}  // namespace

// INV-3 and INV-4 of every account, and of the sums over all shards; INV-9 of the pools of codes.
void Simulator::check_running() {
    if (server_ == nullptr) return;
    std::vector<const ledger::Ledger*> shards;
    for (std::uint16_t shard = 0; shard < server_->shape().shards; ++shard)
        shards.push_back(&server_->ledger(shard));
    const std::string broken = testing::broken_invariant(shards, clock_.now());
    if (!broken.empty()) throw Violation(broken);
    check_pools();
}

// INV-12: what was recovered (from a checkpoint, on so many shards) is what a replay from the first
// entry on another number of shards gives.
void Simulator::check_restart() {
    check_recovered_codes();
    check_replay(fmt::format("recovery from LSN {}", server_->recovered().checkpoint_lsn.value));
}

// INV-12, INV-13: nothing is under way; the state that commands were decided in is the one that the
// journal tells of. A refusal that had changed something, or a change that stands in no entry,
// would stay in memory until the next start.
void Simulator::check_running_state() {
    check_replay("the running state");
}

void Simulator::check_replay(const std::string& what) {
    ++report_.replays;
    const auto world =
        testing::LedgerWorld::replayed(static_cast<std::uint16_t>(1 + random_.below(4)), entries());
    testing::LedgerWorld::Digest digest;
    ledger::HouseMap house;
    for (std::uint16_t shard = 0; shard < server_->shape().shards; ++shard) {
        digest.accounts.add(server_->ledger(shard).state_hash());
        server_->ledger(shard).add_house_to(house);
    }
    digest.programs = server_->ledger(0).hash_of_programs();
    digest.house = ledger::Ledger::hash_of_house(house);
    const testing::LedgerWorld::Digest expected = world->digest();
    if (digest == expected) return;
    throw Violation(fmt::format("INV-12: {} differs from a replay from zero in its{}{}{}", what,
                                digest.accounts == expected.accounts ? "" : " accounts",
                                digest.programs == expected.programs ? "" : " programs",
                                digest.house == expected.house ? "" : " house counters"));
}

void Simulator::check_totals(model::Model& model) {
    const Instant now = clock_.now();
    for (std::uint32_t id = 1; id <= Workload::programs; ++id) {
        ledger::Totals totals;
        for (std::uint16_t shard = 0; shard < server_->shape().shards; ++shard)
            totals.add(server_->ledger(shard).effective_totals(ProgramId{id}, now));
        const model::Totals expected = model.totals(ProgramId{id}, now);
        if (!totals.balance() || totals.issued != expected.sums.issued ||
            totals.available != expected.available || totals.held != expected.held ||
            totals.pending != expected.pending || totals.spent != expected.sums.spent ||
            totals.expired != expected.sums.expired || totals.revoked != expected.sums.revoked)
            throw Violation(
                fmt::format("INV-3: the totals of program {} differ from the model's", id));
    }
}

// INV-10: what of each limit per member is used up, time-outs and cancellations given back.
void Simulator::check_uses(model::Model& model) {
    const Instant now = clock_.now();
    constexpr std::array keys{UseKey{.kind = UseKind::limit_day, .id = rule_day_limit},
                              UseKey{.kind = UseKind::limit_month, .id = rule_month_limit},
                              UseKey{.kind = UseKind::campaign, .id = rule_campaign},
                              UseKey{.kind = UseKind::coupon, .id = rule_coupon}};
    for (std::uint16_t shard = 0; shard < server_->shape().shards; ++shard) {
        const ledger::Ledger& ledger = server_->ledger(shard);
        for (std::uint32_t id = 1; id <= Workload::programs; ++id) {
            const ledger::Program* program = ledger.program(ProgramId{id});
            for (std::uint64_t i = 0; program != nullptr && i < world_.workload.members; ++i) {
                const MemberId member = Workload::member(i);
                std::optional<ledger::Account> room;
                const ledger::Account* account =
                    ledger.account_at(member, ProgramId{id}, now, room);
                if (account == nullptr) continue;  // another shard's
                for (const UseKey& key : keys)
                    if (account->used(key, program->calendar().local_date(now)) !=
                        model.used(member, ProgramId{id}, key, now))
                        throw Violation(fmt::format(
                            "INV-10: what member {} in program {} has used of limit {} differs "
                            "from the model's",
                            member.low, id, key.id));
            }
        }
    }
}

void Simulator::check_history() {
    post_what_is_due();
    const EntryBytes entries = this->entries();
    model::Model model;
    Secrets secrets = server_->secrets();
    secrets.quote_secrets = quote_secrets_;
    sim::check_history(entries, workload_, secrets, restores_, model);
    check_totals(model);
    check_uses(model);
    check_stocks(model);
    check_budgets(model);
    // The same state once more, after a stop in order, a power cut and a start with other shards.
    disk_.activity = Activity::stopping;
    server_->stop_in_order();
    disk_.faults.power_loss_one_in = 1;
    end_life("in order, at the end");
    disk_.faults = {};
    start_server();
    check_restart();
    check_totals(model);
    check_uses(model);
    check_stocks(model);

    report_.requests = workload_.ops.size();
    report_.reads = workload_.reads.size();
    report_.entries = entries.size();
    report_.crashes = disk_.crashes;
    report_.power_losses = disk_.power_losses;
    report_.failed_flushes = disk_.failed_flushes;
    report_.rotten_bytes = disk_.rotten_bytes;
    for (const Op& op : workload_.ops) {
        report_.repeats += op.repeats_compared;
        if (op.looked_up) ++report_.looked_up;
    }
    report_.history_hash = hash_of(entries);
}

// Of the journal, of everything that anybody was told, and of the steps that it took.
std::uint64_t Simulator::hash_of(const EntryBytes& entries) const {
    std::uint64_t hash = options_.seed;
    for (const auto& bytes : entries) hash = hash_of_entry(bytes, hash);
    const auto add = [&hash](const Outcome& outcome) {
        const std::array<std::int64_t, 8> words{static_cast<std::int64_t>(outcome.code),
                                                outcome.time.ns,
                                                outcome.detail,
                                                outcome.amount.value,
                                                static_cast<std::int64_t>(outcome.entry_id.value),
                                                outcome.balances.available.value,
                                                outcome.balances.held.value,
                                                outcome.balances.pending.value};
        hash = xxh3_64(std::as_bytes(std::span(words)), hash);
    };
    for (const Op& op : workload_.ops) {
        for (const Card& card : op.cards)
            hash = xxh3_64(std::as_bytes(std::span(card.code)), hash ^ card.number.ticket);
        add(op.answer.value_or(Outcome{}));
        add(op.looked_up.value_or(Outcome{}));
    }
    for (const Read& read : workload_.reads) add(read.outcome);
    return xxh3_64(std::as_bytes(std::span(&report_.steps, 1)), hash);
}

}  // namespace suanpan::sim
