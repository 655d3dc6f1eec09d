#include "server/config.h"

#include "protocol/base/one_line.h"
#include "server/option_table.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace suanpan {
namespace {

std::string flag_named(std::string key) {
    std::ranges::replace(key, '_', '-');
    return "--" + key;
}
std::string flag_of(const Option& option) {
    return flag_named(option.key);
}

// The text as a TOML value.
std::string quoted(const Option& option, const std::string& text) {
    if (option.shape == Shape::number || option.shape == Shape::boolean) return text;
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\u{:04x}", byte);
            continue;
        }
        if (c == '"' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
    return out + "\"";
}

// What stands at `node`, as text; nothing where its type does not fit the option.
std::optional<std::string> text_of_node(const toml::node& node, Shape shape) {
    if (shape == Shape::boolean) {
        if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
        return std::nullopt;
    }
    if (shape == Shape::number || shape == Shape::bytes) {
        if (const auto* value = node.as_integer()) return std::to_string(value->get());
        if (shape == Shape::number) return std::nullopt;
    }
    if (const auto* value = node.as_string()) return value->get();
    return std::nullopt;
}

std::string at(const std::filesystem::path& file, const toml::source_region& where) {
    return fmt::format("{}:{}", one_line(file.string()), where.begin.line);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] =
                std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row.back();
}

// The known key that looks most like `key`.
const Option& nearest_option(std::string_view key) {
    return *std::ranges::min_element(options(), {}, [key](const Option& option) {
        return option.in_file ? edit_distance(key, option.key) : key.size() + option.key.size();
    });
}

void apply_file(const std::filesystem::path& file, ServerConfig& config) {
    toml::table table;
    try {
        if (!std::filesystem::is_regular_file(file)) {
            throw std::runtime_error(fmt::format("{}: no such file; name a TOML file with --config",
                                                 one_line(file.string())));
        }
        table = toml::parse_file(file.string());
    } catch (const toml::parse_error& error) {
        throw std::runtime_error(fmt::format("{}: not valid TOML: {}", at(file, error.source()),
                                             one_line(error.description())));
    }
    for (const auto& [key, node] : table) {
        const std::string_view name = key.str();
        const auto option = std::ranges::find_if(options(), [name](const Option& candidate) {
            return candidate.key == name && !candidate.hidden;
        });
        if (option == options().end()) {
            throw std::runtime_error(fmt::format("{}: unknown key '{}'; did you mean '{}'?",
                                                 at(file, key.source()), one_line(name, 64),
                                                 nearest_option(name).key));
        }
        if (!option->in_file) {
            throw std::runtime_error(fmt::format(
                "{}: '{}' is a decision for one start; give it as the flag {} and not in a file",
                at(file, key.source()), name, flag_of(*option)));
        }
        const std::optional<std::string> text = text_of_node(node, option->shape);
        if (!text.has_value() || !option->set(config, *text)) {
            throw std::runtime_error(fmt::format("{}: bad value for '{}'; allowed: {}",
                                                 at(file, node.source()), name, option->allowed));
        }
        if (option->shape == Shape::path && !text->empty()) {
            const std::filesystem::path value(*text);
            if (value.is_relative()) option->set(config, (file.parent_path() / value).string());
        }
    }
}

// What no option can say by itself.
void check_together(const ServerConfig& config) {
    if (config.shard_port_base != 0) {
        const std::uint32_t first = config.shard_port_base;
        const std::uint32_t last = first + config.shards - 1;
        if (last > 65535) {
            throw std::runtime_error(
                fmt::format("shard_port_base {} leaves no room for {} shards; allowed: at most {}",
                            first, config.shards, 65536 - config.shards));
        }
        for (const std::uint32_t taken :
             {std::uint32_t{config.port}, std::uint32_t{config.metrics_port}}) {
            if (taken >= first && taken <= last) {
                throw std::runtime_error(
                    fmt::format("port {} is also one of the shards' ports {} to {}; choose another",
                                taken, first, last));
            }
        }
    }
    // Nothing that a remembered id's answer is rebuilt from may go.
    const std::int64_t kept_ns_min = 2 * config.request_log_window.ns;
    if (config.retention_days != 0 && days(config.retention_days).ns < kept_ns_min) {
        throw std::runtime_error(
            fmt::format("retention_days {} is less than twice request_log_window; allowed: 0, or "
                        "at least {}",
                        config.retention_days, (kept_ns_min - 1) / days(1).ns + 1));
    }
    if (config.port != 0 && config.port == config.metrics_port &&
        config.listen == config.metrics_listen) {
        throw std::runtime_error(
            fmt::format("port and metrics_port are both {}; choose another", config.port));
    }
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
    CLI::App app{
        "Suanpan, the points ledger server. Every option may also stand in the file named by\n"
        "--config, with underscores for dashes; flags win. docs/operations.md explains each.",
        "suanpand"};
    std::string config_file;
    bool check_config = false;
    app.add_option("--config", config_file, "TOML file with options")->type_name("FILE");
    app.add_flag("--check-config", check_config,
                 "print the options that would be in force, and exit");
    app.set_version_flag("--version", "suanpand " SUANPAN_VERSION, "print the version, and exit");
    app.set_help_flag("-h,--help", "print this help, and exit");

    const ServerConfig defaults;
    std::map<std::string, std::string> given;
    std::map<std::string, bool> switches;  // a map, since CLI11 keeps references into it
    for (const Option& option : options()) {
        const std::string flag = flag_of(option);
        const auto keep = [&given, key = option.key](const std::string& text) {
            given[key] = text;
        };
        const std::string text = option.get(defaults);
        if (option.shape == Shape::boolean) {
            app.add_flag(flag, switches[option.key], option.help)
                ->group(option.hidden ? "" : "Options");
        } else {
            const std::string about = fmt::format("{} ({}; default {})", option.help,
                                                  option.allowed, text.empty() ? "none" : text);
            app.add_option_function<std::string>(flag, keep, about)->type_name("");
        }
    }

    CommandLine line;
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return {CommandLine::Action::print, {}, app.help()};
    } catch (const CLI::CallForVersion& version) {
        return {CommandLine::Action::print, {}, std::string(version.what()) + "\n"};
    } catch (const CLI::ParseError& error) {
        throw UsageError(fmt::format("{}; see suanpand --help", one_line(error.what())));
    }

    for (const auto& [key, on] : switches) {
        if (app.count(flag_named(key)) > 0) given[key] = on ? "true" : "false";
    }

    if (!config_file.empty()) apply_file(config_file, line.config);
    for (const Option& option : options()) {
        const auto found = given.find(option.key);
        if (found == given.end()) continue;
        if (!option.set(line.config, found->second)) {
            throw UsageError(fmt::format("{}: bad value '{}'; allowed: {}", flag_of(option),
                                         one_line(found->second), option.allowed));
        }
    }
    check_together(line.config);
    if (check_config) {
        line.action = CommandLine::Action::print;
        line.text = print_config(line.config);
    }
    return line;
}

std::string print_config(const ServerConfig& config) {
    std::string out;
    for (const Option& option : options()) {
        if (!option.in_file) continue;
        std::string value = option.get(config);
        // Absolute, so that it means the same wherever the text is saved.
        if (option.shape == Shape::path && !value.empty()) {
            value = std::filesystem::absolute(value).string();
        }
        out += fmt::format("# {}; {}\n{} = {}\n", option.help, option.allowed, option.key,
                           quoted(option, value));
    }
    return out;
}

std::vector<OptionRow> option_rows() {
    const ServerConfig defaults;
    std::vector<OptionRow> rows;
    for (const Option& option : options()) {
        if (option.hidden) continue;
        rows.push_back({.flag = flag_of(option),
                        .key = option.in_file ? option.key : "",
                        .default_value = quoted(option, option.get(defaults)),
                        .allowed = option.allowed,
                        .help = option.help});
    }
    return rows;
}

}  // namespace suanpan
