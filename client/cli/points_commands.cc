// earn, spend, hold, capture, release, refund, revoke, adjust.
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/words.h"

#include <memory>

namespace suanpan::cli {
namespace {

struct Flags {
    TargetFlags target;
    std::int64_t amount = 0;
    std::int64_t min_remaining = 0;
    std::string active_from;
    std::string expires;
    std::string duration = "0s";
    std::uint16_t restriction = 0;
    std::uint16_t reason = 0;
    std::uint16_t grace_days = 0;
    std::uint32_t hold = 0;
    std::uint64_t original = 0;
    bool is_purchased = false;
    bool up_to = false;
};
using FlagsPtr = std::shared_ptr<Flags>;

// A command whose flags become a body of its kind.
template <typename MakeBody>
CLI::App& add_command(Commands& commands, const std::string& name, const std::string& description,
                      const FlagsPtr& flags, MakeBody make_body) {
    CLI::App* command = commands.add(name, description, [flags, make_body](Context& context) {
        const client::Target target = flags->target.target();
        const CommandBody body = make_body(*flags, context);
        return report(context, context.client().call(target, body));
    });
    flags->target.add_to(*command, true);
    return *command;
}

Instant instant_or_zero(const std::string& text, Context& context) {
    return text.empty() ? Instant{} : parse_instant(text, context.server_now());
}

void add_earn(Commands& commands) {
    const auto flags = std::make_shared<Flags>();
    CLI::App& command = add_command(
        commands, "earn", "Give a member points", flags, [](const Flags& f, Context& context) {
            return Earn{.amount = {f.amount},
                        .active_from = instant_or_zero(f.active_from, context),
                        .expires_at = instant_or_zero(f.expires, context),
                        .restriction = Restriction{f.restriction},
                        .origin = f.is_purchased ? LotOrigin::purchased : LotOrigin::granted};
        });
    command.add_option("points", flags->amount, "How many")->required();
    command.add_option("--active-from", flags->active_from,
                       "When they can be spent: 2027-01-31, 7d");
    command.add_option("--expires", flags->expires,
                       "When they are gone: 2027-01-31, 30d. Without: the program's policy");
    command.add_option("--restriction", flags->restriction,
                       "Set of lines they may pay for; 0: any");
    command.add_flag("--purchased", flags->is_purchased, "Bought, not granted");
}

void add_spend_options(CLI::App& command, Flags& flags) {
    command.add_option("points", flags.amount, "How many")->required();
    command.add_option("--min-remaining", flags.min_remaining, "Refuse where fewer would stay");
    command.add_option("--restriction", flags.restriction, "Also points of this restriction");
    command.add_flag("--up-to", flags.up_to, "Take as many as there are, at most the given number");
}

void add_spend_and_hold(Commands& commands) {
    const auto spend = std::make_shared<Flags>();
    add_spend_options(add_command(commands, "spend", "Spend a member's points", spend,
                                  [](const Flags& f, Context&) {
                                      return Spend{.amount = {f.amount},
                                                   .min_remaining = {f.min_remaining},
                                                   .restriction = Restriction{f.restriction},
                                                   .up_to = f.up_to};
                                  }),
                      *spend);
    const auto hold = std::make_shared<Flags>();
    CLI::App& command =
        add_command(commands, "hold", "Set points aside, to be captured or released", hold,
                    [](const Flags& f, Context&) {
                        return PlaceHold{.amount = {f.amount},
                                         .min_remaining = {f.min_remaining},
                                         .duration = parse_duration(f.duration),
                                         .restriction = Restriction{f.restriction},
                                         .up_to = f.up_to};
                    });
    add_spend_options(command, *hold);
    command.add_option("--for", hold->duration,
                       "How long: 15m, 24h. Without: the program's default");
}

void add_capture_and_release(Commands& commands) {
    const auto capture = std::make_shared<Flags>();
    CLI::App& command = add_command(
        commands, "capture", "Spend points of a hold", capture, [](const Flags& f, Context&) {
            return CaptureHold{.hold = HoldId{f.hold}, .amount = {f.amount}};
        });
    command.add_option("hold", capture->hold, "The hold's number")->required();
    command.add_option("points", capture->amount, "How many")->required();
    const auto release = std::make_shared<Flags>();
    add_command(commands, "release", "Give what is left of a hold back", release,
                [](const Flags& f, Context&) { return ReleaseHold{.hold = HoldId{f.hold}}; })
        .add_option("hold", release->hold, "The hold's number")
        ->required();
}

void add_corrections(Commands& commands) {
    const auto refund = std::make_shared<Flags>();
    CLI::App& refund_command =
        add_command(commands, "refund", "Give spent points back, to the lots they came from",
                    refund, [](const Flags& f, Context&) {
                        return Refund{.original = {f.original},
                                      .amount = {f.amount},
                                      .reason = f.reason,
                                      .grace_days = f.grace_days};
                    });
    refund_command.add_option("entry", refund->original, "Entry id of the spend or capture")
        ->required();
    refund_command.add_option("points", refund->amount, "How many; without: all that is left");
    refund_command.add_option("--reason", refund->reason, "The partner's own number");
    refund_command.add_option("--grace-days", refund->grace_days,
                              "What expired meanwhile lives so many days more");

    const auto revoke = std::make_shared<Flags>();
    CLI::App& revoke_command = add_command(
        commands, "revoke", "Take an earning back", revoke, [](const Flags& f, Context&) {
            return Revoke{.original = {f.original}, .amount = {f.amount}};
        });
    revoke_command.add_option("entry", revoke->original, "Entry id of the earning")->required();
    revoke_command.add_option("points", revoke->amount, "How many; without: all that is left");

    const auto adjust = std::make_shared<Flags>();
    CLI::App& adjust_command =
        add_command(commands, "adjust", "Correct a balance, up or down", adjust,
                    [](const Flags& f, Context& context) {
                        return Adjust{.delta = {f.amount},
                                      .expires_at = instant_or_zero(f.expires, context),
                                      .reason = f.reason};
                    });
    adjust_command.add_option("delta", adjust->amount, "Points to add; below zero: to take")
        ->required();
    adjust_command.add_option("--expires", adjust->expires, "Of points added: 2027-01-31, 30d");
    adjust_command.add_option("--reason", adjust->reason, "The partner's own number");
}

}  // namespace

void add_points_commands(Commands& commands) {
    add_earn(commands);
    add_spend_and_hold(commands);
    add_capture_and_release(commands);
    add_corrections(commands);
}

}  // namespace suanpan::cli
