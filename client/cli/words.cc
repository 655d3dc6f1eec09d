#include "client/cli/words.h"

#include "client/cli/exit_code.h"
#include "protocol/base/hash.h"
#include "protocol/voucher_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <span>

namespace suanpan::cli {
namespace {

struct Words128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
};

std::optional<Words128> parse_hex128(std::string_view text) {
    std::string digits(text);
    std::erase(digits, '-');
    if (digits.size() != 32) return std::nullopt;
    Words128 words;
    const char* begin = digits.data();
    const auto high = std::from_chars(begin, begin + 16, words.high, 16);
    const auto low = std::from_chars(begin + 16, begin + 32, words.low, 16);
    if (high.ec != std::errc{} || low.ec != std::errc{}) return std::nullopt;
    if (high.ptr != begin + 16 || low.ptr != begin + 32) return std::nullopt;
    return words;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return number;
}

std::optional<std::chrono::sys_days> parse_day(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = parse_number<int>(text.substr(0, 4));
    const auto month = parse_number<unsigned>(text.substr(5, 2));
    const auto day = parse_number<unsigned>(text.substr(8, 2));
    if (!year || !month || !day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                           std::chrono::day(*day)};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date);
}

std::optional<Duration> try_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        Duration length;
    };
    constexpr std::array units{Unit{"ms", milliseconds(1)}, Unit{"s", seconds(1)},
                               Unit{"m", seconds(60)}, Unit{"h", hours(1)}, Unit{"d", days(1)}};
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_number<std::int64_t>(text.substr(0, digits));
    if (!number) return std::nullopt;
    for (const Unit& unit : units) {
        if (text.substr(digits) != unit.name) continue;
        Duration duration;
        if (__builtin_mul_overflow(*number, unit.length.ns, &duration.ns)) return std::nullopt;
        return duration;
    }
    return std::nullopt;
}

}  // namespace

MemberId parse_member(std::string_view text) {
    constexpr std::string_view by_name = "name:";
    if (text.starts_with(by_name) && text.size() > by_name.size()) {
        const Sha256 digest = sha256(std::as_bytes(std::span(text.substr(by_name.size()))));
        Words128 words;
        for (std::size_t i = 0; i < 8; ++i) {
            words.high = words.high << 8U | static_cast<std::uint64_t>(digest[i]);
            words.low = words.low << 8U | static_cast<std::uint64_t>(digest[8 + i]);
        }
        return {.high = words.high, .low = words.low};
    }
    const auto words = parse_hex128(text);
    if (!words) throw UsageError("a member is 32 hex digits, or name:<text>");
    return {.high = words->high, .low = words->low};
}

RequestId parse_request_id(std::string_view text) {
    const auto words = parse_hex128(text);
    if (!words) throw UsageError("a request id is 32 hex digits, with or without dashes");
    return {.high = words->high, .low = words->low};
}

Duration parse_duration(std::string_view text) {
    const auto duration = try_duration(text);
    if (!duration)
        throw UsageError(fmt::format(
            "'{}' is no duration; write a number and ms, s, m, h or d, as in 31d", text));
    return *duration;
}

Instant parse_instant(std::string_view text, Instant now) {
    // Nanoseconds in 64 bits end in the year 2262.
    constexpr std::int64_t days_max = 106'000;
    const auto duration = try_duration(text);
    if (duration && *duration < instant_max - now) return now + *duration;
    const auto day = parse_day(text.substr(0, 10));
    const std::string_view time = text.size() > 10 ? text.substr(10) : std::string_view{};
    if (day && std::abs(day->time_since_epoch().count()) < days_max) {
        const Instant midnight{std::chrono::nanoseconds(day->time_since_epoch()).count()};
        if (time.empty()) return midnight;
        if (time.size() == 10 && time[0] == 'T' && time[3] == ':' && time[6] == ':' &&
            time[9] == 'Z') {
            const auto hour = parse_number<std::int64_t>(time.substr(1, 2));
            const auto minute = parse_number<std::int64_t>(time.substr(4, 2));
            const auto second = parse_number<std::int64_t>(time.substr(7, 2));
            if (hour && minute && second && *hour < 24 && *minute < 60 && *second < 60)
                return midnight + seconds(*hour * 3600 + *minute * 60 + *second);
        }
    }
    throw UsageError(fmt::format(
        "'{}' is no instant; write 2027-01-31, 2027-01-31T10:00:00Z (both UTC), or 30d from now",
        text));
}

LocalDate parse_date(std::string_view text) {
    const auto day = parse_day(text);
    if (!day) throw UsageError(fmt::format("'{}' is no date; write 2027-01-31", text));
    return LocalDate{static_cast<std::int32_t>(day->time_since_epoch().count())};
}

std::optional<std::string> bytes_of_hex(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        unsigned value = 0;
        const char* end = hex.data() + i + 2;
        const auto parsed = std::from_chars(hex.data() + i, end, value, 16);
        if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
        bytes.push_back(static_cast<char>(value));
    }
    return bytes;
}

std::string text_of(const MemberId& member) {
    return fmt::format("{:016x}{:016x}", member.high, member.low);
}

std::string text_of(const RequestId& id) {
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", id.high >> 32U,
                       id.high >> 16U & 0xffffU, id.high & 0xffffU, id.low >> 48U,
                       id.low & 0xffff'ffff'ffffU);
}

std::string text_of(Instant instant) {
    namespace chrono = std::chrono;
    const chrono::sys_time<chrono::milliseconds> at{chrono::milliseconds(instant.unix_ms())};
    const auto midnight = chrono::floor<chrono::days>(at);
    const chrono::year_month_day date(midnight);
    const chrono::hh_mm_ss<chrono::milliseconds> time(at - midnight);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count());
}

std::string text_of(LocalDate date) {
    const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(date.days))};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

std::string text_of(Duration duration) {
    const auto ns = static_cast<double>(duration.ns);
    if (duration.ns < 1'000'000) return fmt::format("{:.0f} us", ns / 1e3);
    if (duration.ns < 1'000'000'000) return fmt::format("{:.2f} ms", ns / 1e6);
    if (duration < hours(1)) return fmt::format("{:.1f} s", ns / 1e9);
    if (duration < days(2)) return fmt::format("{:.1f} h", ns / 3.6e12);
    return fmt::format("{:.1f} d", ns / 8.64e13);
}

std::string with_commas(std::int64_t number) {
    std::string digits = std::to_string(number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

std::uint64_t origin_of(const std::string& text) {
    if (text.empty()) return 0;
    const Sha256 digest = sha256(std::as_bytes(std::span(text)));
    std::uint64_t origin = 0;
    for (std::size_t i = 0; i < sizeof origin; ++i)
        origin = origin << 8U | static_cast<std::uint64_t>(digest[i]);
    return origin;
}

VoucherNumber parse_voucher(const std::string& text) {
    const auto number = voucher_named(text);
    if (!number)
        throw UsageError(fmt::format(
            "a voucher is OFFER-TICKET-UNIT-HOME, as redeem and vouchers print it, not '{}'",
            text));
    return *number;
}

}  // namespace suanpan::cli
