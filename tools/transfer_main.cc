// suanpan-transfer: imports balances from a CSV through the server, exports them from a data
// directory.
#include "client/suanpan_client.h"
#include "protocol/base/hash.h"
#include "tools/client_server.h"
#include "tools/data_folder.h"
#include "tools/export_balances.h"
#include "tools/importer.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>

namespace suanpan::tools {
namespace {

constexpr int exit_done = 0;
constexpr int exit_bad_lines = 1;
constexpr int exit_usage = 2;
constexpr int exit_failed = 3;
constexpr std::size_t bar_columns = 40;

struct ImportArguments {
    std::string server = "127.0.0.1:7433";
    std::uint32_t partner = 0;
    std::string key_file;
    std::size_t in_flight = 4096;
    ImportOptions options;
};

// A bar that is written over, on a terminal; nothing elsewhere.
class ProgressBar {
public:
    ~ProgressBar() { clear(); }
    void show(std::uint64_t done, std::uint64_t all, std::uint64_t rows) {
        if (!is_tty_ || all == 0) return;
        const auto filled = static_cast<std::size_t>(done * bar_columns / all);
        fmt::print(stderr, "\r\033[K[{}{}] {:3} %  {} lines imported", std::string(filled, '#'),
                   std::string(bar_columns - filled, '.'), done * 100 / all, rows);
        std::fflush(stderr);
    }
    void clear() const {
        if (is_tty_) fmt::print(stderr, "\r\033[K");
    }

private:
    const bool is_tty_ = ::isatty(STDERR_FILENO) == 1;
};

ImportState fresh_import(const client::ServerFacts& facts) {
    ImportState state;
    std::array<std::uint64_t, 2> id{};
    fill_random(std::as_writable_bytes(std::span(id)));
    state.id_high = id[0];
    state.id_low = id[1];
    state.server_high = facts.uuid_high;
    state.server_low = facts.uuid_low;
    return state;
}

int run_import(ImportArguments& arguments) {
    ImportOptions& options = arguments.options;
    if (options.state_file.empty()) options.state_file = options.csv + ".import";
    client::Client client(client_options(arguments.server, arguments.partner, arguments.key_file));
    const auto facts = client.connect();
    if (!facts)
        throw std::runtime_error(
            fmt::format("cannot connect to {}: {}", arguments.server, facts.error().text));
    ClientImportServer server(client, arguments.in_flight);
    ProgressBar bar;
    Importer importer(
        server, options,
        [&](std::uint64_t line, const std::string& why) {
            bar.clear();
            fmt::print(stderr, "line {}: {}\n", line, why);
        },
        [&](std::uint64_t done, std::uint64_t all, std::uint64_t rows) {
            bar.show(done, all, rows);
        });
    const ImportEnd end = importer.run(fresh_import(*facts));
    bar.clear();
    fmt::print("imported {} lines, {} points; {} bad lines\n", end.state.rows_done,
               end.state.points_done, end.state.rows_bad);
    switch (end.how) {
        case ImportEnd::How::finished:
            return end.state.rows_bad == 0 ? exit_done : exit_bad_lines;
        case ImportEnd::How::bad_line:
            fmt::print(
                "stopped at a bad line; the counts are those of the chunks before it. Mend "
                "it, or run again without --stop-at-bad-line\n");
            return exit_bad_lines;
        case ImportEnd::How::interrupted:
            fmt::print(stderr,
                       "{}\ninterrupted: run the same command again; nothing is applied twice\n",
                       end.why);
            return exit_failed;
    }
    return exit_failed;
}

struct ExportArguments {
    std::string path;
    std::string output;
    std::uint32_t program = 0;
    bool with_held = false;
};

int run_export(const ExportArguments& arguments) {
    DataFolder folder(arguments.path);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    ExportOptions options{
        .at = Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()},
        .with_held = arguments.with_held};
    if (arguments.program != 0) options.program = ProgramId{arguments.program};
    std::FILE* out = stdout;
    if (!arguments.output.empty()) {
        out = std::fopen(arguments.output.c_str(), "wx");  // never over another file
        if (out == nullptr)
            throw std::runtime_error(fmt::format("{}: {}", arguments.output, std::strerror(errno)));
    }
    const ExportSummary summary = export_balances(folder, options, out);
    if (out != stdout && std::fclose(out) != 0)
        throw std::runtime_error(fmt::format("{}: {}", arguments.output, std::strerror(errno)));
    for (const std::string& note : folder.notes()) fmt::print(stderr, "note: {}\n", note);
    fmt::print(stderr, "exported {} points of {} accounts in {} lines, as of LSN {}\n",
               summary.points, summary.accounts, summary.rows, summary.last_lsn.value);
    if (summary.held_points != 0)
        fmt::print(stderr, "{} points are inside open holds{}\n", summary.held_points,
                   arguments.with_held ? " and are among them" : " and are not; --with-held");
    if (summary.debt_points != 0)
        fmt::print(stderr, "{} points are owed by members, which no line says\n",
                   summary.debt_points);
    return exit_done;
}

int main_of(int argc, char** argv) {
    CLI::App app{
        "Imports balances from a CSV through a running server, each line at most once, and "
        "exports\n"
        "them from a data directory. Columns: member (32 hexadecimal digits), program, amount,\n"
        "expires_at, restriction, origin (granted or purchased), active_from; those at the end "
        "may\n"
        "be missing. Exit code: 0 done, 1 there were bad lines, 2 usage, 3 failed.",
        "suanpan-transfer"};
    app.require_subcommand(1);
    std::function<int()> work;

    ImportArguments in;
    CLI::App* import = app.add_subcommand(
        "import",
        "Sends each line as an earning. How far it has come stands in a state file beside the "
        "CSV,\n"
        "so that the same command goes on after an interruption; nothing is applied twice.");
    import->add_option("csv", in.options.csv, "the file to import")->required();
    import->add_option("--server", in.server, "host:port (127.0.0.1:7433)");
    import->add_option("--partner", in.partner, "our number in the partners file")->required();
    import->add_option("--key-file", in.key_file, "file with our key in hexadecimal digits")
        ->required();
    import->add_option("--state", in.options.state_file, "state file (the CSV's name + .import)");
    import->add_flag("--stop-at-bad-line", in.options.stop_at_bad_line,
                     "stop at a bad line instead of naming it and going on");
    import
        ->add_option("--chunk-lines", in.options.chunk_lines,
                     "lines between two writings of the state file (10000)")
        ->check(CLI::Range(1, 1'000'000));
    import->add_option("--in-flight", in.in_flight, "unanswered lines, at most (4096)")
        ->check(CLI::Range(1, 60'000));
    import->callback([&] { work = [&] { return run_import(in); }; });

    ExportArguments from;
    CLI::App* export_ = app.add_subcommand(
        "export", "Writes one line per lot, offline, from the newest checkpoint and the journal.");
    export_->add_option("data-dir", from.path, "the data directory; no server may run on it")
        ->required();
    export_->add_option("--output", from.output, "a new file (standard output)");
    export_->add_option("--program", from.program, "only this program");
    export_->add_flag("--with-held", from.with_held, "also the points inside open holds");
    export_->callback([&] { work = [&] { return run_export(from); }; });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    return work();
}

}  // namespace
}  // namespace suanpan::tools

int main(int argc, char** argv) {
    try {
        return suanpan::tools::main_of(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan-transfer: {}\n", error.what());
        return suanpan::tools::exit_failed;
    }
}
