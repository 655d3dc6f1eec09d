// What shards say to the owner of a counter that all members share, and what it answers.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/ledger/counter.h"
#include "server/shard/reply.h"

#include <cstdint>
#include <variant>

namespace suanpan::shard {

// A request: it is answered once, at once or after some commits.
struct OwnerAsk {
    ledger::CounterKey key;
    ShardIndex asker{};
    std::uint64_t step = 0;  // of the asker's; comes back in the answer
    // Units to take, > 0. With `lowers`: the limit that the counter is to get.
    std::int64_t units = 0;
    // What the order's own rules say; counts where no rules in force have a limit.
    std::int64_t limit = 0;
    bool lowers = false;
};

enum class OwnerVerdict : std::uint8_t {
    taken,          // they are the asker's, until it gives them back or says what it staged
    busy,           // too many wait; nothing was done
    all_set_aside,  // not now: the rest is set aside unpaid
    exhausted,      // INV-11: so many are not there; with `lowers`: more has been granted
};

struct OwnerAnswer {
    ShardIndex asker{};
    std::uint64_t step = 0;
    OwnerVerdict verdict{};
    std::int64_t limit = 0;   // taken: under which the units were granted
    std::int64_t detail = 0;  // all_set_aside: the earliest time-out; exhausted: what was granted
};

// Said afterwards. Never answered, and cannot fail.
struct OwnerNotice {
    enum class What : std::uint8_t {
        given_back,  // units that were taken and are not needed
        staged,      // an entry that changes the counter by `delta` was staged as `lsn`
        uncapped,    // the limit is not lowered after all
    } what{};
    ledger::CounterKey key;
    ledger::CounterUnits delta;  // given_back: its `issued` are the units
    Instant times_out;           // of units that are, or were, set aside
    Lsn lsn;
};

using OwnerMail = std::variant<OwnerAsk, OwnerNotice>;

// What quotes on other shards go by.
struct PublishedCount {
    ledger::CounterKey key;
    std::int64_t given = 0;  // issued or set aside, durably
};

}  // namespace suanpan::shard
