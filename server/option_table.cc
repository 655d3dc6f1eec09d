#include "server/option_table.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

namespace suanpan {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
// Largest first, so that printing finds the largest that divides.
constexpr std::array<Unit, 5> byte_units{{{"TiB", 1ULL << 40U},
                                          {"GiB", 1ULL << 30U},
                                          {"MiB", 1ULL << 20U},
                                          {"KiB", 1ULL << 10U},
                                          {"", 1}}};
constexpr std::array<Unit, 4> duration_units{
    {{"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}}};

std::optional<std::uint64_t> parse_whole(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return value;
}

std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::optional<std::uint64_t> value = parse_whole(text.substr(0, digits));
    if (!value.has_value()) return std::nullopt;
    for (const Unit& unit : units) {
        if (unit.name != text.substr(digits)) continue;
        std::uint64_t product = 0;
        if (__builtin_mul_overflow(*value, unit.factor, &product)) return std::nullopt;
        return product;
    }
    return std::nullopt;
}

std::string print_with_unit(std::uint64_t value, std::span<const Unit> units) {
    for (const Unit& unit : units) {
        if (value != 0 && value % unit.factor == 0) {
            return fmt::format("{}{}", value / unit.factor, unit.name);
        }
    }
    return fmt::format("0{}", units.back().name);
}

std::optional<bool> parse_boolean(std::string_view text) {
    if (text == "true") return true;
    if (text == "false") return false;
    return std::nullopt;
}

template <typename T>
Option number(std::string key, T ServerConfig::* member, std::uint64_t min, std::uint64_t max,
              std::string help) {
    return {.key = std::move(key),
            .shape = Shape::number,
            .allowed = fmt::format("{} to {}", min, max),
            .help = std::move(help),
            .set =
                [=](ServerConfig& config, std::string_view text) {
                    const std::optional<std::uint64_t> value = parse_whole(text);
                    if (!value.has_value() || *value < min || *value > max) return false;
                    config.*member = static_cast<T>(*value);
                    return true;
                },
            .get = [=](const ServerConfig& config) { return fmt::format("{}", config.*member); }};
}

template <typename T>
Option bytes(std::string key, T ServerConfig::* member, std::uint64_t min, std::uint64_t max,
             std::string help) {
    return {.key = std::move(key),
            .shape = Shape::bytes,
            .allowed = fmt::format("{} to {}", print_with_unit(min, byte_units),
                                   print_with_unit(max, byte_units)),
            .help = std::move(help),
            .set =
                [=](ServerConfig& config, std::string_view text) {
                    const std::optional<std::uint64_t> value = parse_with_unit(text, byte_units);
                    if (!value.has_value() || *value < min || *value > max) return false;
                    config.*member = static_cast<T>(*value);
                    return true;
                },
            .get =
                [=](const ServerConfig& config) {
                    return print_with_unit(config.*member, byte_units);
                }};
}

Option duration(std::string key, Duration ServerConfig::* member, Duration min, Duration max,
                std::string help) {
    const auto print = [](Duration value) {
        return print_with_unit(static_cast<std::uint64_t>(value.ns), duration_units);
    };
    return {.key = std::move(key),
            .shape = Shape::duration,
            .allowed = fmt::format("{} to {}", print(min), print(max)),
            .help = std::move(help),
            .set =
                [=](ServerConfig& config, std::string_view text) {
                    const std::optional<std::uint64_t> value =
                        parse_with_unit(text, duration_units);
                    if (!value.has_value()) return false;
                    if (*value < static_cast<std::uint64_t>(min.ns)) return false;
                    if (*value > static_cast<std::uint64_t>(max.ns)) return false;
                    config.*member = Duration{static_cast<std::int64_t>(*value)};
                    return true;
                },
            .get = [=](const ServerConfig& config) { return print(config.*member); }};
}

Option boolean(std::string key, bool ServerConfig::* member, std::string help) {
    return {.key = std::move(key),
            .shape = Shape::boolean,
            .allowed = "true, false",
            .help = std::move(help),
            .set =
                [=](ServerConfig& config, std::string_view text) {
                    const std::optional<bool> value = parse_boolean(text);
                    if (value.has_value()) config.*member = *value;
                    return value.has_value();
                },
            .get =
                [=](const ServerConfig& config) {
                    return std::string(config.*member ? "true" : "false");
                }};
}

Option path(std::string key, std::filesystem::path ServerConfig::* member, bool may_be_empty,
            std::string help) {
    return {.key = std::move(key),
            .shape = Shape::path,
            .allowed = may_be_empty ? "a path; empty: none" : "a path",
            .help = std::move(help),
            .set =
                [=](ServerConfig& config, std::string_view text) {
                    if (text.empty() && !may_be_empty) return false;
                    if (text.find('\0') != std::string_view::npos) return false;
                    config.*member = text;
                    return true;
                },
            .get = [=](const ServerConfig& config) { return (config.*member).string(); }};
}

Option address(std::string key, std::string ServerConfig::* member, std::string help) {
    return {.key = std::move(key),
            .shape = Shape::text,
            .allowed = "an IPv4 or IPv6 address",
            .help = std::move(help),
            .set =
                [=](ServerConfig& config, std::string_view text) {
                    const std::string copy(text);
                    if (copy.find('\0') != std::string::npos) return false;
                    in6_addr scratch{};
                    if (inet_pton(AF_INET, copy.c_str(), &scratch) != 1 &&
                        inet_pton(AF_INET6, copy.c_str(), &scratch) != 1) {
                        return false;
                    }
                    config.*member = copy;
                    return true;
                },
            .get = [=](const ServerConfig& config) { return config.*member; }};
}

template <typename T>
Option choice(std::string key, T ServerConfig::* member,
              std::vector<std::pair<std::string, T>> choices, std::string help) {
    std::string allowed;
    for (const auto& [name, value] : choices) allowed += (allowed.empty() ? "" : ", ") + name;
    return {.key = std::move(key),
            .shape = Shape::text,
            .allowed = std::move(allowed),
            .help = std::move(help),
            .set =
                [=](ServerConfig& config, std::string_view text) {
                    for (const auto& [name, value] : choices) {
                        if (name != text) continue;
                        config.*member = value;
                        return true;
                    }
                    return false;
                },
            .get =
                [=](const ServerConfig& config) {
                    for (const auto& [name, value] : choices) {
                        if (value == config.*member) return name;
                    }
                    return std::string();
                }};
}

Option only_as_flag(Option option) {
    option.in_file = false;
    return option;
}

Option out_of_sight(Option option) {
    option.in_file = false;
    option.hidden = true;
    return option;
}

constexpr std::uint64_t kib = 1ULL << 10U;
constexpr std::uint64_t mib = 1ULL << 20U;
constexpr std::uint64_t gib = 1ULL << 30U;
constexpr std::uint64_t tib = 1ULL << 40U;

}  // namespace

const std::vector<Option>& options() {
    using C = ServerConfig;
    static const std::vector<Option> table{
        path("data_dir", &C::data_dir, false, "folder of journal and checkpoint"),
        path("partners_file", &C::partners_file, false, "who may call what; re-read on SIGHUP"),
        path("master_keys_file", &C::master_keys_file, true,
             "keys that card codes and quote secrets are sealed under; read at the start"),
        path("ready_file", &C::ready_file, true,
             "JSON file that is written with the real ports once requests are answered"),
        address("listen", &C::listen, "address for clients"),
        number("port", &C::port, 0, 65535, "port for clients; 0: the system chooses"),
        number("shard_port_base", &C::shard_port_base, 0, 65535,
               "shard i also listens on this port + i; 0: the system chooses"),
        address("metrics_listen", &C::metrics_listen, "address of the operator's HTTP pages"),
        number("metrics_port", &C::metrics_port, 0, 65535,
               "port of the operator's HTTP pages; 0: the system chooses"),
        number("connections_max", &C::connections_max, 1, limits::connections_max,
               "connections of the process"),
        number("frames_in_flight_max", &C::frames_in_flight_max, 1, limits::frames_in_flight_max,
               "unanswered frames per connection"),
        bytes("frame_body_bytes_max", &C::frame_body_bytes_max, 4 * kib,
              limits::frame_body_bytes_max, "longest frame body that is read"),
        number("shards", &C::shards, 1, 32, "shard threads; may differ from start to start"),
        boolean("busy_poll", &C::busy_poll,
                "shard threads never sleep: shorter round trips for a whole core each"),
        boolean("pin_threads", &C::pin_threads, "shard i runs on core i only"),
        bytes("segment_bytes", &C::segment_bytes, 64 * mib, 64 * gib,
              "size of a journal segment; three exist from the first start"),
        bytes("checkpoint_every_bytes", &C::checkpoint_every_bytes, mib, tib,
              "journal bytes after which a checkpoint round starts"),
        number("checkpoint_every_entries", &C::checkpoint_every_entries, 1'000, 100'000'000,
               "entries after which a checkpoint round starts; bounds what a start replays"),
        number("retention_days", &C::retention_days, 0, 36'500,
               "days of journal that are kept; 0: all of it, for ever"),
        only_as_flag(boolean("trust_after_failed_flush", &C::trust_after_failed_flush,
                             "start although the last run ended with a failed flush")),
        only_as_flag(boolean("drop_damaged_last_commit", &C::drop_damaged_last_commit,
                             "give up a last commit that was flushed but is damaged")),
        only_as_flag(boolean("rotate_quote_secret", &C::rotate_quote_secret,
                             "make another quote secret; quotes made before stay good")),
        only_as_flag(boolean("forget_quote_secrets", &C::forget_quote_secrets,
                             "make another quote secret and give up the quotes that are open")),
        duration("request_log_window", &C::request_log_window, seconds(10), hours(24),
                 "how long a request id is remembered"),
        number("request_log_ids_max", &C::request_log_ids_max, 1'000, 4'000'000'000,
               "request ids that are remembered, over all shards"),
        duration("clock_tolerance", &C::clock_tolerance, milliseconds(100), hours(1),
                 "distance between the server's clock and the wall's that stops writes"),
        boolean("sandbox", &C::sandbox, "the clock may be advanced; marks the journal for ever"),
        choice<LogLevel>("log_level", &C::log_level,
                         {{"debug", LogLevel::debug},
                          {"info", LogLevel::info},
                          {"warn", LogLevel::warn},
                          {"error", LogLevel::error}},
                         "least important events that are logged"),
        choice<LogFormat>("log_format", &C::log_format,
                          {{"text", LogFormat::text}, {"json", LogFormat::json}},
                          "key=value text or one JSON object a line"),
        out_of_sight(boolean("unsafe_reply_before_commit", &C::unsafe_reply_before_commit,
                             "loses acknowledged points on a crash")),
    };
    return table;
}

}  // namespace suanpan
