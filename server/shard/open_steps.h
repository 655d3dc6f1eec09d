// Members of whom a command waits for something outside their shard, and who queues behind it.
#pragma once

#include "protocol/command.h"
#include "server/ledger/request_log.h"
#include "server/shard/reply.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

namespace suanpan::shard {

// While a refund or revoke has its original fetched from the journal, later changes of the same
// member wait, so that events of one member run in the order in which they came.
//
// One shard's, on its thread only. At most `queue_max` wait behind each open step, else `busy`.
class OpenSteps {
public:
    struct Waiting {
        Command command;
        ReplyTo to;
    };
    static constexpr std::size_t queue_max = 16;

    [[nodiscard]] bool any() const { return !steps_.empty(); }
    [[nodiscard]] bool is_open(const MemberId& member) const {
        return !steps_.empty() && steps_.contains(member);
    }
    void open(const MemberId& member) { steps_.try_emplace(member); }
    // Expects is_open(). False: the queue is full.
    [[nodiscard]] bool try_queue(const Command& command, const ReplyTo& to) {
        std::deque<Waiting>& queue = steps_.find(command.head.member)->second;
        if (queue.size() >= queue_max) return false;
        queue.push_back({command, to});
        return true;
    }
    // The step is over: who is next? Nothing: nobody waits, and the member is free again.
    [[nodiscard]] std::optional<Waiting> next(const MemberId& member) {
        const auto at = steps_.find(member);
        if (at->second.empty()) {
            steps_.erase(at);
            return std::nullopt;
        }
        Waiting waiting = at->second.front();
        at->second.pop_front();
        return waiting;
    }

private:
    std::map<MemberId, std::deque<Waiting>> steps_;
};

}  // namespace suanpan::shard
