#include "bench/load/crew.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace suanpan::load {
namespace {

std::atomic<bool> stop_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // set by a signal handler

void ask_to_stop(int) {
    stop_asked.store(true, std::memory_order_relaxed);
}

std::int64_t monotonic_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Connects lanes to the ports of their shards, and finds out anew where these are after a restart
// of the server. One worker's.
class Connector {
public:
    Connector(const Target& target, const Greeting& greeting, std::vector<std::uint32_t> shards)
        : target_(target), ports_(greeting.shard_ports), shards_(std::move(shards)) {}

    Socket operator()(std::uint32_t lane) {
        const std::uint32_t shard = shards_[lane];
        try {
            if (shard < ports_.size()) return dial(target_, ports_[shard]).socket;
        } catch (const std::runtime_error&) {
            ports_.clear();  // the server is away, or listens elsewhere by now
        }
        Dialled common = dial(target_, common_port(target_));
        ports_ = common.greeting.shard_ports;
        if (shard < ports_.size()) return dial(target_, ports_[shard]).socket;
        // Fewer shards than before, or none of their own: this one forwards.
        return std::move(common.socket);
    }

private:
    const Target& target_;
    std::vector<std::uint16_t> ports_;
    std::vector<std::uint32_t> shards_;
};

}  // namespace

ShardMap shard_map_of(const Greeting& greeting) {
    ShardMap map;
    map.hash_seed = greeting.hash_seed;
    if (!greeting.shard_ports.empty()) {
        map.shards = static_cast<std::uint32_t>(greeting.shard_ports.size());
    }
    return map;
}

Crew::Crew(CrewShape shape,
           const std::function<std::unique_ptr<Traffic>(std::uint32_t index)>& make)
    : shape_(std::move(shape)) {
    const ShardMap map = shard_map_of(shape_.greeting);
    if (shape_.connections < map.shards) {
        throw std::runtime_error(fmt::format(
            "--connections: at least one for each of the server's {} shards", map.shards));
    }
    std::uint32_t in_flight = shape_.in_flight;
    if (shape_.greeting.frames_in_flight_max > 0) {
        in_flight = std::min(in_flight, shape_.greeting.frames_in_flight_max);
    }
    std::vector<std::uint32_t> lanes_of_shard(map.shards);
    for (std::uint32_t i = 0; i < shape_.connections; ++i) ++lanes_of_shard[i % map.shards];

    for (std::uint32_t worker = 0; worker < shape_.threads; ++worker) {
        std::vector<std::unique_ptr<Lane>> lanes;
        std::vector<double> share;
        double sum = 0;
        for (std::uint32_t i = worker; i < shape_.connections; i += shape_.threads) {
            const std::uint32_t shard = i % map.shards;
            lanes.push_back(
                std::make_unique<Lane>(static_cast<std::uint32_t>(lanes.size()), shard, in_flight));
            const double of_shard = shape_.share_of_shard ? shape_.share_of_shard(shard) : 1;
            share.push_back(of_shard / lanes_of_shard[shard]);
            sum += share.back();
        }
        WorkerPlan plan = shape_.plan;
        plan.seed += std::uint64_t{worker} << 32U;
        // The shares of all lanes add up to 1 over the crew (to `shards` where nobody gave them).
        const double whole = shape_.share_of_shard ? 1 : map.shards;
        plan.frames_per_second *= sum / whole;
        plan.events_max = (plan.events_max + shape_.threads - 1) / shape_.threads;
        for (double& part : share) part /= sum;
        std::vector<std::uint32_t> shards;
        for (const auto& lane : lanes) shards.push_back(lane->shard());
        workers_.push_back(std::make_unique<Worker>(
            plan, std::move(lanes), std::move(share),
            Connector(shape_.target, shape_.greeting, shards), make(worker)));
    }
}

void Crew::run() {
    std::signal(SIGINT, ask_to_stop);
    std::signal(SIGTERM, ask_to_stop);
    std::mutex mutex;
    std::condition_variable ended;
    std::size_t working = workers_.size();
    std::vector<std::jthread> threads;
    printed_at_ns_ = monotonic_ns();
    for (const auto& worker : workers_) {
        threads.emplace_back([&, w = worker.get()] {
            w->run(stop_asked);
            const std::lock_guard lock(mutex);
            --working;
            ended.notify_one();
        });
    }
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, std::chrono::seconds(1), [&] { return working == 0; })) {
        if (!shape_.quiet) print_progress();
    }
    if (!shape_.quiet && ::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[K");
}

void Crew::print_progress() {
    const std::int64_t now_ns = monotonic_ns();
    std::uint64_t ok = 0;
    std::uint64_t refused = 0;
    std::uint64_t stall_ns = 0;
    bool warm = true;
    HistogramSnapshot latency;
    for (const auto& worker : workers_) {
        for (const Tally* tally : {&worker->warmup(), &worker->measured()}) {
            ok += tally->events_ok.get() + tally->late_events_ok.get();
            for (std::size_t code = 1; code < Tally::codes_max; ++code) {
                refused += tally->codes[code].get();
            }
            latency.merge(tally->latency.snapshot());
        }
        stall_ns = std::max(stall_ns, worker->take_recent_stall_ns());
        warm = warm && worker->is_warm();
    }
    const double seconds_passed = static_cast<double>(now_ns - printed_at_ns_) / 1e9;
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    fmt::print(
        stderr,
        "{}{} {:>9.0f} events/s  p50 {:>9}  p99 {:>9}  longest stall {:>9}  {} ok, {} refused{}{}",
        terminal ? "\r\x1b[K" : "", shape_.what,
        static_cast<double>(ok - printed_ok_) / seconds_passed,
        print_time(percentile_since(printed_latency_, latency, 0.5)),
        print_time(percentile_since(printed_latency_, latency, 0.99)), print_time(stall_ns), ok,
        refused, warm ? "" : "  (warming up)", terminal ? "" : "\n");
    printed_at_ns_ = now_ns;
    printed_ok_ = ok;
    printed_latency_ = latency;
}

WorkerEnd Crew::end() const {
    WorkerEnd worst = WorkerEnd::done;
    for (const auto& worker : workers_) worst = std::max(worst, worker->end());
    return worst;
}

std::string Crew::failure() const {
    for (const auto& worker : workers_) {
        if (!worker->failure().empty()) return worker->failure();
    }
    return {};
}

Report Crew::report() const {
    Report report;
    report.mode = shape_.plan.open_loop ? "open" : "closed";
    for (const auto& worker : workers_) report.add(worker->measured());
    return report;
}

std::uint64_t percentile_since(const HistogramSnapshot& before, const HistogramSnapshot& now,
                               double fraction) {
    const std::uint64_t count = now.count() - before.count();
    const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(count));
    std::uint64_t so_far = 0;
    for (std::size_t bucket = 0; bucket < HistogramSnapshot::bucket_count; ++bucket) {
        so_far += now.count_in(bucket) - before.count_in(bucket);
        if (so_far > wanted) return HistogramSnapshot::highest_in(bucket);
    }
    return 0;
}

}  // namespace suanpan::load
