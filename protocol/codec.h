// The one door to FlatBuffers: verified message bodies to plain values, and back.
//
// Only codec.cc and the families of messages in codec/ see FlatBuffers; everybody else sees the
// types of command.h and hello.h. Bodies must lie on 8 bytes (FrameDecoder sees to it); one that
// does not is message_malformed. Every decode_* verifies the whole body first, so no byte of a peer
// can lead outside of it. The functions have no state of their own and may be called on any thread.
//
// The encode_* functions append one whole frame, header included, to `out`. Of the header they use
// kind and correlation_id (and version); length, flags and checksum they fill in themselves.
#pragma once

#include "protocol/code.h"
#include "protocol/command.h"
#include "protocol/explanation.h"
#include "protocol/frame.h"
#include "protocol/hello.h"
#include "protocol/offer.h"
#include "protocol/order.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace suanpan {

// One event of a request frame. With another code than ok the event is wrong by itself and must not
// reach a shard: it is answered with `code` and `detail`, in its place among the others.
struct DecodedEvent {
    Command command;
    Code code = Code::ok;
    std::int64_t detail = 0;
    // What the command points to, of kinds that have such: lives until the command is answered.
    std::shared_ptr<const CommandPayload> payload;
};

// ---- server side: requests in, replies out

// Decodes the events of one request frame into `out`, in order; what `out` held before is gone, its
// memory is used again, so that a warm call does not allocate.
//
// Errors concern the whole frame: unknown_kind, message_malformed, batch_empty, batch_too_large.
// Kinds challenge, hello and ping carry no command: they are unknown_kind here. What is wrong with
// one event stands in that event: amount_not_positive, member_missing, request_id_missing,
// amount_out_of_range, field_out_of_range, in this order. (kind_not_allowed, program_not_allowed
// and the age of the request id are the caller's: it lets the code that stands first in code.h
// win.)
//
// body_hash covers partner, kind and all bytes of the event, keyed with `body_hash_key`.
// Tables (statement, expiring, program_*, clock_advance) give one event.
[[nodiscard]] std::expected<void, Code> decode_request(CommandKind kind,
                                                       std::span<const std::byte> body,
                                                       PartnerId partner,
                                                       std::uint64_t body_hash_key,
                                                       std::vector<DecodedEvent>& out);
[[nodiscard]] std::expected<HelloRequest, Code> decode_hello(std::span<const std::byte> body);
[[nodiscard]] std::expected<void, Code> decode_ping(std::span<const std::byte> body);

// True for the numbers of CommandKind that a server answers; a session answers all others with
// unknown_kind, also where decode_request knows their message.
[[nodiscard]] bool is_request_kind(std::uint16_t kind);

// One result per event, in order. Does not allocate where `out` has the room.
void encode_results(std::vector<std::byte>& out, FrameHeader header,
                    std::span<const Outcome> results);
void encode_statement(std::vector<std::byte>& out, FrameHeader header, const Statement& statement);
void encode_expiring(std::vector<std::byte>& out, FrameHeader header, const Expiring& expiring);
void encode_quote(std::vector<std::byte>& out, FrameHeader header, const QuoteAnswer& quote);
void encode_order(std::vector<std::byte>& out, FrameHeader header, const OrderAnswer& order);
void encode_terms(std::vector<std::byte>& out, FrameHeader header, const TermsAnswer& terms);
void encode_rules(std::vector<std::byte>& out, FrameHeader header, const RulesAnswer& rules);
void encode_explanation(std::vector<std::byte>& out, FrameHeader header,
                        const Explanation& explanation);
void encode_redeem(std::vector<std::byte>& out, FrameHeader header, const RedeemAnswer& redeemed);
void encode_reveal(std::vector<std::byte>& out, FrameHeader header, const RevealAnswer& revealed);
void encode_offers(std::vector<std::byte>& out, FrameHeader header, const OffersAnswer& offers);
void encode_vouchers(std::vector<std::byte>& out, FrameHeader header,
                     const VouchersAnswer& vouchers);
void encode_codes(std::vector<std::byte>& out, FrameHeader header, const CodesAnswer& codes);
void encode_recall(std::vector<std::byte>& out, FrameHeader header, const RecallAnswer& recalled);
void encode_show(std::vector<std::byte>& out, FrameHeader header, const ShowAnswer& shown);
void encode_verify(std::vector<std::byte>& out, FrameHeader header, const VerifyAnswer& verified);
void encode_greeting(std::vector<std::byte>& out, FrameHeader header, const Greeting& greeting);
void encode_challenge(std::vector<std::byte>& out, const Challenge& challenge);
// The answer to a frame that fails as a whole, in the reply's shape of header.kind: a Greeting, a
// StatementReply and so on, else a ResultBatch with this single result, which then stands
// for all events of the frame.
void encode_refusal(std::vector<std::byte>& out, FrameHeader header, const Outcome& outcome);

// ---- client side: requests out, replies in

// One frame with all commands, which are of one kind; of kinds that are tables, exactly one.
// Expects 1..batch_events_max commands.
void encode_requests(std::vector<std::byte>& out, FrameHeader header,
                     std::span<const Command> commands);
void encode_hello(std::vector<std::byte>& out, FrameHeader header, const HelloRequest& hello);
void encode_ping(std::vector<std::byte>& out, FrameHeader header);

// Replies; the error is always message_malformed. `results` is emptied first.
[[nodiscard]] std::expected<void, Code> decode_results(std::span<const std::byte> body,
                                                       std::vector<Outcome>& results);
[[nodiscard]] std::expected<Statement, Code> decode_statement(std::span<const std::byte> body);
[[nodiscard]] std::expected<Expiring, Code> decode_expiring(std::span<const std::byte> body);
[[nodiscard]] std::expected<QuoteAnswer, Code> decode_quote(std::span<const std::byte> body);
[[nodiscard]] std::expected<OrderAnswer, Code> decode_order(std::span<const std::byte> body);
[[nodiscard]] std::expected<TermsAnswer, Code> decode_terms(std::span<const std::byte> body);
[[nodiscard]] std::expected<RulesAnswer, Code> decode_rules(std::span<const std::byte> body);
[[nodiscard]] std::expected<Explanation, Code> decode_explanation(std::span<const std::byte> body);
[[nodiscard]] std::expected<RedeemAnswer, Code> decode_redeem(std::span<const std::byte> body);
[[nodiscard]] std::expected<RevealAnswer, Code> decode_reveal(std::span<const std::byte> body);
[[nodiscard]] std::expected<OffersAnswer, Code> decode_offers(std::span<const std::byte> body);
[[nodiscard]] std::expected<VouchersAnswer, Code> decode_vouchers(std::span<const std::byte> body);
[[nodiscard]] std::expected<CodesAnswer, Code> decode_codes(std::span<const std::byte> body);
[[nodiscard]] std::expected<RecallAnswer, Code> decode_recall(std::span<const std::byte> body);
[[nodiscard]] std::expected<ShowAnswer, Code> decode_show(std::span<const std::byte> body);
[[nodiscard]] std::expected<VerifyAnswer, Code> decode_verify(std::span<const std::byte> body);
[[nodiscard]] std::expected<Greeting, Code> decode_greeting(std::span<const std::byte> body);
[[nodiscard]] std::expected<Challenge, Code> decode_challenge(std::span<const std::byte> body);

}  // namespace suanpan
