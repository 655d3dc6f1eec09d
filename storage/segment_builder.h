// SegmentBuilder: the thread that runs Journal::build_ahead().
#pragma once

#include "storage/journal.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace suanpan::storage {

// Owned by main, beside the journal, which must outlive it. Made before the first append and
// destroyed after the last one, since the appending thread wakes it. Sleeps until the journal wakes
// it, and looks by itself once a second after a failure (a full disk heals when space comes back).
class SegmentBuilder {
public:
    // `complain` is called on the builder's thread with the sentence of each new failure.
    SegmentBuilder(Journal& journal, std::function<void(const JournalError&)> complain);
    ~SegmentBuilder();
    SegmentBuilder(const SegmentBuilder&) = delete;
    SegmentBuilder& operator=(const SegmentBuilder&) = delete;

private:
    void run();

    Journal& journal_;
    std::function<void(const JournalError&)> complain_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool work_ = true;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace suanpan::storage
