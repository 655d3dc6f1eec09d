// The seam between sessions and their shard.
#pragma once

#include "protocol/command.h"
#include "server/shard/reply.h"

#include <cstdint>

namespace suanpan::shard {

// What `busy` advises: a commit or some.
inline constexpr std::uint32_t busy_retry_ms = 5;

// Where sessions put commands: the shard of their thread, which forwards what is not its own.
class CommandPort {
public:
    virtual ~CommandPort() = default;
    // Answers by exactly one Reply to `to`, now or later.
    virtual void submit(const Command& command, const ReplyTo& to) = 0;
    // True where a change would be answered `busy`: a session need not look at it then.
    [[nodiscard]] virtual bool is_behind() const = 0;
    // Ids older than this are refused (milliseconds since 1970).
    [[nodiscard]] virtual std::int64_t request_floor_ms() const = 0;
};

}  // namespace suanpan::shard
