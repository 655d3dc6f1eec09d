// The owner step of a Shard: counters that all members share, for those who ask and as their owner
// (docs/decisions/0012).
#include "protocol/base/assert.h"
#include "protocol/base/probe.h"
#include "server/shard/shard.h"

#include <algorithm>
#include <string>
#include <tuple>

namespace suanpan::shard {
namespace {

// As the rule file has it.
std::string name_of(const ledger::CounterKey& key) {
    const bool is_budget = key.kind == ledger::CounterKind::campaign_budget;
    return (is_budget ? "campaign " : "coupon ") + std::to_string(key.id) +
           (is_budget ? ": budget" : ": total_max");
}

}  // namespace

// `entry_` is decided, and says what it takes: its owners are asked before it is applied.
void Shard::take_units(const Command& command, const ReplyTo& to, const Hash128& digest,
                       std::vector<OwnerAsk>&& asks) {
    auto step = std::make_unique<OwnerStep>(OwnerStep{.command = command,
                                                      .to = to,
                                                      .digest = digest,
                                                      .decided_at = now_,
                                                      .entry = std::move(entry_),
                                                      .asks = std::move(asks)});
    entry_ = {};
    const std::uint64_t number = next_owner_step_++;
    if (auto* settle = std::get_if<Settle>(&step->command.body)) {
        step->terms = *settle->terms;
        settle->terms = &*step->terms;
    }
    if (auto* redeem = std::get_if<Redeem>(&step->command.body);
        redeem != nullptr && redeem->terms != nullptr) {
        step->redeem_terms = *redeem->terms;
        redeem->terms = &*step->redeem_terms;
        step->offer = shop_.find(command.head.program, redeem->offer);
    }
    for (OwnerAsk& ask : step->asks) {
        ask.asker = index_;
        ask.step = number;
        if (const auto* redeem = std::get_if<Redeem>(&command.body)) ask.origin = redeem->origin;
    }
    std::ranges::sort(step->asks, {}, [this](const OwnerAsk& ask) {
        return std::tuple(around_.owners.owner_of(ask), ask.key);
    });
    if (ask_owners(*step)) return;
    open_steps_.open(command.head.member);
    owner_steps_.emplace(number, std::move(step));
}

// True: the step is over. False: it waits for an answer.
bool Shard::ask_owners(OwnerStep& step) {
    while (step.taken < step.asks.size()) {
        const OwnerAsk& ask = step.asks[step.taken];
        const ShardIndex owner = around_.owners.owner_of(ask);
        if (owner != index_) {
            if (around_.owners.try_ask(owner, ask)) {
                around_.wake(owner);
                return false;
            }
            refuse_step(step, {.verdict = OwnerVerdict::busy});
            return true;
        }
        const auto answer = ask_own(ask);
        if (!answer) return false;
        if (!take_answer(step, *answer)) return true;
    }
    if (step.asks.front().counts_origin) {
        decide_counted(step.command, step.to, step.digest);
        return true;
    }
    if (std::holds_alternative<Redeem>(step.command.body) && !complete_redemption(step))
        return true;
    if (std::holds_alternative<ConfirmOrder>(step.command.body) && !complete_late_payment(step))
        return true;
    if (std::holds_alternative<PutOffers>(step.command.body)) closed_ = step.asks;
    if (std::holds_alternative<RecallBatch>(step.command.body)) complete_recall(step);
    entry_ = std::move(step.entry);
    conclude(step.command, step.to, step.digest, {.verdict = ledger::Decision::Verdict::accepted});
    return true;
}

// False: the step is over, its command refused.
bool Shard::take_answer(OwnerStep& step, const OwnerAnswer& answer) {
    if (answer.verdict != OwnerVerdict::taken) {
        refuse_step(step, answer);
        return false;
    }
    const ledger::CounterKey& key = step.asks[step.taken++].key;
    if (key.kind == ledger::CounterKind::offer_stock) {
        step.granted = answer;
        return true;
    }
    for (ledger::Effect& effect : step.entry.effects)
        if (auto* add = std::get_if<ledger::CounterAdd>(&effect);
            add != nullptr && add->takes() && add->kind == key.kind && add->id == key.id)
            add->limit = answer.limit;
    return true;
}

void Shard::owner_answered(const OwnerAnswer& answer) {
    const auto at = owner_steps_.find(answer.step);
    SUANPAN_ASSERT(at != owner_steps_.end());
    std::unique_ptr<OwnerStep> held = std::move(at->second);
    OwnerStep& step = *held;
    owner_steps_.erase(at);
    const MemberId member = step.command.head.member;
    open_steps_.resume(member);
    bool is_over = !take_answer(step, answer);
    if (!is_over) {
        // As after a read of the journal: much may have happened meanwhile.
        const bool is_too_old =
            step.command.head.request_id.unix_ms() < around_.committer.floor_ms();
        const Code code = is_too_old     ? Code::request_too_old
                          : !clock_safe_ ? Code::clock_unsafe
                          : !room_       ? Code::storage_full
                                         : Code::ok;
        is_over = code != Code::ok;
        if (is_over) {
            give_back(step);
            refuse(step.to, code);
        }
    }
    if (!is_over && !ask_owners(step)) {
        open_steps_.open(member);
        owner_steps_.emplace(answer.step, std::move(held));
    }
    serve_queue(member);
    close_full_batch();
}

// An owner has said no. What others gave goes back, and the command is decided once more.
void Shard::refuse_step(OwnerStep& step, const OwnerAnswer& answer) {
    give_back(step);
    if (answer.verdict == OwnerVerdict::busy) return refuse(step.to, Code::busy);
    if (answer.verdict == OwnerVerdict::unavailable) return refuse(step.to, Code::unavailable);
    const OwnerAsk& ask = step.asks[step.taken];
    const auto refused = [&](Code code, std::int64_t detail, const std::string& message = {}) {
        conclude(step.command, step.to, step.digest,
                 {.verdict = ledger::Decision::Verdict::refused, .code = code, .detail = detail},
                 message);
    };
    if (answer.verdict == OwnerVerdict::risk_refused)
        return refused(Code::risk_refused, answer.detail);
    if (answer.verdict == OwnerVerdict::no_batch)
        return refused(static_cast<Code>(answer.detail), 0);
    if (ask.closes)
        return refused(Code::stock_taken, answer.detail,
                       "offer " + std::to_string(ask.key.id) + ": stock " +
                           std::to_string(ask.units) + " is less than the " +
                           std::to_string(answer.detail) +
                           " that are set aside or issued; set it to at least that\n");
    if (answer.verdict == OwnerVerdict::too_many)
        return refused(Code::too_many_reservations, answer.detail);
    if (step.command.head.kind == CommandKind::redeem &&
        answer.verdict == OwnerVerdict::exhausted) {
        SUANPAN_PROBE("an offer was sold out");
        return refused(Code::sold_out, 0);
    }
    if (ask.lowers)
        return conclude(step.command, step.to, step.digest,
                        {.verdict = ledger::Decision::Verdict::refused,
                         .code = Code::budget_below_granted,
                         .detail = answer.detail},
                        name_of(ask.key) + " " + std::to_string(ask.units) + " is less than the " +
                            std::to_string(answer.detail) +
                            " that have been granted; set it to at least that\n");
    // A late payment is not told to wait for others: it ends here, in the order or as cash to
    // return. What has timed out already only waits for the sweeper.
    const bool may_come_again =
        step.command.head.kind != CommandKind::confirm || Instant{answer.detail} <= now_;
    if (answer.verdict == OwnerVerdict::all_set_aside && may_come_again)
        return refuse(step.to, Code::all_set_aside, answer.detail);
    const ledger::CounterKey key = ask.key;
    if (key.kind == ledger::CounterKind::campaign_budget)
        SUANPAN_PROBE("the budget of a campaign was used up");
    else
        SUANPAN_PROBE("the total of a coupon was used up");
    const ledger::Decision decision =
        ledger_->decide(step.command, step.decided_at, nullptr, entry_, &key);
    SUANPAN_ASSERT(!decision.accepted() || asks_of(entry_).empty());
    conclude(step.command, step.to, step.digest, decision);
}

void Shard::give_back(const OwnerStep& step) {
    for (std::size_t i = 0; i < step.taken; ++i) {
        const OwnerAsk& ask = step.asks[i];
        if (ask.counts_origin) continue;  // the attempt counts
        const bool is_change = ask.lowers || ask.closes;
        tell_owner({.what = is_change ? OwnerNotice::What::uncapped : OwnerNotice::What::given_back,
                    .key = ask.key,
                    .delta = {.issued = is_change ? 0 : ask.units},
                    .ticket = step.granted.ticket});
        around_.wake(around_.owners.owner_of(ask.key));
    }
}

void Shard::tell_owner(const OwnerNotice& notice) {
    const ShardIndex owner = around_.owners.owner_of(notice.key);
    if (owner == index_) return tell_own(notice);
    around_.owners.tell(index_, owner, notice);
    owners_to_wake_[static_cast<std::size_t>(owner)] = true;
}

// The batch has its numbers: from now on each owner only waits for them to be durable.
void Shard::tell_owners_of_batch() {
    if (noted_.empty()) return;
    for (Noted& noted : noted_) {
        noted.notice.lsn = batch_.first_staged() + noted.entry;
        tell_owner(noted.notice);
    }
    noted_.clear();
    wake_owners();
}

void Shard::wake_owners() {
    for (std::uint16_t i = 0; i < owners_to_wake_.size(); ++i) {
        if (owners_to_wake_[i]) around_.wake(ShardIndex{i});
        owners_to_wake_[i] = false;
    }
}

// What others ask of the counters that are ours, and what owners answer us.
bool Shard::serve_owners() {
    if (now_ >= limits_hold_until_) refresh_limits(std::nullopt);
    std::size_t count = 0;
    const auto deliver_answer = [this](const OwnerAnswer& answer) {
        if (answer.asker == index_) return owner_answered(answer);
        around_.owners.answer(index_, answer);
        around_.wake(answer.asker);
    };
    const auto shards = around_.exchange.shards();
    for (std::uint16_t i = 0; i < shards; ++i) {
        const ShardIndex other{i};
        if (other == index_) continue;
        count += around_.owners.drain_answers(
            index_, other, [this](const OwnerAnswer& answer) { owner_answered(answer); });
        count += around_.owners.drain_mail(other, index_, [&](const OwnerMail& mail) {
            if (const auto* notice = std::get_if<OwnerNotice>(&mail)) return tell_own(*notice);
            if (const auto answer = ask_own(std::get<OwnerAsk>(mail))) deliver_answer(*answer);
        });
    }
    owned_.advance(around_.committer.durable());
    stocks_.advance(around_.committer.durable(), now_);
    stocks_.want_again();
    count += owned_.take_answers(deliver_answer);
    count += stocks_.take_answers(deliver_answer);
    const auto publish = [&](const PublishedCount& published) {
        note_count(published);
        bool is_everywhere = true;
        for (std::uint16_t i = 0; i < shards; ++i)
            if (ShardIndex{i} != index_ &&
                !around_.owners.try_publish(index_, ShardIndex{i}, published))
                is_everywhere = false;
        return is_everywhere;
    };
    owned_.take_changed(publish);
    stocks_.take_changed(publish);
    around_.owners.flush(index_);
    return count > 0;
}

void Shard::learn_counts() {
    for (std::uint16_t i = 0; i < around_.exchange.shards(); ++i)
        if (ShardIndex{i} != index_)
            around_.owners.drain_counts(index_, ShardIndex{i},
                                        [this](const PublishedCount& count) { note_count(count); });
}

void Shard::note_count(const PublishedCount& count) {
    if (count.key.kind == ledger::CounterKind::offer_stock)
        shop_.set_count(count);
    else
        checkout_.set_given(count.key, count.given);
}

std::optional<OwnerAnswer> Shard::ask_own(const OwnerAsk& ask) {
    if (ask.counts_origin) {
        OwnerAnswer answer{.asker = ask.asker, .step = ask.step, .verdict = OwnerVerdict::taken};
        if (const auto passed = shop_.count_origin(ask, now_); !passed) {
            const bool is_busy = passed.error().code == Code::busy;
            answer.verdict = is_busy ? OwnerVerdict::busy : OwnerVerdict::risk_refused;
            answer.detail = static_cast<std::int64_t>(passed.error().rule);
        }
        return answer;
    }
    // What is in the batch is known once the entries of imports before have their numbers.
    if (ask.recalls != cards::BatchId{} && !imports_.empty()) end_batch();
    if (ask.key.kind == ledger::CounterKind::offer_stock) return stocks_.ask(ask, now_);
    if (now_ >= limits_hold_until_) refresh_limits(std::nullopt);
    return owned_.ask(ask);
}

void Shard::tell_own(const OwnerNotice& notice) {
    if (notice.key.kind == ledger::CounterKind::offer_stock)
        stocks_.tell(notice, now_);
    else
        owned_.tell(notice);
}

void Shard::refresh_limits(std::optional<ProgramId> installed) {
    owned_.refresh_limits(installed);
    limits_hold_until_ = checkout_.limits_hold_until(now_);
}

}  // namespace suanpan::shard
