// Answers that wait until what they rest on is durable.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/limits.h"
#include "server/shard/reply.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace suanpan::shard {

// One answer, or, with `follow_up`, a command to look at again at that moment.
struct PendingReply {
    Lsn lsn;         // released when this is durable
    Hash128 digest;  // of the request id; zero for reads
    std::uint32_t waiters = 0;
    Reply reply;
    std::unique_ptr<Command> follow_up;
};

// A queue in order of LSN, and the repeats that wait for one of its answers.
//
// One shard's, on its thread only. Bounded by what the shard lets be in flight; at most
// limits::repeat_waiters_max repeats for each answer.
class PendingReplies {
public:
    // Expects pending.lsn >= that of the last one.
    void push(PendingReply&& pending) { queue_.push_back(std::move(pending)); }

    // Joins a repeat to the first attempt, which was given `lsn`. False: too many wait already, or
    // the answer has left.
    [[nodiscard]] bool attach(Lsn lsn, const Hash128& digest, const ReplyTo& to) {
        auto at = std::lower_bound(
            queue_.begin() + static_cast<std::ptrdiff_t>(head_), queue_.end(), lsn,
            [](const PendingReply& pending, Lsn wanted) { return pending.lsn < wanted; });
        for (; at != queue_.end() && at->lsn == lsn; ++at) {
            if (!(at->digest == digest)) continue;
            if (at->waiters >= limits::repeat_waiters_max) return false;
            ++at->waiters;
            add_waiter(digest, to);
            return true;
        }
        return false;
    }
    // A repeat that was attached before its first attempt had an LSN.
    void add_waiter(const Hash128& digest, const ReplyTo& to) { waiters_.push_back({digest, to}); }

    // Gives every answer up to `durable` to `deliver(PendingReply&&)`, and a copy to each waiter.
    template <typename Deliver>
    std::size_t release(Lsn durable, Deliver&& deliver) {
        std::size_t count = 0;
        for (; head_ < queue_.size() && queue_[head_].lsn <= durable; ++head_, ++count) {
            PendingReply pending = std::move(queue_[head_]);
            if (pending.waiters > 0) {
                std::erase_if(waiters_, [&](const Waiter& waiter) {
                    if (!(waiter.digest == pending.digest)) return false;
                    deliver(
                        PendingReply{.reply = {.to = waiter.to,
                                               .outcome = pending.reply.outcome,
                                               .body = copy_for_repeat(pending.reply.body.get())}});
                    return true;
                });
            }
            deliver(std::move(pending));
        }
        if (head_ == queue_.size()) {
            queue_.clear();
            head_ = 0;
        } else if (head_ > queue_.size() / 2) {
            queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
        return count;
    }

    [[nodiscard]] bool empty() const { return head_ == queue_.size(); }
    [[nodiscard]] std::size_t size() const { return queue_.size() - head_; }
    // Of the oldest answer; expects that there is one.
    [[nodiscard]] Lsn first_lsn() const { return queue_[head_].lsn; }

private:
    struct Waiter {
        Hash128 digest;
        ReplyTo to;
    };
    std::vector<PendingReply> queue_;
    std::size_t head_ = 0;
    std::vector<Waiter> waiters_;
};

}  // namespace suanpan::shard
