// The rings between shard threads: one pair for each ordered pair of shards.
#pragma once

#include "protocol/command.h"
#include "protocol/limits.h"
#include "server/shard/reply.h"
#include "server/shard/ring.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace suanpan::shard {

// What one shard sends another: a client's command for a member of the other's, or a version of a
// program to install. Each is answered by exactly one Reply.
struct Mail {
    Command command;
    ReplyTo to;
    bool install = false;
    Instant sent_at;  // for the metrics
};

// The reply to an installation carries this instead of a session's place.
inline constexpr std::uint32_t installer_session = UINT32_MAX;

// Owns the rings; every shard thread pushes and pops only at its own ends of them.
//
// Only new mail may meet a full ring. Sending it takes a credit, which stands for a slot of the
// reply ring in the other direction, so the reply cannot fail; taking the reply gives the credit
// back.
class Exchange {
public:
    // `slots`: mail in flight for each ordered pair of shards.
    explicit Exchange(std::uint16_t shards, std::size_t slots = limits::mailbox_slots)
        : shards_(shards), lanes_(std::size_t{shards} * shards) {
        for (auto& lane : lanes_) lane = std::make_unique<Lane>(slots);
    }

    [[nodiscard]] std::uint16_t shards() const { return shards_; }

    // On `from`'s thread. False: no credit, nothing was sent, and the request is answered `busy`.
    [[nodiscard]] bool try_send(ShardIndex from, ShardIndex to, Mail&& mail) {
        Lane& lane = lane_between(from, to);
        if (lane.credits_used == lane.mail.capacity()) return false;
        if (!lane.mail.try_push(std::move(mail))) return false;
        ++lane.credits_used;
        return true;
    }

    // On `from`'s thread, `from` being the shard that did the work. Cannot fail: see above.
    void reply(ShardIndex from, Reply&& reply) {
        const bool pushed = lane_between(reply.to.shard, from).replies.try_push(std::move(reply));
        SUANPAN_ASSERT(pushed);
    }

    // On `to`'s thread: takes at most `most` mails that `from` sent.
    template <typename Take>
    std::size_t drain_mail(ShardIndex from, ShardIndex to, std::size_t most, Take&& take) {
        return lane_between(from, to).mail.drain(most, take);
    }

    // On `asked_by`'s thread: takes the replies of `answered_by`, and their credits back.
    template <typename Take>
    std::size_t drain_replies(ShardIndex asked_by, ShardIndex answered_by, Take&& take) {
        Lane& lane = lane_between(asked_by, answered_by);
        const std::size_t count = lane.replies.drain(lane.replies.capacity(), take);
        lane.credits_used -= count;
        return count;
    }

    // Mail in the fullest ring into `shard`. Any thread.
    [[nodiscard]] std::size_t mail_waiting(ShardIndex shard) const {
        std::size_t most = 0;
        for (std::uint16_t other = 0; other < shards_; ++other)
            most = std::max(most, lane_between(ShardIndex{other}, shard).mail.size());
        return most;
    }

    // True where something waits for `shard` to take it.
    [[nodiscard]] bool has_news(ShardIndex shard) const {
        for (std::uint16_t other = 0; other < shards_; ++other) {
            if (!lane_between(ShardIndex{other}, shard).mail.empty()) return true;
            if (!lane_between(shard, ShardIndex{other}).replies.empty()) return true;
        }
        return false;
    }

private:
    struct Lane {
        explicit Lane(std::size_t slots) : mail(slots), replies(slots) {}
        SpscRing<Mail> mail;           // asking shard to working shard
        SpscRing<Reply> replies;       // and back
        std::size_t credits_used = 0;  // the asking shard's own
    };
    [[nodiscard]] Lane& lane_between(ShardIndex asking, ShardIndex working) const {
        return *lanes_[static_cast<std::size_t>(asking) * shards_ +
                       static_cast<std::size_t>(working)];
    }

    std::uint16_t shards_;
    std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace suanpan::shard
