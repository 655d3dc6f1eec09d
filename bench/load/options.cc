#include "bench/load/options.h"

#include "protocol/limits.h"

#include <stdexcept>

namespace suanpan::load {
namespace {

void add_target(CLI::App& app, LoadOptions& options) {
    app.add_option("--server", options.server, "address of the server, host:port");
    app.add_option("--ready-file", options.ready_file,
                   "take the port from this file, which suanpand --ready-file writes; it is read "
                   "again at each reconnect");
    app.add_option("--partner", options.partner, "our number in the server's partners file");
    app.add_option("--key-file", options.key_file,
                   "file with our key in hexadecimal digits, as the partners file names it");
    app.add_option("--program", options.program, "program of the events");
}

void add_concurrency(CLI::App& app, LoadOptions& options) {
    app.add_option("--threads", options.threads, "threads; connections are dealt out to them")
        ->check(CLI::Range(1, 64));
    app.add_option("--connections", options.connections,
                   "connections, spread evenly over the server's shard ports")
        ->check(CLI::Range(1U, limits::connections_max));
    app.add_option("--in-flight", options.in_flight, "unanswered frames per connection, at most")
        ->check(CLI::Range(1U, limits::frames_in_flight_max));
    app.add_option("--batch", options.batch, "events per frame")
        ->check(CLI::Range(1U, limits::batch_events_max));
}

void add_shape(CLI::App& app, LoadOptions& options) {
    app.add_option("--mix", options.mix,
                   "kinds with weights, e.g. spend=80,earn=20; kinds: earn, spend, hold, capture, "
                   "release, refund, balance");
    app.add_option("--members", options.members, "how many members the events are about")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40U));
    app.add_option("--zipf", options.zipf_s,
                   "members by Zipf with this exponent (0.99: a usual hot set); 0: uniform")
        ->check(CLI::Range(0.0, 10.0));
    app.add_option("--amount", options.amount, "points of each earn, spend and hold")
        ->check(CLI::PositiveNumber);
    app.add_option("--seed", options.seed, "of members, kinds and arrivals");
}

void add_flash_sale(CLI::App& app, LoadOptions& options) {
    app.add_flag("--flash-sale", options.flash_sale,
                 "redeem offers instead of --mix: of 100 requests 10 come from members without the "
                 "points, 5 of the others ask for more than their limit, and 5 are double clicks "
                 "(the same request id twice at once, whose two answers must be the same). Unpaid "
                 "reservations and their time-outs are not in it: redemptions take points only. "
                 "One client library a --threads; --batch does not count. With --prepare the "
                 "offers are put too, so give a program that has none");
    app.add_option("--offers", options.offers, "flash sale: offers; 1: one hot offer")
        ->check(CLI::Range(1U, 1000U));
    app.add_option("--offer-zipf", options.offer_zipf_s,
                   "flash sale: exponent by which several offers are chosen (0.99)")
        ->check(CLI::Range(0.0, 10.0));
    app.add_option("--stock", options.stock, "flash sale: units of each offer (1000000)")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000'000}));
    app.add_flag("--with-codes", options.with_codes,
                 "flash sale: --prepare imports a code for each unit; without it they are counted");
}

void add_timing(CLI::App& app, LoadOptions& options) {
    app.add_option_function<std::string>(
           "--mode", [&options](const std::string& mode) { options.open_loop = mode == "open"; },
           "closed: each answer makes room for the next frame; open: frames are due at --rate, "
           "whatever the server does, and latency counts from when they were due")
        ->check(CLI::IsMember({"closed", "open"}));
    app.add_option("--rate", options.events_per_second, "open loop: events per second")
        ->check(CLI::PositiveNumber);
    app.add_option_function<std::string>(
           "--arrivals",
           [&options](const std::string& arrivals) {
               options.arrivals = arrivals == "uniform" ? Arrivals::uniform : Arrivals::poisson;
           },
           "open loop: poisson (default) or uniform gaps")
        ->check(CLI::IsMember({"poisson", "uniform"}));
    app.add_option("--pace-us", options.pace_us,
                   "open loop: shortest sleep of the load in us; what is due meanwhile goes out "
                   "together (and counts from when it was due)")
        ->check(CLI::Range(0, 100'000));
    app.add_option("--seconds", options.seconds,
                   "measured time; 0: as long as --events takes, or nothing behind --prepare")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--warmup", options.warmup_seconds, "seconds before it that do not count")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--events", options.events, "end after so many events as well; 0: no bound");
}

void add_safety(CLI::App& app, LoadOptions& options) {
    app.add_flag("--prepare", options.prepare,
                 "first create the program and let every member earn --initial points");
    app.add_option("--initial", options.initial_points, "points that --prepare gives")
        ->check(CLI::PositiveNumber);
    app.add_option("--acks", options.ack_file,
                   "write request id, member and entry id of every acknowledged event here");
    app.add_option("--check-acks", options.check_ack_file,
                   "send no load; look up every event of this file and count what is lost");
    app.add_flag("--expect-cut", options.expect_cut,
                 "the server will be killed: a broken connection ends the run in order");
    app.add_flag("--retry-unacked", options.retry_unacked,
                 "on a broken connection connect again, send what is unanswered under the same "
                 "request ids, twice, and compare the two answers");
    app.add_option("--reconnect-for", options.reconnect_seconds,
                   "seconds to wait for the server to come back")
        ->check(CLI::PositiveNumber);
}

void add_output(CLI::App& app, LoadOptions& options) {
    app.add_option("--csv", options.csv_file, "append one row of figures to this file");
    app.add_option("--json", options.json_file, "write the figures to this file");
    app.add_option("--histogram", options.histogram_file,
                   "write the latency histogram to this file, as CSV");
    app.add_option("--label", options.label, "name of this run in the outputs");
    app.add_flag("--quiet", options.quiet, "no progress line");
}

}  // namespace

void add_load_options(CLI::App& app, LoadOptions& options) {
    add_target(app, options);
    add_concurrency(app, options);
    add_shape(app, options);
    add_flash_sale(app, options);
    add_timing(app, options);
    add_safety(app, options);
    add_output(app, options);
}

void check_load_options(const LoadOptions& options) {
    if (options.key_file.empty()) {
        throw std::runtime_error("--key-file is missing; it names the file with the partner's key");
    }
    if (options.open_loop && options.events_per_second <= 0) {
        throw std::runtime_error("--mode open needs --rate, the events per second to offer");
    }
    if (!options.open_loop && options.events_per_second > 0) {
        throw std::runtime_error("--rate needs --mode open; a closed loop goes as fast as it can");
    }
    if (options.expect_cut && options.retry_unacked) {
        throw std::runtime_error("--expect-cut ends at the cut, --retry-unacked goes on: use one");
    }
    if (options.seconds <= 0 && options.events == 0 && !options.prepare) {
        throw std::runtime_error("--seconds 0 needs --events, else the run has no end");
    }
    if (options.flash_sale && (options.events > 0 || options.expect_cut || options.retry_unacked ||
                               !options.ack_file.empty())) {
        throw std::runtime_error("--flash-sale has a time and no --events, --acks or cuts");
    }
    if (options.connections < options.threads) {
        throw std::runtime_error("--threads needs at least as many --connections");
    }
}

}  // namespace suanpan::load
