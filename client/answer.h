// What a call to the server came to: done, refused, or unknown.
#pragma once

#include "protocol/code.h"
#include "protocol/command.h"
#include "protocol/explanation.h"
#include "protocol/offer.h"
#include "protocol/order.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace suanpan::client {

// The three ways a call can end. There is no fourth: what is not certain is unknown.
enum class Fate : std::uint8_t {
    done,     // executed; for a read: answered
    refused,  // certainly not executed by this call
    unknown,  // it may have been executed: Client::resolve asks the server
};

// What went wrong on the client's side; none where the answer is the server's own.
enum class Trouble : std::uint8_t {
    none,
    queue_full,              // Options::calls_max calls are in the library already
    not_connected,           // no connection could be made before the deadline
    not_sent,                // connected, but no room on a connection before the deadline
    no_answer,               // sent, and the deadline passed
    connection_lost,         // sent, the connection broke, and there was no time to send it again
    closed,                  // the client was closed meanwhile
    called_inside_callback,  // a waiting call on the library's own thread would wait for ever
};

// One sentence about `trouble`, for a person.
[[nodiscard]] std::string_view text_of(Trouble trouble);

// The answer to one call.
//
// With trouble, outcome.code is busy where the fate is refused (nothing was done, the id is free)
// and unknown_yet where it is unknown; the rest of the outcome is empty.
struct Answer {
    Fate fate = Fate::unknown;
    Trouble trouble = Trouble::none;
    std::uint32_t attempts = 0;  // how often it was sent, each time under the same request id
    Outcome outcome;

    // What was asked, so that resolve() and a log need nothing else.
    CommandKind kind{};
    MemberId member;
    ProgramId program{};
    RequestId request_id;  // zero where it was never sent and the caller gave none

    // Of statement and expiring; else empty.
    std::vector<StatementLine> lines;  // newest first
    Lsn next;                          // pass as ReadStatement::before to go on; 0: that was all
    std::vector<ExpiringRow> rows;     // soonest first

    // Of quote, order, terms, explain; else null. Immutable.
    std::shared_ptr<const QuoteAnswer> quote;
    std::shared_ptr<const OrderAnswer> order;
    std::shared_ptr<const TermsAnswer> terms;
    std::shared_ptr<const Explanation> explanation;
    std::string message;  // of rules_put and offers_put: what is wrong where

    // Of redeem, reveal, offers, vouchers, codes_import; else null. Immutable. Codes in them are
    // wiped with the last copy.
    std::shared_ptr<const RedeemAnswer> redeemed;
    std::shared_ptr<const RevealAnswer> revealed;
    std::shared_ptr<const OffersAnswer> offers;
    std::shared_ptr<const VouchersAnswer> vouchers;
    std::shared_ptr<const CodesAnswer> codes;
    // Of recall. Likewise.
    std::shared_ptr<const RecallAnswer> recalled;
    // Of show; of verify and undo_verify. Likewise.
    std::shared_ptr<const ShowAnswer> shown;
    std::shared_ptr<const VerifyAnswer> verified;

    [[nodiscard]] bool is_done() const { return fate == Fate::done; }
    // What happened and what to do, in one or two sentences; the code's or the trouble's.
    [[nodiscard]] std::string_view text() const;
};

}  // namespace suanpan::client
