// Everything an operator can choose about suanpand, and how it is read from flags and a TOML file.
#pragma once

#include "protocol/base/time.h"
#include "protocol/limits.h"
#include "server/log.h"

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace suanpan {

// The options of one start. A plain value; made once by parse_command_line, then read by anybody.
// docs/operations.md has a row for each; a test holds the two together.
struct ServerConfig {
    // Where things are.
    std::filesystem::path data_dir = "suanpan-data";
    std::filesystem::path partners_file = "partners.toml";
    std::filesystem::path master_keys_file;  // that codes and quote secrets are sealed under
    std::filesystem::path ready_file;        // empty: none

    // Who may come in.
    std::string listen = "127.0.0.1";
    std::uint16_t port = 7433;          // 0: the system chooses
    std::uint16_t shard_port_base = 0;  // shard i listens on base + i; 0: the system chooses
    std::string metrics_listen = "127.0.0.1";
    std::uint16_t metrics_port = 7434;  // 0: the system chooses
    std::uint32_t connections_max = limits::connections_max;
    std::uint32_t frames_in_flight_max = limits::frames_in_flight_max;  // per connection
    std::uint32_t frame_body_bytes_max = limits::frame_body_bytes_max;

    // Threads.
    std::uint32_t shards = 1;
    bool busy_poll = false;
    bool pin_threads = false;

    // Journal and checkpoint.
    std::uint64_t segment_bytes = 256ULL << 20U;
    std::uint64_t checkpoint_every_bytes = 1ULL << 30U;
    std::uint64_t checkpoint_every_entries = 5'000'000;
    std::uint32_t retention_days = 0;  // 0: the journal is kept for ever
    // Decisions for one start, so they are flags and never stand in a file.
    bool trust_after_failed_flush = false;
    bool drop_damaged_last_commit = false;
    bool rotate_quote_secret = false;
    bool forget_quote_secrets = false;

    // Request log.
    Duration request_log_window = limits::request_log_window;
    std::uint64_t request_log_ids_max = limits::request_log_ids_max;

    // Time.
    Duration clock_tolerance = seconds(5);
    bool sandbox = false;

    // Log.
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;

    // Replies before the commit: loses acknowledged points on a crash. Only for the test that shows
    // that the audit of tools/demo notices. Not in --help, not in a file.
    bool unsafe_reply_before_commit = false;
};

// A flag that does not exist or cannot be read: exit code 2. What is wrong in a file is a plain
// std::runtime_error: exit code 1. Both carry one line, with file and line number where there is
// one.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What the command line asks for.
struct CommandLine {
    enum class Action : std::uint8_t {
        serve,
        print,  // print `text` and exit 0: --help, --version, --check-config
    };
    Action action = Action::serve;
    ServerConfig config;
    std::string text;
};

// Reads the flags, then the file named by --config, if any; flags win. Throws UsageError for flags
// and std::runtime_error for the file.
[[nodiscard]] CommandLine parse_command_line(int argc, const char* const* argv);

// The effective configuration as a TOML file that --config reads back to the same values.
[[nodiscard]] std::string print_config(const ServerConfig& config);

// One row of the table behind flags, file and documentation.
struct OptionRow {
    std::string flag;           // "--data-dir"
    std::string key;            // "data_dir"; empty where it is a flag only
    std::string default_value;  // as it would stand in the file
    std::string allowed;        // "1 to 32"
    std::string help;
};
// All options that --help shows, in its order. For the test that reads docs/operations.md.
[[nodiscard]] std::vector<OptionRow> option_rows();

}  // namespace suanpan
