#include "client/router.h"

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace suanpan::client {

std::size_t ShardMap::shard_of(const MemberId& member) const {
    if (ports.size() < 2) return 0;
    return member_hash(member, hash_seed) % ports.size();
}

Line::Queue& Line::queue_of(CommandKind kind) {
    const auto place = std::ranges::find(queues_, kind, &Queue::kind);
    if (place != queues_.end()) return *place;
    return queues_.emplace_back(Queue{.kind = kind, .calls = {}});
}

void Line::push_back(PendingPtr call) {
    queue_of(call->command.head.kind).calls.push_back(std::move(call));
    ++size_;
}

void Line::push_front(PendingPtr call) {
    queue_of(call->command.head.kind).calls.push_front(std::move(call));
    ++size_;
}

std::vector<PendingPtr> Line::cut(std::size_t events_max) {
    SUANPAN_ASSERT(size_ > 0);
    do {
        turn_ = (turn_ + 1) % queues_.size();
    } while (queues_[turn_].calls.empty());
    Queue& queue = queues_[turn_];
    const std::size_t count =
        std::min(queue.calls.size(), takes_one_event(queue.kind) ? std::size_t{1} : events_max);
    const auto end = queue.calls.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<PendingPtr> batch(std::make_move_iterator(queue.calls.begin()),
                                  std::make_move_iterator(end));
    queue.calls.erase(queue.calls.begin(), end);
    size_ -= count;
    return batch;
}

void Line::drop_complete() {
    for (Queue& queue : queues_)
        size_ -=
            std::erase_if(queue.calls, [](const PendingPtr& call) { return call->is_complete; });
}

std::vector<PendingPtr> Line::take_all() {
    std::vector<PendingPtr> all;
    for (Queue& queue : queues_) {
        std::ranges::move(queue.calls, std::back_inserter(all));
        queue.calls.clear();
    }
    size_ = 0;
    return all;
}

}  // namespace suanpan::client
