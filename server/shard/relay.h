// Relay: pieces of one source to every shard, in order, through a few threads.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace suanpan::shard {

// Two kinds of work, shared by all threads: pieces are fetched (read and checked) by whoever is
// free, each once; and each shard takes every piece, in order, on the shard's own thread. Threads
// beyond the shards only fetch. So that one shard on two cores has its checking done beside its
// applying, and several shards share the checking between them.
//
// `Source` has a type Piece (default-constructible, reused) and
//     bool claim(Piece&)    one call at a time, in order; false: there are no more. Quick, since
//                           the relay's mutex is held; does not throw
//     void fetch(Piece&)    several at once, each for a piece of its own. May throw.
//
// At most `window` pieces are in memory. The first piece, in order, of which a fetch or a take
// threw ends the run: no shard takes it or a later one, and run() throws what it threw. Has threads
// during run() only.
template <typename Source>
class Relay {
public:
    using Piece = typename Source::Piece;

    // `threads` = 0: everything on the calling thread, shard after shard.
    Relay(Source& source, std::uint16_t shards, std::uint16_t threads, std::size_t window)
        : source_(source),
          shards_(shards),
          threads_(threads == 0 ? std::uint16_t{0} : std::max(threads, shards)),
          slots_(threads == 0 ? 1 : window),
          next_(shards, 0) {}

    // Calls take(shard, piece) for every shard and piece.
    template <typename Take>
    void run(Take&& take) {
        if (threads_ == 0) return run_here(take);
        std::vector<std::thread> threads;
        for (std::uint16_t i = 0; i < threads_; ++i)
            threads.emplace_back([this, i, &take] { work(i, take); });
        for (std::thread& thread : threads) thread.join();
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    struct Slot {
        Piece piece;
        std::uint16_t left = 0;  // shards that have not taken it yet
        bool ready = false;
    };

    template <typename Take>
    void run_here(Take& take) {
        Piece& piece = slots_.front().piece;
        while (source_.claim(piece)) {
            source_.fetch(piece);
            for (std::uint16_t shard = 0; shard < shards_; ++shard) take(shard, piece);
        }
    }

    [[nodiscard]] Slot& slot_of(std::uint64_t number) { return slots_[number % slots_.size()]; }
    [[nodiscard]] bool can_claim() {
        return !ended_ && failed_at_ == UINT64_MAX && slot_of(claimed_).left == 0;
    }
    // True where shard `i` has nothing to take any more. Threads without a shard have none ever.
    [[nodiscard]] bool is_done(std::uint16_t i) const {
        const bool no_more = ended_ || failed_at_ != UINT64_MAX;
        return no_more && (i >= shards_ || next_[i] >= std::min(claimed_, failed_at_));
    }

    template <typename Take>
    void work(std::uint16_t i, Take& take) {
        std::unique_lock lock(mutex_);
        while (!is_done(i)) {
            if (i < shards_ && next_[i] < std::min(claimed_, failed_at_) &&
                slot_of(next_[i]).ready) {
                const std::uint64_t number = next_[i];
                Slot& slot = slot_of(number);
                lock.unlock();
                const bool taken = guarded(number, [&] { take(i, std::as_const(slot.piece)); });
                lock.lock();
                if (taken) ++next_[i];
                if (--slot.left > 0 && taken) continue;  // news to nobody
                if (slot.left == 0) slot.ready = false;
            } else if (can_claim()) {
                const std::uint64_t number = claimed_;
                Slot& slot = slot_of(number);
                ended_ = !source_.claim(slot.piece);
                if (!ended_) {
                    ++claimed_;
                    slot.left = shards_;
                    lock.unlock();
                    const bool fetched = guarded(number, [&] { source_.fetch(slot.piece); });
                    lock.lock();
                    slot.ready = fetched;
                }
            } else {
                changed_.wait(lock);
                continue;
            }
            changed_.notify_all();
        }
        changed_.notify_all();
    }

    template <typename Work>
    bool guarded(std::uint64_t number, Work&& step) {
        try {
            step();
            return true;
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (number < failed_at_) {
                failed_at_ = number;
                failure_ = std::current_exception();
            }
            return false;
        }
    }

    Source& source_;
    const std::uint16_t shards_;
    const std::uint16_t threads_;

    std::mutex mutex_;  // guards everything below, pieces that are being worked on excepted
    std::condition_variable changed_;
    std::vector<Slot> slots_;
    std::vector<std::uint64_t> next_;  // by shard: the piece that it takes next
    std::uint64_t claimed_ = 0;        // pieces so far
    bool ended_ = false;
    std::uint64_t failed_at_ = UINT64_MAX;
    std::exception_ptr failure_;
};

}  // namespace suanpan::shard
