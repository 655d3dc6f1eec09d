// ReadAhead: has files read from the disk before they are asked for.
#pragma once

#include "storage/volume.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace suanpan::storage {

// A part of a file that will be read from front to back.
struct FileRange {
    std::string name;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

// Goes through `ranges` on a thread of its own and stays at most `window_bytes` ahead of what
// consumed() has counted, so that the disk works while others work on what it has given. Only
// hints: nothing depends on it but speed. What is read lies in the page cache, which the system
// takes back when it needs the memory. The volume outlives it; the destructor ends the thread.
class ReadAhead {
public:
    ReadAhead(Volume& volume, std::vector<FileRange> ranges, std::uint64_t window_bytes);
    ~ReadAhead();
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    // So many bytes more are done with. Any thread.
    void consumed(std::uint64_t bytes);

private:
    void run();
    // False: it is over.
    [[nodiscard]] bool wait_for_room(std::uint64_t bytes);

    Volume& volume_;
    const std::vector<FileRange> ranges_;
    const std::uint64_t window_bytes_;
    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::uint64_t asked_for_ = 0;
    std::uint64_t consumed_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

// A window for this machine: large, where there is memory that nobody uses.
[[nodiscard]] std::uint64_t read_ahead_window();

}  // namespace suanpan::storage
