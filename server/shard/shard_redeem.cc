// Redemptions and files of offers: what a Shard asks the cards before the ledger (docs/decisions/
// 0016).
#include "protocol/base/assert.h"
#include "server/shard/shard.h"

namespace suanpan::shard {
namespace {

ledger::Decision refused(Code code, std::int64_t detail = 0) {
    return {.verdict = ledger::Decision::Verdict::refused, .code = code, .detail = detail};
}

}  // namespace

// The offer is there, and the request's velocity lets it pass; then decide_redemption().
void Shard::redeem(const Command& command, const ReplyTo& to, const Hash128& digest) {
    const CommandHead& head = command.head;
    const auto& asked = std::get<Redeem>(command.body);
    if (asked.quantity < 1 || asked.quantity > limits::offer_quantity_max)
        return refuse(to, Code::quantity_out_of_range, limits::offer_quantity_max);
    if (ledger_->program(head.program) == nullptr)
        return conclude(command, to, digest, refused(Code::program_not_found));
    if (shop_.find(head.program, asked.offer) == nullptr)
        return conclude(command, to, digest, refused(Code::offer_not_found));
    pass_velocity(command, to, digest, cards::VelocityKind::redeem);
}

// Whether the velocity rules let the request pass, its origin's owner asked last; then it is
// counted and goes on.
void Shard::pass_velocity(const Command& command, const ReplyTo& to, const Hash128& digest,
                          cards::VelocityKind kind) {
    const CommandHead& head = command.head;
    // Of a voucher or a code that is not there no member is known.
    const bool has_member = !head.member.is_zero();
    if (const auto passed = has_member ? shop_.check_member(head, kind, now_) : Shop::Passed{};
        !passed) {
        if (passed.error().code == Code::busy) return refuse(to, Code::busy);
        const auto rule = static_cast<std::int64_t>(passed.error().rule);
        return conclude(command, to, digest, refused(passed.error().code, rule));
    }
    const auto* redeem = std::get_if<Redeem>(&command.body);
    const VoucherTask* task = voucher_task_of(command);
    const std::uint64_t origin = redeem != nullptr ? redeem->origin
                                 : task != nullptr ? task->origin
                                                   : std::get<Reveal>(command.body).origin;
    if (origin != 0 && shop_.asks_origin(head.program, kind)) {
        OwnerAsk ask;
        ask.key.program = head.program;
        ask.counts_origin = true;
        ask.counts = static_cast<std::uint8_t>(kind);
        ask.origin = origin;
        return take_units(command, to, digest, {ask});
    }
    decide_counted(command, to, digest);
}

// Its origin, where that was asked, lets it pass as well. Nothing else of the member has come
// between, so that what check_member() said still holds.
void Shard::decide_counted(const Command& command, const ReplyTo& to, const Hash128& digest) {
    const CommandKind asked = command.head.kind;
    const auto kind = asked == CommandKind::redeem   ? cards::VelocityKind::redeem
                      : asked == CommandKind::verify ? cards::VelocityKind::verify
                                                     : cards::VelocityKind::query;
    // Others may have filled the memory of the windows.
    if (!command.head.member.is_zero() && !shop_.count_member(command.head, kind, now_))
        return refuse(to, Code::busy);
    if (asked == CommandKind::reveal) return decide_reveal(command, to, digest);
    if (is_of_a_voucher(asked)) return decide_voucher(command, to, digest);
    decide_redemption(command, to, digest);
}

void Shard::decide_redemption(const Command& command, const ReplyTo& to, const Hash128& digest) {
    Command opened = command;
    auto& asked = std::get<Redeem>(opened.body);
    const auto offer = shop_.find(command.head.program, asked.offer);
    SUANPAN_ASSERT(offer != nullptr);  // files of offers lose none
    const auto terms = shop_.admit(opened, *offer, now_);
    if (!terms)
        return conclude(command, to, digest, refused(terms.error().code, terms.error().detail));
    asked.terms = &*terms;
    decide_and_stage(opened, to, digest, nullptr);
}

// All units are taken. False: the step is over; the offer has changed meanwhile, and it has been
// decided anew, or a code cannot be shown.
bool Shard::complete_redemption(OwnerStep& step) {
    const auto& asked = std::get<Redeem>(step.command.body);
    if (shop_.find(step.command.head.program, asked.offer) != step.offer) {
        give_back(step);
        decide_redemption(step.command, step.to, step.digest);
        return false;
    }
    // Nobody pays for a code that cannot be shown.
    if (!shop_.can_show(*step.offer, step.granted)) {
        give_back(step);
        refuse(step.to, Code::unavailable);
        return false;
    }
    if (asked.terms->cash > Money{})
        shop_.set_aside(step.granted, step.entry);
    else
        shop_.issue(*step.offer, step.granted, asked.terms->quantity, step.entry);
    return true;
}

// A late payment has its units again. False: the step is over, their codes cannot be shown.
bool Shard::complete_late_payment(OwnerStep& step) {
    if (shop_.issue_order(&step.granted, step.entry)) return true;
    give_back(step);
    refuse(step.to, Code::unavailable);
    return false;
}

void Shard::put_offers(const Command& command, const ReplyTo& to, const Hash128& digest) {
    const ledger::Decision decision = ledger_->decide(command, now_, nullptr, entry_);
    if (!decision.accepted() && !is_state_refusal(decision.code))
        return conclude(command, to, digest, decision);
    Shop::Loaded loaded = shop_.load(std::get<PutOffers>(command.body), command.head.program);
    if (loaded.code == Code::offer_invalid)
        return deliver(reply_with(to, RulesAnswer{.outcome = {.code = loaded.code, .time = now_},
                                                  .message = std::move(loaded.message)}));
    if (!decision.accepted()) return conclude(command, to, digest, decision);
    if (loaded.code != Code::ok)
        return conclude(command, to, digest, refused(loaded.code, loaded.detail), loaded.message);
    if (loaded.closes.empty()) return conclude(command, to, digest, decision);
    take_units(command, to, digest, std::move(loaded.closes));
}

// Every shard has the file: its owners sell again what was closed for it.
void Shard::open_offers() {
    for (const OwnerAsk& closed : closed_)
        tell_owner({.what = OwnerNotice::What::opened,
                    .key = closed.key,
                    .delta = {.issued = closed.units}});
    if (!closed_.empty()) wake_owners();
    closed_.clear();
}

}  // namespace suanpan::shard
