#include "server/ledger/program.h"

#include "protocol/base/assert.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <tuple>

namespace suanpan::ledger {
namespace {

constexpr std::string_view default_time_zone = "Asia/Shanghai";

template <std::size_t N>
std::string_view view_of(const ShortText<N>& text) {
    return {text.bytes.data(), strnlen(text.bytes.data(), N)};
}

std::string_view zone_name(const ProgramSpec& spec) {
    const std::string_view name = view_of(spec.time_zone);
    return name.empty() ? default_time_zone : name;
}

bool is_currency(std::string_view text) {
    return text.size() == 3 &&
           std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

// A century: keeps every date that a policy can give inside the calendar.
std::uint32_t expiry_count_max(ExpiryPolicy policy) {
    switch (policy) {
        case ExpiryPolicy::after_months:
            return 1200;
        case ExpiryPolicy::after_years:
            return 100;
        default:
            return 36'500;
    }
}

bool counts_time(ExpiryPolicy policy) {
    return policy != ExpiryPolicy::never && policy != ExpiryPolicy::on_date;
}

// The last day of the month, quarter, half or year that `date` lies in.
LocalDate rounded(LocalDate date, ExpiryRounding rounding) {
    if (rounding == ExpiryRounding::none) return date;
    YearMonthDay ymd = to_year_month_day(date);
    std::uint32_t months = 1;
    if (rounding == ExpiryRounding::quarter_end) months = 3;
    if (rounding == ExpiryRounding::half_year_end) months = 6;
    if (rounding == ExpiryRounding::year_end) months = 12;
    ymd.month = (ymd.month - 1) / months * months + 1;
    ymd.day = 1;
    return {.days = add_months(to_local_date(ymd), months).days - 1};
}

}  // namespace

std::optional<std::int64_t> invalid_field(const ProgramSpec& spec) {
    if (static_cast<std::uint32_t>(spec.id) == 0) return 0;
    if (spec.version == 0) return 1;
    if (view_of(spec.name).empty()) return 2;
    if (!is_currency(view_of(spec.currency))) return 3;
    if (!is_time_zone(zone_name(spec))) return 4;
    if (spec.expiry > ExpiryPolicy::sliding_days) return 5;
    const bool rounds = spec.expiry != ExpiryPolicy::never &&
                        spec.expiry != ExpiryPolicy::on_date &&
                        spec.expiry != ExpiryPolicy::sliding_days;
    if (spec.expiry_rounding > ExpiryRounding::year_end ||
        (spec.expiry_rounding != ExpiryRounding::none && !rounds))
        return 6;
    if (spec.revoke > RevokePolicy::take_what_is_there) return 7;
    if (counts_time(spec.expiry) &&
        (spec.expiry_count == 0 || spec.expiry_count > expiry_count_max(spec.expiry)))
        return 9;
    if (spec.expiry == ExpiryPolicy::on_date &&
        (spec.expiry_date.days < 0 || spec.expiry_date.days > instant_max.ns / days(1).ns))
        return 10;
    if (spec.hold_grace_days > 36'500) return 11;
    if (spec.refundable_days > 36'500) return 12;
    if (spec.hold_default <= Duration{} || spec.hold_default > spec.hold_max) return 13;
    if (spec.hold_max <= Duration{} || spec.hold_max > days(3660)) return 14;
    if (spec.spend_per_day_max < Points{-1} || spec.spend_per_day_max > Points{amount_points_max})
        return 15;
    return std::nullopt;
}

Program::Program(const ProgramSpec& spec) : spec_(spec), calendar_(zone_name(spec)) {}

Instant Program::end_after_days(LocalDate date, std::uint32_t n) const {
    return calendar_.start_of({.days = date.days + static_cast<std::int32_t>(n) + 1});
}

Instant Program::expires_at(LocalDate anchor) const {
    if (anchor == cached_anchor_) return cached_expires_at_;
    LocalDate last_good = anchor;
    switch (spec_.expiry) {
        case ExpiryPolicy::never:
            return instant_never;
        case ExpiryPolicy::sliding_days:
            return expires_sliding;
        case ExpiryPolicy::after_days:
            last_good.days += static_cast<std::int32_t>(spec_.expiry_count);
            break;
        case ExpiryPolicy::after_months:
            last_good = add_months(anchor, spec_.expiry_count);
            break;
        case ExpiryPolicy::after_years:
            last_good = add_months(anchor, spec_.expiry_count * 12);
            break;
        case ExpiryPolicy::on_date:
            last_good = spec_.expiry_date;
            break;
    }
    cached_expires_at_ = end_after_days(rounded(last_good, spec_.expiry_rounding), 0);
    cached_anchor_ = anchor;
    return cached_expires_at_;
}

void ProgramTable::install(const ProgramSpec& spec) {
    const auto key = [](const std::unique_ptr<Program>& program) {
        return std::tuple(program->spec().id, program->spec().version);
    };
    auto program = std::make_unique<Program>(spec);
    const auto at = std::ranges::lower_bound(programs_, key(program), {}, key);
    last_found_ = nullptr;
    if (at != programs_.end() && key(*at) == key(program))
        *at = std::move(program);
    else
        programs_.insert(at, std::move(program));
}

const Program* ProgramTable::find(ProgramId id) const {
    if (last_found_ != nullptr && last_found_->spec().id == id) return last_found_;
    const auto after = std::ranges::upper_bound(
        programs_, id, {}, [](const std::unique_ptr<Program>& p) { return p->spec().id; });
    if (after == programs_.begin() || (*(after - 1))->spec().id != id) return nullptr;
    last_found_ = (after - 1)->get();
    return last_found_;
}

const Program* ProgramTable::find(ProgramId id, std::uint32_t version) const {
    for (const std::unique_ptr<Program>& program : programs_)
        if (program->spec().id == id && program->spec().version == version) return program.get();
    return find(id);
}

}  // namespace suanpan::ledger
