// A bounded ring between exactly two threads: plain values, no lock, no allocation after the start.
#pragma once

#include "protocol/base/assert.h"

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

namespace suanpan::shard {

// One producer thread pushes, one consumer thread pops. Holds at most `capacity()` values; a push
// into a full ring returns false and nothing waits.
//
// The producer fills a slot and then release-stores `pushed_`; the consumer's acquire-load of
// `pushed_` makes the filled slot visible. The consumer empties a slot and then release-stores
// `popped_`; the producer's acquire-load of `popped_` makes the empty slot its own again. Each side
// keeps a copy of the other's counter, so that it touches the shared line only when it must.
template <typename T>
class SpscRing {
public:
    explicit SpscRing(std::size_t slots_min)
        : mask_(std::bit_ceil(slots_min) - 1), slots_(std::make_unique<T[]>(mask_ + 1)) {}

    [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

    // Producer only.
    [[nodiscard]] bool try_push(T&& value) {
        const std::size_t pushed = pushed_.load(std::memory_order_relaxed);  // its own counter
        if (pushed - popped_seen_ == capacity()) {
            popped_seen_ = popped_.load(std::memory_order_acquire);
            if (pushed - popped_seen_ == capacity()) return false;
        }
        slots_[pushed & mask_] = std::move(value);
        pushed_.store(pushed + 1, std::memory_order_release);
        return true;
    }

    // Consumer only. Gives each value that lies there now to `take`, at most `most`; returns how
    // many. A value has left the ring before `take` sees it: whoever is answered from within `take`
    // finds its slot empty.
    template <typename Take>
    std::size_t drain(std::size_t most, Take&& take) {
        const std::size_t popped = popped_.load(std::memory_order_relaxed);  // its own counter
        std::size_t count = pushed_.load(std::memory_order_acquire) - popped;
        if (count > most) count = most;
        for (std::size_t i = 0; i < count; ++i) {
            T value = std::move(slots_[(popped + i) & mask_]);
            popped_.store(popped + i + 1, std::memory_order_release);
            take(std::move(value));
        }
        return count;
    }

    // How many lie there: exact on either of the two threads at a quiet moment, else a recent
    // value.
    [[nodiscard]] std::size_t size() const {
        const std::size_t popped = popped_.load(std::memory_order_acquire);
        return pushed_.load(std::memory_order_acquire) - popped;
    }
    [[nodiscard]] bool empty() const { return size() == 0; }

private:
    const std::size_t mask_;
    std::unique_ptr<T[]> slots_;
    alignas(64) std::atomic<std::size_t> pushed_{0};
    std::size_t popped_seen_ = 0;  // producer's copy of popped_
    alignas(64) std::atomic<std::size_t> popped_{0};
};

}  // namespace suanpan::shard
