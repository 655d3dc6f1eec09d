// The end of a simulation's sales, and what owners of stocks, codes and budgets must know.
#include "server/cards/reserved_units.h"
#include "server/ledger/entry_format.h"
#include "server/shard/code_chunk.h"
#include "tests/sim/simulator.h"
#include "tests/sim/violation.h"

#include <map>
#include <set>
#include <tuple>

namespace suanpan::sim {
namespace {

constexpr std::uint64_t final_requests = 6;  // for each offer
constexpr int posting_rounds = 60;

ledger::CounterKey stock_key(ProgramId program, std::uint32_t offer) {
    return {.program = program, .kind = ledger::CounterKind::offer_stock, .id = offer};
}

// Codes that were imported, less free ones that were recalled; and less those that have expired.
struct CodesLeft {
    std::int64_t least = 0;
    std::int64_t most = 0;
};
CodesLeft codes_left(const model::Model& model, ProgramId program, std::uint32_t offer,
                     Instant now) {
    CodesLeft left;
    for (const auto& [name, code] : model.shelf().codes(program)) {
        const bool is_held = code.is_set_aside || code.issued != Lsn{};
        if (code.offer != offer) continue;
        if (!is_held && model.shelf().recalled(code.name()) != nullptr) continue;
        ++left.most;
        if (is_held || code.expires_at > now) ++left.least;
    }
    return left;
}

}  // namespace

// Nothing goes wrong any more: members ask for what is left, one unit at a time. Whoever is told
// that it is sold out finds that checked with the rest of the history, and tickets without a gap.
void Simulator::final_sale() {
    workload_.calm_after = server_->journal().last_lsn();
    trace_.say("the last sale begins after LSN {}", workload_.calm_after.value);
    for (std::uint32_t id = 1; id <= Workload::programs; ++id) {
        const OfferFacts* facts = workload_.newest_offers(ProgramId{id});
        if (facts == nullptr) continue;
        const MemberId member = workload_.draw_member();
        const auto ask = [&](CommandKind kind, std::uint32_t offer) {
            const auto number = static_cast<std::uint32_t>(random_.below(lines_.size()));
            lines_[number].client->own(
                workload_.add_final(number, clock_.wall(), kind, member, offer));
        };
        ask(CommandKind::earn, offer_id(ProgramId{id}, 0));
        run_until_settled();
        for (const model::OfferSpec& offer : facts->file.offers)
            for (std::uint64_t i = 0; i < final_requests; ++i) ask(CommandKind::redeem, offer.id);
    }
    run_until_settled();
}

// Time stands still until the sweepers have been everywhere.
void Simulator::post_what_is_due() {
    clock_.pass(milliseconds(20));
    for (int round = 0; round < posting_rounds || !server_->is_quiet(); ++round) {
        for (std::uint16_t shard = 0; shard < server_->shape().shards; ++shard)
            server_->step_shard(shard);
        server_->step_committer();
        server_->step_builder();
        server_->step_reader();
    }
}

// INV-9 of every batch, by counting.
void Simulator::check_pools() {
    for (std::uint32_t id = 1; id <= Workload::programs; ++id)
        for (std::uint16_t shard = 0; shard < server_->shape().shards; ++shard) {
            const cards::CodePool* pool =
                server_->shard(shard).pools().find(offer_id(ProgramId{id}, place_with_codes));
            if (pool != nullptr && !pool->is_whole())
                throw Violation("INV-9: the codes of a batch are not those that were imported");
        }
}

// A pool is in no state hash: what a start has made of checkpoint and journal is compared with the
// entries themselves.
void Simulator::check_recovered_codes() {
    using Place = std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>;  // offer, key
    using Where = std::tuple<std::uint32_t, std::uint64_t, std::uint32_t, std::int64_t>;
    std::map<Place, Where> expected;
    std::map<std::uint32_t, std::size_t> issued;
    using Order = std::tuple<ProgramId, MemberId, std::uint32_t>;
    std::map<std::uint32_t, std::map<Order, std::size_t>> waiting;  // codes that are set aside
    std::set<std::pair<std::uint32_t, std::uint32_t>> recalled;     // offer, batch
    for (const auto& bytes : entries()) {
        ledger::Entry entry;
        if (!ledger::decode(bytes, entry)) continue;
        for (const ledger::Effect& effect : entry.effects)
            if (const auto* batch = std::get_if<ledger::BatchRecalled>(&effect))
                recalled.emplace(batch->offer, batch->batch);
        // A voucher that was issued, and one that only changes later.
        const bool issues =
            entry.kind == ledger::EntryKind::redeem || entry.kind == ledger::EntryKind::confirm;
        for (const ledger::VoucherPtr& held : entry.vouchers)
            if (issues) ++issued[held->number.offer];
        for (const ledger::OrderPtr& order : entry.orders) {
            const auto codes = cards::get_reserved_codes(order->units.codes);
            if (!codes) throw Violation("the codes of an order are unreadable");
            if (order->units.any())
                waiting[order->units.offer][{entry.program, entry.member, order->number}] =
                    codes->size();
        }
        const auto chunk =
            entry.codes == nullptr ? std::nullopt : shard::chunk_of(entry.codes->bytes);
        if (!chunk) continue;
        for (const cards::SealedCode& code : chunk->codes)
            expected[{static_cast<std::uint32_t>(chunk->place.offer), code.key.high,
                      code.key.low}] = {static_cast<std::uint32_t>(chunk->place.batch),
                                        entry.lsn.value, code.index, code.expires_at.ns};
    }
    std::map<Place, Where> real;
    for (std::uint32_t id = 1; id <= Workload::programs; ++id) {
        const std::uint32_t offer = offer_id(ProgramId{id}, place_with_codes);
        for (std::uint16_t shard = 0; shard < server_->shape().shards; ++shard) {
            const cards::CodePool* pool = server_->shard(shard).pools().find(offer);
            if (pool == nullptr) continue;
            std::size_t taken = 0;
            std::size_t set_aside = 0;
            std::size_t waits = 0;
            for (const auto& [order, codes] : waiting[offer]) waits += codes;
            for (std::uint32_t i = 0; i < pool->size(); ++i) {
                const cards::PooledCode code = pool->code(cards::CodeRef{i});
                real[{offer, code.key.high, code.key.low}] = {
                    static_cast<std::uint32_t>(code.batch), code.locator.lsn.value,
                    code.locator.index, code.expires_at.ns};
                const bool is_recalled =
                    recalled.contains({offer, static_cast<std::uint32_t>(code.batch)});
                if (code.state ==
                    (is_recalled ? cards::CodeState::available : cards::CodeState::voided))
                    throw Violation(
                        "INV-9: a start has void codes that nobody has recalled, or "
                        "free ones of a batch that was");
                if (code.state == cards::CodeState::issued) ++taken;
                if (code.state == cards::CodeState::set_aside) ++set_aside;
            }
            if (pool->size() > 0 && (taken != issued[offer] || set_aside != waits))
                throw Violation(
                    "INV-9: a start has taken other codes out of a pool than are issued or wait");
        }
    }
    if (real != expected)
        throw Violation("INV-12: the codes of a start differ from those that were imported");
}

// Nothing is under way: owners know what the model knows (INV-9).
void Simulator::check_stocks(model::Model& model) {
    for (std::uint32_t id = 1; id <= Workload::programs; ++id) {
        const ProgramId program{id};
        for (std::uint32_t place = 0; place < offers_per_program; ++place) {
            const std::uint32_t offer = offer_id(program, place);
            const model::OfferSpec* spec = model.shelf().find(program, offer);
            if (spec == nullptr) continue;
            const std::int64_t issued = model.shelf().issued(offer) + model.shelf().reserved(offer);
            if (model.shelf().reserved(offer) != model.set_aside(program, offer, clock_.now()))
                throw Violation(
                    fmt::format("INV-9: {} units of offer {} are set aside, and the orders that "
                                "wait have {}",
                                model.shelf().reserved(offer), offer,
                                model.set_aside(program, offer, clock_.now())));
            std::int64_t given = 0;
            std::int64_t all = 0;
            for (std::uint16_t shard = 0; shard < server_->shape().shards; ++shard) {
                const shard::StockTable& stocks = server_->shard(shard).stocks();
                given += stocks.given(stock_key(program, offer));
                const std::int64_t total = stocks.total(stock_key(program, offer));
                all += total;
                if (!spec->has_codes && total != 0 && total != spec->stock)
                    throw Violation(
                        fmt::format("INV-9: an owner knows of {} units of offer {}, and "
                                    "its file has {}",
                                    total, offer, spec->stock));
            }
            // Free codes of recalled batches are in no stock, and those that have expired may be.
            const CodesLeft left = codes_left(model, program, offer, clock_.now());
            if (spec->has_codes && (all < left.least || all > left.most))
                throw Violation(
                    fmt::format("INV-9: an owner has {} codes of offer {} in its stock, and there "
                                "are {} to {}",
                                all, offer, left.least, left.most));
            if (given != issued)
                throw Violation(
                    fmt::format("INV-9: owners know of {} units of offer {} that are gone, "
                                "and there are {}",
                                given, offer, issued));
        }
    }
}

// All that was due is posted: what is counted of budgets and totals is what orders have (INV-11).
void Simulator::check_budgets(model::Model& model) {
    const Instant now = clock_.now();
    ledger::CounterMap counters;
    for (std::uint16_t shard = 0; shard < server_->shape().shards; ++shard)
        server_->ledger(shard).add_counters_to(counters);
    for (std::uint32_t id = 1; id <= Workload::programs; ++id) {
        const ProgramId program{id};
        const std::int64_t budget =
            model.used_by_all(program, {.kind = UseKind::campaign_budget, .id = rule_campaign}, now)
                .money.value;
        const std::int64_t coupons =
            model.used_by_all(program, {.kind = UseKind::coupon_total, .id = rule_coupon}, now)
                .count;
        const auto given = [&](ledger::CounterKind kind, std::uint32_t of) {
            return counters[{.program = program, .kind = kind, .id = of}].given();
        };
        if (given(ledger::CounterKind::campaign_budget, rule_campaign) != budget ||
            given(ledger::CounterKind::coupon_total, rule_coupon) != coupons)
            throw Violation(fmt::format(
                "INV-11: of program {}, a budget of {} and a total of {} are counted, and orders "
                "have {} and {}",
                id, given(ledger::CounterKind::campaign_budget, rule_campaign),
                given(ledger::CounterKind::coupon_total, rule_coupon), budget, coupons));
    }
}

}  // namespace suanpan::sim
