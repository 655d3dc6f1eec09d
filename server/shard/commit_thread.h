// The thread that commits under load, so that shards decide the next entries meanwhile.
#pragma once

#include "server/shard/committer.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace suanpan::shard {

// Sleeps until a shard asks, then commits until nothing is staged. stop() commits what is left.
class CommitThread {
public:
    // `lag`: waits so long before each commit. Not zero only where the server is made to reply
    // before the commit, so that whoever looks for what a kill took finds it every time.
    explicit CommitThread(Committer& committer, std::chrono::milliseconds lag = {})
        : committer_(committer), lag_(lag) {
        thread_ = std::thread([this] { run(); });
    }
    ~CommitThread() { stop(); }
    CommitThread(const CommitThread&) = delete;
    CommitThread& operator=(const CommitThread&) = delete;

    // Any thread. Cheap where the thread is awake already.
    void wake() {
        // Release pairs with the acquire in run(): what was staged before is seen after.
        asked_.fetch_add(1, std::memory_order_release);
        asked_.notify_one();
    }

    void stop() {
        if (!thread_.joinable()) return;
        stopping_.store(true, std::memory_order_release);
        wake();
        thread_.join();
    }

private:
    void run() {
        while (true) {
            const std::uint32_t asked = asked_.load(std::memory_order_acquire);
            if (lag_.count() > 0) std::this_thread::sleep_for(lag_);
            while (committer_.try_commit()) {
            }
            if (stopping_.load(std::memory_order_acquire)) return;
            asked_.wait(asked, std::memory_order_acquire);
        }
    }

    Committer& committer_;
    const std::chrono::milliseconds lag_;
    std::atomic<std::uint32_t> asked_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace suanpan::shard
