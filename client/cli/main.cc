// suanpan: the command line tool, on top of the client library.
#include "client/cli/context.h"
#include "client/cli/exit_code.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

namespace {

using namespace suanpan::cli;

constexpr const char* footer =
    "Examples, against `suanpand --sandbox`:\n"
    "  suanpan program create 1 --name Lotus --expiry days:30\n"
    "  suanpan earn name:alice 100\n"
    "  suanpan spend name:alice 60\n"
    "  suanpan balance name:alice --json\n"
    "  suanpan clock advance 31d        # now the rest has expired\n"
    "  suanpan statement name:alice\n"
    "  suanpan explain name:alice 01928c3e-...   # what became of that request\n"
    "  suanpan code 302                 # any code in words\n"
    "\n"
    "Members are 32 hex digits, or name:<text>, which stands for the first 16 bytes of the text's\n"
    "SHA-256. The key file holds the partner's key in hex, as partners.toml does.\n"
    "\n"
    "Every change has a request id. If a command ends as unknown, run it again with the\n"
    "--request-id it printed: it is executed at most once.\n"
    "\n"
    "Exit codes: 0 done, 1 refused (certainly not done), 2 wrong usage, 3 unknown (may have been\n"
    "done), 4 cannot connect.";

void add_global_flags(CLI::App& app, GlobalFlags& flags) {
    app.option_defaults()->take_last();  // so that a shell alias with flags can be overridden
    app.add_option("-s,--server", flags.server, "host:port of the server")
        ->envname("SUANPAN_SERVER")
        ->capture_default_str();
    app.add_option("--partner", flags.partner, "The partner's number")
        ->envname("SUANPAN_PARTNER")
        ->capture_default_str();
    app.add_option("--key-file", flags.key_file, "File with the partner's key in hex")
        ->envname("SUANPAN_KEY_FILE");
    app.add_option("--deadline", flags.deadline, "For one request, its retries included")
        ->envname("SUANPAN_DEADLINE")
        ->capture_default_str();
    app.add_flag("--json", flags.is_json, "Print one JSON object instead of words");
}

int run(int argc, char** argv) {
    Context context;
    CLI::App app("suanpan: talk to a Suanpan points ledger server.", "suanpan");
    app.footer(footer);
    app.fallthrough();  // global flags may stand after the command
    app.require_subcommand(1);
    add_global_flags(app, context.flags);
    Commands commands(app);
    add_points_commands(commands);
    add_account_commands(commands);
    add_program_commands(commands);
    add_checkout_commands(commands);
    add_rules_commands(commands);
    add_offer_commands(commands);
    add_voucher_commands(commands);
    add_codes_command(commands);
    add_explain_command(commands);
    add_server_commands(commands);
    add_bench_command(commands);
    add_top_command(commands);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
    }
    return static_cast<int>(commands.chosen()(context));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const UsageError& error) {
        fmt::print(stderr, "suanpan: {}\n", error.what());
        return static_cast<int>(ExitCode::usage);
    } catch (const ConnectFailure& error) {
        fmt::print(stderr, "suanpan: {}\n", error.what());
        return static_cast<int>(ExitCode::cannot_connect);
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan: {}\n", error.what());
        return static_cast<int>(ExitCode::usage);
    }
}
