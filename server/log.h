// The server's log: one event a line, on stderr, as key=value text or as JSON.
//
//   2026-11-22T04:07:25.123Z info  listening address=127.0.0.1 port=7433 shards=2
//   {"time":"2026-11-22T04:07:25.123Z","level":"info","event":"listening","address":"127.0.0.1",...}
//
// For operators: starts, stops, refusals of a file, damage. Nothing on the way of a request logs.
// Never pass a key, a card code or a whole member id; masked() is there for the last.
// Every function may be called on any thread, before log_start too (then: text at level info).
#pragma once

#include "protocol/base/ids.h"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace suanpan {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };

// A value of a field: text, a number or a truth value, kept by value or by view for one call.
class LogValue {
public:
    using Any = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

    LogValue(std::string_view text) : any_(text) {}
    LogValue(const std::string& text) : any_(std::string_view(text)) {}
    LogValue(const char* text) : any_(std::string_view(text)) {}
    template <std::integral T>
    LogValue(T number) {
        if constexpr (std::same_as<T, bool>) {
            any_ = number;
        } else if constexpr (std::signed_integral<T>) {
            any_ = static_cast<std::int64_t>(number);
        } else {
            any_ = static_cast<std::uint64_t>(number);
        }
    }
    LogValue(double number) : any_(number) {}

    [[nodiscard]] const Any& any() const { return any_; }

private:
    Any any_;
};

struct LogField {
    std::string_view key;
    LogValue value;
};
using LogFields = std::initializer_list<LogField>;

// Chooses level and format for the process. Called once, by main, before threads are started.
void log_start(LogLevel level, LogFormat format);

void log_debug(std::string_view event, LogFields fields = {});
void log_info(std::string_view event, LogFields fields = {});
void log_warn(std::string_view event, LogFields fields = {});
void log_error(std::string_view event, LogFields fields = {});

// The line without time and level, as the functions above write it. For tests.
[[nodiscard]] std::string format_log_line(LogFormat format, std::string_view level,
                                          std::string_view time, std::string_view event,
                                          LogFields fields);

// First four hex digits of a member id, then "...": enough to tell two lines apart, not to find
// the person.
[[nodiscard]] std::string masked(const MemberId& member);

}  // namespace suanpan
