// Members of whom a command waits for something outside their shard, and who queues behind it.
#pragma once

#include "protocol/command.h"
#include "server/ledger/request_log.h"
#include "server/shard/reply.h"

#include <cstdint>
#include <deque>
#include <map>

namespace suanpan::shard {

// While a refund or revoke has its original fetched from the journal, or the owner of a shared
// counter is asked, later changes of the same member wait, so that events of one member run in the
// order in which they came, and nothing else applies to the member's accounts. Steps about no
// member (rule books) are those of the member zero.
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
    // A command of the member begins to wait.
    void open(const MemberId& member) { steps_[member].is_waiting = true; }
    // Expects is_open(). False: the queue is full.
    [[nodiscard]] bool try_queue(const Command& command, const ReplyTo& to) {
        std::deque<Waiting>& queue = steps_.find(command.head.member)->second.queue;
        if (queue.size() >= queue_max) return false;
        queue.push_back({command, to});
        return true;
    }
    // What the command waited for has come; it goes on now, and may open() again. The member stays
    // open until serve().
    void resume(const MemberId& member) { steps_.find(member)->second.is_waiting = false; }
    // Gives those who queued to `run(const Waiting&)`, one after the other, until one of them waits
    // for something itself, or nobody is left and the member is free again.
    template <typename Run>
    void serve(const MemberId& member, Run&& run) {
        while (true) {
            Step& step = steps_.find(member)->second;
            if (step.is_waiting) return;
            if (step.queue.empty()) break;
            const Waiting next = step.queue.front();
            step.queue.pop_front();
            run(next);
        }
        steps_.erase(member);
    }

private:
    struct Step {
        bool is_waiting = false;
        std::deque<Waiting> queue;
    };
    std::map<MemberId, Step> steps_;
};

}  // namespace suanpan::shard
