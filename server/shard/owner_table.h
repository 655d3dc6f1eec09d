// OwnerTable: the counters that all members share, as the shard that owns them knows them.
#pragma once

#include "server/ledger/counter.h"
#include "server/shard/owner_mail.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <vector>

namespace suanpan::shard {

// Each unit of a counter is free, *uncommitted* (taken in memory, its entry not durable yet),
// *reserved* (set aside for an order that waits for its cash) or *issued*. The last two are facts
// of the journal; units that an entry on its way to the journal gives back are *returning*.
//
// Promises: never more granted than the limit (INV-11); no answer, be it a take or a refusal, rests
// on what a crash could undo (P4); nothing is refused while it could still come back: then the
// request waits in the counter's line, first come first served, for some commits at most.
//
// Pure: knows no clock, no ring, no journal; ledgers hold what is durable, and a start fills this
// table with their sum. One shard's, on its thread only. Bounded by the counters that rule books
// name and by line_max.
class OwnerTable {
public:
    // The limit that the durable rules set at present; nothing where they set none.
    using LimitOf = std::function<std::optional<std::int64_t>(const ledger::CounterKey&)>;
    // Requests in all lines together.
    static constexpr std::size_t line_max = 16'384;

    explicit OwnerTable(LimitOf limit_of, std::size_t waiting_max = line_max)
        : limit_of_(std::move(limit_of)), waiting_max_(waiting_max) {}

    // Before anything is asked: what the journal says of a counter.
    void restore(const ledger::CounterKey& key, const ledger::CounterUnits& units,
                 const ledger::ReservedMap& reserved);

    // The answer, or nothing where it will come through take_answers().
    [[nodiscard]] std::optional<OwnerAnswer> ask(const OwnerAsk& ask);
    void tell(const OwnerNotice& notice);
    // Entries up to here are durable.
    void advance(Lsn durable);
    // Rules have been installed or have taken effect: looks up every limit again. `installed`: the
    // program of which a new version holds now, so that limits which were lowered for it are its
    // own.
    void refresh_limits(std::optional<ProgramId> installed);

    // Gives the answers of requests that have waited to `take(const OwnerAnswer&)`.
    template <typename Take>
    std::size_t take_answers(Take&& take) {
        std::size_t count = 0;
        for (; !answers_.empty(); ++count) {
            const OwnerAnswer answer = answers_.front();
            answers_.pop_front();
            take(answer);
        }
        return count;
    }
    // Gives each counter that has changed durably to `publish(const PublishedCount&)`, which says
    // false where it must be given again.
    template <typename Publish>
    void take_changed(Publish&& publish) {
        for (auto at = changed_.begin(); at != changed_.end();) {
            const bool done = publish(PublishedCount{.key = *at, .given = given(*at)});
            at = done ? changed_.erase(at) : std::next(at);
        }
    }

    // Issued and set aside, durably.
    [[nodiscard]] std::int64_t given(const ledger::CounterKey& key) const;
    // True where advance(durable) or take_answers() has something to do.
    [[nodiscard]] bool has_news(Lsn durable) const {
        return !answers_.empty() || (!staged_.empty() && staged_.top().lsn <= durable);
    }
    // True where nothing is taken without being durable, and nobody waits.
    [[nodiscard]] bool is_quiet() const;

private:
    struct Owned {
        ledger::CounterUnits units;    // durable
        std::int64_t uncommitted = 0;  // taken; to be added to `units`, or given back
        std::int64_t returning = 0;    // part of `units`, on its way back
        ledger::ReservedMap reserved;  // units.reserved, by time-out
        std::optional<std::int64_t> limit;
        std::optional<std::int64_t> cap;  // what rules on their way to the journal lower it to
        std::deque<OwnerAsk> line;
    };
    struct Staged {
        Lsn lsn;
        ledger::CounterKey key;
        ledger::CounterUnits delta;
        Instant times_out;
        friend bool operator>(const Staged& a, const Staged& b) { return a.lsn > b.lsn; }
    };
    Owned& owned(const ledger::CounterKey& key);
    // Nothing: it has to wait.
    [[nodiscard]] static std::optional<OwnerAnswer> judge(const Owned& owned, const OwnerAsk& ask);
    static void grant(Owned& owned, const OwnerAsk& ask);
    void serve_line(Owned& owned);

    LimitOf limit_of_;
    std::size_t waiting_max_;
    std::map<ledger::CounterKey, Owned> owned_;
    std::priority_queue<Staged, std::vector<Staged>, std::greater<>> staged_;
    std::size_t waiting_ = 0;
    std::deque<OwnerAnswer> answers_;
    std::set<ledger::CounterKey> changed_;
};

}  // namespace suanpan::shard
