// The life of vouchers on a Shard: show, verify, undo_verify (docs/decisions/0017).
#include "protocol/base/assert.h"
#include "protocol/base/probe.h"
#include "server/shard/shard.h"

namespace suanpan::shard {
namespace {

ledger::Decision refused(Code code, std::int64_t detail = 0) {
    return {.verdict = ledger::Decision::Verdict::refused, .code = code, .detail = detail};
}

}  // namespace

// Whose shard has the voucher: known from its number; of a code the owner of the program's codes
// knows it.
ShardIndex Shard::home_of(const Command& command) const {
    const VoucherTask& task = *voucher_task_of(command);
    if (const auto* verify = std::get_if<Verify>(&command.body);
        verify != nullptr && verify->is_routed)
        return ShardIndex{verify->route};
    if (task.voucher.ticket == 0)
        return around_.owners.owner_of(ledger::CounterKey{
            .program = command.head.program, .kind = ledger::CounterKind::offer_stock});
    return ShardIndex{static_cast<std::uint16_t>(task.voucher.home % around_.exchange.shards())};
}

// From here on it is a change of the account that keeps the voucher, and queues behind whatever
// that waits for. Of a voucher that is not there it is one of no member.
void Shard::change_voucher(const Command& command, const ReplyTo& to) {
    Command known = command;
    auto* verify = std::get_if<Verify>(&known.body);
    const bool by_code = verify != nullptr && !verify->has_token;
    VoucherTask& task = *voucher_task_of(known);
    if (by_code && task.voucher.ticket == 0 && !find_code(known, *verify, to)) return;
    const ledger::AccountRef ref = desk_.index().account_of(task.voucher, known.head.program);
    known.head.member = ref == ledger::no_account ? MemberId{} : ledger_->account(ref).member();
    change(known, to);
}

// True: it goes on here, with the voucher where there is one. False: it was sent to the voucher's
// home, or refused.
bool Shard::find_code(const Command& command, Verify& verify, const ReplyTo& to) {
    const CommandHead& head = command.head;
    if (!verify.is_routed) {
        // What was refused once, since nobody had the code, stays refused (P2).
        const ledger::RequestFound found = ledger_->request_log().find(
            ledger_->digest_of(command), head.request_id.unix_ms(), head.body_hash);
        if (found.kind != ledger::RequestFound::Kind::absent) return true;
        const auto held = pools_.find_held(
            head.program, {.high = verify.proof[0], .low = verify.proof[1]},
            {.high = verify.proof[2], .low = verify.proof[3]}, [&](std::uint32_t id) {
                const auto offer = shop_.find(head.program, id);
                return offer != nullptr && offer->code_form == cards::CodeForm::folded;
            });
        if (!held) return true;
        verify.proof = {held->key.high, held->key.low, 0, 0, 0, 0};
        verify.is_routed = true;
        verify.route = static_cast<std::uint16_t>(held->home);
        if (held->home != index_) {
            deliver({.to = to, .outcome = {}, .again = std::make_unique<Command>(command)});
            return false;
        }
    }
    const auto number =
        desk_.index().with_code(head.program, {.high = verify.proof[0], .low = verify.proof[1]});
    if (number) {
        verify.task.voucher = *number;
        return true;
    }
    // It is on its way to whoever buys it: nobody has been shown it yet, so somebody guesses.
    SUANPAN_PROBE("a code was verified before its voucher was there");
    refuse(to, Code::busy);
    return false;
}

void Shard::decide_voucher(const Command& command, const ReplyTo& to, const Hash128& digest) {
    const auto next = desk_.decide(command, now_);
    if (!next)
        return conclude(command, to, digest, refused(next.error().code, next.error().detail));
    Command opened = command;
    voucher_task_of(opened)->next = &*next;
    decide_and_stage(opened, to, digest, nullptr);
}

std::unique_ptr<ReplyBody> Shard::body_of(const ledger::Entry& entry) {
    if (auto body = desk_.answer_of(entry)) return body;
    return shop_.answer_of(entry);
}

}  // namespace suanpan::shard
