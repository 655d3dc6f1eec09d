#include "storage/segment_builder.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

namespace suanpan::storage {

SegmentBuilder::SegmentBuilder(Journal& journal, std::function<void(const JournalError&)> complain)
    : journal_(journal), complain_(std::move(complain)), thread_([this] { run(); }) {
    journal_.on_work_for_builder([this] {
        const std::lock_guard lock(mutex_);
        work_ = true;
        wake_.notify_one();
    });
}

SegmentBuilder::~SegmentBuilder() {
    journal_.on_work_for_builder({});
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    thread_.join();
}

void SegmentBuilder::run() {
    constexpr std::chrono::seconds pause_after_failure{1};
    constexpr int nice_value = 10;
    // Hashing a gigabyte must not take a core from the shards. On Linux this concerns the thread
    // only.
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice_value));
    std::string complained;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (!work_) {
            wake_.wait(lock, [this] { return work_ || stopping_; });
            continue;
        }
        work_ = false;
        lock.unlock();
        const JournalResult<bool> built = journal_.build_ahead();
        if (!built && built.error().sentence != complained) {
            complained = built.error().sentence;
            complain_(built.error());
        }
        if (built) complained.clear();
        lock.lock();
        if (built) {
            work_ = work_ || *built;
        } else {
            wake_.wait_for(lock, pause_after_failure, [this] { return stopping_; });
            work_ = true;
        }
    }
}

}  // namespace suanpan::storage
