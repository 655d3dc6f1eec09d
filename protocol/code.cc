#include "protocol/code.h"

#include <algorithm>
#include <array>

namespace suanpan {
namespace {

#define SUANPAN_CODE(name, sentence) \
    CodeText {                       \
        Code::name, #name, sentence  \
    }

// In order of declaration, which is the order of the numbers: text_of searches by halves.
constexpr std::array code_table{
    SUANPAN_CODE(ok, "Done. The answer carries the result."),

    SUANPAN_CODE(frame_too_large,
                 "The frame is longer than the server accepts. Send fewer events per batch; the "
                 "greeting says how many bytes are allowed. The connection closes."),
    SUANPAN_CODE(frame_damaged,
                 "The frame's header does not match its checksum. Something changed the bytes, or "
                 "the client writes another protocol. The connection closes."),
    SUANPAN_CODE(version_unsupported,
                 "The frame's version is not one this server speaks. Update the older side. The "
                 "connection closes."),
    SUANPAN_CODE(message_malformed,
                 "The frame's body is not a valid message of its kind. Check that the client was "
                 "generated from the server's schema. The connection closes."),
    SUANPAN_CODE(hello_required,
                 "The connection has not said hello, and only ping is answered before that. Say "
                 "hello first. The connection closes."),
    SUANPAN_CODE(hello_repeated,
                 "The connection said hello twice. Open another connection for another partner. "
                 "The connection closes."),
    SUANPAN_CODE(authentication_failed,
                 "Partner and key do not fit together, or the hello was made for another "
                 "connection. Check partner number and key. The connection closes."),
    SUANPAN_CODE(hello_timeout,
                 "The connection did not say hello in time. Connect again and answer the challenge "
                 "at once. The connection closes."),

    SUANPAN_CODE(amount_not_positive,
                 "The amount must be above zero (an adjustment's delta: not zero). Nothing was "
                 "done. Correct the request."),
    SUANPAN_CODE(unknown_kind,
                 "The server does not know this kind of request. Nothing was done. It may be older "
                 "than the client."),
    SUANPAN_CODE(kind_not_allowed,
                 "The partner may not send this kind of request. Nothing was done. An operator can "
                 "allow it in the partners file."),
    SUANPAN_CODE(program_not_allowed,
                 "The partner may not use this program. Nothing was done. An operator can allow it "
                 "in the partners file."),
    SUANPAN_CODE(batch_empty, "The batch holds no event. Nothing was done. Send at least one."),
    SUANPAN_CODE(batch_too_large,
                 "The batch holds more events than the greeting allows. Nothing was done. Split "
                 "it."),
    SUANPAN_CODE(member_missing,
                 "The member id is zero, which is no member. Nothing was done. Send the member's "
                 "id."),
    SUANPAN_CODE(request_id_missing,
                 "The request id is zero. Nothing was done. Make a UUIDv7 for every new request "
                 "and keep it for its retries."),
    SUANPAN_CODE(request_from_future,
                 "The request id's time lies more than a minute ahead of the server. Nothing was "
                 "done. Set the client's clock and make a new id."),
    SUANPAN_CODE(request_too_old,
                 "The request id is older than the server remembers, so it cannot say whether a "
                 "first attempt ran. This one did nothing. Ask with lookup, which knows."),
    SUANPAN_CODE(amount_out_of_range,
                 "The amount is larger than 10^18 points. Nothing was done. Correct the request."),
    SUANPAN_CODE(field_out_of_range,
                 "A field has a value that makes no sense; the detail is the field's number in the "
                 "message, from 0. Nothing was done. Correct the request."),
    SUANPAN_CODE(sandbox_only,
                 "The server is not a sandbox, and only a sandbox does this. Nothing was done."),
    SUANPAN_CODE(request_id_reused,
                 "The same request id came before with other contents. This one did nothing. Make "
                 "a new id for a new request; repeat an old one unchanged."),
    SUANPAN_CODE(quote_not_authentic,
                 "The quote cannot be verified: its bytes were changed, or it was made for another "
                 "partner, member, program or server. Nothing was done. Ask for a quote and send "
                 "its token as it came."),
    SUANPAN_CODE(too_many_lines,
                 "The order has more lines than an order may have, which the detail says. Nothing "
                 "was done. Split it."),
    SUANPAN_CODE(rules_invalid,
                 "The rule book makes no sense; the message names the path and the reason. Nothing "
                 "was done. Correct it; `suanpan-rules check` finds all of it offline."),
    SUANPAN_CODE(offer_invalid,
                 "The offer makes no sense; the message names the path and the reason. Nothing was "
                 "done. Correct it."),
    SUANPAN_CODE(quantity_out_of_range,
                 "The quantity is not from 1 to what one order may take, which the detail says. "
                 "Nothing was done. Correct the request."),

    SUANPAN_CODE(hold_not_found,
                 "The account has no hold of this number. Nothing was changed. Check member, "
                 "program and hold."),
    SUANPAN_CODE(hold_expired,
                 "The hold's time is over and its points went back to the member. Nothing was "
                 "changed. Place a new hold or spend."),
    SUANPAN_CODE(capture_exceeds_hold,
                 "The capture asks for more points than are left of the hold. Nothing was changed. "
                 "Capture less, or spend the rest."),
    SUANPAN_CODE(hold_resolved,
                 "The hold was captured in full, released or expired before. Nothing was changed. "
                 "The statement shows how it ended."),
    SUANPAN_CODE(hold_too_long,
                 "The hold would live longer than its program allows. Nothing was changed. Ask for "
                 "a shorter one."),
    SUANPAN_CODE(program_not_found,
                 "There is no program of this number. Nothing was changed. Create it first, or "
                 "correct the number."),
    SUANPAN_CODE(program_exists,
                 "A program of this number exists already. Nothing was changed. Use update for its "
                 "next version."),
    SUANPAN_CODE(version_not_next,
                 "The update is not the version after the program's present one, which the detail "
                 "names. Nothing was changed. Read it, and send the next number."),
    SUANPAN_CODE(program_invalid,
                 "A policy of the program makes no sense; the detail is the field's number in "
                 "ProgramSpec, from 0. Nothing was changed. Correct it under a new request id."),
    SUANPAN_CODE(account_frozen,
                 "The account is frozen. Nothing was changed. Unfreeze it first, or leave it."),
    SUANPAN_CODE(original_not_found,
                 "This account and partner have no entry of that number. Nothing was changed. "
                 "Check the entry id and the member."),
    SUANPAN_CODE(original_wrong_kind,
                 "The original is of another kind: only a spend or capture is refunded, only an "
                 "earning is revoked. Nothing was changed."),
    SUANPAN_CODE(refund_exceeds_original,
                 "The refund asks for more than is still refundable, which the detail says. "
                 "Nothing was changed. Refund at most that."),
    SUANPAN_CODE(revoke_exceeds_earning,
                 "The revocation asks for more than is left of the earning, which the detail says. "
                 "Nothing was changed. Revoke at most that."),
    SUANPAN_CODE(revoke_not_covered,
                 "The lot no longer holds the points to revoke, and the program says to refuse "
                 "then; the detail is how many are missing. Nothing was changed."),
    SUANPAN_CODE(insufficient_points,
                 "The account has too few points available; the detail is how many are missing. "
                 "Nothing was changed. Ask for fewer."),
    SUANPAN_CODE(below_min_remaining,
                 "Fewer points would stay than the request demands; the detail is how many are "
                 "missing. Nothing was changed."),
    SUANPAN_CODE(daily_limit_exceeded,
                 "The account's spend limit for the day would be exceeded; the detail is what may "
                 "still be spent today. Nothing was changed."),
    SUANPAN_CODE(stale_version,
                 "The account knows a newer source version of the member, which the detail names. "
                 "Nothing was changed. Send the newer one."),
    SUANPAN_CODE(balance_out_of_range,
                 "The balance would leave the range of amounts, 10^18 points. Nothing was "
                 "changed."),
    SUANPAN_CODE(too_many_holds,
                 "The account has as many open holds as it may, which the detail says. Nothing was "
                 "changed. Resolve some first."),
    SUANPAN_CODE(too_many_lots,
                 "The request would drain more lots than one request may, which the detail says. "
                 "Nothing was changed. Ask for fewer points at a time."),
    SUANPAN_CODE(order_not_found,
                 "The partner has no order of this name in this account. Nothing was changed. "
                 "Check member, program and order."),
    SUANPAN_CODE(
        order_exists,
        "The partner has settled an order of this name, or this very quote, before; the detail is "
        "the order's state. Nothing was changed. Ask with order what became of it."),
    SUANPAN_CODE(order_resolved,
                 "The order was resolved before in another way; the detail is its state. Nothing "
                 "was changed. Ask with order how it ended."),
    SUANPAN_CODE(order_not_confirmed,
                 "Only a confirmed order is refunded; the detail is the order's state. Nothing was "
                 "changed. Confirm it, or cancel it."),
    SUANPAN_CODE(payment_differs,
                 "The payment is not what the order waits for: another amount or currency; the "
                 "detail is the cash due. Nothing was changed. Check the payment."),
    SUANPAN_CODE(refund_exceeds_order,
                 "The refund asks for more than is still refundable of the order or the line, "
                 "which the detail says. Nothing was changed. Refund at most that."),
    SUANPAN_CODE(refund_by_amount_only,
                 "The order was refunded by amount before, so its lines cannot be named any more. "
                 "Nothing was changed. Go on by amount."),
    SUANPAN_CODE(quote_expired,
                 "The quote's time is over; the detail says since when. Nothing was changed. Ask "
                 "for a new one."),
    SUANPAN_CODE(quote_no_longer_covered,
                 "What the quote counts on is no longer there; the detail is the number of the "
                 "limit. Nothing was changed. Ask for a new quote."),
    SUANPAN_CODE(rules_not_found,
                 "The program has no rule book of that version, or none in force yet. Nothing was "
                 "changed. Load one, or correct the number."),
    SUANPAN_CODE(rules_adverse,
                 "Somebody could come out worse under the new rules, so they need the program's "
                 "notice; the detail is the earliest instant they may take effect. Nothing was "
                 "changed. Choose a later one, or see `suanpan-rules diff`. Of a program: announce "
                 "the earlier expiry in its rules first."),
    SUANPAN_CODE(rules_out_of_order,
                 "The rules would take effect before the version that they follow; the detail is "
                 "the earliest instant. Nothing was changed. Choose a later one."),
    SUANPAN_CODE(currency_differs,
                 "The order is in another currency than its program. Nothing was changed. Send "
                 "amounts in the program's currency."),
    SUANPAN_CODE(too_many_orders,
                 "The account has as many orders as it may, which the detail says. Nothing was "
                 "changed. Old ones are forgotten once they cannot be refunded any more."),
    SUANPAN_CODE(order_not_priceable,
                 "The rules have no price for such an order; the detail is 1000 times the reason, "
                 "plus the place of the line or coupon, from 0 (docs/checkout.md). Nothing was "
                 "changed. Correct the order."),
    SUANPAN_CODE(budget_below_granted,
                 "A campaign's budget or a coupon's total would be below what has been granted, "
                 "which the detail says. Nothing was changed. Set it to at least that."),
    SUANPAN_CODE(offer_not_found,
                 "There is no offer of this number. Nothing was changed. Create it first, or "
                 "correct the number."),
    SUANPAN_CODE(
        offer_stopped,
        "The offer was stopped by its operator. Nothing was changed. Show the member another one."),
    SUANPAN_CODE(offer_not_open,
                 "The offer's window has not begun; the detail says when it does. Nothing was "
                 "changed. Ask again then, under a new request id."),
    SUANPAN_CODE(offer_over,
                 "The offer's window is over; the detail says since when. Nothing was changed. "
                 "Show the member another one."),
    SUANPAN_CODE(offer_not_for_member,
                 "The offer is for members of another level or segment. Nothing was changed. Show "
                 "the member another one."),
    SUANPAN_CODE(offer_limit_exceeded,
                 "The member's limit on the offer would be exceeded; the detail is how many units "
                 "may still be taken. Nothing was changed. Ask for fewer."),
    SUANPAN_CODE(
        sold_out,
        "All of the offer's stock is issued. Nothing was changed. Show the member another one."),
    SUANPAN_CODE(
        too_many_reservations,
        "The member, or the place the requests come from, has as many unpaid units set aside as "
        "may be, which the detail says. Nothing was changed. Pay or cancel some first."),
    SUANPAN_CODE(risk_refused,
                 "Too many requests of this kind came in too short a time; the detail is the "
                 "number of the rule. Nothing was changed. Wait before the next one."),
    SUANPAN_CODE(stock_differs,
                 "The offer's stock is not what the change counts on; the detail is what it is. "
                 "Nothing was changed. Read it, and decide again."),
    SUANPAN_CODE(stock_taken,
                 "The stock would fall below what is set aside and issued, which the detail says. "
                 "Nothing was changed. Ask for at least that."),
    SUANPAN_CODE(voucher_not_found,
                 "There is no such voucher, or it is not this member's. Nothing was changed. Check "
                 "the voucher, the code and the member."),
    SUANPAN_CODE(voucher_expired,
                 "The voucher's time is over; the detail says since when. Nothing was changed. It "
                 "cannot be used any more."),
    SUANPAN_CODE(voucher_resolved,
                 "The voucher was used up, refunded or voided before; the detail is its state. "
                 "Nothing was changed. The trace shows how it ended."),
    SUANPAN_CODE(voucher_in_gift,
                 "The voucher waits to be claimed as a gift; the detail says until when. Nothing "
                 "was changed. Claim it, or wait."),
    SUANPAN_CODE(voucher_partly_used,
                 "A part of the voucher has been used; the detail is what is left. Nothing was "
                 "changed. Use the rest, or undo first."),
    SUANPAN_CODE(voucher_given_away,
                 "The voucher was given away, so its buyer cannot have it refunded. Nothing was "
                 "changed. Its owner can use it."),
    SUANPAN_CODE(voucher_exceeded,
                 "The voucher has less left than is to be used; the detail is how much. Nothing "
                 "was changed. Use at most that."),
    SUANPAN_CODE(voucher_not_here,
                 "The voucher is for another merchant or store. Nothing was changed. Send the "
                 "member there."),
    SUANPAN_CODE(token_not_valid,
                 "The token is not one that this voucher has: altered, used before, or replaced by "
                 "a newer one. Nothing was changed. Ask for a new one."),
    SUANPAN_CODE(token_expired,
                 "The token's time is over; the detail says since when. Nothing was changed. Ask "
                 "for a new one."),
    SUANPAN_CODE(token_required,
                 "An earlier owner has seen the code, so that only a token of the present one "
                 "counts. Nothing was changed. Have the owner show the voucher."),
    SUANPAN_CODE(gift_limit_reached,
                 "The voucher was given away as often as it may be, which the detail says. Nothing "
                 "was changed. Its owner can use it."),
    SUANPAN_CODE(verification_not_found,
                 "The voucher has no verification of this reference by this partner. Nothing was "
                 "changed. Check reference and partner."),
    SUANPAN_CODE(verification_undone,
                 "The verification of this reference was undone before. Nothing was changed. "
                 "Verify again under a new reference."),
    SUANPAN_CODE(undo_too_late,
                 "The verification can no longer be undone; the detail says since when. Nothing "
                 "was changed. Nothing takes it back now."),
    SUANPAN_CODE(undo_limit_reached,
                 "As many verifications of this voucher were undone as may be, which the detail "
                 "says. Nothing was changed. Nothing takes it back now."),
    SUANPAN_CODE(verification_differs,
                 "The same reference came before with another amount or place. Nothing was "
                 "changed. Send a new reference for a new use."),
    SUANPAN_CODE(batch_not_found,
                 "The offer has no batch of codes of this number. Nothing was changed. Correct the "
                 "number."),
    SUANPAN_CODE(
        batch_exists,
        "The pool has a batch of this number already. Nothing was changed. Choose another number."),
    SUANPAN_CODE(batch_recalled,
                 "The batch was recalled before, for good: nothing more goes into it. Nothing was "
                 "changed. Use another number."),

    SUANPAN_CODE(busy,
                 "The server has no room for the request just now. Nothing was done. Send it again "
                 "under the same request id after the given time."),
    SUANPAN_CODE(storage_full,
                 "The journal has no room for changes; reads go on. Nothing was done. It heals by "
                 "itself when there is space; retry under the same request id."),
    SUANPAN_CODE(clock_unsafe,
                 "The server does not trust its clock, and refuses changes until an operator "
                 "decides. Nothing was done. Retry later under the same request id."),
    SUANPAN_CODE(shutting_down,
                 "The server is stopping. Nothing was done. Send it again under the same request "
                 "id to the server that comes next."),
    SUANPAN_CODE(rate_limited,
                 "The partner sends more than its agreed rate. Nothing was done. Send it again "
                 "under the same request id after the given time."),
    SUANPAN_CODE(
        too_many_connections,
        "The server has as many connections as it may. Nothing was done. Use those that are "
        "open."),
    SUANPAN_CODE(too_many_in_flight,
                 "The connection has as many frames in flight as it may. Nothing was done. Read "
                 "the answers first, then send it again under the same request id."),
    SUANPAN_CODE(unavailable,
                 "The server could not read its journal for this answer; its log says why. Nothing "
                 "was done. Retry later under the same request id."),
    SUANPAN_CODE(all_set_aside,
                 "All that is left is set aside for orders that are not paid yet; the detail is "
                 "the earliest instant that some of it may come back. Nothing was done. Send it "
                 "again under the same request id then."),

    SUANPAN_CODE(not_executed,
                 "The looked-up request never ran and never will: its id is too old to run now. It "
                 "is safe to send the wish again under a new id."),
    SUANPAN_CODE(unknown_yet,
                 "The looked-up request has not been seen, but its id could still run. Send it "
                 "again under the same id, which is safe, or ask later."),
    SUANPAN_CODE(refused,
                 "The looked-up request ran and was refused; the detail is the code it got."),
    SUANPAN_CODE(
        history_ends,
        "The account's history goes on in journal segments that a retention has removed. A "
        "statement shows what is left; an original that lies there can no longer be "
        "refunded or revoked, and nothing was done."),
};

#undef SUANPAN_CODE

constexpr bool rises(std::span<const CodeText> rows) {
    return std::ranges::is_sorted(rows, std::ranges::less{}, &CodeText::code);
}
static_assert(rises(code_table));

constexpr CodeText unknown_code{
    Code{0xffff}, "unknown_code",
    "This number is no code of this version. The other side may be newer; update this one."};

}  // namespace

std::span<const CodeText> all_codes() {
    return code_table;
}

const CodeText& text_of(Code code) {
    const auto* row =
        std::ranges::lower_bound(code_table, code, std::ranges::less{}, &CodeText::code);
    return row != code_table.end() && row->code == code ? *row : unknown_code;
}

}  // namespace suanpan
