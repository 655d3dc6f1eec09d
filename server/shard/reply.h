// Where an answer goes: to a place in a request of a session on some shard's thread.
#pragma once

#include "protocol/command.h"

#include <cstdint>
#include <memory>

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

// The answer to one event. Reads with rows have these beside the outcome.
struct Reply {
    ReplyTo to;
    Outcome outcome;
    std::unique_ptr<Statement> statement;
    std::unique_ptr<Expiring> expiring;
};

// Takes answers on the thread of the sessions they are for.
class ReplySink {
public:
    virtual ~ReplySink() = default;
    virtual void deliver(Reply&& reply) = 0;
};

}  // namespace suanpan::shard
