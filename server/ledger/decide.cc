// Deciding: what every command has in common, before and after what its kind decides.
#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/base/probe.h"
#include "protocol/limits.h"
#include "server/ledger/decider.h"
#include "server/ledger/due.h"
#include "server/ledger/validate.h"

#include <algorithm>
#include <variant>

namespace suanpan::ledger {

Lsn Ledger::needs_original(const Command& command) {
    if (const auto* refund = std::get_if<Refund>(&command.body)) return refund->original;
    if (const auto* revoke = std::get_if<Revoke>(&command.body)) return revoke->original;
    return {};
}

Decision Ledger::decide(const Command& command, Instant now, const Entry* original, Entry& out,
                        const CounterKey* used_up) {
    return Decider(*this, command, now, original, out, used_up).run();
}

// Stands before its use: clang 19 leaves it out otherwise.
template <typename Body>
Decision Decider::decide_on_account(const Body& command) {
    if (!open_account()) {
        SUANPAN_PROBE("more was due than one entry posts along");
        return {.verdict = Decision::Verdict::needs_expire};
    }
    const Decision decision = decide(command);
    if (decision.accepted()) finish();
    return decision;
}

Decision Decider::run() {
    if (const auto fault = validate(command_)) return refused(fault->code, fault->detail);
    begin_entry();
    return std::visit(
        [this](const auto& body) -> Decision {
            using Body = std::decay_t<decltype(body)>;
            if constexpr (std::is_same_v<Body, PutProgram> || std::is_same_v<Body, AdvanceClock> ||
                          std::is_same_v<Body, PutRules> || std::is_same_v<Body, PutOffers> ||
                          std::is_same_v<Body, RecallBatch>)
                return decide(body);
            else
                return decide_on_account(body);
        },
        command_.body);
}

void Decider::begin_entry() {
    const CommandHead& head = command_.head;
    out_.reset();
    out_.kind = entry_kind_of(head.kind);
    out_.time = now_;
    out_.request_id = head.request_id;
    out_.member = head.member;
    out_.body_hash = head.body_hash;
    out_.partner = head.partner;
    out_.principal = head.principal;
    out_.program = head.program;
}

bool Decider::open_account() {
    const CommandHead& head = command_.head;
    program_ = ledger_.program(head.program);
    const AccountRef ref = ledger_.find_account(head.member, head.program);
    out_.account_hint = ref;
    if (ref == no_account)
        account_ = &copy_.emplace(head.member, head.program);
    else
        account_ = &ledger_.account(ref);
    out_.ordinal = account_->ordinal() + 1;
    if (program_ == nullptr) return true;  // the command's own order of checks says so

    out_.config_version = program_->spec().version;
    today_ = program_->calendar().local_date(now_);
    out_.local_date = today_;
    if (account_->has_due(now_)) {
        SUANPAN_PROBE("a command posted due items along");
        // Nothing that is alone too large: the request's own effects need the rest of the entry.
        const DueBudget along{.items_max = limits::due_items_max,
                              .bytes_max = limits::due_bytes_max,
                              .takes_first = false};
        if (!post_due(*account_, *program_, now_, along, out_)) return false;
        due_effects_ = out_.effects.size();
        copy_ = account_->clone();
        for (const Effect& effect : out_.effects) copy_->apply(effect, now_);
        for (const OrderPtr& order : out_.orders) copy_->put_order(order);
        account_ = &*copy_;
    }
    debt_left_ = account_->debt();
    return true;
}

void Decider::finish() {
    if (repaid_ > Points{}) out_.add(DebtDelta{.delta = -repaid_});
    out_.balances = balances_after();
    SUANPAN_ASSERT(sum_of_postings(out_) == Points{});               // INV-1
    SUANPAN_ASSERT(out_.balances.held >= Points{});                  // INV-4
    SUANPAN_ASSERT(out_.balances.available >= -out_.balances.debt);  // INV-4
}

Balances Decider::balances_after() const {
    Balances after = account_->balances(now_);
    struct Walk {
        Balances& after;
        Instant now;
        void operator()(const LotDelta& e) const {
            Points& part = e.lot.active_from > now ? after.pending : after.available;
            part += e.delta;
        }
        void operator()(const HoldSliceDelta& e) const { after.held += e.delta; }
        void operator()(const DebtDelta& e) const {
            after.debt += e.delta;
            after.available -= e.delta;
        }
    };
    const Walk walk{after, now_};
    for (std::size_t i = due_effects_; i < out_.effects.size(); ++i) {
        if (const auto* lot = std::get_if<LotDelta>(&out_.effects[i])) walk(*lot);
        if (const auto* slice = std::get_if<HoldSliceDelta>(&out_.effects[i])) walk(*slice);
        if (const auto* debt = std::get_if<DebtDelta>(&out_.effects[i])) walk(*debt);
    }
    return after;
}

Points Decider::put_into_lot(const LotKey& key, Points amount) {
    out_.add(LotDelta{.lot = key, .delta = amount, .cause = Cause::request});
    // Points that are not active yet repay nothing: they may still be revoked.
    const Points repaid = key.active_from > now_ ? Points{} : std::min(debt_left_, amount);
    if (repaid == Points{} || SUANPAN_CANARY(debt_not_repaid_first)) return {};
    SUANPAN_PROBE("points that came in repaid debt");
    debt_left_ -= repaid;
    repaid_ += repaid;
    out_.add(LotDelta{.lot = key, .delta = -repaid, .cause = Cause::debt});
    return repaid;
}

bool Decider::is_alive(const LotKey& key, Instant taken_at) const {
    if (account().expires_at(key) <= now_) return false;
    return key.expires_at != expires_sliding || taken_at >= account().rare()->sliding_since;
}

Points Decider::give_back(const LotKey& key, Points amount, Instant taken_at,
                          std::uint32_t grace_days) {
    LotKey target = key;
    if (!is_alive(key, taken_at)) {
        if (grace_days == 0) return amount;
        target.expires_at = program_->end_after_days(today_, grace_days);
    }
    put_into_lot(target_lot(account(), out_, target, program_->spec().merge_lots), amount);
    return {};
}

bool Decider::fits(Points more) const {
    const Balances balances = account().balances(now_);
    const Points all = balances.available + balances.debt + balances.pending + balances.held;
    return more <= Points{amount_points_max} - all;
}

}  // namespace suanpan::ledger
