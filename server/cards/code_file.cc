#include "server/cards/code_file.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <expected>

namespace suanpan::cards {
namespace {

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

std::string_view trim(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

struct Fields {
    std::string_view code;
    std::string_view expiry;
};

// Takes one field off the front of `line`, and the comma behind it. A quote inside a field that is
// not quoted is a character like any other; a code with a comma in it needs quotes.
std::expected<std::string_view, LineFault> take_field(std::string_view& line) {
    line = trim(line);
    std::string_view field;
    if (!line.empty() && line.front() == '"') {
        const std::size_t close = line.find('"', 1);
        if (close == std::string_view::npos) return std::unexpected(LineFault::quote_not_closed);
        field = line.substr(1, close - 1);
        line = trim(line.substr(close + 1));
        if (!line.empty() && line.front() != ',')
            return std::unexpected(LineFault::quote_not_closed);
    } else {
        const std::size_t comma = std::min(line.find(','), line.size());
        field = trim(line.substr(0, comma));
        line.remove_prefix(comma);
    }
    if (!line.empty()) line.remove_prefix(1);
    return field;
}

std::expected<Fields, LineFault> fields_of(std::string_view line) {
    Fields fields;
    bool had_comma = line.find(',') != std::string_view::npos;
    const auto code = take_field(line);
    if (!code) return std::unexpected(code.error());
    fields.code = *code;
    if (had_comma) {
        const auto expiry = take_field(line);
        if (!expiry) return std::unexpected(expiry.error());
        fields.expiry = *expiry;
    }
    if (!trim(line).empty()) return std::unexpected(LineFault::too_many_fields);
    return fields;
}

// All of `text`, digits only.
std::optional<int> number_in(std::string_view text) {
    if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
        return std::nullopt;
    int number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return number;
}

// Numbers at fixed places: "dddd-dd-dd" and the like, where 'd' is a digit and all else stands for
// itself.
bool looks_like(std::string_view text, std::string_view pattern) {
    return text.size() == pattern.size() && std::ranges::equal(text, pattern, [](char c, char p) {
               return p == 'd' ? c >= '0' && c <= '9' : c == p;
           });
}

std::optional<LocalDate> date_in(std::string_view text) {
    if (!looks_like(text, "dddd-dd-dd")) return std::nullopt;
    using namespace std::chrono;
    const year_month_day date(year(*number_in(text.substr(0, 4))),
                              month(static_cast<unsigned>(*number_in(text.substr(5, 2)))),
                              day(static_cast<unsigned>(*number_in(text.substr(8, 2)))));
    if (!date.ok() || date.year() < year(1970) || date.year() > year(2199)) return std::nullopt;
    return LocalDate{static_cast<std::int32_t>(sys_days(date).time_since_epoch().count())};
}

std::optional<Instant> instant_in(std::string_view text) {
    if (text.size() < 20) return std::nullopt;
    const std::optional<LocalDate> date = date_in(text.substr(0, 10));
    if (!date || !looks_like(text.substr(10, 9), "Tdd:dd:dd")) return std::nullopt;
    const std::int64_t hour = *number_in(text.substr(11, 2));
    const std::int64_t minute = *number_in(text.substr(14, 2));
    const std::int64_t second = *number_in(text.substr(17, 2));
    if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
    std::int64_t offset_min = 0;
    const std::string_view zone = text.substr(19);
    if (zone != "Z") {
        if (!looks_like(zone.substr(1), "dd:dd") || (zone[0] != '+' && zone[0] != '-'))
            return std::nullopt;
        const std::int64_t hours = *number_in(zone.substr(1, 2));
        const std::int64_t minutes = *number_in(zone.substr(4, 2));
        if (hours > 14 || minutes > 59) return std::nullopt;
        offset_min = (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    }
    const std::int64_t at_s =
        std::int64_t{date->days} * 86'400 + hour * 3600 + minute * 60 + second - offset_min * 60;
    if (at_s < 0 || at_s >= instant_max.ns / 1'000'000'000) return std::nullopt;
    return Instant{at_s * 1'000'000'000};
}

LineFault fault_of(CodeFault fault) {
    switch (fault) {
        case CodeFault::too_short:
            return LineFault::code_too_short;
        case CodeFault::too_long:
            return LineFault::code_too_long;
        case CodeFault::not_printable:
            return LineFault::not_ascii;
    }
    return LineFault::not_ascii;
}

}  // namespace

std::string_view text_of(LineFault fault) {
    switch (fault) {
        case LineFault::too_long:
            return "the line is longer than 256 bytes";
        case LineFault::zero_byte:
            return "the line has a zero byte; save the file as plain text";
        case LineFault::not_ascii:
            return "the code has a character that is not printable ASCII";
        case LineFault::code_too_short:
            return "the code has fewer than 4 characters";
        case LineFault::code_too_long:
            return "the code has more than 64 characters";
        case LineFault::too_many_fields:
            return "the line has more than a code and an expiry";
        case LineFault::quote_not_closed:
            return "a quoted field does not end where it should";
        case LineFault::expiry_unreadable:
            return "the expiry is no date (2027-12-31) and no instant (2027-12-31T00:00:00+08:00)";
        case LineFault::wrong_encoding:
            return "the file is UTF-16; save it as UTF-8 or ASCII";
        case LineFault::duplicate:
            return "the program has this code already";
        case LineFault::pool_full:
            return "the pool has as many codes as it may";
    }
    return "the line cannot be read";
}

void CodeFileReader::feed(std::span<const std::byte> piece) {
    if (unreadable_) return;
    while (!piece.empty()) {
        const auto found = std::ranges::find(piece, std::byte{'\n'});
        const auto count = static_cast<std::size_t>(found - piece.begin());
        const std::size_t kept = std::min(count, line_.size() - size_);
        std::ranges::copy(piece.first(kept), std::as_writable_bytes(std::span(line_)).begin() +
                                                 static_cast<std::ptrdiff_t>(size_));
        size_ += kept;
        overlong_ = overlong_ || kept < count;
        if (count == piece.size()) return;
        piece = piece.subspan(count + 1);
        end_line();
        if (unreadable_) return;
    }
}

void CodeFileReader::finish() {
    if (!unreadable_ && (size_ > 0 || overlong_)) end_line();
}

void CodeFileReader::end_line() {
    ++line_number_;
    std::string_view text(line_.data(), size_);
    const bool is_utf16 =
        line_number_ == 1 && (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"));
    if (is_utf16) {
        unreadable_ = true;
        sink_.refuse(1, LineFault::wrong_encoding);
    } else if (overlong_) {
        sink_.refuse(line_number_, LineFault::too_long);
    } else {
        if (line_number_ == 1 && text.starts_with(utf8_mark)) text.remove_prefix(utf8_mark.size());
        if (text.ends_with('\r')) text.remove_suffix(1);
        read_line(text);
    }
    wipe(std::as_writable_bytes(std::span(line_)).first(size_));
    size_ = 0;
    overlong_ = false;
}

void CodeFileReader::read_line(std::string_view text) {
    if (text.find('\0') != std::string_view::npos)
        return sink_.refuse(line_number_, LineFault::zero_byte);
    text = trim(text);
    if (text.empty()) return;
    if (line_number_ == 1 && (text == "code" || text == "code,expires_at")) return;
    const auto fields = fields_of(text);
    if (!fields) return sink_.refuse(line_number_, fields.error());
    auto code = normalise_code(fields->code, form_);
    if (!code) return sink_.refuse(line_number_, fault_of(code.error()));
    CodeLine line;
    line.line = line_number_;
    line.code = std::move(*code);
    if (!fields->expiry.empty()) {
        line.last_day = date_in(fields->expiry);
        if (!line.last_day) line.expires_at = instant_in(fields->expiry);
        if (!line.last_day && !line.expires_at)
            return sink_.refuse(line_number_, LineFault::expiry_unreadable);
    }
    sink_.take(std::move(line));
}

}  // namespace suanpan::cards
