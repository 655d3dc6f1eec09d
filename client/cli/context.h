// What every command of the tool shares: how to reach the server, and how to print.
#pragma once

#include "client/cli/exit_code.h"
#include "client/suanpan_client.h"

#include <CLI/App.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace suanpan::cli {

// Values of the flags that stand before or after any command.
struct GlobalFlags {
    std::string server = "127.0.0.1:7433";
    std::uint32_t partner = 1;
    std::string key_file;
    std::string deadline = "10s";
    bool is_json = false;
};

// Owned by main, used on its thread. Connects when a command first asks for the client.
class Context {
public:
    GlobalFlags flags;

    // Throws UsageError or ConnectFailure. Waits until the server has greeted.
    client::Client& client();
    // The server's clock, which differs from ours in a sandbox.
    Instant server_now();
    // Options for a client of a command's own. Throws UsageError.
    [[nodiscard]] client::Options options() const;

private:
    std::unique_ptr<client::Client> client_;
};

using Run = std::function<ExitCode(Context&)>;

// The commands by name, and the one that the command line chose.
class Commands {
public:
    explicit Commands(CLI::App& app) : app_(app) {}
    // Adds a command; `run` is called after the whole line was read.
    CLI::App* add(const std::string& name, const std::string& description, const Run& run,
                  CLI::App* under = nullptr);
    [[nodiscard]] CLI::App& app() { return app_; }
    // Empty where no command was given.
    [[nodiscard]] const Run& chosen() const { return chosen_; }

private:
    CLI::App& app_;
    Run chosen_;
};

// The flags that most commands take: member, program, who asks, which request id.
struct TargetFlags {
    std::string member;
    std::uint32_t program = 1;
    std::uint32_t principal = 0;
    std::string request_id;

    void add_to(CLI::App& command, bool with_request_id);
    // Throws UsageError.
    [[nodiscard]] client::Target target() const;
};

// Every group adds its commands.
void add_points_commands(Commands& commands);
void add_account_commands(Commands& commands);
void add_program_commands(Commands& commands);
void add_checkout_commands(Commands& commands);
void add_rules_commands(Commands& commands);
void add_offer_commands(Commands& commands);
void add_codes_command(Commands& commands);
void add_voucher_commands(Commands& commands);
void add_server_commands(Commands& commands);
void add_explain_command(Commands& commands);
void add_bench_command(Commands& commands);
void add_top_command(Commands& commands);

}  // namespace suanpan::cli
