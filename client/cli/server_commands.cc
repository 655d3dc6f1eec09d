// ping, clock advance, code.
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/words.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

namespace suanpan::cli {
namespace {

ExitCode ping(Context& context, std::uint32_t count) {
    client::Client& client = context.client();
    std::vector<std::int64_t> took_ns;
    client::Answer answer;
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        answer = client.ping();
        if (!answer.is_done()) return report(context, answer);
        took_ns.push_back((std::chrono::steady_clock::now() - begin).count());
    }
    std::ranges::sort(took_ns);
    const Duration median{took_ns[took_ns.size() / 2]};
    const auto facts = client.connect();
    if (!facts) return ExitCode::cannot_connect;
    if (context.flags.is_json) {
        print_json({{"version", facts->version},
                    {"shards", facts->shards},
                    {"sandbox", facts->sandbox},
                    {"uuid", fmt::format("{:016x}{:016x}", facts->uuid_high, facts->uuid_low)},
                    {"time", text_of(answer.outcome.time)},
                    {"round_trip_ns", median.ns}});
        return ExitCode::done;
    }
    fmt::print("{}, {} shard{}{}\n", facts->version, facts->shards, facts->shards == 1 ? "" : "s",
               facts->sandbox ? ", a sandbox" : "");
    fmt::print("its clock says {}\n", text_of(answer.outcome.time));
    fmt::print("{} there and back, the median of {}\n", text_of(median), count);
    return ExitCode::done;
}

boost::json::object json_of(const CodeText& row) {
    return {
        {"code", static_cast<std::uint16_t>(row.code)}, {"name", row.name}, {"text", row.sentence}};
}

ExitCode print_code(const Context& context, const std::string& wanted) {
    for (const CodeText& row : all_codes()) {
        const auto number = static_cast<std::uint16_t>(row.code);
        if (row.name != wanted && std::to_string(number) != wanted) continue;
        if (context.flags.is_json) {
            print_json(json_of(row));
        } else {
            fmt::print("{} {}\n{}\n", number, row.name, row.sentence);
        }
        return ExitCode::done;
    }
    throw UsageError(fmt::format("'{}' is no code; `suanpan code` lists all", wanted));
}

ExitCode print_codes(const Context& context) {
    if (context.flags.is_json) {
        boost::json::array rows;
        for (const CodeText& row : all_codes()) rows.push_back(json_of(row));
        fmt::print("{}\n", boost::json::serialize(rows));
        return ExitCode::done;
    }
    for (const CodeText& row : all_codes())
        fmt::print("{:>4}  {:<24}  {}\n", static_cast<int>(row.code), row.name, row.sentence);
    return ExitCode::done;
}

}  // namespace

void add_server_commands(Commands& commands) {
    const auto count = std::make_shared<std::uint32_t>(5);
    commands
        .add("ping", "Ask the server whether it is there, and how far away",
             [count](Context& context) { return ping(context, *count); })
        ->add_option("-n,--count", *count, "How often")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();

    CLI::App* clock = commands.app().add_subcommand("clock", "Move the clock of a sandbox");
    clock->require_subcommand(1);
    const auto by = std::make_shared<std::string>();
    commands
        .add(
            "advance", "Let time pass: points expire, holds time out",
            [by](Context& context) {
                return report(context, context.client().advance_clock(parse_duration(*by)));
            },
            clock)
        ->add_option("by", *by, "31d, 12h, 90s")
        ->required();

    const auto code = std::make_shared<std::string>();
    commands
        .add("code", "Say in words what a code means; without one, list all",
             [code](Context& context) {
                 return code->empty() ? print_codes(context) : print_code(context, *code);
             })
        ->add_option("code", *code, "Number or name, as in 302 or capture_exceeds_hold");
}

}  // namespace suanpan::cli
