// balance, statement, lookup, expiring, freeze, unfreeze, limit, member.
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/words.h"

#include <charconv>
#include <memory>

namespace suanpan::cli {
namespace {

struct Flags {
    TargetFlags target;
    std::string request_id;
    std::string within = "30d";
    std::string limit;
    std::uint64_t before = 0;
    std::uint16_t lines_max = 50;
    std::uint16_t reason = 0;
    std::uint64_t segments = 0;
    std::uint64_t source_version = 0;
    std::uint16_t level = 0;
    std::string birthday;
};
using FlagsPtr = std::shared_ptr<Flags>;

template <typename Ask>
CLI::App& add_command(Commands& commands, const std::string& name, const std::string& description,
                      const FlagsPtr& flags, bool with_request_id, Ask ask) {
    CLI::App* command = commands.add(name, description, [flags, ask](Context& context) {
        const client::Target target = flags->target.target();
        return report(context, ask(*flags, target, context));
    });
    flags->target.add_to(*command, with_request_id);
    return *command;
}

void add_reads(Commands& commands) {
    add_command(commands, "balance", "Show an account's points", std::make_shared<Flags>(), false,
                [](const Flags&, const client::Target& target, Context& context) {
                    return context.client().balance(target);
                });

    const auto statement = std::make_shared<Flags>();
    CLI::App& statement_command = add_command(
        commands, "statement", "Show what happened to an account, newest first", statement, false,
        [](const Flags& f, const client::Target& target, Context& context) {
            return context.client().statement(target,
                                              {.before = {f.before}, .lines_max = f.lines_max});
        });
    statement_command.add_option("--before", statement->before, "Only entries below this id");
    statement_command.add_option("-n,--lines", statement->lines_max, "How many, at most 200")
        ->capture_default_str();

    const auto expiring = std::make_shared<Flags>();
    add_command(commands, "expiring", "Show which points expire soon", expiring, false,
                [](const Flags& f, const client::Target& target, Context& context) {
                    return context.client().expiring(target, parse_duration(f.within));
                })
        .add_option("--within", expiring->within, "How soon")
        ->capture_default_str();

    const auto lookup = std::make_shared<Flags>();
    add_command(commands, "lookup", "Ask what became of a request", lookup, false,
                [](const Flags& f, client::Target target, Context& context) {
                    target.request_id = parse_request_id(f.request_id);
                    return context.client().lookup(target);
                })
        .add_option("request_id", lookup->request_id, "As the request was sent with")
        ->required();
}

void add_freezing(Commands& commands) {
    const auto freeze = std::make_shared<Flags>();
    add_command(commands, "freeze", "Let an account change no more", freeze, true,
                [](const Flags& f, const client::Target& target, Context& context) {
                    return context.client().freeze(target, f.reason);
                })
        .add_option("--reason", freeze->reason, "The partner's own number");
    const auto unfreeze = std::make_shared<Flags>();
    add_command(commands, "unfreeze", "Let a frozen account change again", unfreeze, true,
                [](const Flags& f, const client::Target& target, Context& context) {
                    return context.client().unfreeze(target, f.reason);
                })
        .add_option("--reason", unfreeze->reason, "The partner's own number");
}

SetLimit parse_limit(const std::string& text) {
    SetLimit limit{.spend_per_day_max = Points{-1}};
    if (text == "none") return limit;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, limit.spend_per_day_max.value);
    if (parsed.ec != std::errc{} || parsed.ptr != end || limit.spend_per_day_max < Points{0})
        throw UsageError("a limit is a number of points, or none");
    return limit;
}

// MM-DD, since a year is nobody's business.
MemberUpdate update_of(const Flags& f) {
    MemberUpdate update{
        .segments = f.segments, .source_version = f.source_version, .level = f.level};
    if (f.birthday.empty()) return update;
    const LocalDate in_leap_year = parse_date("2000-" + f.birthday);
    const std::string date = text_of(in_leap_year);
    update.birthday_month = static_cast<std::uint8_t>(std::stoi(date.substr(5, 2)));
    update.birthday_day = static_cast<std::uint8_t>(std::stoi(date.substr(8, 2)));
    return update;
}

void add_settings(Commands& commands) {
    const auto limit = std::make_shared<Flags>();
    add_command(commands, "limit", "Limit what an account may spend per day", limit, true,
                [](const Flags& f, const client::Target& target, Context& context) {
                    return context.client().set_limit(target, parse_limit(f.limit));
                })
        .add_option("points", limit->limit, "Points per local date, or none")
        ->required();

    const auto member = std::make_shared<Flags>();
    CLI::App& command =
        add_command(commands, "member", "Set what a CRM knows of a member", member, true,
                    [](const Flags& f, const client::Target& target, Context& context) {
                        return context.client().member_update(target, update_of(f));
                    });
    command
        .add_option("--source-version", member->source_version,
                    "Of the CRM's record; an older one is refused")
        ->required();
    command.add_option("--level", member->level, "Standing in the program");
    command.add_option("--segments", member->segments, "A set of bits of the CRM's");
    command.add_option("--birthday", member->birthday, "MM-DD");
}

}  // namespace

void add_account_commands(Commands& commands) {
    add_reads(commands);
    add_freezing(commands);
    add_settings(commands);
}

}  // namespace suanpan::cli
