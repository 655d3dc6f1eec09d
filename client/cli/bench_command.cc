// bench: a short closed loop through the client library. suanpan-load is the real harness.
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/words.h"
#include "protocol/base/histogram.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace suanpan::cli {
namespace {

struct Flags {
    std::string length = "5s";
    std::uint32_t in_flight = 64;
    std::uint32_t members = 10'000;
    std::uint32_t program = 1;
    std::uint32_t batch = 1024;
};

// Keeps `in_flight` calls under way: first each member earns, then they spend one point at a time.
//
// `started`, histogram and counters belong to the library's thread, where all callbacks run; main
// waits on `finished`.
class Loop {
public:
    Loop(client::Client& client, const Flags& flags, std::uint32_t in_flight)
        : client_(client), flags_(flags), in_flight_(in_flight) {}

    // Runs until `call_count` calls were made (0: without end) or `length` is over.
    void run(std::uint64_t call_count, Duration length, bool is_earning) {
        call_count_ = call_count;
        is_earning_ = is_earning;
        begin_ = std::chrono::steady_clock::now();
        end_ = begin_ + std::chrono::nanoseconds(length.ns);
        const std::uint64_t lanes =
            call_count == 0 ? in_flight_ : std::min<std::uint64_t>(in_flight_, call_count);
        lanes_left_ = static_cast<std::uint32_t>(lanes);
        for (std::uint64_t i = 0; i < lanes; ++i) send_next();
        std::unique_lock lock(mutex_);
        finished_.wait(lock, [this] { return lanes_left_ == 0; });
    }

    [[nodiscard]] const Histogram& latencies_ns() const { return latencies_ns_; }
    [[nodiscard]] std::uint64_t done_count() const { return done_count_; }
    [[nodiscard]] std::uint64_t refused_count() const { return refused_count_; }
    [[nodiscard]] std::uint64_t unknown_count() const { return unknown_count_; }
    [[nodiscard]] const client::Answer& last_failure() const { return last_failure_; }
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    }

private:
    void send_next() {
        // Relaxed: it only deals out numbers.
        const std::uint64_t number = started_.fetch_add(1, std::memory_order_relaxed);
        const auto now = std::chrono::steady_clock::now();
        if (now >= end_ || (call_count_ != 0 && number >= call_count_)) {
            const std::lock_guard lock(mutex_);
            if (--lanes_left_ == 0) finished_.notify_all();
            return;
        }
        const client::Target target{
            .member = {.high = 0x62656e6368, .low = 1 + number % flags_.members},
            .program = ProgramId{flags_.program}};
        CommandBody body = Spend{.amount = Points{1}};
        if (is_earning_) body = Earn{.amount = Points{1'000'000}};
        client_.send(target, body, [this, now](const client::Answer& answer) {
            take(answer, std::chrono::steady_clock::now() - now);
            send_next();
        });
    }

    void take(const client::Answer& answer, std::chrono::nanoseconds took) {
        latencies_ns_.record(static_cast<std::uint64_t>(took.count()));
        if (answer.is_done()) {
            ++done_count_;
            return;
        }
        ++(answer.fate == client::Fate::refused ? refused_count_ : unknown_count_);
        last_failure_ = answer;
    }

    client::Client& client_;
    const Flags& flags_;
    const std::uint32_t in_flight_;
    std::uint64_t call_count_ = 0;
    bool is_earning_ = false;
    std::chrono::steady_clock::time_point begin_;
    std::chrono::steady_clock::time_point end_;
    std::atomic<std::uint64_t> started_{0};
    Histogram latencies_ns_;
    std::uint64_t done_count_ = 0;
    std::uint64_t refused_count_ = 0;
    std::uint64_t unknown_count_ = 0;
    client::Answer last_failure_;
    std::mutex mutex_;
    std::condition_variable finished_;
    std::uint32_t lanes_left_ = 0;
};

ExitCode bench(Context& context, const Flags& flags) {
    const Duration length = parse_duration(flags.length);
    if (flags.in_flight == 0 || flags.in_flight > 1'000'000 || flags.members == 0)
        throw UsageError("--in-flight is 1 to 1,000,000 and --members above zero");
    static_cast<void>(context.client());  // says what is wrong with the connection
    client::Options options = context.options();
    options.batch_events_max = flags.batch;
    options.calls_max = std::max(options.calls_max, flags.in_flight);
    client::Client client(options);

    // Nobody measures the earning, so it need not take long.
    Loop earning(client, flags, std::max(flags.in_flight, 256U));
    earning.run(flags.members, days(1), true);
    if (earning.done_count() < flags.members) return report(context, earning.last_failure());
    Loop spending(client, flags, flags.in_flight);
    spending.run(0, length, false);

    const HistogramSnapshot latencies = spending.latencies_ns().snapshot();
    const double per_second = static_cast<double>(spending.done_count()) / spending.seconds();
    const auto at = [&latencies](double fraction) {
        return Duration{static_cast<std::int64_t>(latencies.percentile(fraction))};
    };
    const Duration longest{static_cast<std::int64_t>(latencies.max())};
    if (context.flags.is_json) {
        print_json({{"spends_per_second", per_second},
                    {"done", spending.done_count()},
                    {"refused", spending.refused_count()},
                    {"unknown", spending.unknown_count()},
                    {"p50_ns", at(0.5).ns},
                    {"p99_ns", at(0.99).ns},
                    {"p999_ns", at(0.999).ns},
                    {"max_ns", longest.ns}});
    } else {
        fmt::print("{} durable spends per second with {} in flight, over {}\n",
                   with_commas(static_cast<std::int64_t>(per_second)), flags.in_flight,
                   text_of(length));
        fmt::print("p50 {}  p99 {}  p99.9 {}  longest {}\n", text_of(at(0.5)), text_of(at(0.99)),
                   text_of(at(0.999)), text_of(longest));
        fmt::print("done {}  refused {}  unknown {}\n", spending.done_count(),
                   spending.refused_count(), spending.unknown_count());
        if (spending.refused_count() + spending.unknown_count() > 0)
            fmt::print("last: {}\n", spending.last_failure().text());
    }
    if (spending.unknown_count() > 0) return ExitCode::unknown;
    return spending.refused_count() > 0 ? ExitCode::refused : ExitCode::done;
}

}  // namespace

void add_bench_command(Commands& commands) {
    const auto flags = std::make_shared<Flags>();
    CLI::App* command = commands.add("bench", "Measure durable spends for a moment",
                                     [flags](Context& context) { return bench(context, *flags); });
    command->add_option("--for", flags->length, "How long")->capture_default_str();
    command->add_option("--in-flight", flags->in_flight, "Calls at a time")->capture_default_str();
    command->add_option("--members", flags->members, "Who spend in turn")->capture_default_str();
    command->add_option("--batch", flags->batch, "Most events in one frame")
        ->check(CLI::Range(1, 8192))
        ->capture_default_str();
    command->add_option("-p,--program", flags->program, "The program's number")
        ->envname("SUANPAN_PROGRAM")
        ->capture_default_str();
}

}  // namespace suanpan::cli
