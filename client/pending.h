// A call on its way: from the caller's thread until its answer.
#pragma once

#include "client/answer.h"
#include "client/suanpan_client.h"
#include "protocol/command.h"
#include "protocol/order.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace suanpan::client {

using SteadyTime = std::chrono::steady_clock::time_point;

class Connection;
struct PendingCall;
using PendingPtr = std::shared_ptr<PendingCall>;
// Calls in order of an instant: deadlines, or times to try again.
using Schedule = std::multimap<SteadyTime, PendingPtr>;

// Made by the caller's thread, then used on the library's thread only.
struct PendingCall {
    Command command;
    std::shared_ptr<const CommandPayload> payload;  // that the command points to
    Callback callback;
    SteadyTime deadline;
    Schedule::iterator deadline_place;  // valid until the call is complete
    std::uint32_t attempts = 0;
    Connection* carrier = nullptr;  // while an attempt is out and its answer may still come
    SteadyTime sent_at;             // of the latest attempt
    bool id_is_callers = false;     // the request id may have been sent before, by someone else
    bool may_have_run = false;      // an attempt was sent, and its answer is lost
    bool is_complete = false;       // the callback has run; whoever still holds the call drops it

    // The server's word on this call, as the answer to the caller.
    [[nodiscard]] Answer answer_of(const Outcome& outcome) const;
    // The answer where the server's word is missing. Unknown as soon as any attempt may have run.
    [[nodiscard]] Answer answer_without(Trouble trouble) const;

    // Copies what the command points to, so that the caller's may go.
    void own_payload();

    [[nodiscard]] bool is_in_flight() const { return carrier != nullptr; }

private:
    [[nodiscard]] Answer blank_answer() const;
};

// The kind of a command with this body.
[[nodiscard]] CommandKind kind_of(const CommandBody& body);

}  // namespace suanpan::client
