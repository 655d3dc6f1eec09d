// Worker: one thread's loop over its lanes.
#pragma once

#include "bench/load/lane.h"
#include "bench/load/schedule.h"
#include "bench/load/tally.h"
#include "bench/load/traffic.h"
#include "protocol/base/time.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::load {

// What a broken connection means.
enum class OnCut : std::uint8_t {
    fail,       // a failure of the run
    end,        // expected: ends the run in order
    reconnect,  // connect again, send the unanswered frames again under the same ids
};

struct WorkerPlan {
    Duration warmup;
    Duration run;                  // 0: until the traffic is exhausted or `events_max` are sent
    std::uint64_t events_max = 0;  // of the measured time; 0: no bound
    bool open_loop = false;
    Arrivals arrivals = Arrivals::poisson;
    double frames_per_second = 0;  // open loop: of this worker
    Duration pace;  // open loop: shortest sleep, so that a frame does not cost a wake-up of its own
    std::uint64_t seed = 0;
    OnCut on_cut = OnCut::fail;
    Duration drain_max = seconds(30);      // for the answers that are missing at the end
    Duration reconnect_max = seconds(60);  // for the server to come back
};

enum class WorkerEnd : std::uint8_t { done, cut, failed };

// Owned by the run; run() on a thread of its own. The tallies may be read by any thread meanwhile.
//
// Reads the clock once per round and once per read, so that a reply's time is that of the read that
// brought it. Bounded by the lanes' in-flight limits: an open loop keeps no queue, its schedule
// remembers what is due.
class Worker {
public:
    // Connects lane `index` (again); throws std::runtime_error where it cannot. `share`: how much
    // of the worker's rate goes to each lane (open loop); the shares add up to 1.
    using Connect = std::function<Socket(std::uint32_t index)>;
    Worker(const WorkerPlan& plan, std::vector<std::unique_ptr<Lane>> lanes,
           std::vector<double> share, Connect connect, std::unique_ptr<Traffic> traffic);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // The loop. `stop`: ends it as if its time were over.
    void run(const std::atomic<bool>& stop);

    // How it went; after run().
    [[nodiscard]] WorkerEnd end() const { return end_; }
    [[nodiscard]] const std::string& failure() const { return failure_; }

    [[nodiscard]] const Tally& warmup() const { return *warmup_tally_; }
    [[nodiscard]] const Tally& measured() const { return *measured_tally_; }
    // The printer's: sets the recent stall back.
    [[nodiscard]] std::uint64_t take_recent_stall_ns();
    [[nodiscard]] bool is_warm() const { return warm_.load(std::memory_order_relaxed); }

private:
    void connect_lanes();
    void watch(std::uint32_t index);
    void start_schedules(std::int64_t now_ns);
    void enter_measured_time(std::int64_t now_ns);
    // True where nothing new is sent any more.
    [[nodiscard]] bool is_over(std::int64_t now_ns) const;
    void fill(Lane& lane, std::int64_t now_ns);
    void push(Lane& lane);
    void fill_all(std::int64_t now_ns);
    void wait(std::int64_t now_ns);
    void receive(Lane& lane);
    [[nodiscard]] bool on_reply(Lane& lane, Flight& flight, std::span<const std::byte> body,
                                std::int64_t now_ns);
    void compare_repeat(const Flight& flight);
    void on_broken(Lane& lane);
    void read_what_is_left();
    void reconnect_all();
    void finish(std::int64_t now_ns);
    void note_gap(std::int64_t gap_ns);
    [[nodiscard]] std::int64_t next_wake_ns(std::int64_t now_ns) const;

    WorkerPlan plan_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::vector<double> share_;
    Connect connect_;
    std::unique_ptr<Traffic> traffic_;
    std::vector<OpenSchedule> schedules_;  // one per lane; open loop only

    std::unique_ptr<Tally> warmup_tally_;
    std::unique_ptr<Tally> measured_tally_;
    Tally* tally_ = nullptr;  // the one in use
    std::atomic<bool> warm_{false};

    int epoll_ = -1;
    std::uint64_t events_in_flight_ = 0;
    std::uint64_t events_sent_measured_ = 0;
    std::int64_t begin_ns_ = 0;  // of the time in `tally_`
    std::int64_t cpu_begin_ns_ = 0;
    std::int64_t end_ns_ = 0;                  // when sending stopped; 0 before
    std::int64_t next_resume_ns_ = INT64_MAX;  // earliest end of a pause that the server asked for
    StallWatch stall_;
    std::vector<Outcome> outcomes_;
    bool broken_ = false;  // a lane broke in this round
    WorkerEnd end_ = WorkerEnd::done;
    std::string failure_;
};

}  // namespace suanpan::load
