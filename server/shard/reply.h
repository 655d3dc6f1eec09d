// Where an answer goes: to a place in a request of a session on some shard's thread.
#pragma once

#include "protocol/command.h"
#include "protocol/explanation.h"
#include "protocol/offer.h"
#include "protocol/order.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

namespace suanpan::shard {

enum class ShardIndex : std::uint16_t {};

// A session is known by its place and the generation of that place, so that an answer that comes
// after its connection has gone finds nobody instead of somebody else.
struct ReplyTo {
    ShardIndex shard{};       // whose thread the session lives on
    std::uint16_t event = 0;  // place of the event in its request
    std::uint32_t session = 0;
    std::uint32_t generation = 0;  // of the session's place
    std::uint32_t request = 0;     // place among the session's requests in flight
};
static_assert(sizeof(ReplyTo) == 16);

// Answers that have more than an outcome. The outcome inside counts.
using ReplyBody = std::variant<Statement, Expiring, QuoteAnswer, OrderAnswer, TermsAnswer,
                               RulesAnswer, Explanation, RedeemAnswer, RevealAnswer, OffersAnswer,
                               VouchersAnswer, CodesAnswer, ShowAnswer, VerifyAnswer, RecallAnswer>;

// The answer to one event; with `body` where it is more than an outcome.
struct Reply {
    ReplyTo to;
    Outcome outcome;
    std::unique_ptr<ReplyBody> body = nullptr;
    // No answer: the command as it is to be sent on, to another shard.
    std::unique_ptr<Command> again = nullptr;
};

// The reply that `body` makes.
template <typename Body>
[[nodiscard]] Reply reply_with(const ReplyTo& to, Body&& body) {
    Reply reply{.to = to, .outcome = body.outcome, .body = nullptr};
    reply.body = std::make_unique<ReplyBody>(std::forward<Body>(body));
    return reply;
}

inline void set_outcome(ReplyBody& body, const Outcome& outcome) {
    std::visit([&](auto& answer) { answer.outcome = outcome; }, body);
}
// Another one for a repeat; nothing where repeats get the outcome alone.
[[nodiscard]] std::unique_ptr<ReplyBody> copy_for_repeat(const ReplyBody* body);

// Takes answers on the thread of the sessions they are for.
class ReplySink {
public:
    virtual ~ReplySink() = default;
    virtual void deliver(Reply&& reply) = 0;
};

}  // namespace suanpan::shard
