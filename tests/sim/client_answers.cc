// What a SimClient makes of the answers to its ops.
#include "tests/sim/sim_client.h"
#include "tests/sim/violation.h"

#include <fmt/format.h>

namespace suanpan::sim {
namespace {

// A repeat must get these again, byte for byte (P2).
bool is_final(Code code) {
    return code == Code::ok || is_state_refusal(code);
}

}  // namespace

void SimClient::take_answer(Op& op, const Outcome& outcome) {
    const auto group = static_cast<std::uint16_t>(outcome.code) / 100;
    const bool was_final = op.answer && is_final(op.answer->code);
    if (group == 1) throw Violation("a sound frame was called unreadable");
    if (group == 4) return;                                 // not now: it will be sent again
    if (outcome.code == Code::request_from_future) return;  // it will be the present one day
    if (outcome.code == Code::request_too_old) {
        if (!op.answer) op.wants_lookup = true;
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

// What the op came to has been heard for the first time: from its answer or from a lookup.
void SimClient::take_word(Op& op, const Outcome& outcome) {
    const CommandHead& head = op.command.head;
    if (outcome.code == Code::ok) workload_.note_told(head.member, head.program, outcome.entry_id);
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

}  // namespace suanpan::sim
