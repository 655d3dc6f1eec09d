// How a shard hands copies of its records to the checkpoint thread.
#pragma once

#include "server/ledger/record.h"
#include "server/shard/reply.h"
#include "server/shard/ring.h"

#include <cstddef>
#include <memory>

namespace suanpan::shard {

// Some of a shard's records, whole, as they were between two batches.
struct Slice {
    ledger::RecordSlice records;
    bool is_last = false;
};

// One shard and the checkpoint thread: one slice under way at a time.
//
// The checkpoint thread asks with an empty slice and gets it back filled. Asking for the first one
// of a round says so.
class SliceLane {
public:
    struct Ask {
        std::unique_ptr<Slice> slice;
        std::size_t bytes = 0;
        bool first = false;
    };
    [[nodiscard]] bool try_ask(Ask&& ask) { return asks_.try_push(std::move(ask)); }
    template <typename Take>
    std::size_t drain_asks(Take&& take) {
        return asks_.drain(1, take);
    }
    [[nodiscard]] bool has_ask() const { return !asks_.empty(); }
    // Cannot fail: at most one is under way.
    void answer(std::unique_ptr<Slice> slice) {
        const bool pushed = answers_.try_push(std::move(slice));
        SUANPAN_ASSERT(pushed);
    }
    template <typename Take>
    std::size_t drain_answers(Take&& take) {
        return answers_.drain(1, take);
    }

private:
    SpscRing<Ask> asks_{2};
    SpscRing<std::unique_ptr<Slice>> answers_{2};
};

}  // namespace suanpan::shard
