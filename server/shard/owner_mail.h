// What shards say to the owner of a counter that all members share, and what it answers.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/cards/code_pool.h"
#include "server/cards/code_seal.h"
#include "server/ledger/counter.h"
#include "server/shard/reply.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace suanpan::shard {

// The counter that an offer's units are counted by.
[[nodiscard]] inline ledger::CounterKey stock_key(ProgramId program, std::uint32_t offer) {
    return {.program = program, .kind = ledger::CounterKind::offer_stock, .id = offer};
}

// A request: it is answered once, at once or after some commits. For units, where none of the
// flags is set.
struct OwnerAsk {
    ledger::CounterKey key;
    ShardIndex asker{};
    std::uint64_t step = 0;  // of the asker's; comes back in the answer
    // Units to take, > 0. With `lowers`: the limit that the counter is to get.
    std::int64_t units = 0;
    // What the order's own rules say; counts where no rules in force have a limit.
    std::int64_t limit = 0;
    bool lowers = false;
    // Of an offer: no units, the owner is to close it; `units` are the stock that it is to get.
    bool closes = false;
    // With `closes`: the stock stays, this batch of its codes is to be recalled; 0: none.
    cards::BatchId recalls{};
    // No units: the owner of `origin` is to count one request of its, of the velocity kind
    // `counts`, under the rules of the key's program.
    bool counts_origin = false;
    std::uint8_t counts = 0;
    // Of an offer: the units are set aside for an order that waits for its cash, until then.
    bool unpaid = false;
    Instant times_out;
    // Of an offer: who takes, and from where.
    MemberId member;
    std::uint64_t origin = 0;
};

// A code that an owner hands out with a unit, sealed.
struct GrantedCode {
    cards::CodeKey key;
    cards::CodeLocator locator;
    cards::BatchId batch{};
    Instant expires_at;
    cards::WrappedKey wrapped{};  // of its batch
    std::vector<std::byte> sealed;
};
using GrantedCodesPtr = std::shared_ptr<const std::vector<GrantedCode>>;

enum class OwnerVerdict : std::uint8_t {
    taken,          // they are the asker's, until it gives them back or says what it staged
    busy,           // too many wait; nothing was done
    all_set_aside,  // not now: the rest is set aside unpaid
    too_many,       // of an offer: over the cap `detail` on what is set aside unpaid
    unavailable,    // the journal that has the codes cannot be read
    exhausted,      // INV-11: so many are not there; with `lowers`, `closes`: more has been granted
    risk_refused,   // with `counts_origin`: over the velocity rule `detail`
    no_batch,       // with `recalls`: for the reason that the Code `detail` says
};

struct OwnerAnswer {
    ShardIndex asker{};
    std::uint64_t step = 0;
    OwnerVerdict verdict{};
    std::int64_t limit = 0;   // taken: under which the units were granted
    std::int64_t detail = 0;  // all_set_aside: the earliest time-out; exhausted: what was granted
    // Of an offer, taken: the place in its line; all tickets up to `floor` are durable.
    std::uint64_t ticket = 0;
    std::uint64_t floor = 0;
    // The same, unpaid: until when they are set aside; a code's own end may come first.
    Instant times_out;
    // Of a code-backed one: a code for each unit.
    GrantedCodesPtr codes;
    cards::RecallReport recalled;  // with `recalls`
};

// Said afterwards. Never answered, and cannot fail.
struct OwnerNotice {
    enum class What : std::uint8_t {
        given_back,  // units that were taken and are not needed
        staged,      // an entry that changes the counter by `delta` was staged as `lsn`
        uncapped,    // the limit is not lowered after all, the offer not changed
        opened,      // the offer that was closed now has a stock of `delta.issued`; or every shard
                     // knows that the batch that it was closed for is recalled
    } what{};
    ledger::CounterKey key;
    ledger::CounterUnits delta;  // given_back: its `issued` are the units
    Instant times_out;           // of units that are, or were, set aside
    Lsn lsn;
    std::uint64_t ticket = 0;  // of an offer: what was taken, or has been staged
};

using OwnerMail = std::variant<OwnerAsk, OwnerNotice>;

// What quotes on other shards go by.
struct PublishedCount {
    ledger::CounterKey key;
    std::int64_t given = 0;  // issued or set aside, durably
    std::int64_t total = 0;  // of an offer: its stock
};

}  // namespace suanpan::shard
