// Which fate a code means, given what happened to the call before.
#include "client/pending.h"

#include <gmock/gmock.h>

namespace suanpan::client {
namespace {

PendingCall call_of(CommandKind kind) {
    PendingCall call;
    call.command.head.kind = kind;
    call.command.head.request_id = {1, 2};
    return call;
}

Fate fate_of(const PendingCall& call, Code code) {
    Outcome outcome;
    outcome.code = code;
    return call.answer_of(outcome).fate;
}

TEST(PendingCall, IsDoneOrRefusedByTheServersWord) {
    const PendingCall call = call_of(CommandKind::spend);
    EXPECT_EQ(fate_of(call, Code::ok), Fate::done);
    EXPECT_EQ(fate_of(call, Code::insufficient_points), Fate::refused);
    EXPECT_EQ(fate_of(call, Code::amount_not_positive), Fate::refused);
    EXPECT_EQ(fate_of(call, Code::busy), Fate::refused);
    EXPECT_EQ(fate_of(call, Code::request_too_old), Fate::refused);
}

TEST(PendingCall, StaysUnknownWhereTheAnswerSpeaksOfTheRepeatOnly) {
    PendingCall call = call_of(CommandKind::spend);
    call.may_have_run = true;
    for (const Code code : {Code::busy, Code::rate_limited, Code::shutting_down,
                            Code::request_too_old, Code::kind_not_allowed, Code::hello_required})
        EXPECT_EQ(fate_of(call, code), Fate::unknown) << text_of(code).name;
    // These would have been the first attempt's answer as well.
    for (const Code code : {Code::insufficient_points, Code::hold_expired,
                            Code::amount_not_positive, Code::request_id_reused})
        EXPECT_EQ(fate_of(call, code), Fate::refused) << text_of(code).name;
    EXPECT_EQ(fate_of(call, Code::ok), Fate::done);
}

TEST(PendingCall, KnowsThatAnOldIdOfTheCallersMayHaveRunBefore) {
    PendingCall call = call_of(CommandKind::spend);
    call.id_is_callers = true;
    EXPECT_EQ(fate_of(call, Code::request_too_old), Fate::unknown);
}

TEST(PendingCall, TakesTheAnswersOfALookupAsDone) {
    const PendingCall call = call_of(CommandKind::lookup);
    EXPECT_EQ(fate_of(call, Code::not_executed), Fate::done);
    EXPECT_EQ(fate_of(call, Code::unknown_yet), Fate::done);
    EXPECT_EQ(fate_of(call, Code::refused), Fate::done);
}

TEST(PendingCall, IsRefusedByTroubleOnlyWhereNothingWasSent) {
    PendingCall call = call_of(CommandKind::spend);
    const Answer refused = call.answer_without(Trouble::not_connected);
    EXPECT_EQ(refused.fate, Fate::refused);
    EXPECT_TRUE(leaves_no_trace(refused.outcome.code));
    call.may_have_run = true;
    const Answer unknown = call.answer_without(Trouble::connection_lost);
    EXPECT_EQ(unknown.fate, Fate::unknown);
    EXPECT_EQ(unknown.request_id, call.command.head.request_id);
}

}  // namespace
}  // namespace suanpan::client
