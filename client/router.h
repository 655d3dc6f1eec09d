// Which shard a call belongs to, and the calls that wait for a connection to it.
#pragma once

#include "client/pending.h"
#include "protocol/base/ids.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace suanpan::client {

// The server's shards as its greeting lists them. Empty before the first greeting.
struct ShardMap {
    std::vector<std::uint16_t> ports;  // one per shard
    std::uint64_t hash_seed = 0;

    // 0 where nothing is known yet: any shard forwards what is not its own.
    [[nodiscard]] std::size_t shard_of(const MemberId& member) const;
    friend bool operator==(const ShardMap&, const ShardMap&) = default;
};

// The calls that wait to be sent to one shard, apart by kind, since a frame holds one kind.
//
// Used on the library's thread. Its length is bounded by Options::calls_max over all lines.
class Line {
public:
    void push_back(PendingPtr call);
    // For calls that were sent before: they have waited longest.
    void push_front(PendingPtr call);
    [[nodiscard]] bool is_empty() const { return size_ == 0; }
    // Takes the calls for one frame, all of one kind, at most `events_max`; kinds take turns.
    [[nodiscard]] std::vector<PendingPtr> cut(std::size_t events_max);
    // Drops calls that were answered while they waited.
    void drop_complete();
    // All calls, in no particular order; the line is empty then.
    [[nodiscard]] std::vector<PendingPtr> take_all();

private:
    struct Queue {
        CommandKind kind;
        std::deque<PendingPtr> calls;
    };
    Queue& queue_of(CommandKind kind);

    std::vector<Queue> queues_;  // one per kind that was ever used
    std::size_t turn_ = 0;
    std::size_t size_ = 0;
};

}  // namespace suanpan::client
