#include "client/cli/output.h"

#include "client/cli/offer_output.h"
#include "client/cli/order_output.h"
#include "client/cli/words.h"
#include "protocol/kind_name.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace suanpan::cli {
namespace {

std::string_view fate_text(client::Fate fate) {
    switch (fate) {
        case client::Fate::done:
            return "done";
        case client::Fate::refused:
            return "refused";
        case client::Fate::unknown:
            return "unknown";
    }
    return "";
}

boost::json::object json_of(const Balances& balances) {
    return {{"available", balances.available.value},
            {"held", balances.held.value},
            {"pending", balances.pending.value},
            {"debt", balances.debt.value}};
}

boost::json::object json_of(const StatementLine& line) {
    return {{"entry_id", line.entry_id.value},
            {"time", text_of(line.time)},
            {"local_date", text_of(line.local_date)},
            {"kind", kind_text(line.kind)},
            {"amount", line.amount.value},
            {"balances", json_of(line.balances)},
            {"reference", line.reference},
            {"reason", line.reason},
            {"partner", static_cast<std::uint32_t>(line.partner)},
            {"principal", static_cast<std::uint32_t>(line.principal)},
            {"request_id", text_of(line.request_id)}};
}

std::string balances_text(const Balances& balances) {
    std::string text = fmt::format("available {}, held {}", with_commas(balances.available.value),
                                   with_commas(balances.held.value));
    if (balances.pending.value != 0)
        text += fmt::format(", pending {}", with_commas(balances.pending.value));
    if (balances.debt.value != 0)
        text += fmt::format(", debt {}", with_commas(balances.debt.value));
    return text;
}

void print_lines(const client::Answer& answer) {
    fmt::print("{:>12}  {:<24}  {:<14}  {:>14}  {:>14}  {:>10}\n", "entry", "time", "kind",
               "points", "available", "held");
    for (const StatementLine& line : answer.lines)
        fmt::print("{:>12}  {:<24}  {:<14}  {:>14}  {:>14}  {:>10}\n", line.entry_id.value,
                   text_of(line.time), kind_text(line.kind), with_commas(line.amount.value),
                   with_commas(line.balances.available.value),
                   with_commas(line.balances.held.value));
    if (answer.lines.empty()) fmt::print("nothing yet\n");
    if (answer.next.value != 0) fmt::print("more: --before {}\n", answer.next.value);
    if (answer.outcome.code == Code::history_ends) fmt::print("{}\n", answer.text());
}

void print_rows(const client::Answer& answer) {
    for (const ExpiringRow& row : answer.rows)
        fmt::print("{}  {:>14} points\n", text_of(row.expires_at), with_commas(row.points.value));
    fmt::print("{} points expire in that time\n", with_commas(answer.outcome.amount.value));
}

void print_done(const client::Answer& answer) {
    const Outcome& outcome = answer.outcome;
    if (print_order_answer(answer) || print_offer_answer(answer)) return;
    switch (answer.kind) {
        case CommandKind::statement:
            return print_lines(answer);
        case CommandKind::expiring:
            return print_rows(answer);
        case CommandKind::balance:
            return fmt::print("{}\n", balances_text(outcome.balances));
        case CommandKind::program_create:
        case CommandKind::program_update:
            return fmt::print("done: program {} as entry {}\n",
                              static_cast<std::uint32_t>(answer.program), outcome.entry_id.value);
        case CommandKind::clock_advance:
            return fmt::print("done: the server's clock says {}\n", text_of(outcome.time));
        case CommandKind::lookup:
            if (outcome.code != Code::ok) {
                fmt::print("{}: {}\n", suanpan::text_of(outcome.code).name, answer.text());
                if (outcome.code == Code::refused) {
                    const CodeText& why = suanpan::text_of(static_cast<Code>(outcome.detail));
                    fmt::print("{}: {}\n", why.name, why.sentence);
                }
                return;
            }
            break;
        default:
            break;
    }
    fmt::print("done: {} points as entry {}; {}\n", with_commas(outcome.amount.value),
               outcome.entry_id.value, balances_text(outcome.balances));
    if (answer.kind == CommandKind::hold) fmt::print("hold {}\n", outcome.detail);
    if (!answer.request_id.is_zero()) fmt::print("request {}\n", text_of(answer.request_id));
}

}  // namespace

ExitCode exit_code_of(const client::Answer& answer) {
    if (answer.trouble == client::Trouble::not_connected ||
        answer.outcome.code == Code::authentication_failed)
        return ExitCode::cannot_connect;
    switch (answer.fate) {
        case client::Fate::done:
            return ExitCode::done;
        case client::Fate::refused:
            return ExitCode::refused;
        case client::Fate::unknown:
            return ExitCode::unknown;
    }
    return ExitCode::unknown;
}

std::string kind_text(std::uint16_t kind) {
    // An entry that no request asked for; its number stands in docs/protocol.md.
    constexpr std::uint16_t posted_expiry = 102;
    if (kind == posted_expiry) return "expiry";
    const std::string_view name = name_of(static_cast<CommandKind>(kind));
    return name == "unknown" ? fmt::format("server:{}", kind) : std::string(name);
}

boost::json::object json_of(const client::Answer& answer) {
    const Outcome& outcome = answer.outcome;
    boost::json::object object{{"fate", fate_text(answer.fate)},
                               {"kind", name_of(answer.kind)},
                               {"code", static_cast<std::uint16_t>(outcome.code)},
                               {"code_name", suanpan::text_of(outcome.code).name},
                               {"text", answer.text()},
                               {"attempts", answer.attempts},
                               {"retry_after_ms", outcome.retry_after_ms},
                               {"entry_id", outcome.entry_id.value},
                               {"time", text_of(outcome.time)},
                               {"balances", json_of(outcome.balances)},
                               {"amount", outcome.amount.value},
                               {"detail", outcome.detail}};
    if (!answer.member.is_zero()) object["member"] = text_of(answer.member);
    if (!answer.request_id.is_zero()) object["request_id"] = text_of(answer.request_id);
    if (answer.kind == CommandKind::statement) {
        boost::json::array lines;
        for (const StatementLine& line : answer.lines) lines.push_back(json_of(line));
        object["lines"] = std::move(lines);
        object["next"] = answer.next.value;
    }
    if (answer.kind == CommandKind::expiring) {
        boost::json::array rows;
        for (const ExpiringRow& row : answer.rows)
            rows.push_back({{"expires_at", text_of(row.expires_at)}, {"points", row.points.value}});
        object["rows"] = std::move(rows);
    }
    add_order_answer(answer, object);
    add_offer_answer(answer, object);
    return object;
}

void print_json(const boost::json::object& object) {
    fmt::print("{}\n", boost::json::serialize(object));
}

ExitCode report(const Context& context, const client::Answer& answer) {
    const ExitCode code = exit_code_of(answer);
    if (context.flags.is_json) {
        print_json(json_of(answer));
        return code;
    }
    if (answer.is_done()) {
        print_done(answer);
        return code;
    }
    const Outcome& outcome = answer.outcome;
    fmt::print(stderr, "{}: {} ({})\n{}\n", fate_text(answer.fate),
               suanpan::text_of(outcome.code).name, static_cast<int>(outcome.code), answer.text());
    if (!answer.message.empty()) fmt::print(stderr, "{}", answer.message);
    if (outcome.detail != 0) fmt::print(stderr, "detail {}\n", outcome.detail);
    if (outcome.retry_after_ms != 0)
        fmt::print(stderr, "retry after {} ms\n", outcome.retry_after_ms);
    if (!answer.request_id.is_zero())
        fmt::print(stderr, "request {}\n", text_of(answer.request_id));
    return code;
}

}  // namespace suanpan::cli
