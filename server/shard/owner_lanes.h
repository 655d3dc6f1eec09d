// The rings of the owner step: between every two shards, and what owners start from.
#pragma once

#include "protocol/limits.h"
#include "server/ledger/ledger.h"
#include "server/shard/code_pools.h"
#include "server/shard/owner_mail.h"
#include "server/shard/ring.h"
#include "server/shard/stock_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace suanpan::shard {

// Which shard a program's offers belong to: this, modulo the number of shards.
[[nodiscard]] std::uint64_t offers_owner_hash(ProgramId program);

// Every shard thread pushes and pops only at its own ends. What one shard says to another arrives
// in the order in which it was said.
//
// Only an ask may meet a full ring. It takes a credit, which stands for a slot of its answer, so
// that the answer cannot fail. A notice for which there is no slot stays in the sender's outbox and
// goes before everything that is said later; how many there can be is bounded by the entries that a
// shard may have in flight.
class OwnerLanes {
public:
    // `ledgers`: those of all shards, as they were recovered. `slots`: of each ring.
    OwnerLanes(std::uint16_t shards, std::span<const std::unique_ptr<ledger::Ledger>> ledgers,
               std::size_t slots = limits::mailbox_slots);

    // The shard that owns the counter. All offers of a program have one owner, so that it alone
    // knows all of the program's codes.
    [[nodiscard]] ShardIndex owner_of(const ledger::CounterKey& key) const;
    // The shard that answers it.
    [[nodiscard]] ShardIndex owner_of(const OwnerAsk& ask) const;

    // On the asking shard's thread. False: no room, and nothing was sent.
    [[nodiscard]] bool try_ask(ShardIndex owner, const OwnerAsk& ask);
    // On `from`'s thread. Cannot fail.
    void tell(ShardIndex from, ShardIndex owner, const OwnerNotice& notice);
    // On `from`'s thread, on every turn: sends what has stayed in its outboxes. True where all is
    // out.
    bool flush(ShardIndex from);

    // On the owner's thread.
    template <typename Take>
    std::size_t drain_mail(ShardIndex from, ShardIndex owner, Take&& take) {
        SpscRing<OwnerMail>& mail = lane_between(from, owner).mail;
        return mail.drain(mail.capacity(), take);
    }
    // On the owner's thread. Cannot fail: see above.
    void answer(ShardIndex owner, const OwnerAnswer& answer);
    // On the owner's thread. False: not now; the newest count is to be published later.
    [[nodiscard]] bool try_publish(ShardIndex owner, ShardIndex to, const PublishedCount& count) {
        return lane_between(to, owner).counts.try_push(PublishedCount{count});
    }

    // On the asking shard's thread.
    template <typename Take>
    std::size_t drain_answers(ShardIndex asker, ShardIndex owner, Take&& take) {
        Lane& lane = lane_between(asker, owner);
        const std::size_t count = lane.answers.drain(lane.answers.capacity(), take);
        lane.credits_used -= count;
        return count;
    }
    template <typename Take>
    void drain_counts(ShardIndex to, ShardIndex owner, Take&& take) {
        SpscRing<PublishedCount>& counts = lane_between(to, owner).counts;
        counts.drain(counts.capacity(), take);
    }

    // True where something waits for `shard`, counts that were published not among it.
    [[nodiscard]] bool has_news(ShardIndex shard) const;
    // True where nothing of `from` waits in an outbox.
    [[nodiscard]] bool is_flushed(ShardIndex from) const;

    // Before the shards are built: the codes that recovery found; those that vouchers of `ledgers`
    // have are with members.
    void restore_codes(CodesAtStart&& codes,
                       std::span<const std::unique_ptr<ledger::Ledger>> ledgers);
    [[nodiscard]] const CodesAtStart& codes_at_start() const { return codes_at_start_; }
    // Once all shards are built: their pools have what they need, in a third of the memory.
    void forget_codes_at_start() { codes_at_start_ = {}; }

    // What the journal said of every counter when the process started. Immutable.
    struct AtStart {
        ledger::CounterUnits units;
        ledger::ReservedMap reserved;
        // Of an offer's stock.
        ledger::TicketSpan tickets;
        std::vector<ReservedUnits> waiting;
    };
    [[nodiscard]] const std::map<ledger::CounterKey, AtStart>& at_start() const {
        return at_start_;
    }

private:
    struct Lane {
        explicit Lane(std::size_t slots)
            : mail(slots), answers(slots), counts(std::min<std::size_t>(slots, 256)) {}
        SpscRing<OwnerMail> mail;         // asking shard to owner
        SpscRing<OwnerAnswer> answers;    // and back
        SpscRing<PublishedCount> counts;  // likewise
        std::size_t credits_used = 0;     // the asking shard's own
        std::deque<OwnerNotice> outbox;   // likewise
    };
    [[nodiscard]] Lane& lane_between(ShardIndex asking, ShardIndex owner) const {
        return *lanes_[static_cast<std::size_t>(asking) * shards_ +
                       static_cast<std::size_t>(owner)];
    }

    std::uint16_t shards_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::map<ledger::CounterKey, AtStart> at_start_;
    CodesAtStart codes_at_start_;
};

}  // namespace suanpan::shard
