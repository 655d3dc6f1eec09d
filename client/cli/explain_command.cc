// explain: what became of one request, in sentences.
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/words.h"
#include "protocol/order.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::cli {
namespace {

using Sentences = std::vector<std::string>;

std::string points_text(Points points) {
    return fmt::format("{} point{}", with_commas(points.value), points.value == 1 ? "" : "s");
}

std::string lot_text(const LotMovement& lot) {
    std::string text = lot.origin == LotOrigin::purchased ? "purchased points" : "granted points";
    if (lot.restriction != unrestricted)
        text += fmt::format(" of restriction {}", static_cast<int>(lot.restriction));
    text += " of the lot ";
    if (lot.expires_at == instant_never)
        text += "that never expires";
    else if (lot.expires_at == expires_sliding)
        text += "that ends with the account's sliding date";
    else
        text += "that expires at " + text_of(lot.expires_at);
    return text + fmt::format(", rules version {}", lot.rule_version);
}

std::string_view cause_text(MovementCause cause) {
    switch (cause) {
        case MovementCause::request:
            return "";
        case MovementCause::expiry:
            return " (they had expired before)";
        case MovementCause::returned:
            return " (a hold had timed out before)";
        case MovementCause::debt:
            return " (to repay what the account owed)";
        case MovementCause::request_lapsed:
            return " (their sliding life had ended meanwhile)";
    }
    return "";
}

// What a lot loses to a hold of the same entry stands in two movements; the hold's says it all.
bool is_other_half(const std::vector<LotMovement>& lots, std::size_t at) {
    for (std::size_t i = 0; i < lots.size(); ++i)
        if (lots[at].hold == 0 && lots[i].hold != 0 && lots[i].delta == -lots[at].delta &&
            lots[i].expires_at == lots[at].expires_at &&
            lots[i].active_from == lots[at].active_from && lots[i].cause == lots[at].cause)
            return true;
    return false;
}

void tell_lots(const Explanation& told, Sentences& sentences) {
    for (std::size_t i = 0; i < told.lots.size(); ++i) {
        const LotMovement& lot = told.lots[i];
        if (is_other_half(told.lots, i)) continue;
        const bool is_out = lot.delta < Points{};
        const std::string points = points_text(is_out ? -lot.delta : lot.delta);
        std::string what;
        if (lot.hold != 0)
            what = fmt::format("{} hold {}: {}", is_out ? "Out of" : "Into", lot.hold, points);
        else
            what = fmt::format("{}: {}", is_out ? "Taken" : "Given", points);
        sentences.push_back(fmt::format("{}, {}{}.", what, lot_text(lot), cause_text(lot.cause)));
    }
}

std::string limit_name(const CountedLimit& limit) {
    switch (limit.kind) {
        case static_cast<std::uint8_t>(UseKind::limit_day):
            return fmt::format("limit {} per member and day", limit.id);
        case static_cast<std::uint8_t>(UseKind::limit_month):
            return fmt::format("limit {} per member and month", limit.id);
        case static_cast<std::uint8_t>(UseKind::campaign):
            return fmt::format("the limit per member of campaign {}", limit.id);
        case static_cast<std::uint8_t>(UseKind::coupon):
            return fmt::format("the limit per member of coupon {}", limit.id);
        case CountedLimit::account_day:
            return "the account's limit on spending per day";
        default:
            return fmt::format("limit {} (kind {})", limit.id, limit.kind);
    }
}

void tell_limits(const Explanation& told, Sentences& sentences) {
    for (const CountedLimit& limit : told.limits) {
        std::string what = points_text(limit.points);
        if (limit.money.value != 0)
            what += fmt::format(" and {} of money", with_commas(limit.money.value));
        if (limit.count != 0)
            what += fmt::format(", {} use{}", limit.count, limit.count == 1 ? "" : "s");
        sentences.push_back(
            fmt::format("Counted under {}{}: {}.", limit_name(limit),
                        limit.period.days == 0 ? "" : " from " + text_of(limit.period), what));
    }
}

std::string hex_of(const Sha256& hash) {
    return fmt::format("{:02x}", fmt::join(hash, ""));
}

void tell_rules(const Explanation& told, Sentences& sentences) {
    sentences.push_back(fmt::format("It was decided under version {} of the program's policies.",
                                    told.policy_version));
    if (told.rule_version != 0)
        sentences.push_back(
            fmt::format("Its order was priced under version {} of the rules, whose text has the "
                        "SHA-256 {} (suanpan terms shows it).",
                        told.rule_version, hex_of(told.terms_hash)));
}

Sentences tell_done(const client::Answer& found) {
    const Outcome& outcome = found.outcome;
    Sentences sentences;
    sentences.push_back(
        fmt::format("It was executed, once, at {} by the server's clock.", text_of(outcome.time)));
    if (found.explanation == nullptr || outcome.entry_id.value == 0) {
        sentences.push_back("It changed nothing, so the journal has no entry for it.");
        return sentences;
    }
    const Explanation& told = *found.explanation;
    const auto principal = static_cast<std::uint32_t>(told.principal);
    sentences.push_back(fmt::format(
        "It was a {} of {}. Partner {} sent it{}, and it counts for the local date {}.",
        kind_text(told.kind), points_text(outcome.amount), static_cast<std::uint32_t>(told.partner),
        principal == 0 ? "" : fmt::format(" for principal {}", principal),
        text_of(told.local_date)));
    if (told.reference != 0)
        sentences.push_back(fmt::format(
            "It refers to number {}: an earlier entry, a hold or an order.", told.reference));
    if (told.reason != 0)
        sentences.push_back(fmt::format("The partner's reason was {}.", told.reason));
    tell_lots(told, sentences);
    tell_limits(told, sentences);
    tell_rules(told, sentences);
    const Balances& after = outcome.balances;
    sentences.push_back(fmt::format(
        "After it {} were available, {} held, {} pending{}.", with_commas(after.available.value),
        with_commas(after.held.value), with_commas(after.pending.value),
        after.debt.value == 0 ? "" : fmt::format(", and {} owed", with_commas(after.debt.value))));
    sentences.push_back(fmt::format(
        "Its entry in the journal is number {}, with the SHA-256 {}; the account's entry before it "
        "is {}.",
        outcome.entry_id.value, hex_of(told.entry_hash),
        told.previous_entry.value == 0 ? "none: it is the first"
                                       : fmt::format("number {}", told.previous_entry.value)));
    return sentences;
}

Sentences tell(const client::Answer& found) {
    switch (found.outcome.code) {
        case Code::ok:
            return tell_done(found);
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
    const client::Answer found = context.client().explain(target);
    if (!found.is_done()) return report(context, found);
    Sentences sentences{fmt::format("Request {} was made at {} by its own clock.",
                                    text_of(target.request_id),
                                    text_of(Instant{target.request_id.unix_ms() * 1'000'000}))};
    for (std::string& sentence : tell(found)) sentences.push_back(std::move(sentence));
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
