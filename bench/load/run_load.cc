#include "bench/load/run_load.h"

#include "bench/load/check_traffic.h"
#include "bench/load/crew.h"
#include "bench/load/flash_sale.h"
#include "bench/load/load_traffic.h"
#include "bench/load/prepare_traffic.h"
#include "protocol/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace suanpan::load {
namespace {

constexpr std::uint32_t bulk_events = 1024;  // per frame, of prepare and check
constexpr std::uint32_t bulk_in_flight = 4;  // frames per connection
constexpr std::uint32_t bulk_connections = 8;

Duration seconds_of(double count) {
    return Duration{static_cast<std::int64_t>(count * 1e9)};
}

std::int64_t unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

CrewShape bulk_shape(const LoadOptions& options, const Target& target, const Greeting& greeting,
                     const char* what) {
    const ShardMap map = shard_map_of(greeting);
    CrewShape shape;
    shape.target = target;
    shape.greeting = greeting;
    shape.connections = std::max(map.shards, bulk_connections);
    shape.in_flight = bulk_in_flight;
    shape.what = what;
    shape.quiet = options.quiet;
    return shape;
}

std::uint32_t bulk_events_of(const Greeting& greeting) {
    if (greeting.batch_events_max == 0) return bulk_events;
    return std::min(bulk_events, greeting.batch_events_max);
}

void create_program(const LoadOptions& options, const Dialled& connection) {
    RequestIds ids;
    ids.set_unix_ms(unix_ms());
    Command command;
    command.head.kind = CommandKind::program_create;
    command.head.program = ProgramId{options.program};
    command.head.request_id = ids.next();
    PutProgram put;
    put.spec.id = ProgramId{options.program};
    put.spec.version = 1;
    std::memcpy(put.spec.name.bytes.data(), "load", 4);
    std::memcpy(put.spec.currency.bytes.data(), "CNY", 3);
    std::memcpy(put.spec.time_zone.bytes.data(), "Asia/Shanghai", 13);
    command.body = put;
    FrameHeader header;
    header.kind = static_cast<std::uint16_t>(CommandKind::program_create);
    std::vector<std::byte> request;
    encode_requests(request, header, std::span(&command, 1));
    // A server whose next segment is still being written says to come again.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    Code code{};
    do {
        std::vector<std::byte> body;
        static_cast<void>(call(connection.socket, request, body));
        std::vector<Outcome> outcomes;
        if (!decode_results(body, outcomes) || outcomes.empty())
            throw std::runtime_error("--prepare: the server's answer cannot be read");
        code = outcomes.front().code;
        if (static_cast<std::uint16_t>(code) / 100 != 4) break;  // not: not now
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    } while (std::chrono::steady_clock::now() < give_up);
    if (code != Code::ok && code != Code::program_exists) {
        throw std::runtime_error(fmt::format("--prepare: program {} was refused: {}: {}",
                                             options.program, text_of(code).name,
                                             text_of(code).sentence));
    }
}

void prepare(const LoadOptions& options, const Target& target, const Dialled& first) {
    create_program(options, first);
    PrepareTraffic* traffic = nullptr;
    Crew crew(bulk_shape(options, target, first.greeting, "prepare"), [&](std::uint32_t) {
        auto made = std::make_unique<PrepareTraffic>(
            PrepareTraffic::Shape{.program = ProgramId{options.program},
                                  .first = 0,
                                  .last = options.members,
                                  .initial = Points{options.initial_points},
                                  .batch_events = bulk_events_of(first.greeting),
                                  .map = shard_map_of(first.greeting)});
        traffic = made.get();
        return made;
    });
    crew.run();
    if (crew.end() != WorkerEnd::done) throw std::runtime_error("--prepare: " + crew.failure());
    const Report report = crew.report();
    fmt::print("prepared {} members in {:.2f} s ({:.0f} earnings/s)\n", options.members,
               report.elapsed_s, report.ok_per_second());
    if (traffic->refused() > 0) {
        throw std::runtime_error(fmt::format("--prepare: {} earnings were refused:\n{}",
                                             traffic->refused(), print_text(report)));
    }
    if (!traffic->is_exhausted()) throw std::runtime_error("--prepare was stopped");
}

int check_acks(const LoadOptions& options, const Target& target, const Dialled& first) {
    CheckTraffic* traffic = nullptr;
    Crew crew(bulk_shape(options, target, first.greeting, "check"), [&](std::uint32_t) {
        auto made = std::make_unique<CheckTraffic>(
            CheckTraffic::Shape{.paths = ack_paths(options.check_ack_file),
                                .batch_events = bulk_events_of(first.greeting),
                                .map = shard_map_of(first.greeting)});
        traffic = made.get();
        return made;
    });
    crew.run();
    if (crew.end() != WorkerEnd::done) throw std::runtime_error("--check-acks: " + crew.failure());
    if (!traffic->is_exhausted()) throw std::runtime_error("--check-acks was stopped");
    const CheckCounts counts = traffic->counts();
    fmt::print("acknowledged events: {}, lost: {}\n", counts.acknowledged, counts.lost);
    if (counts.other_entry > 0) {
        fmt::print("  of the lost, executed under another entry id: {}\n", counts.other_entry);
    }
    return counts.lost > 0 ? 1 : 0;
}

void write_outputs(const LoadOptions& options, const Report& report) {
    if (!options.csv_file.empty()) append_csv(options.csv_file, report);
    if (!options.json_file.empty()) write_text_file(options.json_file, print_json(report));
    if (!options.histogram_file.empty()) {
        write_text_file(options.histogram_file, print_histogram(report.latency));
    }
}

CrewShape load_shape(const LoadOptions& options, const Target& target, const Greeting& greeting) {
    CrewShape shape;
    shape.target = target;
    shape.greeting = greeting;
    shape.threads = options.threads;
    shape.connections = options.connections;
    // An open loop has no window of its own: only the server's bounds it.
    shape.in_flight = options.open_loop ? limits::frames_in_flight_max : options.in_flight;
    shape.what = "load";
    shape.quiet = options.quiet;
    shape.plan.warmup = seconds_of(options.warmup_seconds);
    shape.plan.run = seconds_of(options.seconds);
    shape.plan.events_max = options.events;
    shape.plan.open_loop = options.open_loop;
    shape.plan.arrivals = options.arrivals;
    shape.plan.frames_per_second = options.events_per_second / options.batch;
    shape.plan.pace = microseconds(options.pace_us);
    shape.plan.seed = options.seed;
    shape.plan.reconnect_max = seconds_of(options.reconnect_seconds);
    if (options.expect_cut) shape.plan.on_cut = OnCut::end;
    if (options.retry_unacked) shape.plan.on_cut = OnCut::reconnect;
    return shape;
}

int load(const LoadOptions& options, const Target& target, const Greeting& greeting) {
    LoadShape shape;
    shape.program = ProgramId{options.program};
    shape.members = options.members;
    shape.zipf_s = options.zipf_s;
    shape.amount = Points{options.amount};
    shape.batch_events = options.batch;
    if (greeting.batch_events_max > 0 && options.batch > greeting.batch_events_max) {
        throw std::runtime_error(
            fmt::format("--batch: this server takes at most {} events", greeting.batch_events_max));
    }
    shape.mix = Mix::parse(options.mix);
    shape.map = shard_map_of(greeting);
    const MemberPicker members(options.members, options.zipf_s, shape.map);
    CrewShape crew_shape = load_shape(options, target, greeting);
    if (options.open_loop) {
        crew_shape.share_of_shard = [&](std::uint32_t shard) { return members.share_of(shard); };
    }
    if (!options.ack_file.empty()) {
        // Those of an earlier run with more threads.
        for (const std::string& path : ack_paths(options.ack_file)) std::filesystem::remove(path);
    }
    std::vector<const LoadTraffic*> traffics;
    Crew crew(std::move(crew_shape), [&](std::uint32_t index) {
        LoadShape mine = shape;
        mine.seed = options.seed + (std::uint64_t{index} << 32U);
        if (!options.ack_file.empty()) mine.ack_path = ack_path_of(options.ack_file, index);
        auto traffic = std::make_unique<LoadTraffic>(mine);
        traffics.push_back(traffic.get());
        return traffic;
    });
    crew.run();

    Report report = crew.report();
    report.label = options.label;
    report.asked_per_second = options.open_loop ? options.events_per_second : 0;
    for (const LoadTraffic* traffic : traffics) report.acked += traffic->acked().get();
    fmt::print("{}", print_text(report));
    write_outputs(options, report);
    if (crew.end() == WorkerEnd::failed) {
        fmt::print(stderr, "suanpan-load: {}\n", crew.failure());
        return 1;
    }
    if (crew.end() == WorkerEnd::cut) fmt::print("the server went away, as expected\n");
    return report.differing_events > 0 ? 1 : 0;
}

}  // namespace

int run_load(const LoadOptions& options) {
    check_load_options(options);
    Target target;
    parse_server(options.server, target);
    target.partner = PartnerId{options.partner};
    target.key = read_key_file(options.key_file);
    target.ready_file = options.ready_file;
    const Dialled first = dial(target, common_port(target));
    if (!options.check_ack_file.empty()) return check_acks(options, target, first);
    if (options.prepare) prepare(options, target, first);
    if (options.prepare && options.flash_sale) prepare_flash_sale(options, target);
    if (options.seconds <= 0 && options.events == 0) return 0;
    if (options.flash_sale) return run_flash_sale(options, target);
    return load(options, target, first.greeting);
}

}  // namespace suanpan::load
