// suanpan-load: the load harness, and the raw figures to hold its own against.
#include "bench/load/compare.h"
#include "bench/load/options.h"
#include "bench/load/raw_disk.h"
#include "bench/load/raw_echo.h"
#include "bench/load/report.h"
#include "bench/load/run_load.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace load = suanpan::load;

// Prints a raw measurement, and writes it where --json says.
void publish(const load::RawReport& report, const char* record, const std::string& json_file) {
    fmt::print("{}", load::print_raw_text(report, record));
    if (!json_file.empty()) load::write_text_file(json_file, load::print_raw_json(report));
}

struct RawOptions {
    load::RawLmdbOptions lmdb;
    load::RawFlushOptions flush;
    load::RawEchoOptions echo;
    std::string json_file;
};

void add_raw_lmdb(CLI::App& app, RawOptions& options) {
    CLI::App* raw =
        app.add_subcommand("raw-lmdb", "LMDB alone, in full sync, as the journal uses it");
    raw->add_option("--per-commit", options.lmdb.per_commit, "records per commit")
        ->check(CLI::PositiveNumber);
    raw->add_option("--entry-bytes", options.lmdb.entry_bytes, "bytes per record")
        ->check(CLI::PositiveNumber);
    raw->add_option("--seconds", options.lmdb.seconds, "measured time")->check(CLI::PositiveNumber);
    raw->add_option("--dir", options.lmdb.directory, "on the disk to measure");
    raw->add_option(
           "--segment-mib",
           [&options](const std::vector<std::string>& values) {
               options.lmdb.segment_bytes = std::stoull(values.front()) << 20U;
               return true;
           },
           "size of each file (256)")
        ->check(CLI::Range(1, 1 << 20));
    raw->add_flag("--ahead", options.lmdb.ahead, "write the file ahead");
    raw->add_option("--json", options.json_file, "write the figures to this file");
    raw->callback([&options] {
        publish(load::measure_raw_lmdb(options.lmdb), "records", options.json_file);
    });
}

void add_raw_flush(CLI::App& app, RawOptions& options) {
    CLI::App* raw = app.add_subcommand("raw-flush", "the disk's flush alone: pwrite and fdatasync");
    raw->add_option("--bytes", options.flush.bytes, "bytes per write")->check(CLI::PositiveNumber);
    raw->add_option("--seconds", options.flush.seconds, "measured time")
        ->check(CLI::PositiveNumber);
    raw->add_option("--dir", options.flush.directory, "on the disk to measure");
    raw->add_option("--json", options.json_file, "write the figures to this file");
    raw->callback([&options] {
        publish(load::measure_raw_flush(options.flush), "flushes", options.json_file);
    });
}

void add_raw_echo(CLI::App& app, RawOptions& options) {
    CLI::App* raw = app.add_subcommand("raw-echo", "Asio and the loopback alone");
    raw->add_option("--connections", options.echo.connections, "connections")
        ->check(CLI::Range(1, 10'000));
    raw->add_option("--in-flight", options.echo.in_flight, "frames in flight per connection")
        ->check(CLI::Range(1, 4096));
    raw->add_option("--bytes", options.echo.frame_bytes, "bytes per frame")
        ->check(CLI::Range(1, 65'536));
    raw->add_option("--seconds", options.echo.seconds, "measured time")->check(CLI::PositiveNumber);
    raw->add_option("--json", options.json_file, "write the figures to this file");
    raw->callback(
        [&options] { publish(load::measure_raw_echo(options.echo), "frames", options.json_file); });
}

struct CompareOptions {
    std::string ours;
    std::string theirs;
};

void add_compare(CLI::App& app, CompareOptions& options) {
    CLI::App* command = app.add_subcommand(
        "compare", "medians of two files of numbers, one per round, and their ratio");
    command->add_option("ours", options.ours, "file of numbers")->required();
    command->add_option("theirs", options.theirs, "file of as many numbers")->required();
    command->callback([&options] {
        const std::vector<double> ours = load::read_numbers(options.ours);
        const std::vector<double> theirs = load::read_numbers(options.theirs);
        if (ours.empty() || ours.size() != theirs.size()) {
            throw std::runtime_error("compare: both files need the same number of rounds");
        }
        const load::Ratio ratio = load::compare(ours, theirs);
        fmt::print(
            "rounds {}  ours {:.4g}  theirs {:.4g}  ratio {:.3f}  (95 %: {:.3f} to {:.3f})\n",
            ours.size(), ratio.median_ours, ratio.median_theirs, ratio.median, ratio.low,
            ratio.high);
    });
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Load for a Suanpan server. Without a subcommand: sends events and reports what came of "
        "them.",
        "suanpan-load");
    load::LoadOptions options;
    RawOptions raw;
    CompareOptions comparison;
    load::add_load_options(app, options);
    add_raw_lmdb(app, raw);
    add_raw_flush(app, raw);
    add_raw_echo(app, raw);
    add_compare(app, comparison);
    app.require_subcommand(0, 1);
    try {
        app.parse(argc, argv);
        return app.get_subcommands().empty() ? load::run_load(options) : 0;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan-load: {}\n", error.what());
        return 1;
    }
}
