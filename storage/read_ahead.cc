#include "storage/read_ahead.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace suanpan::storage {
namespace {

constexpr std::uint64_t step_bytes = 4U << 20U;
constexpr std::uint64_t window_max = std::uint64_t{1} << 30U;

}  // namespace

ReadAhead::ReadAhead(Volume& volume, std::vector<FileRange> ranges, std::uint64_t window_bytes)
    : volume_(volume),
      ranges_(std::move(ranges)),
      window_bytes_(window_bytes),
      thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void ReadAhead::consumed(std::uint64_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        consumed_ += bytes;
    }
    changed_.notify_all();
}

bool ReadAhead::wait_for_room(std::uint64_t bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || asked_for_ < consumed_ + window_bytes_; });
    asked_for_ += bytes;
    return !stopping_;
}

void ReadAhead::run() {
    for (const FileRange& range : ranges_) {
        for (std::uint64_t at = range.from; at < range.to; at += step_bytes) {
            const std::uint64_t bytes = std::min(step_bytes, range.to - at);
            if (!wait_for_room(bytes)) return;
            volume_.read_ahead(range.name, at, bytes);
        }
    }
}

std::uint64_t read_ahead_window() {
    const long pages = ::sysconf(_SC_AVPHYS_PAGES);
    const long page = ::sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page <= 0) return step_bytes;
    const auto free_bytes = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
    return std::clamp(free_bytes / 4, step_bytes, window_max);
}

}  // namespace suanpan::storage
