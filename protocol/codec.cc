// Deals requests and refusals out to the families of messages in protocol/codec/.
#include "protocol/codec.h"

#include "protocol/base/assert.h"
#include "protocol/codec/messages.h"

namespace suanpan {

using namespace codec;

namespace {

// The one event of a table, emptied.
DecodedEvent& single(std::vector<DecodedEvent>& out, CommandKind kind, PartnerId partner) {
    out.resize(1);
    out.front() = DecodedEvent{};
    out.front().command.head.kind = kind;
    out.front().command.head.partner = partner;
    return out.front();
}

void append_single(Bytes& out, const Command& command) {
    const auto append = [&](const auto& body) {
        if constexpr (requires { append_request(out, command.head, body); })
            append_request(out, command.head, body);
        else
            SUANPAN_ASSERT(false);  // it is a batch
    };
    std::visit(append, command.body);
}

}  // namespace

bool is_request_kind(std::uint16_t kind) {
    switch (static_cast<CommandKind>(kind)) {
        case CommandKind::hello:
        case CommandKind::ping:
        case CommandKind::earn:
        case CommandKind::spend:
        case CommandKind::hold:
        case CommandKind::capture:
        case CommandKind::release:
        case CommandKind::refund:
        case CommandKind::revoke:
        case CommandKind::adjust:
        case CommandKind::freeze:
        case CommandKind::unfreeze:
        case CommandKind::set_limit:
        case CommandKind::member_update:
        case CommandKind::balance:
        case CommandKind::statement:
        case CommandKind::lookup:
        case CommandKind::expiring:
        case CommandKind::program_create:
        case CommandKind::program_update:
        case CommandKind::clock_advance:
        case CommandKind::settle:
        case CommandKind::confirm:
        case CommandKind::cancel:
        case CommandKind::refund_order:
        case CommandKind::quote:
        case CommandKind::order:
        case CommandKind::terms:
        case CommandKind::explain:
        case CommandKind::rules_put:
        case CommandKind::offers_put:
        case CommandKind::offers:
        case CommandKind::redeem:
        case CommandKind::vouchers:
        case CommandKind::reveal:
        case CommandKind::codes_import:
        case CommandKind::show:
        case CommandKind::verify:
        case CommandKind::undo_verify:
        case CommandKind::recall:
            return true;
        case CommandKind::challenge:
            return false;
    }
    return false;
}

std::expected<void, Code> decode_request(CommandKind kind, std::span<const std::byte> body,
                                         PartnerId partner, std::uint64_t body_hash_key,
                                         std::vector<DecodedEvent>& out) {
    if (const auto decoded = decode_batch_request(kind, body, partner, body_hash_key, out))
        return *decoded;
    switch (kind) {
        case CommandKind::statement:
            return decode_statement_request(body, single(out, kind, partner));
        case CommandKind::explain:
            return decode_explain_request(body, single(out, kind, partner));
        case CommandKind::expiring:
            return decode_expiring_request(body, single(out, kind, partner));
        case CommandKind::program_create:
        case CommandKind::program_update:
            return decode_program_request(body, body_hash_key, single(out, kind, partner));
        case CommandKind::clock_advance:
            return decode_clock_advance(body, body_hash_key, single(out, kind, partner));
        case CommandKind::settle:
            return decode_settle(body, body_hash_key, single(out, kind, partner));
        case CommandKind::confirm:
            return decode_confirm(body, body_hash_key, single(out, kind, partner));
        case CommandKind::cancel:
            return decode_cancel(body, body_hash_key, single(out, kind, partner));
        case CommandKind::refund_order:
            return decode_refund_order(body, body_hash_key, single(out, kind, partner));
        case CommandKind::quote:
            return decode_quote_request(body, single(out, kind, partner));
        case CommandKind::order:
            return decode_order_request(body, single(out, kind, partner));
        case CommandKind::terms:
            return decode_terms_request(body, single(out, kind, partner));
        case CommandKind::rules_put:
            return decode_rules_request(body, body_hash_key, single(out, kind, partner));
        case CommandKind::redeem:
            return decode_redeem_request(body, body_hash_key, single(out, kind, partner));
        case CommandKind::reveal:
            return decode_reveal_request(body, body_hash_key, single(out, kind, partner));
        case CommandKind::offers:
            return decode_offers_request(body, single(out, kind, partner));
        case CommandKind::vouchers:
            return decode_vouchers_request(body, single(out, kind, partner));
        case CommandKind::offers_put:
            return decode_offers_put(body, body_hash_key, single(out, kind, partner));
        case CommandKind::codes_import:
            return decode_codes_import(body, body_hash_key, single(out, kind, partner));
        case CommandKind::show:
            return decode_show_request(body, body_hash_key, single(out, kind, partner));
        case CommandKind::verify:
            return decode_verify_request(body, body_hash_key, single(out, kind, partner));
        case CommandKind::undo_verify:
            return decode_undo_verify(body, body_hash_key, single(out, kind, partner));
        case CommandKind::recall:
            return decode_recall_request(body, body_hash_key, single(out, kind, partner));
        default:
            return refuse(Code::unknown_kind);
    }
}

void encode_refusal(Bytes& out, FrameHeader header, const Outcome& outcome) {
    switch (static_cast<CommandKind>(header.kind)) {
        case CommandKind::hello: {
            Greeting greeting;
            greeting.outcome = outcome;
            return encode_greeting(out, header, greeting);
        }
        case CommandKind::statement:
            return encode_statement(out, header, {.outcome = outcome, .lines = {}, .next = {}});
        case CommandKind::expiring:
            return encode_expiring(out, header, {.outcome = outcome, .rows = {}});
        case CommandKind::quote: {
            QuoteAnswer quote;
            quote.outcome = outcome;
            return encode_quote(out, header, quote);
        }
        case CommandKind::order: {
            OrderAnswer order;
            order.outcome = outcome;
            return encode_order(out, header, order);
        }
        case CommandKind::terms: {
            TermsAnswer terms;
            terms.outcome = outcome;
            return encode_terms(out, header, terms);
        }
        case CommandKind::explain: {
            Explanation explanation;
            explanation.outcome = outcome;
            return encode_explanation(out, header, explanation);
        }
        case CommandKind::rules_put:
        case CommandKind::offers_put:
            return encode_rules(out, header, {.outcome = outcome, .message = {}});
        case CommandKind::redeem: {
            RedeemAnswer redeemed;
            redeemed.outcome = outcome;
            return encode_redeem(out, header, redeemed);
        }
        case CommandKind::reveal: {
            RevealAnswer revealed;
            revealed.outcome = outcome;
            return encode_reveal(out, header, revealed);
        }
        case CommandKind::offers:
            return encode_offers(out, header, {.outcome = outcome, .rows = {}, .next = {}});
        case CommandKind::vouchers:
            return encode_vouchers(out, header, {.outcome = outcome, .rows = {}, .next = {}});
        case CommandKind::codes_import: {
            CodesAnswer codes;
            codes.outcome = outcome;
            return encode_codes(out, header, codes);
        }
        case CommandKind::show: {
            ShowAnswer shown;
            shown.outcome = outcome;
            return encode_show(out, header, shown);
        }
        case CommandKind::verify:
        case CommandKind::undo_verify: {
            VerifyAnswer verified;
            verified.outcome = outcome;
            return encode_verify(out, header, verified);
        }
        case CommandKind::recall: {
            RecallAnswer recalled;
            recalled.outcome = outcome;
            return encode_recall(out, header, recalled);
        }
        default:
            return encode_results(out, header, std::span(&outcome, 1));
    }
}

void encode_requests(Bytes& out, FrameHeader header, std::span<const Command> commands) {
    SUANPAN_ASSERT(!commands.empty());
    SUANPAN_ASSERT(commands.size() <= limits::batch_events_max);
    const std::size_t begin = begin_frame(out);
    if (!append_batch_request(out, commands)) {
        SUANPAN_ASSERT(commands.size() == 1);
        append_single(out, commands.front());
    }
    finish_frame(out, begin, request_of(header, commands.front().head.kind));
}

}  // namespace suanpan
