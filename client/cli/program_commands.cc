// program create, program update.
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace suanpan::cli {
namespace {

struct Flags {
    std::uint32_t program = 0;
    std::uint32_t version = 1;
    std::string name;
    std::string currency = "CNY";
    std::string time_zone = "Asia/Shanghai";
    std::string expiry = "never";
    std::string rounding = "none";
    std::string revoke = "reject";
    std::string hold_default = "24h";
    std::string hold_max = "24h";
    std::string spend_per_day = "none";
    std::uint16_t hold_grace_days = 0;
    std::uint32_t refundable_days = 400;
    bool has_no_merging = false;
    std::string request_id;
};

template <std::size_t N>
ShortText<N> short_text(const std::string& from, std::string_view flag) {
    if (from.size() > N) throw UsageError(fmt::format("{} holds at most {} bytes", flag, N));
    ShortText<N> to;
    std::ranges::copy(from, to.bytes.begin());
    return to;
}

template <typename Choice, std::size_t N>
Choice choose(const std::string& text, std::string_view flag,
              const std::array<std::string_view, N>& names) {
    const auto* place = std::ranges::find(names, text);
    if (place == names.end()) {
        std::string allowed(flag);
        allowed += " is one of";
        for (const std::string_view name : names) allowed.append(" ").append(name);
        throw UsageError(allowed);
    }
    return static_cast<Choice>(place - names.begin());
}

// never | 30 days | 12 months | 1 years | 30 sliding_days | on 2027-12-31
void set_expiry(ProgramSpec& spec, const std::string& text) {
    if (text == "never") {
        spec.expiry = ExpiryPolicy::never;
        return;
    }
    const std::size_t colon = text.find(':');
    const std::string policy = text.substr(0, colon);
    const std::string value = colon == std::string::npos ? "" : text.substr(colon + 1);
    if (policy == "on") {
        spec.expiry = ExpiryPolicy::on_date;
        spec.expiry_date = parse_date(value);
        return;
    }
    constexpr std::array<std::pair<std::string_view, ExpiryPolicy>, 4> policies{
        {{"days", ExpiryPolicy::after_days},
         {"months", ExpiryPolicy::after_months},
         {"years", ExpiryPolicy::after_years},
         {"sliding", ExpiryPolicy::sliding_days}}};
    const char* end = value.data() + value.size();
    const auto count = std::from_chars(value.data(), end, spec.expiry_count);
    for (const auto& [name, which] : policies) {
        if (policy != name || count.ec != std::errc{} || count.ptr != end) continue;
        spec.expiry = which;
        return;
    }
    throw UsageError(
        fmt::format("--expiry is never, days:30, months:12, years:1, sliding:365 or "
                    "on:2027-12-31, not '{}'",
                    text));
}

ProgramSpec spec_of(const Flags& f) {
    ProgramSpec spec;
    spec.id = ProgramId{f.program};
    spec.version = f.version;
    spec.name = short_text<48>(f.name, "--name");
    spec.currency = short_text<8>(f.currency, "--currency");
    spec.time_zone = short_text<40>(f.time_zone, "--time-zone");
    set_expiry(spec, f.expiry);
    spec.expiry_rounding = choose<ExpiryRounding>(
        f.rounding, "--rounding",
        std::array<std::string_view, 5>{"none", "month", "quarter", "half-year", "year"});
    spec.revoke = choose<RevokePolicy>(
        f.revoke, "--revoke",
        std::array<std::string_view, 3>{"reject", "allow-debt", "take-what-is-there"});
    spec.merge_lots = !f.has_no_merging;
    spec.hold_default = parse_duration(f.hold_default);
    spec.hold_max = parse_duration(f.hold_max);
    spec.hold_grace_days = f.hold_grace_days;
    spec.refundable_days = f.refundable_days;
    if (f.spend_per_day != "none") {
        const char* end = f.spend_per_day.data() + f.spend_per_day.size();
        const auto parsed =
            std::from_chars(f.spend_per_day.data(), end, spec.spend_per_day_max.value);
        if (parsed.ec != std::errc{} || parsed.ptr != end)
            throw UsageError("--spend-per-day is a number of points, or none");
    }
    return spec;
}

void add_policies(CLI::App& command, Flags& f) {
    command.add_option("program", f.program, "The program's number, above 0")->required();
    command.add_option("--name", f.name, "At most 48 bytes")->required();
    command.add_option("--currency", f.currency, "ISO 4217")->capture_default_str();
    command.add_option("--time-zone", f.time_zone, "IANA name")->capture_default_str();
    command
        .add_option("--expiry", f.expiry,
                    "never, days:30, months:12, years:1, sliding:365 or on:2027-12-31")
        ->capture_default_str();
    command
        .add_option("--rounding", f.rounding,
                    "Expiry goes to the end of: none, month, quarter, half-year, year")
        ->capture_default_str();
    command
        .add_option("--revoke", f.revoke,
                    "Where points are missing: reject, allow-debt, take-what-is-there")
        ->capture_default_str();
    command.add_option("--hold-default", f.hold_default, "Life of a hold")->capture_default_str();
    command.add_option("--hold-max", f.hold_max, "Longest life of a hold")->capture_default_str();
    command.add_option("--hold-grace-days", f.hold_grace_days,
                       "Life given to points that expired while held");
    command.add_option("--spend-per-day", f.spend_per_day, "Points per account and day, or none")
        ->capture_default_str();
    command.add_option("--refundable-days", f.refundable_days, "How long an entry can be refunded")
        ->capture_default_str();
    command.add_flag("--no-merging", f.has_no_merging, "Keep every earning a lot of its own");
    command.add_option("--request-id", f.request_id, "Repeat an earlier request");
}

RequestId request_id_of(const Flags& f) {
    return f.request_id.empty() ? RequestId{} : parse_request_id(f.request_id);
}

}  // namespace

void add_program_commands(Commands& commands) {
    CLI::App* program = commands.app().add_subcommand(
        "program", "Create a program of points, or change its policies");
    program->require_subcommand(1);
    const auto create = std::make_shared<Flags>();
    add_policies(*commands.add(
                     "create", "Create a program, version 1",
                     [create](Context& context) {
                         const ProgramSpec spec = spec_of(*create);
                         return report(context, context.client().create_program(
                                                    spec, request_id_of(*create)));
                     },
                     program),
                 *create);
    const auto update = std::make_shared<Flags>();
    CLI::App* update_command = commands.add(
        "update", "Put the next version of a program in force",
        [update](Context& context) {
            const ProgramSpec spec = spec_of(*update);
            return report(context, context.client().update_program(spec, request_id_of(*update)));
        },
        program);
    add_policies(*update_command, *update);
    update_command->add_option("--version", update->version, "The present version plus one")
        ->required();
}

}  // namespace suanpan::cli
