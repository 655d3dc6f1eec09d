// What a SimClient makes of the answers to its ops.
#include "protocol/base/probe.h"
#include "protocol/codec.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/violation.h"

#include <fmt/format.h>

#include <algorithm>

namespace suanpan::sim {
namespace {

// A repeat must get these again, byte for byte (P2).
bool is_final(Code code) {
    return code == Code::ok || is_state_refusal(code);
}

// The oldest entry that has to be read before the op is decided.
Lsn subject_of(const Op& op) {
    if (const auto* refund = std::get_if<Refund>(&op.command.body)) return refund->original;
    if (const auto* revoke = std::get_if<Revoke>(&op.command.body)) return revoke->original;
    return Lsn{1};
}

// INV-8: nothing is lost between list price and cash, in each line and in all of them.
void check_sums(const QuoteAnswer& quote, const AskedOrder& asked) {
    QuotedLine sum;
    bool is_right = quote.lines.size() == asked.lines.size();
    for (std::size_t i = 0; is_right && i < quote.lines.size(); ++i) {
        const QuotedLine& line = quote.lines[i];
        const AskedLine& wanted = asked.lines[i];
        is_right = line.list.value == wanted.unit_price.value * wanted.quantity &&
                   Money{} <= line.value && line.value <= line.payable &&
                   line.payable <= line.list && line.points >= Points{};
        sum.list += line.list;
        sum.payable += line.payable;
        sum.points += line.points;
        sum.value += line.value;
    }
    is_right = is_right && sum.list == quote.list && sum.payable == quote.payable &&
               sum.points == quote.points && sum.value == quote.value &&
               quote.discounts + quote.coupons + quote.value + quote.cash == quote.list &&
               quote.points <= std::max(quote.outcome.balances.available, Points{});
    if (asked.wanted >= Points{}) is_right = is_right && quote.points <= asked.wanted;
    if (!is_right) throw Violation("INV-8: a quote does not add up");
}

}  // namespace

void SimClient::take_answer(Op& op, const Outcome& outcome) {
    const auto group = static_cast<std::uint16_t>(outcome.code) / 100;
    const bool was_final = op.answer && is_final(op.answer->code);
    if (group == 1) throw Violation("a sound frame was called unreadable");
    // Somebody else may pay, or guess what nobody was shown, for long: a client gives up.
    const bool may_take_long =
        outcome.code == Code::all_set_aside ||
        (outcome.code == Code::busy && op.command.head.kind == CommandKind::verify);
    if (may_take_long && !workload_.is_calm && !op.answer && random_.one_in(3))
        op.is_abandoned = true;
    if (outcome.code == Code::storage_full) {
        SUANPAN_PROBE("a client was told that the disk is full");
    } else if (outcome.code == Code::clock_unsafe) {
        SUANPAN_PROBE("a client was told that the clock is unsafe");
    }
    if (group == 4) return;  // not now: it will be sent again
    if (outcome.code == Code::history_ends) return end_history(op, subject_of(op));
    if (outcome.code == Code::request_from_future) {
        SUANPAN_PROBE("a client's clock was ahead of the server's");
        return;  // it will be the present one day
    }
    if (outcome.code == Code::request_too_old) {
        SUANPAN_PROBE("a request came after its id had fallen below the floor");
        if (!op.can_be_looked_up()) op.is_abandoned = true;
        if (!op.answer && op.can_be_looked_up()) op.wants_lookup = true;
        return;
    }
    if (outcome.code == Code::request_id_reused && (was_final || !op.has_rival))
        throw Violation("INV-7: an id was called reused that had this body and no other");
    if (was_final && *op.answer != outcome)
        throw Violation(fmt::format("P2: a repeat got {}, the first answer was {}",
                                    text_of(outcome.code).name, text_of(op.answer->code).name));
    if (op.answer && op.answer->code == Code::request_id_reused && is_final(outcome.code))
        throw Violation("INV-7: an id that another body had used up was executed after all");
    if (was_final) {
        ++op.repeats_compared;
        return;
    }
    if (is_final(outcome.code)) take_word(op, outcome);
    op.answer = outcome;
}

// A retention has removed what the op is about, or what would tell what it came to. `missing` is
// the oldest entry that can be meant.
void SimClient::end_history(Op& op, Lsn missing) {
    if (missing >= workload_.oldest)
        throw Violation(
            fmt::format("history was said to end behind LSN {}, which is there", missing.value));
    op.is_abandoned = true;
}

// What the op came to has been heard for the first time: from its answer or from a lookup.
void SimClient::take_word(Op& op, const Outcome& outcome) {
    const CommandHead& head = op.command.head;
    if (outcome.code == Code::ok) workload_.note_told(head.member, head.program, outcome.entry_id);
    if (head.kind == CommandKind::rules_put && outcome.code == Code::ok)
        workload_.note_rules(head.program, static_cast<std::uint32_t>(outcome.detail));
    if (head.kind == CommandKind::offers_put && outcome.code == Code::ok)
        workload_.note_offers(*op.offers);
    if (is_of_a_voucher(head.kind) && outcome.code == Code::ok) note_voucher_word(op, outcome);
    if (const auto* hold = std::get_if<PlaceHold>(&op.command.body))
        workload_.note_instant(outcome.time + hold->duration);
    if (!op.looked_up || op.has_rival) return;
    const Outcome& word = *op.looked_up;
    if (word.code == Code::not_executed) {
        if (outcome.code != Code::ok) return;  // refused, and since forgotten with the floor
        throw Violation("INV-7: a request ran after a lookup had said that it never will");
    }
    if (word.code == Code::ok ? word != outcome : outcome.entry_id != word.entry_id)
        throw Violation("P2: a lookup and the answer tell of two things");
}

void SimClient::take_lookup(Op& op, const Outcome& outcome) {
    const bool was_final = op.answer && is_final(op.answer->code);
    if (outcome.code == Code::unknown_yet) {
        if (was_final || op.looked_up)
            throw Violation("P2: a lookup knows nothing of an id whose fate was told");
        op.wants_lookup = false;  // it could still run: send it again
        return;
    }
    const bool is_word = outcome.code == Code::ok || outcome.code == Code::refused ||
                         outcome.code == Code::not_executed;
    if (outcome.code == Code::history_ends) end_history(op, Lsn{1});
    if (!is_word) return;  // busy, unavailable: ask again
    if (was_final && !op.has_rival) {
        // A refusal is forgotten with the floor, an execution never.
        const Outcome& answer = *op.answer;
        if (answer.code == Code::ok ? outcome != answer : outcome.code == Code::ok)
            throw Violation(fmt::format("P2: a lookup says {} of a request that was answered {}",
                                        text_of(outcome.code).name, text_of(answer.code).name));
    }
    // Refused or not executed: that it was refused is remembered for a while only.
    if (op.looked_up && (op.looked_up->code == Code::ok) != (outcome.code == Code::ok))
        throw Violation(fmt::format("P2: a lookup says {}, an earlier one {}",
                                    text_of(outcome.code).name, text_of(op.looked_up->code).name));
    const CommandHead& head = op.command.head;
    if (outcome.code == Code::ok) workload_.note_told(head.member, head.program, outcome.entry_id);
    if (!op.looked_up) op.looked_up = outcome;
}

// ---- reads of orders and rules

void SimClient::take_quote(Read read, std::span<const std::byte> body) {
    auto quote = decode_quote(body);
    if (!quote) throw Violation("a quote is malformed");
    read.outcome = quote->outcome;
    note_read(read.kind, read.outcome.code);
    trace_.say("client {} is quoted {} points for {}: {}", number_, quote->points.value,
               quote->payable.value, text_of(quote->outcome.code).name);
    if (quote->outcome.code == Code::rules_not_found)
        return workload_.rule_reads.push_back(std::move(read));
    if (quote->outcome.code != Code::ok) return;
    check_sums(*quote, read.asked->order);
    read.rule_version = quote->rule_version;
    workload_.note_instant(quote->valid_until);
    workload_.reads.push_back(read);  // its balances are an account's
    workload_.quotes.push_back({.partner = read.partner,
                                .member = read.member,
                                .program = read.program,
                                .answer = std::move(*quote)});
    workload_.rule_reads.push_back(std::move(read));
}

void SimClient::take_order(Read read, std::span<const std::byte> body) {
    auto order = decode_order(body);
    if (!order) throw Violation("an order is malformed");
    read.outcome = order->outcome;
    note_read(read.kind, read.outcome.code);
    trace_.say("client {} reads an order: {} state {} step {}", number_,
               text_of(order->outcome.code).name, static_cast<int>(order->state),
               static_cast<int>(order->step));
    const bool is_known = order->outcome.code == Code::ok;
    if (!is_known && order->outcome.code != Code::order_not_found) return;
    if (is_known) workload_.note_instant(order->times_out);
    read.shown = std::move(*order);
    workload_.reads.push_back(std::move(read));
}

void SimClient::take_terms(Read read, std::span<const std::byte> body) {
    auto terms = decode_terms(body);
    if (!terms) throw Violation("the terms are malformed");
    read.outcome = terms->outcome;
    note_read(read.kind, read.outcome.code);
    if (terms->outcome.code != Code::ok && terms->outcome.code != Code::rules_not_found) return;
    read.rule_version = terms->version;
    read.rule_text = std::move(terms->text);
    workload_.rule_reads.push_back(std::move(read));
}

}  // namespace suanpan::sim
