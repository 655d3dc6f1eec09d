// What a SimClient makes of answers about offers, vouchers and card codes.
#include "protocol/base/probe.h"
#include "protocol/codec.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/violation.h"

#include <algorithm>

namespace suanpan::sim {

bool SimClient::has_cards(CommandKind kind) {
    return kind == CommandKind::redeem || kind == CommandKind::reveal ||
           kind == CommandKind::codes_import || kind == CommandKind::recall ||
           is_of_a_voucher(kind);
}

// The codes of a repeat are those of the first answer (P2).
std::optional<Outcome> SimClient::take_cards(Op& op, std::span<const std::byte> body) {
    std::optional<Outcome> outcome;
    std::vector<Card> cards;
    std::vector<std::uint64_t> lines;
    Money cash;
    Instant held_until;
    std::optional<ShowAnswer> shown;
    std::optional<VerifyAnswer> verified;
    std::optional<RecallAnswer> recalled;
    switch (op.command.head.kind) {
        case CommandKind::redeem: {
            const auto answer = decode_redeem(body);
            if (!answer) return std::nullopt;
            outcome = answer->outcome;
            cash = answer->cash;
            held_until = answer->held_until;
            for (const RedeemedVoucher& each : answer->vouchers)
                cards.push_back({.number = each.number,
                                 .expires_at = each.expires_at,
                                 .code = std::string(each.code.view())});
            break;
        }
        case CommandKind::reveal: {
            const auto answer = decode_reveal(body);
            if (!answer) return std::nullopt;
            outcome = answer->outcome;
            if (outcome->code == Code::ok)
                cards.push_back({.number = answer->number,
                                 .expires_at = {},
                                 .code = std::string(answer->code.view())});
            break;
        }
        case CommandKind::show: {
            const auto answer = decode_show(body);
            if (!answer) return std::nullopt;
            outcome = answer->outcome;
            if (outcome->code == Code::ok) shown = *answer;
            break;
        }
        case CommandKind::verify:
        case CommandKind::undo_verify: {
            const auto answer = decode_verify(body);
            if (!answer) return std::nullopt;
            outcome = answer->outcome;
            if (outcome->code == Code::ok) verified = *answer;
            break;
        }
        case CommandKind::recall: {
            const auto answer = decode_recall(body);
            if (!answer) return std::nullopt;
            outcome = answer->outcome;
            if (outcome->code == Code::ok) recalled = *answer;
            break;
        }
        default: {
            const auto answer = decode_codes(body);
            if (!answer) return std::nullopt;
            outcome = answer->outcome;
            if (outcome->code != Code::ok) break;
            lines.push_back(answer->taken);
            for (const RefusedCodeLine& line : answer->refused_lines) lines.push_back(line.line);
        }
    }
    if (outcome->code != Code::ok) return outcome;
    const bool is_first = !op.answer || op.answer->code != Code::ok;
    const bool is_same = cards == op.cards && lines == op.lines && cash == op.cash &&
                         held_until == op.held_until && shown == op.shown &&
                         verified == op.verified && recalled == op.recalled;
    if (!is_first && !is_same)
        throw Violation("P2: a repeat shows other vouchers, codes or lines than the first answer");
    if (is_first && op.first_life < workload_.life && !lines.empty())
        SUANPAN_PROBE("an import was asked for again after a crash");
    if (is_first && op.first_life < workload_.life && recalled)
        SUANPAN_PROBE("a recall was asked for again after a crash");
    op.recalled = recalled;
    op.cards = std::move(cards);
    op.lines = std::move(lines);
    op.cash = cash;
    op.held_until = held_until;
    op.shown = shown;
    op.verified = verified;
    const CommandHead& head = op.command.head;
    if (held_until != Instant{}) workload_.note_instant(held_until);
    for (const Card& card : op.cards) {
        workload_.note_voucher({.number = card.number,
                                .member = head.member,
                                .program = head.program,
                                .code = card.code});
        if (card.expires_at != Instant{} && card.expires_at != instant_never)
            workload_.note_instant(card.expires_at);
    }
    return outcome;
}

void SimClient::note_voucher_word(const Op& op, const Outcome& outcome) {
    const ProgramId program = op.command.head.program;
    if (op.shown) workload_.note_instant(op.shown->until);
    const VoucherNumber number = op.shown      ? op.shown->number
                                 : op.verified ? op.verified->number
                                               : VoucherNumber{};
    if (const KnownVoucher* voucher = workload_.find_voucher(number))
        workload_.note_told(voucher->member, program, outcome.entry_id);
    const OfferFacts* newest = workload_.newest_offers(program);
    if (newest == nullptr || op.command.head.kind != CommandKind::verify) return;
    for (const model::OfferSpec& offer : newest->file.offers)
        if (offer.id == number.offer && offer.voucher.undo_within_seconds > 0)
            workload_.note_instant(outcome.time + seconds(offer.voucher.undo_within_seconds));
}

void SimClient::take_vouchers(Read read, std::span<const std::byte> body) {
    auto answer = decode_vouchers(body);
    if (!answer) throw Violation("a list of vouchers is malformed");
    read.outcome = answer->outcome;
    note_read(read.kind, read.outcome.code);
    trace_.say("client {} reads {} vouchers of {}/{}: {}", number_, answer->rows.size(),
               read.member.low, static_cast<int>(read.program), text_of(read.outcome.code).name);
    if (read.outcome.code != Code::ok) return;
    read.vouchers = std::move(answer->rows);
    for (const VoucherRow& row : read.vouchers)
        workload_.note_voucher(
            {.number = row.number, .member = read.member, .program = read.program, .code = {}});
    workload_.reads.push_back(std::move(read));
}

void SimClient::take_offers(Read read, std::span<const std::byte> body) {
    auto answer = decode_offers(body);
    if (!answer) throw Violation("a list of offers is malformed");
    read.outcome = answer->outcome;
    note_read(read.kind, read.outcome.code);
    if (read.outcome.code != Code::ok) return;
    read.offers = std::move(answer->rows);
    workload_.reads.push_back(read);  // its balances are an account's
    workload_.offer_reads.push_back(std::move(read));
}

}  // namespace suanpan::sim
