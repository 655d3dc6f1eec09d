#include "server/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <memory>

namespace suanpan {
namespace {

std::atomic<LogFormat> chosen_format{LogFormat::text};

// spdlog keeps whole lines whole, whoever writes them, and drops what is below the level.
spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = std::make_shared<spdlog::logger>(
            "suanpand", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");
        made->set_level(spdlog::level::info);
        made->flush_on(spdlog::level::debug);
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

// JSON's escapes; control characters never reach the log raw, so that no field can forge a line.
void append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\u{:04x}", byte);
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

bool is_plain(std::string_view text) {
    if (text.empty()) return false;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '\\' || c == '=') return false;
    }
    return true;
}

void append_value(std::string& out, const LogValue& value, bool quote_always) {
    std::visit(
        [&](const auto& held) {
            if constexpr (std::same_as<std::decay_t<decltype(held)>, std::string_view>) {
                if (!quote_always && is_plain(held)) {
                    out += held;
                } else {
                    append_quoted(out, held);
                }
            } else {
                out += fmt::format("{}", held);
            }
        },
        value.any());
}

std::string now_text() {
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto ms = now.time_since_epoch().count() % 1000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms);
}

void write(LogLevel level, std::string_view name, std::string_view event, LogFields fields) {
    spdlog::logger& log = logger();
    const spdlog::level::level_enum wanted = spdlog_level(level);
    if (!log.should_log(wanted)) return;
    const std::string line = format_log_line(chosen_format.load(std::memory_order_relaxed), name,
                                             now_text(), event, fields);
    log.log(wanted, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void log_start(LogLevel level, LogFormat format) {
    chosen_format.store(format, std::memory_order_relaxed);
    logger().set_level(spdlog_level(level));
}

void log_debug(std::string_view event, LogFields fields) {
    write(LogLevel::debug, "debug", event, fields);
}
void log_info(std::string_view event, LogFields fields) {
    write(LogLevel::info, "info", event, fields);
}
void log_warn(std::string_view event, LogFields fields) {
    write(LogLevel::warn, "warn", event, fields);
}
void log_error(std::string_view event, LogFields fields) {
    write(LogLevel::error, "error", event, fields);
}

std::string format_log_line(LogFormat format, std::string_view level, std::string_view time,
                            std::string_view event, LogFields fields) {
    std::string line;
    if (format == LogFormat::json) {
        line = fmt::format(R"({{"time":"{}","level":"{}","event":)", time, level);
        append_quoted(line, event);
        for (const LogField& field : fields) {
            line.push_back(',');
            append_quoted(line, field.key);
            line.push_back(':');
            append_value(line, field.value, true);
        }
        line.push_back('}');
        return line;
    }
    line = fmt::format("{} {:<5} {}", time, level, event);
    for (const LogField& field : fields) {
        line.push_back(' ');
        line += field.key;
        line.push_back('=');
        append_value(line, field.value, false);
    }
    return line;
}

std::string masked(const MemberId& member) {
    return fmt::format("{:04x}...", member.high >> 48U);
}

}  // namespace suanpan
