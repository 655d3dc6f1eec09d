// explain: what became of one request, in sentences.
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/words.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::cli {
namespace {

// The lines of the statement that one request made: its own entry, and nothing of others.
std::optional<StatementLine> line_of(client::Client& client, const client::Target& target,
                                     Lsn entry_id) {
    const client::Answer page = client.statement(target, {.before = entry_id + 1, .lines_max = 1});
    if (!page.is_done() || page.lines.empty() || page.lines.front().entry_id != entry_id)
        return std::nullopt;
    return page.lines.front();
}

std::string points_text(Points points) {
    return fmt::format("{} point{}", with_commas(points.value), points.value == 1 ? "" : "s");
}

std::string movement_text(Points amount) {
    if (amount.value == 0) return "moved no points";
    return amount.value < 0 ? "took " + points_text(-amount) : "gave " + points_text(amount);
}

std::vector<std::string> tell_done(const client::Answer& found,
                                   const std::optional<StatementLine>& line) {
    const Outcome& outcome = found.outcome;
    std::vector<std::string> sentences;
    sentences.push_back(
        fmt::format("It was executed, once, at {} by the server's clock.", text_of(outcome.time)));
    if (outcome.entry_id.value == 0) {
        sentences.push_back("It changed nothing, so the journal has no entry for it.");
        return sentences;
    }
    sentences.push_back(
        fmt::format("Its entry in the journal is number {}.", outcome.entry_id.value));
    if (line) {
        const auto principal = static_cast<std::uint32_t>(line->principal);
        sentences.push_back(fmt::format(
            "It was a {} and {}. Partner {} sent it{}, and it counts for the local date {}.",
            kind_text(line->kind), movement_text(line->amount),
            static_cast<std::uint32_t>(line->partner),
            principal == 0 ? "" : fmt::format(" for principal {}", principal),
            text_of(line->local_date)));
        if (line->reference != 0)
            sentences.push_back(fmt::format("It refers to number {}: an earlier entry, or a hold.",
                                            line->reference));
        if (line->reason != 0)
            sentences.push_back(fmt::format("The partner's reason was {}.", line->reason));
    } else {
        sentences.push_back(fmt::format("It moved {}.", points_text(outcome.amount)));
    }
    const Balances& after = line ? line->balances : outcome.balances;
    sentences.push_back(fmt::format(
        "After it {} were available, {} held, {} pending{}.", with_commas(after.available.value),
        with_commas(after.held.value), with_commas(after.pending.value),
        after.debt.value == 0 ? "" : fmt::format(", and {} owed", with_commas(after.debt.value))));
    sentences.push_back(fmt::format(
        "Which lots it touched, the version of the rules it was decided under and its SHA-256 are "
        "in the journal: suanpan-inspect DATA_DIR journal --from {0} --to {0}, on a stopped server "
        "or a copy.",
        outcome.entry_id.value));
    return sentences;
}

std::vector<std::string> tell(const client::Answer& found,
                              const std::optional<StatementLine>& line) {
    switch (found.outcome.code) {
        case Code::ok:
            return tell_done(found, line);
        case Code::refused: {
            const CodeText& why = suanpan::text_of(static_cast<Code>(found.outcome.detail));
            return {fmt::format("It was refused at {} as {} ({}) and changed no points.",
                                text_of(found.outcome.time), why.name, static_cast<int>(why.code)),
                    std::string(why.sentence),
                    "A repeat under this id gets the same answer for ever."};
        }
        default:
            return {std::string(found.text())};
    }
}

ExitCode explain(Context& context, const client::Target& target) {
    client::Client& client = context.client();
    const client::Answer found = client.lookup(target);
    if (!found.is_done()) return report(context, found);
    std::optional<StatementLine> line;
    if (found.outcome.code == Code::ok && found.outcome.entry_id.value != 0)
        line = line_of(client, target, found.outcome.entry_id);
    std::vector<std::string> sentences{
        fmt::format("Request {} was made at {} by its own clock.", text_of(target.request_id),
                    text_of(Instant{target.request_id.unix_ms() * 1'000'000}))};
    for (std::string& sentence : tell(found, line)) sentences.push_back(std::move(sentence));
    if (context.flags.is_json) {
        boost::json::object object = json_of(found);
        boost::json::array told;
        for (const std::string& sentence : sentences) told.push_back(boost::json::string(sentence));
        object["sentences"] = std::move(told);
        print_json(object);
    } else {
        for (const std::string& sentence : sentences) fmt::print("{}\n", sentence);
    }
    return ExitCode::done;
}

}  // namespace

void add_explain_command(Commands& commands) {
    struct Flags {
        TargetFlags target;
        std::string request_id;
    };
    const auto flags = std::make_shared<Flags>();
    CLI::App* command = commands.add("explain", "Tell in sentences what became of a request",
                                     [flags](Context& context) {
                                         client::Target target = flags->target.target();
                                         target.request_id = parse_request_id(flags->request_id);
                                         return explain(context, target);
                                     });
    flags->target.add_to(*command, false);
    command->add_option("request_id", flags->request_id, "As the request was sent with")
        ->required();
}

}  // namespace suanpan::cli
