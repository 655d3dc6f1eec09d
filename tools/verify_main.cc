// suanpan-verify: re-derives every balance of a data directory from its journal, offline.
#include "storage/open_error.h"
#include "tools/audit.h"
#include "tools/data_folder.h"
#include "tools/wide_text.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

namespace suanpan::tools {
namespace {

constexpr int exit_sound = 0;
constexpr int exit_not_sound = 1;
constexpr int exit_usage = 2;
constexpr int exit_cannot_open = 3;

struct Arguments {
    std::string path;
    AuditOptions options;
    bool json = false;
};

boost::json::value json_of(Lsn lsn) {
    if (lsn.value == 0) return nullptr;
    return lsn.value;
}

boost::json::object json_of(const ProgramAudit& program) {
    const ledger::Totals& t = program.totals;
    // 128-bit sums are texts: a JSON number would be read as a double.
    return {{"program", static_cast<std::uint32_t>(program.program)},
            {"issued", text_of(t.issued)},
            {"available", text_of(t.available)},
            {"held", text_of(t.held)},
            {"pending", text_of(t.pending)},
            {"spent", text_of(t.spent)},
            {"expired", text_of(t.expired)},
            {"revoked", text_of(t.revoked)},
            {"debt", text_of(t.debt)},
            {"accounts", t.accounts},
            {"lots", t.lots},
            {"open_holds", t.open_holds},
            {"holds", program.effective_holds && program.posted_holds}};
}

boost::json::object json_of(const AuditProblem& problem) {
    return {{"lsn", json_of(problem.lsn)},
            {"file", problem.file},
            {"what", problem.what},
            {"advice", problem.advice}};
}

void print_json(const AuditReport& report) {
    boost::json::array programs;
    for (const ProgramAudit& program : report.programs) programs.push_back(json_of(program));
    boost::json::array counters;
    for (const auto& [key, units] : report.counters)
        counters.push_back({{"program", static_cast<std::uint32_t>(key.program)},
                            {"kind", static_cast<std::uint16_t>(key.kind)},
                            {"id", key.id},
                            {"issued", units.issued},
                            {"set_aside", units.reserved}});
    boost::json::array problems;
    for (const AuditProblem& problem : report.problems) problems.push_back(json_of(problem));
    boost::json::array notes;
    for (const std::string& note : report.notes) notes.push_back(boost::json::string(note));
    boost::json::value checkpoint;
    if (report.checkpoint)
        checkpoint = {{"generation", report.checkpoint->generation},
                      {"start_lsn", report.checkpoint->start_lsn.value},
                      {"end_lsn", report.checkpoint->end_lsn.value},
                      {"records", report.checkpoint->records},
                      {"same_state", report.checkpoint->same_state}};
    const boost::json::object all{{"sound", report.sound()},
                                  {"first_lsn", report.first_lsn.value},
                                  {"last_lsn", report.last_lsn.value},
                                  {"segments", report.segments},
                                  {"commits", report.commits},
                                  {"entries", report.entries},
                                  {"accounts", report.accounts},
                                  {"baseline_lsn", report.baseline_lsn.value},
                                  {"balances_derived", report.balances_derived},
                                  {"state_hash", report.state_hash},
                                  {"programs", programs},
                                  {"counters", counters},
                                  {"checkpoint", checkpoint},
                                  {"problems", problems},
                                  {"notes", notes}};
    fmt::print("{}\n", boost::json::serialize(all));
}

void print_problem(const AuditProblem& problem) {
    if (problem.lsn.value != 0) fmt::print("first wrong LSN: {}\n", problem.lsn.value);
    if (!problem.file.empty()) fmt::print("  where: {}\n", problem.file);
    fmt::print("  what:  {}\n  do:    {}\n", problem.what, problem.advice);
}

void print_text(const AuditReport& report) {
    fmt::print("journal: {} segment(s), {} commit(s), {} entries, LSN {} to {}\n", report.segments,
               report.commits, report.entries, report.first_lsn.value, report.last_lsn.value);
    if (report.baseline_lsn.value != 0)
        fmt::print(
            "baseline: the history begins after LSN {}; its records come to its seal's hash\n",
            report.baseline_lsn.value);
    for (const ProgramAudit& program : report.programs) fmt::print("{}\n", identity_line(program));
    for (const auto& [key, units] : report.counters) fmt::print("{}\n", counter_line(key, units));
    if (!report.state_hash.empty())
        fmt::print("state: {} account(s), hash {}\n", report.accounts, report.state_hash);
    if (report.checkpoint)
        fmt::print("checkpoint: generation {}, LSN {} to {}, {} records: {}\n",
                   report.checkpoint->generation, report.checkpoint->start_lsn.value,
                   report.checkpoint->end_lsn.value, report.checkpoint->records,
                   report.checkpoint->same_state ? "the same state (INV-12)" : "ANOTHER STATE");
    for (const std::string& note : report.notes) fmt::print("note: {}\n", note);
    for (const AuditProblem& problem : report.problems) print_problem(problem);
    fmt::print("{}\n", report.sound() ? "sound" : "NOT SOUND");
}

int print_and_judge(const AuditReport& report, bool json) {
    if (json)
        print_json(report);
    else
        print_text(report);
    std::fflush(stdout);
    return report.sound() ? exit_sound : exit_not_sound;
}

int run(const Arguments& arguments, AuditPlace& place) {
    try {
        DataFolder folder(arguments.path);
        return print_and_judge(audit(folder, arguments.options, place), arguments.json);
    } catch (const storage::OpenError& error) {
        if (error.fault() == storage::OpenFault::damaged ||
            error.fault() == storage::OpenFault::foreign) {
            AuditReport report;
            report.problems.push_back(
                {.lsn = {}, .file = {}, .what = error.what(), .advice = "do what it says"});
            return print_and_judge(report, arguments.json);
        }
        fmt::print(stderr, "suanpan-verify: {}\n", error.what());
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan-verify: {}\n", error.what());
    }
    return exit_cannot_open;
}

const char* text_of(AuditPlace::Stage stage) {
    switch (stage) {
        case AuditPlace::Stage::opening:
            return "opening the directory";
        case AuditPlace::Stage::files:
            return "looking through the files";
        case AuditPlace::Stage::journal:
            return "reading the journal";
        case AuditPlace::Stage::ledgers:
            return "checking the ledgers";
        case AuditPlace::Stage::checkpoint:
            return "loading the checkpoint";
    }
    return "working";
}

// The work is done in a child: an entry whose checksum is right and whose meaning is impossible
// ends a process (SUANPAN_ASSERT), and so may a damaged tree. Both become a problem here.
int run_guarded(const Arguments& arguments) {
    void* shared = ::mmap(nullptr, sizeof(AuditPlace), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw std::bad_alloc();
    auto* place = new (shared) AuditPlace;
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("no process for the work; free some memory");
    if (child == 0) {
        // Whatever a sanitizer has installed: die of the signal itself, without a core file.
        for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
            ::signal(signal, SIG_DFL);
        const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        const int code = run(arguments, *place);
        std::fflush(stdout);
        std::fflush(stderr);
        ::_exit(code);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) throw std::runtime_error("the process that did the work is gone");
    if (WIFEXITED(status) && WEXITSTATUS(status) <= exit_cannot_open) return WEXITSTATUS(status);

    AuditReport report;
    report.last_lsn = Lsn{place->lsn.load() == 0 ? 0 : place->lsn.load() - 1};
    const std::string how = WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                                                : fmt::format("exit code {}", WEXITSTATUS(status));
    const bool at_entry = place->stage.load() == AuditPlace::Stage::journal;
    report.problems.push_back(
        {.lsn = at_entry ? Lsn{place->lsn.load()} : Lsn{},
         .file = {},
         .what = fmt::format("{} ended with {}: what stands there cannot be applied",
                             text_of(place->stage.load()), how),
         .advice = "keep a copy of the directory and restore it from a backup"});
    return print_and_judge(report, arguments.json);
}

int main_of(int argc, char** argv) {
    Arguments arguments;
    CLI::App app{
        "Checks a data directory of suanpand offline: hash chain, checksums, LSNs without gap,\n"
        "postings that sum to zero, every balance derived again from the first entry on, the\n"
        "invariants, and that the newest checkpoint gives the same state. Changes nothing.\n"
        "Exit code: 0 sound, 1 not, 2 usage, 3 cannot be opened (or in use).",
        "suanpan-verify"};
    app.add_option("data-dir", arguments.path, "the data directory; no server may run on it")
        ->required();
    app.add_option("--shards", arguments.options.shards, "shards of the replay (1 to 64)")
        ->check(CLI::Range(1, 64));
    app.add_flag("--json", arguments.json, "one line of JSON instead of text");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : exit_usage;
    }
    arguments.options.progress = ::isatty(STDERR_FILENO) == 1;
    return run_guarded(arguments);
}

}  // namespace
}  // namespace suanpan::tools

int main(int argc, char** argv) {
    try {
        return suanpan::tools::main_of(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan-verify: {}\n", error.what());
        return suanpan::tools::exit_cannot_open;
    }
}
