#include "bench/load/worker.h"

#include "protocol/base/assert.h"
#include "protocol/codec.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <utility>

namespace suanpan::load {
namespace {

std::int64_t read_clock(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
std::int64_t monotonic_ns() {
    return read_clock(CLOCK_MONOTONIC);
}

constexpr std::int64_t wake_at_least_every_ns = 100'000'000;
constexpr std::int64_t reconnect_pause_ns = 20'000'000;

}  // namespace

Worker::Worker(const WorkerPlan& plan, std::vector<std::unique_ptr<Lane>> lanes,
               std::vector<double> share, Connect connect, std::unique_ptr<Traffic> traffic)
    : plan_(plan),
      lanes_(std::move(lanes)),
      share_(std::move(share)),
      connect_(std::move(connect)),
      traffic_(std::move(traffic)),
      warmup_tally_(std::make_unique<Tally>()),
      measured_tally_(std::make_unique<Tally>()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    SUANPAN_ASSERT(!lanes_.empty());
    SUANPAN_ASSERT(share_.size() == lanes_.size());
    if (epoll_ < 0) throw std::runtime_error("no epoll: too many open files; raise ulimit -n");
    connect_lanes();
}

Worker::~Worker() {
    ::close(epoll_);
}

void Worker::connect_lanes() {
    for (std::uint32_t index = 0; index < lanes_.size(); ++index) {
        if (lanes_[index]->is_open()) continue;
        lanes_[index]->connect(connect_(index));
        watch(index);
    }
}

void Worker::watch(std::uint32_t index) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = index;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, lanes_[index]->file(), &event) != 0) {
        throw std::runtime_error("cannot watch a connection: out of kernel memory");
    }
}

void Worker::run(const std::atomic<bool>& stop) {
    // Sleeps of the open loop end when they should and not 50 us later.
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    tally_ = warmup_tally_.get();
    const std::int64_t start_ns = monotonic_ns();
    begin_ns_ = start_ns;
    cpu_begin_ns_ = read_clock(CLOCK_THREAD_CPUTIME_ID);
    start_schedules(start_ns);
    if (plan_.warmup.ns == 0) enter_measured_time(start_ns);
    traffic_->on_round(read_clock(CLOCK_REALTIME) / 1'000'000);
    fill_all(start_ns);
    for (;;) {
        std::int64_t now_ns = monotonic_ns();
        if (tally_ == warmup_tally_.get() && now_ns - start_ns >= plan_.warmup.ns) {
            enter_measured_time(now_ns);
        }
        if (end_ns_ == 0 && (is_over(now_ns) || stop.load(std::memory_order_relaxed))) {
            finish(now_ns);
        }
        if (end_ns_ != 0) {
            if (events_in_flight_ == 0) break;
            if (now_ns - end_ns_ > plan_.drain_max.ns) break;
        }
        wait(now_ns);
        if (broken_) {
            tally_->cuts.add(1);
            read_what_is_left();
            if (plan_.on_cut != OnCut::reconnect) {
                end_ = plan_.on_cut == OnCut::end ? WorkerEnd::cut : WorkerEnd::failed;
                if (end_ == WorkerEnd::failed) failure_ = "the server cut a connection";
                break;
            }
            reconnect_all();
            if (end_ == WorkerEnd::failed) break;
        }
    }
    if (end_ns_ == 0) finish(monotonic_ns());
    if (events_in_flight_ > 0) note_gap(stall_.open_gap_ns(monotonic_ns()));
    tally_->unanswered.set(events_in_flight_);
    try {
        traffic_->on_end();
    } catch (const std::runtime_error& error) {
        end_ = WorkerEnd::failed;
        failure_ = error.what();
    }
}

std::uint64_t Worker::take_recent_stall_ns() {
    std::uint64_t longest = 0;
    for (Tally* tally : {warmup_tally_.get(), measured_tally_.get()}) {
        longest = std::max(longest, tally->recent_stall_ns.get());
        tally->recent_stall_ns.set(0);
    }
    return longest;
}

void Worker::start_schedules(std::int64_t now_ns) {
    if (!plan_.open_loop) return;
    for (std::size_t index = 0; index < lanes_.size(); ++index) {
        const double rate = plan_.frames_per_second * share_[index];
        schedules_.emplace_back(OpenSchedule::Shape{.arrivals = plan_.arrivals,
                                                    .frames_per_second = std::max(rate, 1e-3),
                                                    .start_ns = now_ns,
                                                    .phase = static_cast<double>(index) /
                                                             static_cast<double>(lanes_.size())},
                                plan_.seed + index * 7919);
    }
}

void Worker::enter_measured_time(std::int64_t now_ns) {
    tally_ = measured_tally_.get();
    begin_ns_ = now_ns;
    cpu_begin_ns_ = read_clock(CLOCK_THREAD_CPUTIME_ID);
    warm_.store(true, std::memory_order_relaxed);
}

bool Worker::is_over(std::int64_t now_ns) const {
    if (traffic_->is_exhausted()) return true;
    if (tally_ != measured_tally_.get()) return false;
    if (plan_.run.ns > 0 && now_ns - begin_ns_ >= plan_.run.ns) return true;
    return plan_.events_max > 0 && events_sent_measured_ >= plan_.events_max;
}

// Sending ends here; what is measured per second ends as well.
void Worker::finish(std::int64_t now_ns) {
    end_ns_ = now_ns;
    tally_->elapsed_ns.set(static_cast<std::uint64_t>(now_ns - begin_ns_));
    tally_->cpu_ns.set(
        static_cast<std::uint64_t>(read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu_begin_ns_));
    constexpr std::uint64_t backlog_max = 10'000'000;
    const std::uint64_t frame_events =
        tally_->frames_sent.get() > 0 ? tally_->events_sent.get() / tally_->frames_sent.get() : 1;
    for (const OpenSchedule& schedule : schedules_) {
        tally_->not_sent.add(schedule.backlog(now_ns, backlog_max) * frame_events);
    }
}

void Worker::fill_all(std::int64_t now_ns) {
    for (const auto& lane : lanes_) {
        if (!lane->is_open()) continue;
        fill(*lane, now_ns);
        push(*lane);
    }
}

void Worker::fill(Lane& lane, std::int64_t now_ns) {
    if (end_ns_ != 0 || now_ns < lane.resume_at_ns) return;
    OpenSchedule* schedule = nullptr;
    if (plan_.open_loop) {
        schedule = &schedules_[lane.index()];
    }
    while (lane.has_room() && (schedule == nullptr || schedule->next_due_ns() <= now_ns)) {
        if (tally_ == measured_tally_.get() && plan_.events_max > 0 &&
            events_sent_measured_ >= plan_.events_max) {
            return;
        }
        Flight& flight = lane.begin();
        if (!traffic_->fill(lane, flight)) {
            lane.abandon(flight);
            return;
        }
        flight.due_ns = schedule == nullptr ? now_ns : schedule->next_due_ns();
        if (schedule != nullptr) schedule->advance();
        lane.send(flight);
        if (events_in_flight_ == 0) stall_.start(now_ns);
        const std::uint32_t events = flight.shape->events();
        events_in_flight_ += events;
        tally_->frames_sent.add(1);
        tally_->events_sent.add(events);
        if (tally_ == measured_tally_.get()) events_sent_measured_ += events;
    }
}

// Sends what is in the lane's line; asks to be woken for the rest.
void Worker::push(Lane& lane) {
    if (!lane.has_unsent()) return;
    const Lane::Io io = lane.flush();
    if (io == Lane::Io::broken) return on_broken(lane);
    const bool blocked = io == Lane::Io::blocked;
    if (blocked == lane.watches_writable) return;
    lane.watches_writable = blocked;
    epoll_event event{};
    event.events = blocked ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u32 = lane.index();
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, lane.file(), &event);
}

std::int64_t Worker::next_wake_ns(std::int64_t now_ns) const {
    std::int64_t wake_ns = now_ns + wake_at_least_every_ns;
    if (tally_ == warmup_tally_.get()) wake_ns = std::min(wake_ns, begin_ns_ + plan_.warmup.ns);
    if (end_ns_ != 0) return wake_ns;
    if (tally_ == measured_tally_.get() && plan_.run.ns > 0) {
        wake_ns = std::min(wake_ns, begin_ns_ + plan_.run.ns);
    }
    for (std::size_t index = 0; index < lanes_.size(); ++index) {
        const Lane& lane = *lanes_[index];
        if (!lane.has_room()) continue;
        if (lane.resume_at_ns > now_ns) wake_ns = std::min(wake_ns, lane.resume_at_ns);
        if (plan_.open_loop) {
            wake_ns = std::min(wake_ns,
                               std::max(schedules_[index].next_due_ns(), now_ns + plan_.pace.ns));
        }
    }
    return wake_ns;
}

void Worker::wait(std::int64_t now_ns) {
    std::array<epoll_event, 256> events;
    const std::int64_t sleep_ns = std::max<std::int64_t>(next_wake_ns(now_ns) - now_ns, 0);
    const timespec sleep{.tv_sec = sleep_ns / 1'000'000'000, .tv_nsec = sleep_ns % 1'000'000'000};
    const int count =
        ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &sleep, nullptr);
    traffic_->on_round(read_clock(CLOCK_REALTIME) / 1'000'000);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        Lane& lane = *lanes_[event.data.u32];
        if (!lane.is_open()) continue;
        if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive(lane);
        if (!lane.is_open()) continue;
        // A closed loop answers each reply at once; an open one sends below, when it is time.
        if (!plan_.open_loop) fill(lane, monotonic_ns());
        push(lane);
    }
    if (broken_) return;
    const std::int64_t later_ns = monotonic_ns();
    if (plan_.open_loop || later_ns >= next_resume_ns_) {
        next_resume_ns_ = INT64_MAX;
        fill_all(later_ns);
        for (const auto& lane : lanes_) {
            if (lane->resume_at_ns > later_ns) {
                next_resume_ns_ = std::min(next_resume_ns_, lane->resume_at_ns);
            }
        }
    }
}

void Worker::receive(Lane& lane) {
    std::int64_t now_ns = 0;
    const Lane::Io io =
        lane.receive([&](Flight& flight, const FrameHeader&, std::span<const std::byte> body) {
            // Read after the bytes are here, once for all that came together.
            if (now_ns == 0) now_ns = monotonic_ns();
            return on_reply(lane, flight, body, now_ns);
        });
    if (io == Lane::Io::broken) on_broken(lane);
}

bool Worker::on_reply(Lane& lane, Flight& flight, std::span<const std::byte> body,
                      std::int64_t now_ns) {
    const std::uint32_t events = flight.shape->events();
    if (!decode_results(body, outcomes_)) outcomes_.clear();
    if (outcomes_.size() != events) {
        // One refusal stands for all events of a frame; an answer that cannot be read is ours.
        Outcome stands_for_all;
        stands_for_all.code = Code::message_malformed;
        if (outcomes_.size() == 1) stands_for_all = outcomes_.front();
        outcomes_.assign(events, stands_for_all);
    }
    note_gap(stall_.on_reply(now_ns));
    if (!flight.first_answer.empty()) {
        compare_repeat(flight);
        events_in_flight_ -= events;
        return true;
    }

    std::uint64_t ok = 0;
    std::uint32_t pause_ms = 0;
    for (const Outcome& outcome : outcomes_) {
        tally_->count_code(outcome.code);
        if (outcome.code == Code::ok) ++ok;
        pause_ms = std::max(pause_ms, outcome.retry_after_ms);
    }
    tally_->latency.record(
        static_cast<std::uint64_t>(std::max<std::int64_t>(now_ns - flight.due_ns, 0)), events);
    if (end_ns_ == 0) {
        tally_->events_answered.add(events);
        tally_->events_ok.add(ok);
    } else {
        tally_->late_events_ok.add(ok);
    }
    if (pause_ms > 0 && !plan_.open_loop) {
        lane.resume_at_ns = now_ns + std::int64_t{pause_ms} * 1'000'000;
        next_resume_ns_ = std::min(next_resume_ns_, lane.resume_at_ns);
    }
    traffic_->on_outcomes(lane, flight, outcomes_);
    if (!flight.was_cut) {
        events_in_flight_ -= events;
        return true;
    }
    // P2: the same id once more must bring the same answer, byte for byte.
    flight.first_answer = outcomes_;
    lane.send(flight);
    return false;
}

void Worker::compare_repeat(const Flight& flight) {
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
        const Outcome& first = flight.first_answer[i];
        // What left no trace the first time may run now, and what ran may now meet `busy`.
        if (leaves_no_trace(first.code) || leaves_no_trace(outcomes_[i].code)) continue;
        tally_->repeated_events.add(1);
        if (first != outcomes_[i]) tally_->differing_events.add(1);
    }
}

void Worker::note_gap(std::int64_t gap_ns) {
    const auto gap = static_cast<std::uint64_t>(std::max<std::int64_t>(gap_ns, 0));
    tally_->longest_stall_ns.raise_to(gap);
    tally_->recent_stall_ns.raise_to(gap);
}

void Worker::on_broken(Lane& lane) {
    lane.cut();
    broken_ = true;
}

// A kill breaks all connections, and what the server sent before it is still to be read: it counts
// as acknowledged.
void Worker::read_what_is_left() {
    for (const auto& lane : lanes_) {
        std::uint32_t before = UINT32_MAX;
        while (lane->is_open() && lane->in_flight() < before) {
            before = lane->in_flight();
            receive(*lane);
        }
    }
}

// Waits for the server to come back and sends what is unanswered again. Here and only here the loop
// stands still: without connections there is nothing else to do.
void Worker::reconnect_all() {
    const std::int64_t cut_ns = monotonic_ns();
    for (const auto& lane : lanes_) {
        // The others belong to the same process.
        if (lane->is_open()) lane->cut();
    }
    broken_ = false;
    for (;;) {
        try {
            connect_lanes();
            break;
        } catch (const std::runtime_error& error) {
            if (monotonic_ns() - cut_ns > plan_.reconnect_max.ns) {
                end_ = WorkerEnd::failed;
                failure_ = fmt::format("the server did not come back: {}", error.what());
                return;
            }
            const timespec pause{.tv_sec = 0, .tv_nsec = reconnect_pause_ns};
            ::nanosleep(&pause, nullptr);
        }
    }
    const std::int64_t now_ns = monotonic_ns();
    tally_->down_ns.raise_to(static_cast<std::uint64_t>(now_ns - cut_ns));
    stall_.start(now_ns);
    for (const auto& lane : lanes_) {
        lane->send_all_again();
        push(*lane);
    }
    fill_all(now_ns);
}

}  // namespace suanpan::load
