// suanpan-inspect: prints parts of a data directory, offline.
#include "client/cli/exit_code.h"
#include "client/cli/words.h"
#include "tools/data_folder.h"
#include "tools/inspect.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <functional>

namespace suanpan::tools {
namespace {

constexpr int exit_found = 0;
constexpr int exit_not_found = 1;
constexpr int exit_usage = 2;
constexpr int exit_cannot_open = 3;

int main_of(int argc, char** argv) {
    CLI::App app{
        "Prints what a data directory holds, offline and without changing it. Member ids are\n"
        "masked, but for the one that you name.\n"
        "Exit code: 0 found, 1 not there, 2 usage, 3 cannot be opened (or in use).",
        "suanpan-inspect"};
    std::string path;
    std::string member;
    std::string request_id;
    std::uint32_t program = 0;
    std::uint64_t ordinal = 0;
    JournalRange range;
    std::function<bool(DataFolder&)> work;
    app.add_option("data-dir", path, "the data directory; no server may run on it")->required();
    app.require_subcommand(1);

    CLI::App* journal = app.add_subcommand("journal", "entries in order");
    journal->add_option("--from", range.from.value, "first LSN");
    journal->add_option("--to", range.to.value, "last LSN");
    journal->add_option("--limit", range.entries_max, "at most so many entries (100)");
    journal->callback(
        [&] { work = [&](DataFolder& folder) { return inspect_journal(folder, range, stdout); }; });

    CLI::App* segment = app.add_subcommand("segment", "the segments, or the commits of one");
    segment->add_option("number", ordinal, "of the segment");
    segment->callback([&] {
        work = [&](DataFolder& folder) {
            return inspect_segments(folder, ordinal == 0 ? std::nullopt : std::optional(ordinal),
                                    stdout);
        };
    });

    CLI::App* checkpoint = app.add_subcommand("checkpoint", "the newest checkpoint");
    checkpoint->callback(
        [&] { work = [](DataFolder& folder) { return inspect_checkpoint(folder, stdout); }; });

    CLI::App* account = app.add_subcommand("account", "one account: entries, lots, holds");
    account->add_option("member", member, "32 hexadecimal digits, or name:<text>")->required();
    account->add_option("program", program, "number of the program")->required();
    account->add_option("--limit", range.entries_max, "at most so many entries, newest (100)");
    account->callback([&] {
        work = [&](DataFolder& folder) {
            return inspect_account(folder, cli::parse_member(member), ProgramId{program},
                                   range.entries_max, stdout);
        };
    });

    CLI::App* request = app.add_subcommand("request", "what became of one request");
    request->add_option("member", member, "32 hexadecimal digits, or name:<text>")->required();
    request->add_option("id", request_id, "32 hexadecimal digits, dashes allowed")->required();
    request->callback([&] {
        work = [&](DataFolder& folder) {
            return inspect_request(folder, cli::parse_member(member),
                                   cli::parse_request_id(request_id), stdout);
        };
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    DataFolder folder(path);
    const bool found = work(folder);
    for (const std::string& note : folder.notes()) fmt::print(stderr, "note: {}\n", note);
    return found ? exit_found : exit_not_found;
}

}  // namespace
}  // namespace suanpan::tools

int main(int argc, char** argv) {
    using namespace suanpan;
    try {
        return tools::main_of(argc, argv);
    } catch (const cli::UsageError& error) {
        fmt::print(stderr, "suanpan-inspect: {}\n", error.what());
        return tools::exit_usage;
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan-inspect: {}\n", error.what());
        return tools::exit_cannot_open;
    }
}
