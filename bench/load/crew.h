// Crew: the workers of one phase, their threads, and the line that says how it goes.
#pragma once

#include "bench/load/dial.h"
#include "bench/load/members.h"
#include "bench/load/report.h"
#include "bench/load/traffic.h"
#include "bench/load/worker.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::load {

struct CrewShape {
    Target target;
    Greeting greeting;
    std::uint32_t threads = 1;
    std::uint32_t connections = 1;
    std::uint32_t in_flight = 1;  // per connection
    WorkerPlan plan;              // frames_per_second: of the whole crew
    std::string what;             // begins each progress line
    bool quiet = false;
    // How a lane's rate follows from the popularity of its shard; open loop only.
    std::function<double(std::uint32_t shard)> share_of_shard;
};

// Owned by main, which calls run() on its own thread: that thread prints, the workers work.
class Crew {
public:
    // `make`: the traffic of worker `index`. Connects all lanes; throws std::runtime_error.
    Crew(CrewShape shape, const std::function<std::unique_ptr<Traffic>(std::uint32_t index)>& make);
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    // Until all workers have ended. SIGINT and SIGTERM end the sending in order.
    void run();

    // done, or the worst end of a worker, with its sentence.
    [[nodiscard]] WorkerEnd end() const;
    [[nodiscard]] std::string failure() const;
    // Figures of the measured time.
    [[nodiscard]] Report report() const;

private:
    void print_progress();

    CrewShape shape_;
    std::vector<std::unique_ptr<Worker>> workers_;
    // Of the last progress line.
    std::int64_t printed_at_ns_ = 0;
    std::uint64_t printed_ok_ = 0;
    HistogramSnapshot printed_latency_;
};

// Percentile of what `now` holds and `before` did not.
[[nodiscard]] std::uint64_t percentile_since(const HistogramSnapshot& before,
                                             const HistogramSnapshot& now, double fraction);
// The shard map of a greeting.
[[nodiscard]] ShardMap shard_map_of(const Greeting& greeting);

}  // namespace suanpan::load
