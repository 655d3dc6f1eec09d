#include "bench/load/schedule.h"

#include "protocol/base/assert.h"

namespace suanpan::load {

OpenSchedule::OpenSchedule(const Shape& shape, std::uint64_t seed)
    : arrivals_(shape.arrivals),
      mean_gap_ns_(0),
      offset_ns_(0),
      start_ns_(shape.start_ns),
      next_due_ns_(shape.start_ns),
      random_(seed) {
    SUANPAN_ASSERT(shape.frames_per_second > 0);
    mean_gap_ns_ = 1e9 / shape.frames_per_second;
    offset_ns_ = arrivals_ == Arrivals::uniform ? shape.phase * mean_gap_ns_ : gap();
    next_due_ns_ = start_ns_ + static_cast<std::int64_t>(offset_ns_);
}

void OpenSchedule::advance() {
    offset_ns_ += gap();
    next_due_ns_ = start_ns_ + static_cast<std::int64_t>(offset_ns_);
}

std::uint64_t OpenSchedule::backlog(std::int64_t now_ns, std::uint64_t most) const {
    OpenSchedule ahead = *this;
    std::uint64_t due = 0;
    for (; due < most && ahead.next_due_ns() <= now_ns; ++due) ahead.advance();
    return due;
}

double OpenSchedule::gap() {
    if (arrivals_ == Arrivals::uniform) return mean_gap_ns_;
    return std::exponential_distribution<double>(1 / mean_gap_ns_)(random_);
}

}  // namespace suanpan::load
