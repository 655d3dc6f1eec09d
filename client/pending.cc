#include "client/pending.h"

#include "protocol/secret_payload.h"

#include <type_traits>
#include <utility>

namespace suanpan::client {
namespace {

// True for codes that a repeat may get although the first attempt ran: limits on load and the
// partner's rights are looked at before the request log is.
bool is_about_this_attempt(Code code) {
    const auto number = static_cast<std::uint16_t>(code);
    return number < 200 || (number >= 400 && number < 500) || code == Code::unknown_kind ||
           code == Code::kind_not_allowed || code == Code::program_not_allowed ||
           code == Code::request_from_future;
}

Fate fate_of(const PendingCall& call, Code code) {
    switch (call.command.head.kind) {
        case CommandKind::statement:
            if (code == Code::history_ends) return Fate::done;  // with the lines there are
            break;
        case CommandKind::explain:
        case CommandKind::lookup:  // each of these is an answer to what was asked
            if (code == Code::not_executed || code == Code::refused || code == Code::unknown_yet ||
                code == Code::history_ends)
                return Fate::done;
            break;
        default:
            break;
    }
    if (code == Code::ok) return Fate::done;
    // It says nothing about a first attempt, so it settles the matter only where there was none.
    if (code == Code::request_too_old)
        return call.may_have_run || call.id_is_callers ? Fate::unknown : Fate::refused;
    if (call.may_have_run && is_about_this_attempt(code)) return Fate::unknown;
    return Fate::refused;
}

}  // namespace

Answer PendingCall::blank_answer() const {
    Answer answer;
    answer.attempts = attempts;
    answer.kind = command.head.kind;
    answer.member = command.head.member;
    answer.program = command.head.program;
    answer.request_id = command.head.request_id;
    return answer;
}

Answer PendingCall::answer_of(const Outcome& outcome) const {
    Answer answer = blank_answer();
    answer.outcome = outcome;
    answer.fate = fate_of(*this, outcome.code);
    return answer;
}

Answer PendingCall::answer_without(Trouble trouble) const {
    Answer answer = blank_answer();
    answer.trouble = trouble;
    const bool is_unknown = may_have_run || is_in_flight();
    answer.fate = is_unknown ? Fate::unknown : Fate::refused;
    answer.outcome.code = is_unknown ? Code::unknown_yet : Code::busy;
    return answer;
}

CommandKind kind_of(const CommandBody& body) {
    struct Kinds {
        CommandKind operator()(const Earn&) { return CommandKind::earn; }
        CommandKind operator()(const Spend&) { return CommandKind::spend; }
        CommandKind operator()(const PlaceHold&) { return CommandKind::hold; }
        CommandKind operator()(const CaptureHold&) { return CommandKind::capture; }
        CommandKind operator()(const ReleaseHold&) { return CommandKind::release; }
        CommandKind operator()(const Refund&) { return CommandKind::refund; }
        CommandKind operator()(const Revoke&) { return CommandKind::revoke; }
        CommandKind operator()(const Adjust&) { return CommandKind::adjust; }
        CommandKind operator()(const Freeze& freeze) {
            return freeze.frozen ? CommandKind::freeze : CommandKind::unfreeze;
        }
        CommandKind operator()(const SetLimit&) { return CommandKind::set_limit; }
        CommandKind operator()(const MemberUpdate&) { return CommandKind::member_update; }
        CommandKind operator()(const ReadBalance&) { return CommandKind::balance; }
        CommandKind operator()(const ReadStatement&) { return CommandKind::statement; }
        CommandKind operator()(const Lookup&) { return CommandKind::lookup; }
        CommandKind operator()(const ReadExpiring&) { return CommandKind::expiring; }
        CommandKind operator()(const PutProgram& put) {
            return put.create ? CommandKind::program_create : CommandKind::program_update;
        }
        CommandKind operator()(const AdvanceClock&) { return CommandKind::clock_advance; }
        CommandKind operator()(const AskQuote&) { return CommandKind::quote; }
        CommandKind operator()(const Settle&) { return CommandKind::settle; }
        CommandKind operator()(const ConfirmOrder&) { return CommandKind::confirm; }
        CommandKind operator()(const CancelOrder&) { return CommandKind::cancel; }
        CommandKind operator()(const RefundOrder&) { return CommandKind::refund_order; }
        CommandKind operator()(const ReadOrder&) { return CommandKind::order; }
        CommandKind operator()(const PutRules&) { return CommandKind::rules_put; }
        CommandKind operator()(const ReadTerms&) { return CommandKind::terms; }
        CommandKind operator()(const Explain&) { return CommandKind::explain; }
        CommandKind operator()(const Redeem&) { return CommandKind::redeem; }
        CommandKind operator()(const Reveal&) { return CommandKind::reveal; }
        CommandKind operator()(const ReadOffers&) { return CommandKind::offers; }
        CommandKind operator()(const ReadVouchers&) { return CommandKind::vouchers; }
        CommandKind operator()(const Show&) { return CommandKind::show; }
        CommandKind operator()(const Verify&) { return CommandKind::verify; }
        CommandKind operator()(const UndoVerification&) { return CommandKind::undo_verify; }
        CommandKind operator()(const PutOffers&) { return CommandKind::offers_put; }
        CommandKind operator()(const ImportCodes&) { return CommandKind::codes_import; }
        CommandKind operator()(const RecallBatch&) { return CommandKind::recall; }
    };
    return std::visit(Kinds{}, body);
}

void PendingCall::own_payload() {
    const auto own = [this](auto& body) {
        if constexpr (requires { body.payload; }) {
            if (body.payload == nullptr) return;
            using Body = std::decay_t<decltype(body)>;
            if constexpr (std::is_same_v<Body, ImportCodes> || std::is_same_v<Body, Verify>)
                payload = make_secret_payload(CommandPayload(*body.payload));
            else
                payload = std::make_shared<const CommandPayload>(*body.payload);
            body.payload = payload.get();
        }
    };
    std::visit(own, command.body);
}

}  // namespace suanpan::client
