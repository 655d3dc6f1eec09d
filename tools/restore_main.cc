// suanpan-restore: makes a copied data directory (a backup) one that a server may run on.
#include "client/cli/words.h"
#include "server/shard/restore.h"
#include "storage/lmdb_volume.h"
#include "storage/segment.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <string>

namespace suanpan::tools {
namespace {

constexpr int exit_restored = 0;
constexpr int exit_usage = 2;
constexpr int exit_refused = 3;

Instant wall_clock() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return Instant{now.tv_sec * 1'000'000'000 + now.tv_nsec};
}

// Segments all have the size that the server was started with, or a larger one of before.
std::uint64_t segment_bytes_in(const std::string& path, std::uint64_t otherwise) {
    std::uint64_t ordinal_max = 0;
    std::uint64_t bytes = otherwise;
    for (const auto& file : std::filesystem::directory_iterator(path)) {
        const auto ordinal = storage::segment_ordinal(file.path().filename().string());
        if (!ordinal || *ordinal < ordinal_max) continue;
        ordinal_max = *ordinal;
        bytes = file.file_size();
    }
    return bytes;
}

int main_of(int argc, char** argv) {
    CLI::App app{
        "Makes the copy of a data directory one that a server may run on, in place of the "
        "original:\n"
        "it becomes a new incarnation, and request ids made before now + 60 s are refused from "
        "now\n"
        "on, so that nothing which was acknowledged after the copy was made can run twice.\n"
        "Run it once after copying a backup back, before the server's first start on it. Never "
        "run\n"
        "the original and the copy side by side.\n"
        "Exit code: 0 restored, 2 usage, 3 refused: nothing may be started on it yet.",
        "suanpan-restore"};
    std::string path;
    bool yes = false;
    app.add_option("data-dir", path, "the copy; no server may run on it")->required();
    app.add_flag("--yes", yes, "really: without it, only what is there is said");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    if (!std::filesystem::is_directory(path))
        throw std::runtime_error(path + ": is no directory; name the copy of a data directory");
    if (!yes) {
        fmt::print(stderr,
                   "suanpan-restore: nothing was done; say --yes if {} is the copy that is to be "
                   "served, and its original never will be again\n",
                   path);
        return exit_usage;
    }
    shard::RestoreOptions options{.now = wall_clock()};
    options.segment_bytes = segment_bytes_in(path, options.segment_bytes);
    const auto volume = storage::open_lmdb_volume(path);
    const shard::RestoreReport report = shard::restore(*volume, options);
    for (const std::string& note : report.notes) fmt::print("note: {}\n", note);
    fmt::print(
        "restored: incarnation {}, the copy ends at LSN {} of {}\n"
        "Request ids made before {} are refused as request_too_old; lookup says what became of "
        "them.\n"
        "Start the server on it, and tell partners to look up what they sent since the copy was "
        "made.\n",
        report.incarnation, report.last_lsn.value, cli::text_of(report.last_time),
        cli::text_of(Instant{report.request_floor_ms * 1'000'000}));
    return exit_restored;
}

}  // namespace
}  // namespace suanpan::tools

int main(int argc, char** argv) {
    try {
        return suanpan::tools::main_of(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan-restore: {}\n", error.what());
        return suanpan::tools::exit_refused;
    }
}
